#include "flow/decide/decider.h"

#include <algorithm>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/plan/reference.h"

/// What is sent to targets, and what becomes of it.
namespace crossfoot::flow {

void Decider::on(const Taken& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || !may_be_taken(leg->state)) return stale();
  const Step* step = next_step(*leg);
  if (step == nullptr) return stale();
  if (!is_question(*leg)) {
    if (!in_doubt(flow_, *leg, facts_.restore) || key_suffices(*leg)) {
      return begin_call(*leg, event.call);
    }
    return doubt(*leg);
  }
  ++leg->lookups;
  note(EventKind::asked, leg, {});
  act(ActionKind::ask, *leg);
}

void Decider::on(const Answered& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || leg->state != LegState::calling) return stale();
  if (!believable(event.answer)) {
    leg->detail = "the answered points are beyond any receipt";
    become_unknown(*leg, contract::error_code::corrupt_answer, {});
    return note(EventKind::failed, leg, leg->detail);
  }
  acknowledge(*leg, event.answer, EventKind::acknowledged);
}

void Decider::on(const Failed& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || leg->state != LegState::calling) return stale();
  fail_call(*leg, event);
  if (leg->kind == LegKind::authorise) settle_refused(*leg);
}

void Decider::fail_call(Leg& failed, const Failed& event) {
  Leg* leg = &failed;
  const FaultRule& rule = fault_rule(event.fault.fault_class);
  leg->detail = event.fault.code + ": " + event.fault.cause;
  FaultOutcome outcome = rule.outcome;
  // While an earlier attempt may have happened, no later refusal proves that nothing did.
  if (leg->uncertain && facts_.traits.lookup) outcome = FaultOutcome::ask;
  if (leg->uncertain && outcome == FaultOutcome::retry) outcome = FaultOutcome::ask;
  switch (outcome) {
    case FaultOutcome::retry:
      retry(*leg, event.fault);
      break;
    case FaultOutcome::ask: {
      // What was refused under its key would only be refused again: a question is left.
      const bool refused = rule.outcome == FaultOutcome::reject;
      become_unknown(*leg, rule.code, event.fault.retry_after, !refused);
      break;
    }
    case FaultOutcome::reject:
      stop(*leg, LegState::rejected, event.fault.code.empty() ? rule.code : event.fault.code);
      break;
    case FaultOutcome::park:
      stop(*leg, LegState::parked, event.fault.code.empty() ? rule.code : event.fault.code);
      break;
  }
  note(EventKind::failed, leg, leg->detail);
}

void Decider::on(const LookedUp& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || leg->state != LegState::unknown) return stale();
  if (!event.found) return unanswered(*leg, event.found.error());
  if (*event.found) return acknowledge(*leg, **event.found, EventKind::found);
  if (!has_settled(*leg)) return;
  to_be_sent(*leg, "it did not happen");
}

void Decider::on(const Surveyed& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || leg->state != LegState::unknown) return stale();
  if (!event.found) return unanswered(*leg, event.found.error());
  switch (event.found->kind) {
    case SurveyOutcome::Kind::covered:
      if (!has_settled(*leg)) return;
      have(*leg, {}, {});
      leg->covered = event.found->by_others;
      leg->covered_by = event.found->reference;
      return acknowledge(*leg, event.found->answer, EventKind::found);
    case SurveyOutcome::Kind::absent:
      if (!has_settled(*leg)) return;
      have(*leg, {}, {});
      return to_be_sent(*leg, "nothing of it happened");
    case SurveyOutcome::Kind::part:
      if (!has_settled(*leg)) return;
      have(*leg, event.found->covered, event.rest);
      return to_be_sent(*leg, "a part of it happened");
    case SurveyOutcome::Kind::differs:
      stop(*leg, LegState::parked, contract::error_code::restored_differs,
           facts_.traits.order == Order::strict);
      return note(EventKind::parked, leg, "the target has other units");
  }
}

void Decider::on(const Restarted& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || leg->state != LegState::calling) return stale();
  if (is_local(leg->kind)) return act(ActionKind::local, *leg);
  become_unknown(*leg, contract::error_code::target_unknown_outcome, {});
  note(EventKind::restarted, leg, "the server stopped during the call");
}

