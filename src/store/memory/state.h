#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/api/rows.h"

namespace crossfoot::store::memory {

/// All tables in ordered containers, so that every walk over them is the same in every run. Writes
/// one unit as a whole or not at all, with the rules of rows.h.
class State {
 public:
  /// Applies the unit; a refused one leaves nothing behind.
  UnitResult apply(const Unit& unit);

  using KeyIndex = std::tuple<KeyKind, BusinessDate, Hash128>;
  using DueIndex = std::tuple<TargetNumber, Lane, Instant, Id, std::uint16_t>;
  using OrderIndex = std::pair<TargetNumber, Hash128>;
  using WaiterIndex = std::tuple<TargetNumber, Hash128, Id>;
  using FingerprintIndex = std::tuple<std::int64_t, Hash128, Instant, Id>;  ///< by bucket
  using RecordIndex = std::pair<RecordName, std::uint32_t>;                 ///< by version
  using SoldIndex = std::tuple<Hash128, Instant, std::int64_t, Id, std::uint32_t>;

  std::map<KeyIndex, KeyRow> keys;
  std::map<Id, MessageRow> messages;
  std::map<Id, MessageChange> changes;  ///< of messages that are not in `messages`
  std::map<Id, FlowRow> flows;
  std::map<Id, bool> calling;
  std::map<Hash128, BookRow> books;
  std::map<Hash128, bool> pending_books;
  std::map<std::pair<Partition, std::uint64_t>, JournalRow> journal;
  std::map<DueIndex, DueRow> due;
  std::map<OrderIndex, DueIndex> due_order;
  std::map<WaiterIndex, DueRow> waiters;
  std::map<SoldIndex, SoldLineRow> sold;
  std::map<FingerprintIndex, bool> fingerprints;
  std::map<RecordIndex, RecordRow> records;
  std::map<std::string, std::int64_t> counters;
  std::map<std::pair<std::string, std::string>, std::string> documents;
  std::map<std::string, TargetNumber, std::less<>> targets;
  std::uint32_t incarnation = 0;
  Instant last_recorded_at;

  [[nodiscard]] std::uint64_t last_position(Partition partition) const;

 private:
  bool apply_keys(const Unit& unit);
  bool apply_fingerprint(const Unit& unit);
  bool apply_taken(const Unit& unit);
  bool apply_flows(const Unit& unit);
  bool apply_books(const Unit& unit);
  bool apply_message(const Unit& unit);
  bool apply_changes(const Unit& unit);
  bool apply_journal(const Unit& unit);
  bool apply_leaves(const Unit& unit);
  bool apply_places(const Unit& unit);
  bool apply_sold(const Unit& unit);
  bool apply_records(const Unit& unit);
  void apply_rest(const Unit& unit);

  [[nodiscard]] std::optional<Id> like(const FingerprintRow& row, Duration within) const;
  bool insert_due(const DueRow& row);
  void erase_due(const DueIndex& index);
  bool ended(Outcome outcome, Fault fault);

  /// Writes the value and remembers what stood there.
  template <class Map>
  void put(Map& map, typename Map::key_type key, typename Map::mapped_type value);
  template <class Map>
  void erase(Map& map, const typename Map::key_type& key);

  UnitResult result_;
  std::vector<std::function<void()>> undo_;
};

}  // namespace crossfoot::store::memory
