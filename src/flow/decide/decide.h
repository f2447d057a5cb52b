#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "flow/decide/policy.h"
#include "flow/plan/book.h"
#include "flow/plan/caller.h"
#include "flow/plan/flow.h"
#include "flow/plan/survey.h"

namespace crossfoot::flow {

/// Version of the rules below, stored with each journal entry.
inline constexpr std::uint32_t decider_version = 5;

/// Everything looked up from outside: decide() itself reads no clock, no random source, no store.
struct Facts {
  Instant now;
  RetrySchedule retry;  ///< of the leg's target
  std::uint64_t random = 0;
  OperationTraits traits;  ///< of the operation concerned: the leg's next step
  Restore restore;         ///< the data store's last
};

// What can happen to a flow.
struct Begun {};  ///< accepted: the plan is in the flow
struct Taken {    ///< intent: a call (or a question) is about to leave
  std::uint16_t leg = 0;
  Id call;
};
struct Answered {
  std::uint16_t leg = 0;
  ItemAnswer answer;
};
struct Failed {
  std::uint16_t leg = 0;
  Fault fault;
};
struct LookedUp {  ///< the target was asked by reference
  std::uint16_t leg = 0;
  Result<std::optional<ItemAnswer>> found;
};
struct Restarted {  ///< the process died during a call of this leg
  std::uint16_t leg = 0;
};
struct Claimed {  ///< a receipt book answered
  std::uint16_t leg = 0;
  ClaimAnswer answer;
  std::vector<Leg> more;  ///< Processes::after_claim
};
struct Linked {  ///< originals of an unlinked return were looked up
  std::uint16_t leg = 0;
  std::vector<LineLink> links;
  std::vector<Leg> claims;  ///< Processes::after_link
};
struct VoidRequested {  ///< a void of this receipt has arrived
  Id by;
};
/// Who decided, and why; both empty when a fact did.
struct Decision {
  std::string by;
  std::string reason;
};
struct Released {  ///< a person or a fact lets a stuck leg go on
  std::uint16_t leg = 0;
  std::optional<Lane> lane;  ///< in which it goes on; none: its own
  Decision decision;
};
struct Discarded {  ///< a person decides that a stuck leg is not to be done
  std::uint16_t leg = 0;
  Decision decision;
};
struct Confirmed {  ///< a person looked at the target: an open outcome is known now
  std::uint16_t leg = 0;
  bool happened = false;
  std::string target_id;  ///< the target's id of it, when it happened
  Decision decision;
};
struct Resent {  ///< a person wants what is done to be sent once more, under a new reference
  std::uint16_t leg = 0;
  Decision decision;
};
struct Paused {  ///< met by a worker while its shop or member is paused
  std::uint16_t leg = 0;
};
struct Decided {  ///< a person decided about a held message that has this flow's natural key
  std::string what;
  Decision decision;
};
struct Corrected {  ///< another revision of this receipt has arrived
  Id by;            ///< its message; this flow's own when it says the same once more
  std::uint32_t revision = 0;
  bool late = false;  ///< a lower one than this: nothing follows from it
};

struct Suspected {  ///< it may be another transaction under a new number
  Id of;
};

struct Surveyed {  ///< the target was asked for all that was taken of the original
  std::uint16_t leg = 0;
  Result<SurveyOutcome> found;
  std::string rest;  ///< arguments of what is left to be sent, where that is a part
};

struct CaptureRequested {  ///< the till takes so many of the reserved points
  Points points;
};
struct ReleaseRequested {};  ///< the till gives its redemption up
struct Reserved {            ///< whether points could be reserved here
  enum class Outcome : std::uint8_t { reserved, granted, refused };
  std::uint16_t leg = 0;
  Outcome outcome = Outcome::refused;
  std::string code;  ///< of a refusal
};
struct Granted {};        ///< the channel's floor limit covers it, and the platform gives no answer
struct Lapsed {           ///< the time of a redemption's hold is over
  std::uint16_t leg = 0;  ///< its `release`
};

struct Judged {           ///< a second person has said a word about what another one asked for
  std::uint16_t leg = 0;  ///< its `approve`
  bool approved = false;
  Decision decision;  ///< `by` proven where callers are, never who asked
};

using Event = std::variant<Begun, Taken, Answered, Failed, LookedUp, Restarted, Claimed, Linked,
                           VoidRequested, Released, Discarded, Confirmed, Resent, Paused, Decided,
                           Corrected, Suspected, CaptureRequested, ReleaseRequested, Lapsed,
                           Reserved, Granted, Surveyed, Judged>;

/// What the engine has to do once the new state is committed.
struct Action {
  enum class Kind : std::uint8_t {
    place,  ///< put the leg into the due index (or call at once where capacity allows)
    leave,  ///< give up the leg's place
    call,   ///< send the step whose intent this transition holds
    ask,    ///< ask the target by reference
    local,  ///< link or claim
  };
  Kind kind = Kind::place;
  std::uint16_t leg = 0;
  Instant due_at;
  Hash128 order_key;    ///< zero: without order
  bool holder = false;  ///< it holds its place already
};

/// One line of the timeline.
struct JournalEvent {
  enum class Kind : std::uint8_t {
    accepted,
    calling,
    asked,
    acknowledged,
    failed,
    found,
    not_found,
    restarted,
    claimed,
    linked,
    void_requested,
    released,
    cancelled,
    parked,
    discarded,
    confirmed,
    resent,
    paused,
    decided,
    superseded,
    revision_noted,
    suspected,
    capture_requested,
    release_requested,
    lapsed,
    reserved,
    granted,
    doubted,
    recorded,  ///< a system's statement about a record; no flow
    approved,
    refused,
  };
  static constexpr auto kind_last = Kind::refused;

  Kind kind = Kind::accepted;
  std::uint16_t leg = 0;
  std::uint16_t attempt = 0;
  LegState state = LegState::waiting;  ///< of the leg, afterwards
  std::string step;
  std::string reference;
  std::string detail;  ///< target's id, or code and cause
  Id call;
};
[[nodiscard]] std::string_view to_string(JournalEvent::Kind kind);

struct Transition {
  std::vector<Action> actions;
  std::vector<JournalEvent> events;
  bool sale_facts_changed = false;  ///< a receipt book may wait for what has changed
  bool stale = false;               ///< the event no longer applies; nothing was changed
};

/// The pure core: applies one event to the flow in place and says what is to be done. The caller
/// commits the flow before it acts, and on a failed commit throws the flow away and loads it again.
[[nodiscard]] Transition decide(Flow& flow, const Event& event, const Facts& facts);

/// A leg that does not move unless a person or a fact moves it.
[[nodiscard]] constexpr bool is_stuck(LegState state) {
  return state == LegState::parked || state == LegState::rejected || state == LegState::dead;
}

/// The step that a leg's next call carries, or null when all are done.
[[nodiscard]] const Step* next_step(const Leg& leg);

/// A leg whose work is done inside Crossfoot.
[[nodiscard]] constexpr bool is_local(LegKind kind) {
  return kind == LegKind::validate || kind == LegKind::link || kind == LegKind::claim ||
         kind == LegKind::supersede || kind == LegKind::hold || kind == LegKind::approve;
}

}  // namespace crossfoot::flow
