#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/api/rows.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/journal_index.h"
#include "store/sqlite/key_index.h"
#include "store/sqlite/till_index.h"

namespace crossfoot::store::sqlite {

/// How the writing of one unit ended.
enum class Written : std::uint8_t {
  applied,
  refused_clean,  ///< duplicate, conflict or failure; nothing of the unit is left in the
                  ///< transaction
  refused_dirty,  ///< the same, but some of its rows are written: the transaction must go back
  broken,         ///< the medium failed: the whole transaction must be rolled back
};

/// Writes units into the open transaction of one connection. Knows no group, no queue, no thread.
class UnitWriter {
 public:
  UnitWriter(Connection& connection, JournalIndex& journal, KeyIndex& keys, TillIndex& tills)
      : connection_(connection), journal_(journal), keys_(keys), tills_(tills) {}

  Status prepare();

  /// Writes one unit; `result` says how it ended, `result.fault` why. What goes into the group's
  /// totals is added only when the unit was applied.
  Written write(const Unit& unit, UnitResult& result);

  /// Writes the summed counters and the highest recorded_at; before COMMIT.
  Status write_totals();
  /// Forgets the totals of this transaction (it was rolled back, or is committed).
  void clear_totals();
  /// The highest recorded_at in the store when it was opened.
  void set_floor(Instant last_recorded_at) { stored_recorded_at_ = last_recorded_at; }

 private:
  bool write_keys(const Unit& unit);
  /// No message like it is near in time.
  bool is_unlike(const Unit& unit);
  bool write_fingerprint(const Unit& unit);
  bool write_taken(const Unit& unit);
  bool write_flows(const Unit& unit);
  bool write_books(const Unit& unit);
  bool write_message(const Unit& unit);
  bool write_changes(const Unit& unit);
  bool write_journal(const Unit& unit);
  bool write_leaves(const Unit& unit);
  bool write_places(const Unit& unit);
  bool write_sold(const Unit& unit);
  bool write_documents(const Unit& unit);
  bool write_records(const Unit& unit);
  /// Where the indexes stood before a unit.
  struct Marks {
    std::size_t journal = 0;
    std::size_t keys = 0;
    std::size_t tills = 0;
    std::int64_t first_key = 0;  ///< its row, if there is one
  };
  Written refuse(const Marks& before);
  void add_totals(const Unit& unit);

  bool insert_due(const DueRow& row);
  /// SQLITE_ROW, SQLITE_DONE or an error: whether a due row holds the order key.
  int due_holds(TargetNumber target, const Hash128& order_key);
  bool has_waiter(TargetNumber target, const Hash128& order_key, bool& found);
  bool promote(const PlaceLeave& leave);

  bool ended(Outcome outcome, Fault fault);
  bool failed(int code, std::string_view where);
  /// True when the row was written; notes that the unit is no longer clean.
  bool wrote(int code, std::string_view where);

  Connection& connection_;
  JournalIndex& journal_;
  KeyIndex& keys_;
  TillIndex& tills_;

  Statement delete_due_, insert_due_, due_holds_;
  Statement insert_flow_, update_flow_, insert_book_, update_book_;
  Statement find_fingerprint_, insert_fingerprint_, forget_fingerprints_;
  Statement insert_message_, change_message_, insert_journal_;
  Statement first_waiter_, delete_waiter_, insert_waiter_;
  Statement insert_sold_, upsert_document_, delete_document_;
  Statement upsert_counter_, set_recorded_at_;
  Statement insert_record_, erase_record_, erase_message_;

  UnitResult* result_ = nullptr;
  bool dirty_ = false;
  bool medium_failed_ = false;

  std::unordered_map<std::string, std::int64_t> counters_;
  Instant recorded_at_;
  Instant stored_recorded_at_;
};

}  // namespace crossfoot::store::sqlite
