#include "policy_reference.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "connector/breaker.h"
#include "contract/error_codes.h"
#include "contract/problem.h"
#include "flow/decide/decide.h"

namespace crossfoot::app {

namespace {

using flow::Event;
using flow::Leg;
using flow::LegState;

constexpr Instant now{1'800'000'000'000'000};

/// What a kind of target offers.
struct Kind {
  std::string_view name;
  std::string_view promise;
  flow::OperationTraits traits;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = [] {
    flow::OperationTraits neither;
    flow::OperationTraits question = neither;
    question.lookup = true;
    flow::OperationTraits key = neither;
    key.idempotent = true;
    key.idempotent_for = std::chrono::hours{24};
    flow::OperationTraits both = key;
    both.lookup = true;
    return std::vector<Kind>{
        {"an idempotency key and a question by reference", "exactly one", both},
        {"an idempotency key alone", "exactly one within the key's window, then at most one", key},
        {"a question by reference alone", "one, after the settle time", question},
        {"neither", "at most one, then a person decides", neither}};
  }();
  return all;
}

flow::Flow flow_with(LegState state) {
  Leg leg;
  leg.number = 1;
  leg.kind = flow::LegKind::post;
  leg.state = state;
  leg.target = "target";
  leg.steps.push_back({.operation = "post", .reference = "R", .acknowledgement = {}, .call = {}});
  leg.due_at = now;
  leg.first_due_at = now - std::chrono::seconds{1};
  leg.calling_until = now;
  leg.attempts = 1;
  leg.uncertain = state == LegState::unknown;
  leg.lookups = state == LegState::unknown ? 1 : 0;
  if (state == LegState::done) leg.steps.front().done = true;
  flow::Flow flow;
  flow.legs.push_back(std::move(leg));
  return flow;
}

flow::Facts facts_of(const flow::OperationTraits& traits) {
  flow::Facts facts;
  facts.now = now;
  facts.traits = traits;
  return facts;
}

Fault fault_of(FaultClass fault_class) {
  return {.code = std::string(flow::fault_rule(fault_class).code),
          .fault_class = fault_class,
          .where = "target",
          .cause = "a fault"};
}

/// The leg after an event; nothing when the event no longer applies.
std::optional<Leg> after(LegState state, const Event& event, const flow::Facts& facts) {
  flow::Flow flow = flow_with(state);
  if (flow::decide(flow, event, facts).stale) return std::nullopt;
  return flow.legs.front();
}

std::string_view outcome_in_words(flow::FaultOutcome outcome) {
  switch (outcome) {
    case flow::FaultOutcome::retry:
      return "nothing happened: again after a delay";
    case flow::FaultOutcome::ask:
      return "it may have happened: resolved before anything else";
    case flow::FaultOutcome::reject:
      return "refused for good: a person decides";
    case flow::FaultOutcome::park:
      return "needs something from outside";
  }
  return {};
}

std::string fault_table() {
  std::string out =
      "| class | what follows | state of the leg | code | breaker counts it |\n"
      "|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < fault_class_count; ++i) {
    const auto fault_class = static_cast<FaultClass>(i);
    const flow::FaultRule& rule = flow::fault_rule(fault_class);
    const auto leg = after(LegState::calling, flow::Failed{1, fault_of(fault_class)},
                           facts_of(kinds().front().traits));
    const contract::ErrorInfo* page = contract::find_error(rule.code);
    out += fmt::format("| `{}` | {} | `{}` | {} {} | {} |\n", to_string(fault_class),
                       outcome_in_words(rule.outcome), leg ? to_string(leg->state) : "", rule.code,
                       page == nullptr ? "" : page->title,
                       connector::counts_as_failure(fault_class) ? "yes" : "no");
  }
  return out;
}

/// What becomes of a leg that is `unknown`, when its next turn comes.
std::string next_move(const Leg& leg) {
  if (leg.state != LegState::unknown) return fmt::format("`{}`", to_string(leg.state));
  return leg.retry_with_key ? "the same call again under its key" : "the target is asked";
}

std::string promise_table() {
  std::string out =
      "| the target offers | promise | after an unknown outcome | the same, when the key's window "
      "is "
      "over |\n|---|---|---|---|\n";
  for (const Kind& kind : kinds()) {
    const Event lost = flow::Failed{1, fault_of(FaultClass::unknown_outcome)};
    const flow::Facts facts = facts_of(kind.traits);
    const auto in_window = after(LegState::calling, lost, facts);
    flow::Flow old = flow_with(LegState::calling);
    old.legs.front().first_due_at = now - std::chrono::hours{48};
    (void)flow::decide(old, lost, facts);
    out += fmt::format("| {} | {} | {} | {} |\n", kind.name, kind.promise,
                       in_window ? next_move(*in_window) : "", next_move(old.legs.front()));
  }
  return out;
}

std::string transition_table() {
  const flow::Facts facts = facts_of(kinds()[2].traits);
  flow::Facts settled = facts;
  settled.now = now + std::chrono::minutes{5};
  const flow::ItemAnswer answer{.target_id = "T", .response_hash = {}};
  struct Column {
    std::string_view name;
    Event event;
    const flow::Facts& facts;
  };
  const std::vector<Column> columns{
      {"its turn comes", flow::Taken{1, Id{}}, facts},
      {"answered", flow::Answered{1, answer}, facts},
      {"nothing happened", flow::Failed{1, fault_of(FaultClass::transient)}, facts},
      {"may have happened", flow::Failed{1, fault_of(FaultClass::unknown_outcome)}, facts},
      {"refused", flow::Failed{1, fault_of(FaultClass::rejected)}, facts},
      {"credentials refused", flow::Failed{1, fault_of(FaultClass::unauthorised)}, facts},
      {"found", flow::LookedUp{1, std::optional(answer)}, facts},
      {"not found, too soon", flow::LookedUp{1, std::optional<flow::ItemAnswer>()}, facts},
      {"not found, settled", flow::LookedUp{1, std::optional<flow::ItemAnswer>()}, settled},
      {"server restarted", flow::Restarted{1}, facts},
      {"receipt voided", flow::VoidRequested{Id{}}, facts},
      {"its shop or member is paused", flow::Paused{1}, facts},
      {"released by hand", flow::Released{1}, facts},
      {"discarded by hand", flow::Discarded{1}, facts}};
  std::string out = "| from";
  for (const Column& column : columns) out += fmt::format(" | {}", column.name);
  out += " |\n|---";
  for (std::size_t i = 0; i < columns.size(); ++i) out += "|---";
  out += "|\n";
  for (std::size_t i = 0; i <= static_cast<std::size_t>(flow::leg_state_last); ++i) {
    const auto state = static_cast<LegState>(i);
    out += fmt::format("| `{}`", to_string(state));
    for (const Column& column : columns) {
      const auto leg = after(state, column.event, column.facts);
      out += leg ? fmt::format(" | {}", to_string(leg->state)) : std::string(" | ");
    }
    out += " |\n";
  }
  return out;
}

std::string delay_in_words(Duration delay) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count();
  return ms % 1000 == 0 ? fmt::format("{} s", ms / 1000) : fmt::format("{} ms", ms);
}

std::string schedule_table() {
  const flow::RetryPolicy policy;
  std::string out = "| after attempt | shortest | longest |\n|---|---|---|\n";
  for (std::uint16_t attempt = 1; attempt <= 11; ++attempt) {
    const Duration shortest = policy.delay(attempt, 0);
    // The middle is the delay without jitter, a quarter to either side of it.
    const Duration longest = shortest / 3 * 5;
    out += fmt::format("| {}{} | {} | {} |\n", attempt, attempt == 11 ? " and later" : "",
                       delay_in_words(shortest), delay_in_words(longest));
  }
  return out;
}

}  // namespace

