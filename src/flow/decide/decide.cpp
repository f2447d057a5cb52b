#include "flow/decide/decide.h"

#include <algorithm>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/decide/decider.h"
#include "flow/plan/reference.h"

namespace crossfoot::flow {

void Decider::on(const Begun&) {
  note(EventKind::accepted, nullptr,
       flow_.supersedes.is_nil() ? std::string{} : "corrects " + to_string(flow_.supersedes));
  wake_ready();
  if (flow_.redemption && flow_.redemption->ending == Ending::open) begin_hold();
}

void Decider::on(const VoidRequested&) {
  if (!cancel_unsent(contract::error_code::voided_before_sent, "voided before it was sent")) {
    return stale();
  }
  note(EventKind::void_requested, nullptr, {});
}

void Decider::on(const Corrected& event) {
  const std::string which = "revision " + std::to_string(event.revision) + ", ";
  if (event.late) {
    return note(EventKind::revision_noted, nullptr, which + to_string(event.by) + ", came late");
  }
  if (event.by == flow_.id) {
    flow_.repeated_as = event.revision;
    return note(EventKind::revision_noted, nullptr, which + "the same content");
  }
  if (!flow_.superseded_by.is_nil()) return stale();
  flow_.superseded_by = event.by;
  out_.sale_facts_changed = true;
  note(EventKind::superseded, nullptr, which + to_string(event.by));
  constexpr std::string_view why = "superseded before it was sent";
  (void)cancel_unsent(contract::error_code::superseded_before_sent, why);
  for (Leg& leg : flow_.legs) {
    // What it was itself to take back is still to be taken back, and a claim that a book knows is
    // released there.
    const bool own = leg.kind == LegKind::validate || leg.kind == LegKind::link ||
                     (leg.kind == LegKind::claim && leg.undoes.is_nil());
    const bool known = leg.kind == LegKind::claim && leg.state != LegState::waiting;
    const bool idle = leg.state == LegState::waiting || is_stuck(leg.state);
    if (!own || known || !idle) continue;
    leg.state = LegState::cancelled;
    leg.reason = contract::error_code::superseded_before_sent;
    note(EventKind::cancelled, &leg, std::string(why));
  }
  wake_ready();
}

void Decider::cancel_unwanted(std::uint16_t number) {
  Leg& leg = redemption_leg(number);
  leg.state = LegState::cancelled;
  leg.due_at = {};
}

bool Decider::is_given_up() const {
  const Ending ending = flow_.redemption->ending;
  return ending == Ending::voided || ending == Ending::lapsed;
}

bool Decider::is_wanted(const Leg& leg) const {
  if (leg.kind == LegKind::capture) return flow_.redemption->ending == Ending::captured;
  if (leg.kind != LegKind::release) return true;
  return is_given_up();
}

bool Decider::cancel_unsent(std::string_view code, std::string_view why) {
  bool any = false;
  for (Leg& leg : flow_.legs) {
    // What a book has counted as taken back or given again is undone through that book alone.
    if (is_local(leg.kind) || !leg.undoes.is_nil()) continue;
    const bool outstanding = leg.state == LegState::calling || may_have_happened(leg);
    const bool begun = std::ranges::any_of(leg.steps, &Step::done);
    if (outstanding || begun || is_settled(leg.state)) continue;
    // It gives up no key: it holds none, or its row does until it is met and found stale. Whoever
    // is called or waits under the same key is left alone.
    leg.state = LegState::cancelled;
    leg.reason = code;
    out_.sale_facts_changed = true;
    note(EventKind::cancelled, &leg, std::string(why));
    any = true;
  }
  return any;
}

bool Decider::may_have_happened(const Leg& leg) const {
  return leg.uncertain || (!is_local(leg.kind) && in_doubt(flow_, leg, facts_.restore));
}

void Decider::note(EventKind kind, const Leg* leg, std::string detail) {
  JournalEvent event;
  event.kind = kind;
  event.detail = std::move(detail);
  if (leg != nullptr) {
    event.leg = leg->number;
    event.attempt = leg->attempts;
    event.state = leg->state;
    if (const Step* step = next_step(*leg); step != nullptr) {
      event.step = step->operation;
      event.reference = sent_reference(*leg, *step);
    }
  }
  out_.events.push_back(std::move(event));
}

void Decider::act(ActionKind kind, const Leg& leg) {
  Action action;
  action.kind = kind;
  action.leg = leg.number;
  out_.actions.push_back(action);
}

void Decider::place(const Leg& leg, const Hash128& order_key, bool holder) {
  out_.actions.push_back({.kind = ActionKind::place,
                          .leg = leg.number,
                          .due_at = leg.due_at,
                          .order_key = order_key,
                          .holder = holder});
}

void Decider::leave(const Leg& leg) {
  if (leg.order_key.is_zero()) return;
  act(ActionKind::leave, leg);
  out_.actions.back().order_key = leg.order_key;
}

void Decider::finish(Leg& leg) {
  leg.state = LegState::done;
  leg.reason.clear();
  leg.detail.clear();
  leg.due_at = {};
  leg.calling_until = {};
  leg.first_due_at = {};
  leg.lookups = 0;
}

void Decider::stop(Leg& leg, LegState state, std::string_view code, bool held) {
  if (held && !is_local(leg.kind)) leave(leg);
  leg.state = state;
  leg.reason = code;
  leg.due_at = {};
  leg.calling_until = {};
}

void Decider::append(const std::vector<Leg>& more) {
  for (const Leg& leg : more) {
    INVARIANT(flow_.legs.size() < legs_max, "a flow has a bounded number of legs");
    flow_.legs.push_back(leg);
    flow_.legs.back().number = static_cast<std::uint16_t>(flow_.legs.size());
  }
}

void Decider::wake_ready() {
  for (Leg& leg : flow_.legs) {
    if (leg.state != LegState::waiting || !is_wanted(leg)) continue;
    const bool ready = std::ranges::all_of(leg.after, [this, &leg](std::uint16_t before) {
      const Leg* other = flow_.leg(before);
      return other != nullptr && is_settled(other->state) && is_taken_back(*other, leg);
    });
    if (!ready) continue;
    if (leg.kind == LegKind::validate) {
      finish(leg);
      continue;
    }
    if (is_local(leg.kind)) {
      leg.state = LegState::calling;
      act(ActionKind::local, leg);
      continue;
    }
    leg.state = LegState::due;
    leg.due_at = facts_.now;
    place(leg);
  }
}

bool Decider::is_taken_back(const Leg& before, const Leg& leg) const {
  if (before.kind != LegKind::supersede) return true;
  return std::ranges::none_of(flow_.legs, [&](const Leg& other) {
    return other.undoes == before.undoes && !is_local(other.kind) && other.target == leg.target &&
           !is_settled(other.state);
  });
}

std::string_view to_string(JournalEvent::Kind kind) {
  static constexpr std::array<std::string_view, 31> names{"accepted",
                                                          "calling",
                                                          "asked",
                                                          "acknowledged",
                                                          "failed",
                                                          "found",
                                                          "not_found",
                                                          "restarted",
                                                          "claimed",
                                                          "linked",
                                                          "void_requested",
                                                          "released",
                                                          "cancelled",
                                                          "parked",
                                                          "discarded",
                                                          "confirmed",
                                                          "resent",
                                                          "paused",
                                                          "decided",
                                                          "superseded",
                                                          "revision_noted",
                                                          "suspected",
                                                          "capture_requested",
                                                          "release_requested",
                                                          "lapsed",
                                                          "reserved",
                                                          "granted",
                                                          "doubted",
                                                          "recorded",
                                                          "approved",
                                                          "refused"};
  return names[static_cast<std::size_t>(kind)];
}

const Step* next_step(const Leg& leg) {
  const auto at = std::ranges::find(leg.steps, false, &Step::done);
  return at == leg.steps.end() ? nullptr : &*at;
}

Transition decide(Flow& flow, const Event& event, const Facts& facts) {
  Decider decider(flow, facts);
  std::visit([&decider](const auto& happened) { decider.on(happened); }, event);
  return decider.take();
}

}  // namespace crossfoot::flow