bool Decider::can_be_asked(const Leg& leg) const {
  return is_delta(leg.kind) ? facts_.traits.survey : facts_.traits.lookup;
}

bool Decider::key_suffices(Leg& leg) {
  const Duration since_first = facts_.now - flow_.occurred_at + std::chrono::hours{24};
  if (is_delta(leg.kind) || !facts_.traits.idempotent || can_be_asked(leg)) return false;
  if (since_first >= facts_.traits.idempotent_for) return false;
  leg.restores = facts_.restore.count;
  return true;
}

void Decider::doubt(Leg& leg) {
  leg.uncertain = true;
  leg.lookups = 0;
  if (!can_be_asked(leg)) {
    stop(leg, LegState::parked, contract::error_code::outcome_needs_person);
    return note(EventKind::parked, &leg,
                "the data store was restored, and the target cannot be asked");
  }
  leg.state = LegState::unknown;
  leg.retry_with_key = false;
  leg.reason = contract::error_code::restored_asks_first;
  leg.due_at = facts_.now;
  leg.calling_until = std::max(leg.calling_until, facts_.restore.at);
  if (leg.first_due_at.micros == 0) leg.first_due_at = facts_.now;
  note(EventKind::doubted, &leg, {});
  if (facts_.traits.order != Order::strict) leave(leg);
  place_unknown(leg);
}

void Decider::unanswered(Leg& leg, const Fault& fault) {
  const RetryPolicy& policy = facts_.retry.of(fault.fault_class);
  if (policy.is_used_up(leg.lookups, facts_.now - leg.first_due_at)) {
    // It may have happened, and its target does not say: dead it is not.
    leg.detail = fault.code + ": " + fault.cause;
    // When the call must be over still says from when on "not found" counts.
    const Instant over = leg.calling_until;
    stop(leg, LegState::parked, contract::error_code::outcome_needs_person,
         facts_.traits.order == Order::strict);
    leg.calling_until = over;
    return note(EventKind::parked, &leg, leg.detail);
  }
  leg.due_at = facts_.now + policy.delay(leg.lookups, Duration{fault.retry_after}, facts_.random);
  note(EventKind::failed, &leg, fault.cause);
  place_unknown(leg);
}

bool Decider::has_settled(Leg& leg) {
  const Instant settled = leg.calling_until + facts_.traits.settle;
  if (facts_.now >= settled) return true;
  const Instant soon = facts_.now + facts_.retry.usual.delay(leg.lookups, facts_.random);
  leg.due_at = std::min(soon, settled);
  note(EventKind::not_found, &leg, "may still be under way");
  place_unknown(leg);
  return false;
}

void Decider::have(Leg& leg, Points had, const std::string& rest) {
  flow_.reversed += had - leg.had;
  leg.had = had;
  leg.rest = rest;
}

void Decider::to_be_sent(Leg& leg, std::string why) {
  leg.state = LegState::due;
  leg.uncertain = false;
  leg.restores = facts_.restore.count;
  leg.due_at = facts_.now;
  note(EventKind::not_found, &leg, std::move(why));
  if (leg.kind == LegKind::authorise && is_given_up()) {
    if (facts_.traits.order == Order::strict) leave(leg);
    return cancel_authorise(leg);
  }
  place(leg, leg.order_key, facts_.traits.order == Order::strict);
}

void Decider::place_unknown(const Leg& leg) {
  if (facts_.traits.order == Order::strict) return place(leg, leg.order_key, true);
  place(leg, leg.retry_with_key ? leg.order_key : Hash128{}, false);
}

void Decider::begin_call(Leg& leg, Id call) {
  for (Step& step : leg.steps) {
    if (step.done) continue;
    step.call = call;
    break;
  }
  ++leg.attempts;
  leg.state = LegState::calling;
  leg.retry_with_key = false;
  leg.due_at = {};
  leg.calling_until = facts_.now + facts_.traits.deadline;
  if (leg.first_due_at.micros == 0) leg.first_due_at = facts_.now;
  note(EventKind::calling, &leg, {});
  out_.events.back().call = call;
  act(ActionKind::call, leg);
}

