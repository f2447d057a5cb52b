#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/memory/state.h"
#include "store/postgres/connection.h"

namespace crossfoot::store::postgres {

/// The highest position of each partition, as committed.
using Positions = std::array<std::uint64_t, partition_count>;

/// The units of one transaction, written with two round trips whatever their number.
///
/// The first one locks the partitions, takes the keys and reads the few rows that the units depend
/// on. Those go into a small in-memory state, whose rules are the memory engine's: it applies one
/// unit after the other and so answers each by itself. What it then differs from what was read is
/// written by the second round trip, one statement a table. This is sound because the owner of the
/// locked partitions is their only writer; keys, which anyone may take, are judged by their insert.
class Group {
 public:
  /// A part of a unit that is longer fails it. `last` outlives the group.
  Group(std::vector<const Unit*> units, const Positions& last, std::uint64_t row_bytes_max);

  /// The first round trip, BEGIN included.
  [[nodiscard]] std::vector<Step> questions(std::uint64_t owner_epoch);
  /// False: a partition of these units has another owner now; nothing may be written.
  [[nodiscard]] bool take(const std::vector<Rows>& answers);
  /// Rows of keys that others took; empty when there are none.
  [[nodiscard]] std::vector<Step> more_questions() const;
  [[nodiscard]] Status take_more(const std::vector<Rows>& answers);

  /// Applies unit after unit; the results in their order.
  [[nodiscard]] std::vector<UnitResult> judge();

  /// Whether any unit was applied; a commit without one would be for nothing.
  [[nodiscard]] bool applied_any() const { return !applied_.empty(); }
  /// The second round trip, without COMMIT. It may be empty: keys are written by the first.
  /// `recorded_at` is the highest one stored, and is raised.
  [[nodiscard]] std::vector<Step> writes(Instant& recorded_at) const;
  /// After the commit: the positions that it used.
  void publish(Positions& last) const;

 private:
  using State = memory::State;

  enum class Question : std::uint8_t {
    begin,
    lock,
    keys,
    flows,
    books,
    due,
    waiters,
    positions,
    fingerprints,
  };

  void want(const Unit& unit);
  void want_places(const Unit& unit);
  void want_partition(Partition partition);
  void ask(std::vector<Step>& steps, Question question, std::string_view sql,
           Parameters parameters);
  void ask_keys(std::vector<Step>& steps);
  void ask_places(std::vector<Step>& steps);
  void ask_fingerprints(std::vector<Step>& steps);
  void take_keys(const Rows& rows);
  void take_flows(const Rows& rows);
  void take_books(const Rows& rows);
  void take_positions(const Rows& rows);
  void take_due(const Rows& rows);
  void take_waiters(const Rows& rows);
  void take_fingerprints(const Rows& rows);
  [[nodiscard]] bool too_large(const Unit& unit) const;

  void write_keys(std::vector<Step>& steps) const;
  void write_flows(std::vector<Step>& steps) const;
  void write_books(std::vector<Step>& steps) const;
  void write_messages(std::vector<Step>& steps) const;
  void write_changes(std::vector<Step>& steps) const;
  void write_journal(std::vector<Step>& steps) const;
  void write_due(std::vector<Step>& steps) const;
  void write_waiters(std::vector<Step>& steps) const;
  void write_sold(std::vector<Step>& steps) const;
  void write_fingerprints(std::vector<Step>& steps) const;
  void write_documents(std::vector<Step>& steps) const;
  void write_records(std::vector<Step>& steps) const;
  void write_totals(std::vector<Step>& steps, Instant& recorded_at) const;

  std::vector<const Unit*> units_;
  const Positions& last_;
  std::uint64_t row_bytes_max_;
  std::vector<const Unit*> applied_;

  // What is asked for; ordered, so that locks are taken in one order by everyone.
  std::set<Partition> partitions_;
  std::map<State::KeyIndex, const KeyRow*> keys_;  ///< with the row of the first unit that wants it
  std::set<Id> flows_;
  std::set<Hash128> books_;
  std::set<State::DueIndex> taken_;
  std::map<State::OrderIndex, std::uint64_t> order_keys_;  ///< with how often they are left
  std::set<std::pair<Partition, std::uint64_t>> positions_;
  std::set<std::pair<std::int64_t, Hash128>> fingerprints_;  ///< bucket, hash

  std::vector<Question> asked_;

  // What was found.
  std::set<State::KeyIndex> keys_inserted_;
  std::map<Id, std::uint32_t> flow_versions_;
  std::map<Hash128, std::uint32_t> book_versions_;
  std::map<State::DueIndex, DueRow> due_found_;
  std::set<State::WaiterIndex> waiters_found_;
  std::set<std::pair<Partition, std::uint64_t>> journal_found_;
  State state_;
};

}  // namespace crossfoot::store::postgres
