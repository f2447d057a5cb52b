#include "flow/decide/decider.h"

#include <algorithm>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/plan/reference.h"

/// Points as tender (docs/adr/0018).
namespace crossfoot::flow {

void Decider::on(const CaptureRequested& event) {
  if (!flow_.redemption) return stale();
  Redemption& redemption = *flow_.redemption;
  if (redemption_leg(authorise_number).state != LegState::done && !redemption.granted) {
    return stale();
  }
  const bool in_time = redemption.ending == Ending::open && facts_.now < redemption.lapses_at;
  const bool covered = event.points.count > 0 && event.points <= redemption.authorised;
  if (!in_time || !covered) return stale();
  redemption.ending = Ending::captured;
  redemption.captured = event.points;
  // Its row stays in the due index until its time, and is then found stale.
  cancel_unwanted(release_number);
  note(EventKind::capture_requested, nullptr, std::to_string(event.points.count));
  wake_ready();
}

void Decider::on(const ReleaseRequested&) {
  if (!flow_.redemption || flow_.redemption->ending != Ending::open) return stale();
  note(EventKind::release_requested, nullptr, {});
  end_hold(Ending::voided);
}

void Decider::on(const Reserved& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || leg->kind != LegKind::hold || leg->state != LegState::calling) {
    return stale();
  }
  note(event.outcome == Reserved::Outcome::granted ? EventKind::granted : EventKind::reserved, leg,
       event.code);
  if (event.outcome == Reserved::Outcome::refused) {
    leg->state = LegState::rejected;
    leg->reason = event.code;
    return settle_refused(*leg);
  }
  flow_.redemption->granted = event.outcome == Reserved::Outcome::granted;
  flow_.redemption->authorised = flow_.redemption->points;
  finish(*leg);
  wake_ready();
}

void Decider::on(const Granted&) {
  if (!flow_.redemption) return stale();
  Redemption& redemption = *flow_.redemption;
  const bool waits =
      redemption.ending == Ending::open && !redemption.granted && facts_.now < redemption.lapses_at;
  const LegState asked = redemption_leg(authorise_number).state;
  const bool answered = is_settled(asked) || asked == LegState::rejected;
  if (!waits || answered) return stale();
  redemption.granted = true;
  redemption.authorised = redemption.points;
  note(EventKind::granted, nullptr, {});
}

void Decider::on(const Lapsed& event) {
  const Leg* leg = flow_.leg(event.leg);
  const bool open = flow_.redemption && flow_.redemption->ending == Ending::open;
  if (leg == nullptr || !open || leg->state != LegState::due) return stale();
  note(EventKind::lapsed, leg, {});
  end_hold(Ending::lapsed);
}

void Decider::begin_hold() {
  Redemption& redemption = *flow_.redemption;
  redemption.lapses_at = facts_.now + redemption.hold_for;
  Leg& release = redemption_leg(release_number);
  release.state = LegState::due;
  release.due_at = redemption.lapses_at;
  place(release, Hash128{}, false);
}

Leg& Decider::redemption_leg(std::uint16_t number) {
  Leg* leg = flow_.leg(number);
  INVARIANT(leg != nullptr, "a redemption has its three legs");
  return *leg;
}

void Decider::end_hold(Ending ending) {
  flow_.redemption->ending = ending;
  cancel_unwanted(capture_number);
  Leg& release = redemption_leg(release_number);
  release.state = LegState::waiting;
  release.due_at = {};
  Leg& authorise = redemption_leg(authorise_number);
  const bool outstanding = authorise.state == LegState::calling || authorise.uncertain;
  if (authorise.kind == LegKind::hold || authorise.state == LegState::rejected) {
    return cancel_unwanted(release_number);
  }
  if (authorise.state == LegState::done || outstanding) return wake_ready();
  cancel_authorise(authorise);
}

void Decider::cancel_authorise(Leg& authorise) {
  authorise.state = LegState::cancelled;
  authorise.reason = flow_.redemption->ending == Ending::lapsed
                         ? contract::error_code::redemption_lapsed
                         : contract::error_code::voided_before_sent;
  authorise.due_at = {};
  note(EventKind::cancelled, &authorise, "given up before it was reserved");
  cancel_unwanted(release_number);
  cancel_unwanted(capture_number);
}

void Decider::settle_refused(Leg& authorise) {
  const Redemption& redemption = *flow_.redemption;
  const bool given_up = is_given_up();
  if (authorise.state == LegState::rejected) {
    if (redemption.granted && !given_up) return;
    cancel_unwanted(release_number);
    cancel_unwanted(capture_number);
    return;
  }
  if (given_up && !authorise.uncertain) cancel_authorise(authorise);
}

}  // namespace crossfoot::flow
