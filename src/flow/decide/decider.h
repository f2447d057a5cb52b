#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flow/decide/decide.h"

namespace crossfoot::flow {

/// Applies one event; one object per decision. What is decided about what stands in files of its
/// own: calls (decide_calls.cpp), claims (decide_claims.cpp), points as tender
/// (decide_redemption.cpp), what people say (decide_instructions.cpp).
class Decider {
 public:
  Decider(Flow& flow, const Facts& facts) : flow_(flow), facts_(facts) {}

  Transition take() { return std::move(out_); }

  void on(const Begun&);
  void on(const Taken& event);
  void on(const Answered& event);
  void on(const Failed& event);
  void fail_call(Leg& failed, const Failed& event);
  void on(const LookedUp& event);
  void on(const Surveyed& event);
  void on(const Restarted& event);
  void on(const Claimed& event);
  void on(const Linked& event);
  void on(const VoidRequested&);
  void on(const Corrected& event);
  void on(const Suspected& event);
  void on(const Released& event);
  void on(const Discarded& event);
  void on(const Judged& event);
  /// What waits for it never comes either.
  void drop_dependants(std::uint16_t number, const std::string& why);
  void on(const Confirmed& event);
  void on(const Resent& event);
  void on(const Paused& event);
  void on(const CaptureRequested& event);
  void on(const ReleaseRequested&);
  void on(const Reserved& event);
  void on(const Granted&);
  void on(const Lapsed& event);
  void on(const Decided& event);

 private:
  using EventKind = JournalEvent::Kind;
  using ActionKind = Action::Kind;
  using Ending = Redemption::Ending;

  static std::string words(const Decision& decision);
  /// Whether all of a leg in doubt can be asked for.
  [[nodiscard]] bool can_be_asked(const Leg& leg) const;
  /// The target's idempotency key makes a question needless. Its first use was after the sale, by a
  /// till's clock that may be a day ahead. A delta may be there under another key.
  bool key_suffices(Leg& leg);
  /// What the target may have from before a restore is asked for before it is sent; where it cannot
  /// be asked, a person decides.
  void doubt(Leg& leg);
  /// A question got no answer: another one follows, or a person decides.
  void unanswered(Leg& leg, const Fault& fault);
  /// The target may still be at work on the request: "not found" counts after the settle time.
  /// Until then it is asked again.
  bool has_settled(Leg& leg);
  /// What the target had of a delta, and what is left to be sent of it.
  void have(Leg& leg, Points had, const std::string& rest);
  void to_be_sent(Leg& leg, std::string why);
  /// The time of the hold runs: its `release` leg waits in the due index until then, under no key.
  void begin_hold();
  Leg& redemption_leg(std::uint16_t number);
  void cancel_unwanted(std::uint16_t number);
  /// Nothing is to be spent. What may have been reserved is freed as soon as that is known; what is
  /// held here is free with this.
  void end_hold(Ending ending);
  /// It was never reserved, and is not to be any more. Its row, if it has one, is met and found
  /// stale.
  void cancel_authorise(Leg& authorise);
  /// After a call that failed: a refusal ends the redemption, unless a till was granted it
  /// meanwhile, and one that was given up is not asked for again.
  void settle_refused(Leg& authorise);
  [[nodiscard]] bool is_given_up() const;
  /// Whether an event has asked for it; of other legs the plan has.
  [[nodiscard]] bool is_wanted(const Leg& leg) const;
  /// Cancels what goes to a target and has certainly not been there. False when there is nothing.
  bool cancel_unsent(std::string_view code, std::string_view why);
  [[nodiscard]] bool may_have_happened(const Leg& leg) const;
  /// Back to the beginning of its life; the caller wakes what is ready.
  void revive(Leg& leg);
  /// A leg whose outcome is open goes on with a question, or under the target's idempotency key,
  /// but never with a blind repetition.
  void release_uncertain(Leg& leg, const Released& event);
  void drop(Leg& leg);
  static bool may_be_taken(LegState state);
  void stale() { out_.stale = true; }
  void note(EventKind kind, const Leg* leg, std::string detail);
  void act(ActionKind kind, const Leg& leg);
  /// A new request for a place, at the tail of its order key.
  void place(const Leg& leg) { place(leg, leg.order_key, false); }
  void place(const Leg& leg, const Hash128& order_key, bool holder);
  /// An unknown leg: a strict one keeps its place; otherwise a retry takes a new one at the tail,
  /// and a question, which disturbs nobody, needs none.
  void place_unknown(const Leg& leg);
  void leave(const Leg& leg);
  void begin_call(Leg& leg, Id call);
  void acknowledge(Leg& leg, const ItemAnswer& answer, EventKind kind);
  /// Figures that no receipt can have are damage, not points.
  static bool believable(const ItemAnswer& answer);
  void take_points(const Leg& leg, const ItemAnswer& answer);
  void finish(Leg& leg);
  /// `held`: whether it has a place to give up; an unknown leg has one only in a strict order.
  void stop(Leg& leg, LegState state, std::string_view code, bool held = true);
  void retry(Leg& leg, const Fault& fault);
  void become_unknown(Leg& leg, std::string_view code, std::chrono::milliseconds retry_after,
                      bool may_repeat = true);
  void append(const std::vector<Leg>& more);
  /// Legs whose predecessors are done become due; local ones start at once.
  void wake_ready();
  /// What a correction takes back at a target is taken back before the new facts go there.
  [[nodiscard]] bool is_taken_back(const Leg& before, const Leg& leg) const;
  void record_cover(const Leg& leg, const ClaimAnswer& answer);
  [[nodiscard]] bool over_returned(const Leg& leg) const;
  static std::string_view code_of(Disposition disposition);
  static std::string describe(const ClaimAnswer& answer);

  Flow& flow_;
  const Facts& facts_;
  Transition out_;
};

}  // namespace crossfoot::flow
