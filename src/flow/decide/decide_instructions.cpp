#include "flow/decide/decider.h"

#include <algorithm>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/plan/reference.h"

/// What people say.
namespace crossfoot::flow {

void Decider::on(const Suspected& event) {
  note(EventKind::suspected, nullptr, "may be " + to_string(event.of));
}

void Decider::on(const Released& event) {
  Leg* leg = flow_.leg(event.leg);
  // A till was told no: nothing is reserved for it behind its back.
  if (leg == nullptr || !is_stuck(leg->state) || is_decline(flow_, *leg)) return stale();
  if (leg->kind == LegKind::approve) return stale();  // only a second person's word lets it go on
  if (leg->uncertain) return release_uncertain(*leg, event);
  if (event.lane) leg->lane = *event.lane;
  leg->first_due_at = {};
  revive(*leg);
  note(EventKind::released, leg, words(event.decision));
  wake_ready();
}

void Decider::on(const Discarded& event) {
  Leg* leg = flow_.leg(event.leg);
  // What may have happened is not undone by forgetting it: a person says first whether it did.
  if (leg == nullptr || !is_stuck(leg->state) || may_have_happened(*leg)) return stale();
  if (is_decline(flow_, *leg) || leg->kind == LegKind::approve) return stale();
  drop(*leg);
  note(EventKind::discarded, leg, words(event.decision));
  drop_dependants(leg->number, "what it waits for was discarded");
  wake_ready();
}

void Decider::on(const Judged& event) {
  Leg* leg = flow_.leg(event.leg);
  const bool waits = leg != nullptr && leg->kind == LegKind::approve &&
                     leg->state == LegState::parked && leg->detail != event.decision.by;
  if (!waits) return stale();
  if (event.approved) {
    finish(*leg);
    note(EventKind::approved, leg, words(event.decision));
    return wake_ready();
  }
  drop(*leg);
  leg->reason = contract::error_code::approval_refused;
  note(EventKind::refused, leg, words(event.decision));
  drop_dependants(leg->number, "a second person refused it");
}

void Decider::drop_dependants(std::uint16_t number, const std::string& why) {
  std::vector<std::uint16_t> dropped{number};
  for (std::size_t i = 0; i < dropped.size(); ++i) {
    for (Leg& other : flow_.legs) {
      const bool waits = other.state == LegState::waiting &&
                         std::ranges::find(other.after, dropped[i]) != other.after.end();
      if (!waits) continue;
      dropped.push_back(other.number);
      drop(other);
      note(EventKind::cancelled, &other, why);
    }
  }
}

void Decider::on(const Confirmed& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || leg->state != LegState::parked || !leg->uncertain) return stale();
  if (event.happened) {
    ItemAnswer answer;
    answer.target_id = event.target_id;
    leg->state = LegState::unknown;  // it has given up its place
    acknowledge(*leg, answer, EventKind::confirmed);
    JournalEvent& told = out_.events.back();
    told.detail = event.target_id + ", " + words(event.decision);
    return;
  }
  leg->uncertain = false;
  leg->restores = facts_.restore.count;
  leg->first_due_at = {};
  revive(*leg);
  note(EventKind::confirmed, leg, "it did not happen, " + words(event.decision));
  wake_ready();
}

void Decider::on(const Resent& event) {
  const Leg* leg = flow_.leg(event.leg);
  // Reserving once more would reserve what nobody takes or frees; points by hand once more are an
  // adjustment of their own, within its limits.
  const bool again = leg != nullptr && leg->state == LegState::done && !is_local(leg->kind) &&
                     leg->kind != LegKind::authorise && leg->kind != LegKind::release &&
                     leg->kind != LegKind::adjust && flow_.legs.size() < legs_max;
  if (!again) return stale();
  Leg copy;
  copy.number = static_cast<std::uint16_t>(flow_.legs.size() + 1);
  copy.kind = leg->kind;
  copy.target = leg->target;
  copy.lane = leg->lane;
  copy.order_key = leg->order_key;
  copy.arguments = leg->arguments;
  copy.undoes = leg->undoes;
  copy.book = leg->book;
  copy.book_date = leg->book_date;
  for (const Step& step : leg->steps) {
    Step fresh;
    fresh.operation = step.operation;
    fresh.reference = make_resend_reference(step.reference, copy.number);
    copy.steps.push_back(std::move(fresh));
  }
  flow_.legs.push_back(std::move(copy));
  note(EventKind::resent, &flow_.legs.back(), words(event.decision));
  wake_ready();
}

void Decider::on(const Paused& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || !may_be_taken(leg->state) || is_question(*leg)) return stale();
  stop(*leg, LegState::parked, contract::error_code::paused);
  note(EventKind::paused, leg, {});
}

void Decider::on(const Decided& event) {
  note(EventKind::decided, nullptr, event.what + ", " + words(event.decision));
}

std::string Decider::words(const Decision& decision) {
  if (decision.by.empty()) return decision.reason;
  return "by " + decision.by + ": " + decision.reason;
}

void Decider::revive(Leg& leg) {
  leg.reason.clear();
  leg.detail.clear();
  leg.attempts = 0;
  leg.lookups = 0;
  leg.state = LegState::waiting;
  if (leg.kind == LegKind::validate) finish(leg);
}

void Decider::release_uncertain(Leg& leg, const Released& event) {
  const OperationTraits& traits = facts_.traits;
  const bool doubted = in_doubt(flow_, leg, facts_.restore);
  const bool in_window =
      !doubted && traits.idempotent && facts_.now - leg.first_due_at < traits.idempotent_for;
  if (!in_window && !(doubted ? can_be_asked(leg) : traits.lookup)) return stale();
  if (event.lane) leg.lane = *event.lane;
  leg.reason = contract::error_code::target_unknown_outcome;
  leg.state = LegState::unknown;
  leg.retry_with_key = in_window;
  leg.lookups = 0;
  leg.due_at = facts_.now;
  note(EventKind::released, &leg, words(event.decision));
  place(leg, leg.retry_with_key || traits.order == Order::strict ? leg.order_key : Hash128{},
        false);
}

void Decider::drop(Leg& leg) {
  leg.state = LegState::cancelled;
  leg.reason = contract::error_code::discarded;
  leg.due_at = {};
  if (leg.kind == LegKind::accrue || leg.kind == LegKind::post) out_.sale_facts_changed = true;
}

bool Decider::may_be_taken(LegState state) {
  return state == LegState::due || state == LegState::retrying || state == LegState::unknown;
}

}  // namespace crossfoot::flow
