#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "base/money.h"
#include "base/time.h"

namespace crossfoot::flow {

/// Reserved capacity classes; the same numbers as in the data store.
enum class Lane : std::uint8_t { checkout, live, settlement, replay, batch };
inline constexpr auto lane_last = Lane::batch;
inline constexpr std::size_t lane_count = static_cast<std::size_t>(lane_last) + 1;

/// What each lane is sure to get of a target's slots and quota while others want them too, in
/// percent; what one does not use the others share.
inline constexpr std::array<std::int64_t, lane_count> lane_shares{40, 30, 10, 10, 10};

/// An obligation of a flow. `validate`, `link`, `claim`, `supersede`, `hold` and `approve` are
/// decided inside Crossfoot, the others at a target.
enum class LegKind : std::uint8_t {
  validate,     ///< the transaction's own arithmetic and references hold
  link,         ///< find the sales that an unlinked return belongs to
  claim,        ///< ask the receipt book of an original for units (return) or for all of it (void)
  accrue,       ///< loyalty: points for a sale
  reverse,      ///< loyalty: take points of returned units back
  post,         ///< ERP: the financial and stock document of a sale or an exchange
  post_refund,  ///< ERP: the document of a return, at once, linked or not
  post_void,    ///< ERP: mirror the voided document
  move_stock,   ///< ERP: stock without a receipt
  reinstate,    ///< loyalty: give points back that a voided return had taken
  supersede,    ///< ask the receipt's own book to take back the revision before
  authorise,    ///< loyalty: reserve points for a redemption
  capture,      ///< loyalty: spend what was reserved
  release,      ///< loyalty: free what was reserved and is not to be spent
  hold,         ///< reserve points here, where the platform only deducts
  share_profile,  ///< tell a target what happened to a customer
  approve,        ///< a second person's word; parked until it is said
  adjust,         ///< loyalty: points by hand, granted or deducted
};
inline constexpr auto leg_kind_last = LegKind::adjust;
[[nodiscard]] std::string_view to_string(LegKind kind);

enum class LegState : std::uint8_t {
  waiting,  ///< for another leg, a place or a fact
  due,      ///< may be sent now or at due_at
  calling,  ///< intent committed; the call may be under way
  done,
  retrying,   ///< failed without effect; due again at due_at
  unknown,    ///< the call may have happened: the target is asked by reference at due_at
  parked,     ///< needs something: an original, a reference, a person
  dead,       ///< gave up by policy
  rejected,   ///< the target refused for good
  cancelled,  ///< never happened and never will
};
inline constexpr auto leg_state_last = LegState::cancelled;
[[nodiscard]] std::string_view to_string(LegState state);

/// No more work comes from this leg unless a person or a fact moves it.
[[nodiscard]] constexpr bool is_settled(LegState state) {
  return state == LegState::done || state == LegState::cancelled;
}

/// The target's answer that proves a step: its id there, a hash of the response, when.
struct Acknowledgement {
  std::string target_id;
  Hash128 response_hash;
  Instant at;
};

/// One request of a leg: an operation of the target's pack, in order.
struct Step {
  std::string operation;  ///< name in the pack: `accrue`, `create_memo`, `release_memo`
  std::string reference;  ///< from business identity only; the idempotency key at the target
  bool done = false;
  Acknowledgement acknowledgement;
  Id call;  ///< the call that carried it last; one call may carry many steps
};

struct Leg {
  std::uint16_t number = 0;  ///< 1 … legs_max, its place in Flow::legs plus one
  LegKind kind = LegKind::validate;
  LegState state = LegState::waiting;
  std::string target;  ///< name of the target, empty for local legs
  Lane lane = Lane::live;
  Hash128 order_key;                 ///< zero: no order
  std::vector<std::uint16_t> after;  ///< legs of this flow that must be done before
  std::vector<Step> steps;
  std::string arguments;        ///< JSON object for the mapping: what the transaction does not say
  std::uint16_t attempts = 0;   ///< calls begun since the last progress
  std::uint16_t lookups = 0;    ///< questions asked while unknown
  bool uncertain = false;       ///< an attempt's outcome is open: it may have happened
  bool retry_with_key = false;  ///< unknown, and the target's idempotency key allows a retry
  Instant due_at;               ///< when due, retrying or unknown
  Instant calling_until;        ///< latest finish of the call under way
  Instant first_due_at;  ///< when its first attempt could start: budgets and ages count from here
  /// Restores of the data store (`Restore::count`) up to which its target has said that the next
  /// step has not happened.
  std::uint32_t restores = 0;
  std::string rest;  ///< in place of `arguments` when the target had a part of it already …
  Points had;        ///< … with these points, below zero: given again
  /// Of a delta that others had brought about before a restore.
  bool covered = false;
  std::string covered_by;  ///< the reference of the one that says the same; empty: several do
  std::string reason;      ///< public code when parked, dead or rejected
  std::string detail;      ///< in words, without secrets; of an `approve` leg: who asked
  /// Of a compensation: the flow that it undoes. Of a claim: the voided return whose claim it
  /// releases. Of a `supersede` leg: the flow of the revision before.
  Id undoes;
  Hash128 book;            ///< of a claim: the receipt book; of a reversal: where its delta is from
  BusinessDate book_date;  ///< the date in the original's natural key, 0 where it has none
};

/// The number of an `approve` leg: behind validate.
inline constexpr std::uint16_t approve_number = 2;

inline constexpr std::size_t legs_max = 4096;

/// Takes points of an original's units back or gives them again: a delta of a receipt book.
[[nodiscard]] constexpr bool is_delta(LegKind kind) {
  return kind == LegKind::reverse || kind == LegKind::reinstate;
}

/// Its next call is a question about one that may have happened; it disturbs nobody.
[[nodiscard]] inline bool is_question(const Leg& leg) {
  return leg.state == LegState::unknown && !leg.retry_with_key;
}

}  // namespace crossfoot::flow
