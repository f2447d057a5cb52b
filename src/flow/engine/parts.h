#pragma once

// The engine's private parts, shared by its source files only.

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/error_codes.h"
#include "flow/decide/journal.h"
#include "flow/engine/engine.h"
#include "flow/plan/account.h"

namespace crossfoot::flow {

/// What has a receipt book that could take it back as a whole, and content that another may repeat.
[[nodiscard]] constexpr bool trades_goods(contract::TransactionKind kind) {
  return kind == contract::TransactionKind::sale ||
         kind == contract::TransactionKind::return_goods ||
         kind == contract::TransactionKind::exchange;
}

/// What is answered before the engine has found what was under way, and after it has stopped.
[[nodiscard]] inline Fault not_ready(std::string_view where) {
  return {.code = std::string(contract::error_code::store_unavailable),
          .fault_class = FaultClass::transient,
          .where = std::string(where),
          .cause = "the engine is not ready"};
}

/// The leg that an event is about; 0: none, or several.
struct LegOf {
  std::uint16_t operator()(const Begun&) const { return 0; }
  std::uint16_t operator()(const VoidRequested&) const { return 0; }
  std::uint16_t operator()(const Decided&) const { return 0; }
  std::uint16_t operator()(const Corrected&) const { return 0; }
  std::uint16_t operator()(const Suspected&) const { return 0; }
  std::uint16_t operator()(const CaptureRequested&) const { return 0; }
  std::uint16_t operator()(const ReleaseRequested&) const { return 0; }
  std::uint16_t operator()(const Granted&) const { return 0; }
  template <class E>
  std::uint16_t operator()(const E& event) const {
    return event.leg;
  }
};

/// What a flow counts for in the counters: its status and its moving legs by target.
struct FlowSummary {
  store::FlowStatus status = store::FlowStatus::open;
  std::string code;
  std::vector<std::pair<std::string_view, std::int64_t>> moving;  ///< names owned by the engine
};

/// One unit in the making, with what follows its commit.
struct Engine::Staged {
  struct Place {
    Target* target = nullptr;
    Hash128 order_key;
    Instant due_at;
    bool holder = false;
  };

  store::Unit unit;
  std::vector<JournalEvent> events;
  std::vector<JournalInput> inputs;    ///< what was decided, in order
  std::optional<Beginning> beginning;  ///< of a new flow
  std::vector<Place> places;           ///< parallel to unit.places
  std::vector<Action> after;           ///< calls, questions, local work
  std::vector<std::uint16_t> taken;    ///< legs that got a slot
  std::vector<std::uint16_t> batched;  ///< legs that leave with a call of several legs
  FlowSummary summary;
  bool has_flow = false;
  bool no_direct = false;  ///< legs go through the due index (a void waits for this receipt)
  bool sale_facts_changed = false;
  std::optional<std::vector<std::string>> waits;  ///< for these references, when that changed
  std::vector<std::move_only_function<void()>> committed;
};

struct Engine::Queued {
  Work work;
  bool on_committed = false;  ///< reads the flow: nothing of the same unit may come before it
};

/// Somebody who waits until a redemption has its answer.
struct Engine::Watcher {
  Watched done;
  runtime::Scheduler::TimerId timer = 0;
};

/// A flow in memory. At most one of its events is uncommitted at any time.
struct Engine::Active {
  Flow flow;
  std::shared_ptr<const std::string> body;
  std::string shop;
  contract::Channel channel = contract::Channel::pos;
  std::string currency;
  std::int64_t gross_minor = 0;
  std::shared_ptr<const contract::Transaction> transaction;  ///< null until needed
  FlowSummary committed;                                     ///< as last stored
  std::vector<std::string> waits;  ///< for these references, as last stored
  bool stored = false;             ///< a row exists
  Instant status_since;
  bool committing = false;
  bool running = false;  ///< its queue is being worked off
  std::deque<Queued> queue;
  std::uint64_t retired_at = 0;  ///< epoch in which it last came to rest
  std::size_t outstanding = 0;   ///< calls, questions and local work under way
  std::size_t calls = 0;         ///< of these, calls
  bool owed = false;             ///< its member's note names it
  std::vector<std::shared_ptr<Watcher>> watchers;
  std::vector<store::DueRow> asking;  ///< due rows of questions under way: they stay until answered
};

/// What is being accepted, with its identity.
struct Engine::Incoming : AcceptRequest {
  std::string natural_key;
  Hash128 key;                            ///< of the natural key
  std::vector<std::string> unresolved{};  ///< names that nobody knows
};

/// A planned accept that waits a moment for a slot at its targets, so that its legs leave with the
/// accepting commit instead of passing through the due index.
struct Engine::SlotWaiter {
  IncomingPtr request;
  Plan plan;
  Accepted done;
  Duration until{0};  ///< monotonic
};

/// One call that carries several legs: it leaves when the intents of all are committed.
struct Engine::BatchCall {
  Id id;
  Target* target = nullptr;
  std::string operation;
  Lane lane = Lane::live;   ///< of the leg that began it
  std::size_t waiting = 0;  ///< commits still open, plus one while it is being filled
  std::vector<std::pair<ActivePtr, std::uint16_t>> legs;
};

struct Engine::DuePage {
  std::array<bool, store::lane_count> lanes{};  ///< those that the gate lets pass
  std::vector<store::DueRow> rows;              ///< by lane
  std::vector<std::optional<store::FlowRow>> flows;
  std::vector<store::MessageRow> messages;
  std::optional<Instant> next;
  bool waiters = false;
  std::uint64_t placed = 0;  ///< of the target when the read began
  bool full = false;
  std::optional<Fault> fault;
};

/// Everything that happens to one receipt book goes through its task, one after the other.
struct Engine::BookTask {
  Hash128 key;
  BusinessDate date;
  Book book;
  std::vector<std::pair<ActivePtr, std::uint16_t>> claimants;
  bool running = false;
  bool again = false;
};

/// A redemption that wants points reserved here (`leg`), or granted on the floor limit (0).
struct Engine::AccountWork {
  ActivePtr active;
  std::uint16_t leg = 0;
  Done done;
};

/// Everything that is decided about one member's points here is decided one after the other.
struct Engine::AccountTask {
  Hash128 key;
  std::deque<AccountWork> waiting;
  Account account;
  Instant asked;                       ///< when the platform was asked
  std::optional<Result<Points>> free;  ///< what it said; nothing: it was not asked
  Points reserved;                     ///< by the redemptions of the account
  Points granted;
  std::vector<Id> kept;
};

/// One answer about a member's points in the making.
struct Engine::Weighing {
  std::string tenant;
  std::string member;
  Hash128 key;
  BalanceView view;
  Weighed done;
  Instant asked;
  std::optional<Result<Points>> heard;
  runtime::Scheduler::TimerId timer = 0;
  bool waited = false;  ///< the platform has answered, or its time is over
  bool read = false;    ///< what is stored is in
  std::optional<Fault> fault;
  std::vector<Id> owing;        ///< flows whose points may be on their way
  std::vector<Id> redemptions;  ///< of the account
  std::optional<Points> last;   ///< what the platform said before …
  Instant last_at;              ///< … and when
};

/// Unlinked returns of one member are linked one after the other: what one takes the next must see.
struct Engine::LinkQueue {
  std::string member;
  std::deque<std::pair<ActivePtr, std::uint16_t>> waiting;
  bool running = false;
};

}  // namespace crossfoot::flow
