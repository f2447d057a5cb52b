#include "flow/decide/decide.h"

#include <algorithm>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/plan/reference.h"

namespace crossfoot::flow {

namespace {

using EventKind = JournalEvent::Kind;
using ActionKind = Action::Kind;
using Ending = Redemption::Ending;

/// Applies one event; one object per decision.
class Decider {
 public:
  Decider(Flow& flow, const Facts& facts) : flow_(flow), facts_(facts) {}

  Transition take() { return std::move(out_); }

  void on(const Begun&) {
    note(EventKind::accepted, nullptr,
         flow_.supersedes.is_nil() ? std::string{} : "corrects " + to_string(flow_.supersedes));
    wake_ready();
    if (flow_.redemption && flow_.redemption->ending == Ending::open) begin_hold();
  }

  void on(const Taken& event) {
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

  void on(const Answered& event) {
    Leg* leg = flow_.leg(event.leg);
    if (leg == nullptr || leg->state != LegState::calling) return stale();
    if (!believable(event.answer)) {
      leg->detail = "the answered points are beyond any receipt";
      become_unknown(*leg, contract::error_code::corrupt_answer, {});
      return note(EventKind::failed, leg, leg->detail);
    }
    acknowledge(*leg, event.answer, EventKind::acknowledged);
  }

  void on(const Failed& event) {
    Leg* leg = flow_.leg(event.leg);
    if (leg == nullptr || leg->state != LegState::calling) return stale();
    fail_call(*leg, event);
    if (leg->kind == LegKind::authorise) settle_refused(*leg);
  }

  void fail_call(Leg& failed, const Failed& event) {
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

  void on(const LookedUp& event) {
    Leg* leg = flow_.leg(event.leg);
    if (leg == nullptr || leg->state != LegState::unknown) return stale();
    if (!event.found) return unanswered(*leg, event.found.error());
    if (*event.found) return acknowledge(*leg, **event.found, EventKind::found);
    if (!has_settled(*leg)) return;
    to_be_sent(*leg, "it did not happen");
  }

  void on(const Surveyed& event) {
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

  void on(const Restarted& event) {
    Leg* leg = flow_.leg(event.leg);
    if (leg == nullptr || leg->state != LegState::calling) return stale();
    if (is_local(leg->kind)) return act(ActionKind::local, *leg);
    become_unknown(*leg, contract::error_code::target_unknown_outcome, {});
    note(EventKind::restarted, leg, "the server stopped during the call");
  }

  void on(const Claimed& event) {
    Leg* leg = flow_.leg(event.leg);
    const bool claims =
        leg != nullptr && (leg->kind == LegKind::claim || leg->kind == LegKind::supersede);
    if (!claims) return stale();
    const bool answered_before =
        leg->state == LegState::done ||
        (leg->state == LegState::parked && leg->reason == contract::error_code::over_returned);
    // A release and the taking back of a revision ask for no units of their own.
    const bool asks = leg->undoes.is_nil();
    if (asks) record_cover(*leg, event.answer);
    switch (event.answer.status) {
      case ClaimStatus::waits_for_original:
        stop(*leg, LegState::parked, contract::error_code::original_not_found);
        break;
      case ClaimStatus::waits_for_settlement:
        stop(*leg, LegState::parked, contract::error_code::original_unsettled);
        break;
      case ClaimStatus::answered:
        if (asks && over_returned(*leg) && !event.answer.released) {
          stop(*leg, LegState::parked, contract::error_code::over_returned);
        } else {
          finish(*leg);
        }
        break;
    }
    note(EventKind::claimed, leg, describe(event.answer));
    const bool fresh = !answered_before || event.answer.anew;
    if (event.answer.status == ClaimStatus::answered && fresh) append(event.more);
    wake_ready();
  }

  void on(const Linked& event) {
    Leg* leg = flow_.leg(event.leg);
    if (leg == nullptr || leg->kind != LegKind::link || leg->state != LegState::calling) {
      return stale();
    }
    for (const LineLink& link : event.links) {
      const auto at = std::ranges::find(flow_.links, link.line, &LineLink::line);
      if (at == flow_.links.end()) {
        flow_.links.push_back(link);
      } else {
        *at = link;
      }
    }
    const LineLink* stuck = nullptr;
    for (const LineLink& link : flow_.links) {
      const bool waits = link.disposition == Disposition::orphaned ||
                         link.disposition == Disposition::over_returned ||
                         link.disposition == Disposition::no_customer;
      if (waits && stuck == nullptr) stuck = &link;
    }
    if (stuck != nullptr) {
      stop(*leg, LegState::parked, code_of(stuck->disposition));
    } else {
      finish(*leg);
    }
    // The void of a return waits for what the return claims.
    out_.sale_facts_changed = true;
    note(EventKind::linked, leg, {});
    append(event.claims);
    wake_ready();
  }

  void on(const VoidRequested&) {
    if (!cancel_unsent(contract::error_code::voided_before_sent, "voided before it was sent")) {
      return stale();
    }
    note(EventKind::void_requested, nullptr, {});
  }

  void on(const Corrected& event) {
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

  void on(const Suspected& event) {
    note(EventKind::suspected, nullptr, "may be " + to_string(event.of));
  }

  void on(const Released& event) {
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

  void on(const Discarded& event) {
    Leg* leg = flow_.leg(event.leg);
    // What may have happened is not undone by forgetting it: a person says first whether it did.
    if (leg == nullptr || !is_stuck(leg->state) || may_have_happened(*leg)) return stale();
    if (is_decline(flow_, *leg) || leg->kind == LegKind::approve) return stale();
    drop(*leg);
    note(EventKind::discarded, leg, words(event.decision));
    drop_dependants(leg->number, "what it waits for was discarded");
    wake_ready();
  }

  void on(const Judged& event) {
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

  /// What waits for it never comes either.
  void drop_dependants(std::uint16_t number, const std::string& why) {
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

  void on(const Confirmed& event) {
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

  void on(const Resent& event) {
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

  void on(const Paused& event) {
    Leg* leg = flow_.leg(event.leg);
    if (leg == nullptr || !may_be_taken(leg->state) || is_question(*leg)) return stale();
    stop(*leg, LegState::parked, contract::error_code::paused);
    note(EventKind::paused, leg, {});
  }

  void on(const CaptureRequested& event) {
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

  void on(const ReleaseRequested&) {
    if (!flow_.redemption || flow_.redemption->ending != Ending::open) return stale();
    note(EventKind::release_requested, nullptr, {});
    end_hold(Ending::voided);
  }

  void on(const Reserved& event) {
    Leg* leg = flow_.leg(event.leg);
    if (leg == nullptr || leg->kind != LegKind::hold || leg->state != LegState::calling) {
      return stale();
    }
    note(event.outcome == Reserved::Outcome::granted ? EventKind::granted : EventKind::reserved,
         leg, event.code);
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

  void on(const Granted&) {
    if (!flow_.redemption) return stale();
    Redemption& redemption = *flow_.redemption;
    const bool waits = redemption.ending == Ending::open && !redemption.granted &&
                       facts_.now < redemption.lapses_at;
    const LegState asked = redemption_leg(authorise_number).state;
    const bool answered = is_settled(asked) || asked == LegState::rejected;
    if (!waits || answered) return stale();
    redemption.granted = true;
    redemption.authorised = redemption.points;
    note(EventKind::granted, nullptr, {});
  }

  void on(const Lapsed& event) {
    const Leg* leg = flow_.leg(event.leg);
    const bool open = flow_.redemption && flow_.redemption->ending == Ending::open;
    if (leg == nullptr || !open || leg->state != LegState::due) return stale();
    note(EventKind::lapsed, leg, {});
    end_hold(Ending::lapsed);
  }

  void on(const Decided& event) {
    note(EventKind::decided, nullptr, event.what + ", " + words(event.decision));
  }

 private:
  static std::string words(const Decision& decision) {
    if (decision.by.empty()) return decision.reason;
    return "by " + decision.by + ": " + decision.reason;
  }

  /// Whether all of a leg in doubt can be asked for.
  [[nodiscard]] bool can_be_asked(const Leg& leg) const {
    return is_delta(leg.kind) ? facts_.traits.survey : facts_.traits.lookup;
  }

  /// The target's idempotency key makes a question needless. Its first use was after the sale, by a
  /// till's clock that may be a day ahead. A delta may be there under another key.
  bool key_suffices(Leg& leg) {
    const Duration since_first = facts_.now - flow_.occurred_at + std::chrono::hours{24};
    if (is_delta(leg.kind) || !facts_.traits.idempotent || can_be_asked(leg)) return false;
    if (since_first >= facts_.traits.idempotent_for) return false;
    leg.restores = facts_.restore.count;
    return true;
  }

  /// What the target may have from before a restore is asked for before it is sent; where it cannot
  /// be asked, a person decides.
  void doubt(Leg& leg) {
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

  /// A question got no answer: another one follows, or a person decides.
  void unanswered(Leg& leg, const Fault& fault) {
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

  /// The target may still be at work on the request: "not found" counts after the settle time.
  /// Until then it is asked again.
  bool has_settled(Leg& leg) {
    const Instant settled = leg.calling_until + facts_.traits.settle;
    if (facts_.now >= settled) return true;
    const Instant soon = facts_.now + facts_.retry.usual.delay(leg.lookups, facts_.random);
    leg.due_at = std::min(soon, settled);
    note(EventKind::not_found, &leg, "may still be under way");
    place_unknown(leg);
    return false;
  }

  /// What the target had of a delta, and what is left to be sent of it.
  void have(Leg& leg, Points had, const std::string& rest) {
    flow_.reversed += had - leg.had;
    leg.had = had;
    leg.rest = rest;
  }

  void to_be_sent(Leg& leg, std::string why) {
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

  /// The time of the hold runs: its `release` leg waits in the due index until then, under no key.
  void begin_hold() {
    Redemption& redemption = *flow_.redemption;
    redemption.lapses_at = facts_.now + redemption.hold_for;
    Leg& release = redemption_leg(release_number);
    release.state = LegState::due;
    release.due_at = redemption.lapses_at;
    place(release, Hash128{}, false);
  }

  Leg& redemption_leg(std::uint16_t number) {
    Leg* leg = flow_.leg(number);
    INVARIANT(leg != nullptr, "a redemption has its three legs");
    return *leg;
  }

  void cancel_unwanted(std::uint16_t number) {
    Leg& leg = redemption_leg(number);
    leg.state = LegState::cancelled;
    leg.due_at = {};
  }

  /// Nothing is to be spent. What may have been reserved is freed as soon as that is known; what is
  /// held here is free with this.
  void end_hold(Ending ending) {
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

  /// It was never reserved, and is not to be any more. Its row, if it has one, is met and found
  /// stale.
  void cancel_authorise(Leg& authorise) {
    authorise.state = LegState::cancelled;
    authorise.reason = flow_.redemption->ending == Ending::lapsed
                           ? contract::error_code::redemption_lapsed
                           : contract::error_code::voided_before_sent;
    authorise.due_at = {};
    note(EventKind::cancelled, &authorise, "given up before it was reserved");
    cancel_unwanted(release_number);
    cancel_unwanted(capture_number);
  }

  /// After a call that failed: a refusal ends the redemption, unless a till was granted it
  /// meanwhile, and one that was given up is not asked for again.
  void settle_refused(Leg& authorise) {
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

  [[nodiscard]] bool is_given_up() const {
    const Ending ending = flow_.redemption->ending;
    return ending == Ending::voided || ending == Ending::lapsed;
  }

  /// Whether an event has asked for it; of other legs the plan has.
  [[nodiscard]] bool is_wanted(const Leg& leg) const {
    if (leg.kind == LegKind::capture) return flow_.redemption->ending == Ending::captured;
    if (leg.kind != LegKind::release) return true;
    return is_given_up();
  }

  /// Cancels what goes to a target and has certainly not been there. False when there is nothing.
  bool cancel_unsent(std::string_view code, std::string_view why) {
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

  [[nodiscard]] bool may_have_happened(const Leg& leg) const {
    return leg.uncertain || (!is_local(leg.kind) && in_doubt(flow_, leg, facts_.restore));
  }

  /// Back to the beginning of its life; the caller wakes what is ready.
  void revive(Leg& leg) {
    leg.reason.clear();
    leg.detail.clear();
    leg.attempts = 0;
    leg.lookups = 0;
    leg.state = LegState::waiting;
    if (leg.kind == LegKind::validate) finish(leg);
  }

  /// A leg whose outcome is open goes on with a question, or under the target's idempotency key,
  /// but never with a blind repetition.
  void release_uncertain(Leg& leg, const Released& event) {
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

  void drop(Leg& leg) {
    leg.state = LegState::cancelled;
    leg.reason = contract::error_code::discarded;
    leg.due_at = {};
    if (leg.kind == LegKind::accrue || leg.kind == LegKind::post) out_.sale_facts_changed = true;
  }

  static bool may_be_taken(LegState state) {
    return state == LegState::due || state == LegState::retrying || state == LegState::unknown;
  }

  void stale() { out_.stale = true; }

  void note(EventKind kind, const Leg* leg, std::string detail) {
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

  void act(ActionKind kind, const Leg& leg) {
    Action action;
    action.kind = kind;
    action.leg = leg.number;
    out_.actions.push_back(action);
  }

  /// A new request for a place, at the tail of its order key.
  void place(const Leg& leg) { place(leg, leg.order_key, false); }

  void place(const Leg& leg, const Hash128& order_key, bool holder) {
    out_.actions.push_back({.kind = ActionKind::place,
                            .leg = leg.number,
                            .due_at = leg.due_at,
                            .order_key = order_key,
                            .holder = holder});
  }

  /// An unknown leg: a strict one keeps its place; otherwise a retry takes a new one at the tail,
  /// and a question, which disturbs nobody, needs none.
  void place_unknown(const Leg& leg) {
    if (facts_.traits.order == Order::strict) return place(leg, leg.order_key, true);
    place(leg, leg.retry_with_key ? leg.order_key : Hash128{}, false);
  }

  void leave(const Leg& leg) {
    if (leg.order_key.is_zero()) return;
    act(ActionKind::leave, leg);
    out_.actions.back().order_key = leg.order_key;
  }

  void begin_call(Leg& leg, Id call) {
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

  void acknowledge(Leg& leg, const ItemAnswer& answer, EventKind kind) {
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

  /// Figures that no receipt can have are damage, not points.
  static bool believable(const ItemAnswer& answer) {
    constexpr std::int64_t most = 1'000'000'000'000'000;
    const auto sane = [](Points points) { return points.count <= most && points.count >= -most; };
    if (answer.points && !sane(*answer.points)) return false;
    return answer.line_points.size() <= 100'000 &&
           std::ranges::all_of(answer.line_points,
                               [&sane](const auto& line) { return sane(line.second); });
  }

  void take_points(const Leg& leg, const ItemAnswer& answer) {
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

  void finish(Leg& leg) {
    leg.state = LegState::done;
    leg.reason.clear();
    leg.detail.clear();
    leg.due_at = {};
    leg.calling_until = {};
    leg.first_due_at = {};
    leg.lookups = 0;
  }

  /// `held`: whether it has a place to give up; an unknown leg has one only in a strict order.
  void stop(Leg& leg, LegState state, std::string_view code, bool held = true) {
    if (held && !is_local(leg.kind)) leave(leg);
    leg.state = state;
    leg.reason = code;
    leg.due_at = {};
    leg.calling_until = {};
  }

  void retry(Leg& leg, const Fault& fault) {
    const RetryPolicy& policy = facts_.retry.of(fault.fault_class);
    if (policy.is_used_up(leg.attempts, facts_.now - leg.first_due_at)) {
      stop(leg, LegState::dead, contract::error_code::retries_exhausted);
      return;
    }
    leg.state = LegState::retrying;
    leg.due_at =
        facts_.now + policy.delay(leg.attempts, Duration{fault.retry_after}, facts_.random);
    place(leg, leg.order_key, true);
  }

  void become_unknown(Leg& leg, std::string_view code, std::chrono::milliseconds retry_after,
                      bool may_repeat = true) {
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

  void append(const std::vector<Leg>& more) {
    for (const Leg& leg : more) {
      INVARIANT(flow_.legs.size() < legs_max, "a flow has a bounded number of legs");
      flow_.legs.push_back(leg);
      flow_.legs.back().number = static_cast<std::uint16_t>(flow_.legs.size());
    }
  }

  /// Legs whose predecessors are done become due; local ones start at once.
  void wake_ready() {
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

  /// What a correction takes back at a target is taken back before the new facts go there.
  [[nodiscard]] bool is_taken_back(const Leg& before, const Leg& leg) const {
    if (before.kind != LegKind::supersede) return true;
    return std::ranges::none_of(flow_.legs, [&](const Leg& other) {
      return other.undoes == before.undoes && !is_local(other.kind) && other.target == leg.target &&
             !is_settled(other.state);
    });
  }

  void record_cover(const Leg& leg, const ClaimAnswer& answer) {
    for (LineLink& link : flow_.links) {
      for (LinkPart& part : link.parts) {
        if (part.book != leg.book) continue;
        part.original = answer.sale.flow;
        part.covered = 0;
      }
    }
    for (ClaimLine line : answer.lines) {
      for (LineLink& link : flow_.links) {
        for (LinkPart& part : link.parts) {
          if (part.book != leg.book || part.line != line.line || link.measured != line.measured) {
            continue;
          }
          const std::int64_t share = std::min(part.units, line.covered);
          part.covered = share;
          line.covered -= share;
        }
      }
    }
    if (answer.status != ClaimStatus::answered) return;
    for (LineLink& link : flow_.links) {
      if (link.parts.empty()) continue;
      if (answer.released) {
        link.disposition = Disposition::voided;
        continue;
      }
      std::int64_t covered = 0;
      bool all_known = true;
      for (const LinkPart& part : link.parts) {
        covered += part.covered;
        all_known = all_known && !part.original.is_nil();
      }
      if (!all_known) continue;
      link.disposition = covered >= link.units ? Disposition::matched : Disposition::over_returned;
    }
  }

  [[nodiscard]] bool over_returned(const Leg& leg) const {
    return std::ranges::any_of(flow_.links, [&leg](const LineLink& link) {
      return std::ranges::any_of(link.parts, [&leg](const LinkPart& part) {
        return part.book == leg.book && part.covered < part.units;
      });
    });
  }

  static std::string_view code_of(Disposition disposition) {
    switch (disposition) {
      case Disposition::over_returned:
        return contract::error_code::over_returned;
      case Disposition::no_customer:
        return contract::error_code::no_customer;
      default:
        return contract::error_code::orphaned;
    }
  }

  static std::string describe(const ClaimAnswer& answer) {
    switch (answer.status) {
      case ClaimStatus::waits_for_original:
        return "the original has not arrived";
      case ClaimStatus::waits_for_settlement:
        return "the original is still under way";
      case ClaimStatus::answered:
        if (answer.released) return "its receipt was voided";
        if (answer.reversal.empty()) return "nothing to take back";
        return answer.reversal.front().units < 0 ? "points to give again" : "points to take back";
    }
    return {};
  }

  Flow& flow_;
  const Facts& facts_;
  Transition out_;
};

}  // namespace

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