std::string policy_reference() {
  return "# What follows from a fault\n\nAsked of the decider itself; generated by `crossfoot "
         "reference policy`, do not edit.\n\n## By class of fault\n\nThe state is that of a leg "
         "whose first attempt failed so, at a target with a key and a question.\n\n" +
         fault_table() +
         "\nWhile an earlier attempt may have happened, no later fault proves that nothing did: "
         "the "
         "target is asked in\nevery case, where it can be asked.\n\n## What is promised, by kind "
         "of "
         "target\n\n" +
         promise_table() +
         "\nKinds are declared in a connector pack: `idempotency` and `lookup` of an "
         "operation.\n\n## A leg's transitions\n\nAt a target that can be asked by reference. "
         "Empty: "
         "the event does not apply and changes nothing.\n\n" +
         transition_table() +
         "\n## Delays\n\nBy default, with their jitter; a target's `Retry-After` prolongs a delay, "
         "with up to a quarter of\nitself (at most 10 s) on top, so that those that were sent away "
         "together do not come back together. All of it\nis set by `retry` and, by target and "
         "class "
         "of fault, by `connectors[].retry` (configuration.md).\n\n" +
         schedule_table() +
         fmt::format(
             "\nA leg that has not succeeded within {} hours of its first attempt (or within "
             "`tries_max` attempts, when\nthat is set) is `dead` when nothing happened, and "
             "`parked` for a person when it may have happened.\n",
             std::chrono::duration_cast<std::chrono::hours>(flow::RetryPolicy{}.budget).count());
}

}  // namespace crossfoot::app
