#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/digest.h"
#include "base/id.h"
#include "base/time.h"
#include "flow/engine/lane_turns.h"
#include "flow/plan/leg.h"
#include "runtime/scheduler.h"
#include "store/api/rows.h"

namespace crossfoot::flow {

/// What a target looks like from outside the engine.
struct TargetStatus {
  std::string name;
  store::TargetNumber number = 0;
  std::size_t in_flight = 0;
  std::size_t concurrency = 0;
  bool backlog = false;
};

/// The engine's view of one target: its slots, its busy order keys and whether the due index holds
/// work for it. A leg is called at once, without a due row, while `direct()` allows; otherwise it
/// goes through the due index, so that memory stays bounded whatever waits there.
class Target {
 public:
  std::string name;
  store::TargetNumber number = 0;
  std::size_t concurrency = 1;
  std::size_t in_flight = 0;
  bool polling = false;
  bool poll_again = false;
  /// By hand: nothing new is sent.
  bool paused = false;
  /// Rows that may be sent now are in the due index.
  bool backlog = false;
  /// Rows that may be sent by their time wait for a breaker or for quota, until `gated_until`: the
  /// index is not asked for them again before that.
  bool gated = false;
  Instant gated_until;
  /// By lane: rows up to here wait for the breaker of their operation; others come behind them.
  std::array<std::optional<store::DueRow>, store::lane_count> passed;
  std::size_t passed_rows = 0;
  std::string passed_operation;  ///< of the last of them
  bool passed_question = false;
  /// What waits behind more rows than this waits with them: looking on would read the whole index.
  static constexpr std::size_t passed_max = 1024;
  LaneTurns turns;
  /// Waiters may exist behind order keys, so that giving up a place must look for them.
  bool waiters = false;
  /// Every due row with a later time is known here by its order key.
  bool complete = true;
  /// Legs whose due row is being taken by a commit that is still open.
  std::set<std::pair<Id, std::uint16_t>> taking;
  /// Legs taken while a page was being read: the page may still show their rows.
  std::set<std::pair<Id, std::uint16_t>> taken_meanwhile;
  /// Requests for places so far, and how many of them are in commits that are still open: what a
  /// page read meanwhile says about the index is out of date.
  std::uint64_t placed = 0;
  std::size_t placing = 0;
  std::unordered_map<Hash128, Id> busy;  ///< order keys of calls in flight, and whose they are
  std::unordered_set<Hash128> held;      ///< order keys of rows that are due later
  runtime::Scheduler::TimerId timer = 0;
  Instant timer_at = Instant::never();

  static constexpr std::size_t held_max = 50'000;

  [[nodiscard]] std::size_t free_slots() const {
    return !paused && in_flight < concurrency ? concurrency - in_flight : 0;
  }
  /// Work that came before waits for it.
  [[nodiscard]] bool is_behind() const {
    return backlog || gated || waiters || !complete || paused;
  }
  [[nodiscard]] bool is_busy(const Hash128& order_key) const {
    return !order_key.is_zero() && (busy.contains(order_key) || held.contains(order_key));
  }
  /// A leg of this order key may be called without passing through the due index.
  [[nodiscard]] bool direct(const Hash128& order_key, bool holder) const {
    if (free_slots() == 0) return false;
    if (holder) return true;
    return !is_behind() && !is_busy(order_key);
  }
  void free(const Hash128& order_key) {
    busy.erase(order_key);
    held.erase(order_key);
  }
  void gate(Instant until) {
    gated_until = gated ? std::min(gated_until, until) : until;
    gated = true;
  }
  /// What was gated is looked at again.
  void ungate() {
    gated = false;
    passed = {};
    passed_rows = 0;
    backlog = true;
  }
  void taken(const store::DueRow& row) {
    taking.erase({row.flow, row.leg});
    if (polling) taken_meanwhile.insert({row.flow, row.leg});
  }
  void hold(const Hash128& order_key) {
    if (order_key.is_zero()) return;
    if (held.size() >= held_max) {
      complete = false;
      return;
    }
    held.insert(order_key);
  }
};

}  // namespace crossfoot::flow
