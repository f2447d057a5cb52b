#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "store/api/record_row.h"

namespace crossfoot::store {

/// Classes of work with reserved capacity, most urgent first. The writer takes units by lane
/// weight.
enum class Lane : std::uint8_t { checkout, live, settlement, replay, batch };
inline constexpr std::size_t lane_count = 5;

enum class KeyKind : std::uint8_t {
  natural,      ///< hash of a natural key; date = business date
  idempotency,  ///< hash of (tenant, Idempotency-Key); date = UTC date of the first use's month or
                ///< 0
  call,         ///< hash of (target, reference, purpose) where an effect is recorded once
  record,       ///< hash of a record's name and version; date = 0
};

/// One business key, kept for years, under 64 bytes. Unique by (kind, date, hash).
struct KeyRow {
  KeyKind kind = KeyKind::natural;
  BusinessDate date;
  Hash128 hash;
  Id id;            ///< the message that took the key first
  Hash128 content;  ///< content hash of that message
  std::uint32_t revision = 0;
  std::uint8_t projection = 1;  ///< version of the projection under `content`
};

enum class MessageState : std::uint8_t {
  accepted,
  held,        ///< its natural key belongs to other content: a person decides
  invalid,     ///< could not be read or identified
  replaced,    ///< was held; a person had it accepted as another message
  discarded,   ///< was held; a person decided that nothing follows from it
  superseded,  ///< a higher revision of the same natural key is the receipt now
  suspected,   ///< accepted; it may be another one under a new number
};

/// An accepted input, immutable but for `state` and `conflict_with`. `body` is the raw original
/// (canonical JSON).
struct MessageRow {
  Id id;
  Instant recorded_at;
  MessageState state = MessageState::accepted;
  std::uint8_t kind = 0;     ///< contract::TransactionKind
  std::uint8_t channel = 0;  ///< contract::Channel
  BusinessDate business_date;
  Instant occurred_at;
  std::string shop;
  std::string register_name;
  std::string sequence;  ///< or the channel's own id
  std::string currency;  ///< three letters
  std::int64_t gross_minor = 0;
  std::string member;
  /// Of a held one the message that has its natural key, of a superseded one the message that
  /// takes its place, of a suspected one the message that it may be; else nil.
  Id conflict_with;
  std::string correlation_id;
  std::string code;  ///< why it is invalid, empty otherwise
  std::string body;
};

enum class FlowStatus : std::uint8_t { open, done, parked, dead };

/// What becomes of a stored message.
struct MessageChange {
  Id id;
  MessageState state = MessageState::accepted;
  Id conflict_with;
};

/// The stored state of a flow. `version` counts its writes from 1: writing version n succeeds only
/// over stored version n - 1 (1 inserts), else the unit ends in `conflict`.
struct FlowRow {
  Id id;
  std::uint32_t version = 1;
  FlowStatus status = FlowStatus::open;
  bool calling = false;  ///< a leg of it may be at a target; found again after a restart
  std::string code;      ///< of the first parked or dead leg
  Instant since;         ///< when it got into that status
  std::string state;
};

/// The stored state of a receipt book, keyed by the hash of the original's natural key. `pending`:
/// a fact or an answer is outstanding; pending books are found again after a restart.
struct BookRow {
  Hash128 key;
  std::uint32_t version = 1;
  bool pending = false;
  std::string state;
};

/// One transition: outbox, timeline, call log and audit entry at once. Positions are per partition,
/// gap-free, assigned by the owner: a position that is taken fails the unit. With position 0 the
/// data store assigns the next of the partition in the order of commit, so that a unit that is
/// refused, or overtaken by one of another lane, leaves no gap; `UnitResult::positions` tells it.
struct JournalRow {
  Partition partition = 0;
  std::uint64_t position = 0;
  Id flow;
  Instant at;
  std::string entry;
};

using TargetNumber = std::uint16_t;

/// A leg that may be sent at `due_at`: the head of its order key, not parked, not paused.
struct DueRow {
  TargetNumber target = 0;
  Lane lane = Lane::live;
  Instant due_at;
  Id flow;
  std::uint16_t leg = 0;
  Hash128 order_key;  ///< zero: no order
};

/// A request for a place: becomes a DueRow when its order key is free, else waits behind it. A key
/// is occupied by a due row with the same (target, order_key), by waiters, or when the owner says
/// so
/// (`occupied`: a call of that key is in flight). A leg that holds its key and comes back
/// (a retry) says `holder`: it goes to the due index whatever waits.
struct PlaceRequest {
  DueRow row;
  Id place;  ///< order among waiters; from the owner's id source
  bool occupied = false;
  bool holder = false;
};

/// Gives up the place of an order key: the first waiter, if any, becomes due at `now`.
struct PlaceLeave {
  TargetNumber target = 0;
  Hash128 order_key;
  Instant now;
};

/// A sold line that returns without an explicit original may be linked to.
struct SoldLineRow {
  Hash128 link_key;  ///< of (tenant, member, folded article)
  Instant occurred_at;
  std::int64_t source_row = 0;
  Id flow;
  std::uint32_t line = 0;
  Hash128 book;  ///< hash of the sale's natural key
  std::int64_t price_units = 0;
  std::uint8_t price_scale = 0;
  std::int64_t quantity = 0;  ///< units of allocation sold
};

/// What a message looks like beside its identity, so that another one like it is found. Rows lie by
/// time, in buckets, so that the present ones share a few pages.
struct FingerprintRow {
  Hash128 hash;  ///< of everything but identity and time
  Instant occurred_at;
  Id id;  ///< the message, or the one with a flow that it is suspected to be
};
inline constexpr std::int64_t fingerprint_bucket_micros = 300'000'000;
[[nodiscard]] constexpr std::int64_t fingerprint_bucket(Instant at) {
  return at.micros / fingerprint_bucket_micros;
}
/// Old rows that one unit drops at most.
inline constexpr std::size_t fingerprints_dropped_max = 128;

/// Adds to a named counter, e.g. `accepted|pos`. Summed per commit, so that hot counters cost
/// little.
struct CounterAdd {
  std::string name;
  std::int64_t delta = 0;
};

/// A small record outside the hot path (reconciliations, breaks, policies): ordered by key in a
/// kind. An empty value deletes it.
struct DocumentRow {
  std::string kind;
  std::string key;
  std::string value;
};

/// All that one decision writes: applied as a whole or not at all.
struct Unit {
  Lane lane = Lane::live;
  std::vector<KeyRow> keys;  ///< checked first, in order; the first duplicate ends the unit
  std::optional<MessageRow> message;
  std::vector<MessageChange> changes;  ///< of other messages, stored before
  std::vector<FlowRow> flows;
  std::vector<BookRow> books;
  std::vector<JournalRow> journal;
  std::vector<DueRow> taken;  ///< due rows to remove; one that is gone makes the unit a conflict
  std::vector<PlaceLeave> leaves;  ///< before `places`
  std::vector<PlaceRequest> places;
  std::vector<SoldLineRow> sold;
  std::optional<FingerprintRow> fingerprint;
  /// A row with the same hash that is this near in time ends the unit; zero: none does. Judged
  /// after the keys, within what one owner writes.
  Duration suspect_within{0};
  Instant forget_before;  ///< fingerprints of buckets before this one's go; the epoch: none
  std::vector<CounterAdd> counters;
  std::vector<DocumentRow> documents;
  RecordWrites records;
};

enum class Outcome : std::uint8_t {
  applied,
  duplicate,  ///< a key was taken; `duplicate_of` says by what, `duplicate_index` which key
  conflict,   ///< a version or a due row was not as expected: discard memory and load again
  failed,     ///< a deterministic failure of this unit alone; nothing of it was written
  unknown,    ///< the commit may or may not have happened: stop, reopen, reload
  suspected,  ///< a message like it is there: `suspected` says which; nothing was written
};

struct UnitResult {
  Outcome outcome = Outcome::applied;
  KeyRow duplicate_of;
  std::size_t duplicate_index = 0;
  std::vector<bool> place_is_due;        ///< for each of `places`: due now (true) or waiting
  std::vector<DueRow> promoted;          ///< by `leaves`
  Fault fault;                           ///< for failed and unknown; for conflict: what was found
  std::vector<std::uint64_t> positions;  ///< of `journal`, in order, when applied
  Id suspected;                          ///< the first message like it
};

}  // namespace crossfoot::store