void Decider::acknowledge(Leg& leg, const ItemAnswer& answer, EventKind kind) {
  note(kind, &leg, answer.target_id);
  JournalEvent& event = out_.events.back();
  for (Step& step : leg.steps) {
    if (step.done) continue;
    step.done = true;
    step.acknowledgement = {answer.target_id, answer.response_hash, facts_.now};
    event.call = step.call;
    break;
  }
  leg.uncertain = false;
  take_points(leg, answer);
  const bool held = leg.state != LegState::unknown || facts_.traits.order == Order::strict;
  if (next_step(leg) != nullptr) {
    leg.attempts = 0;
    leg.lookups = 0;
    leg.state = LegState::due;
    leg.due_at = facts_.now;
    leg.reason.clear();
    event.state = leg.state;
    place(leg, leg.order_key, held);
    return;
  }
  finish(leg);
  event.state = leg.state;
  if (held) leave(leg);
  if (leg.kind == LegKind::accrue || leg.kind == LegKind::post ||
      leg.kind == LegKind::post_refund) {
    out_.sale_facts_changed = true;
  }
  wake_ready();
}

bool Decider::believable(const ItemAnswer& answer) {
  constexpr std::int64_t most = 1'000'000'000'000'000;
  const auto sane = [](Points points) { return points.count <= most && points.count >= -most; };
  if (answer.points && !sane(*answer.points)) return false;
  return answer.line_points.size() <= 100'000 &&
         std::ranges::all_of(answer.line_points,
                             [&sane](const auto& line) { return sane(line.second); });
}

void Decider::take_points(const Leg& leg, const ItemAnswer& answer) {
  if (leg.kind == LegKind::authorise) {
    flow_.redemption->authorised = answer.points.value_or(flow_.redemption->points);
    return;
  }
  if (!answer.points) return;
  if (leg.kind == LegKind::reverse) {
    flow_.reversed += *answer.points;
    return;
  }
  if (leg.kind == LegKind::reinstate) {
    flow_.reversed += -*answer.points;
    return;
  }
  if (leg.kind != LegKind::accrue) return;
  flow_.answered = answer.points;
  std::vector<ledger::AnsweredLine> per_line;
  for (const auto& [number, points] : answer.line_points) per_line.push_back({number, points});
  // Points for a receipt that sold nothing belong to no unit: no return can take them back.
  (void)ledger::freeze(flow_.frozen, *answer.points, per_line);
}

void Decider::retry(Leg& leg, const Fault& fault) {
  const RetryPolicy& policy = facts_.retry.of(fault.fault_class);
  if (policy.is_used_up(leg.attempts, facts_.now - leg.first_due_at)) {
    stop(leg, LegState::dead, contract::error_code::retries_exhausted);
    return;
  }
  leg.state = LegState::retrying;
  leg.due_at = facts_.now + policy.delay(leg.attempts, Duration{fault.retry_after}, facts_.random);
  place(leg, leg.order_key, true);
}

void Decider::become_unknown(Leg& leg, std::string_view code, std::chrono::milliseconds retry_after,
                             bool may_repeat) {
  const OperationTraits& traits = facts_.traits;
  leg.state = LegState::unknown;
  leg.uncertain = true;
  leg.reason = code;
  const RetryPolicy& policy = facts_.retry.of(FaultClass::unknown_outcome);
  const auto attempts = std::max<std::uint16_t>(leg.attempts, 1);
  leg.due_at = facts_.now + policy.delay(attempts, Duration{retry_after}, facts_.random);
  // The call may have left late (the process stood still), or the clock was set meanwhile.
  leg.calling_until = std::max(leg.calling_until, facts_.now);
  const Duration since_first = facts_.now - leg.first_due_at;
  const bool in_window = may_repeat && traits.idempotent && since_first < traits.idempotent_for &&
                         !policy.is_used_up(leg.attempts, since_first);
  leg.retry_with_key = in_window;
  if (!in_window && !traits.lookup) {
    // Neither a key nor a question: at most one effect, then a person decides.
    stop(leg, LegState::parked, contract::error_code::outcome_needs_person);
    return;
  }
  if (traits.order != Order::strict) leave(leg);
  place_unknown(leg);
}

}  // namespace crossfoot::flow
