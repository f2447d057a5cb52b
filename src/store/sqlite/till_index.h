#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "store/api/rows.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/gathered_entries.h"

namespace crossfoot::store::sqlite {

/// Finds the messages of a shop's day: hundreds of shops send at the same time, and the day of each
/// grows at a place of its own. Tables `message_till` and, for the newest, `message_till_tail`.
/// Writer thread only.
class TillIndex {
 public:
  TillIndex(Connection& connection, std::size_t gathered_max)
      : connection_(connection), entries_(gathered_max) {}

  /// Prepares, and takes up what the last process left in the tail; inside the opening transaction.
  Status open();

  /// Writes the entry of a message that is new in row `seq`. An SQLite code, SQLITE_DONE when it is
  /// written.
  int add(std::int64_t seq, const MessageRow& message);
  [[nodiscard]] std::size_t mark() const { return entries_.mark(); }
  void undo_to(std::size_t mark) { entries_.undo_to(mark); }

  /// Before COMMIT, after it, after a rollback.
  Status write_slice();
  void published(Duration now) { entries_.published(now); }
  void undone() { entries_.undone(); }

 private:
  struct Entry {
    BusinessDate date;
    std::string shop;
    std::string register_name;
    std::string sequence;
    Id id;
    std::int64_t seq = 0;  ///< of the message, and so of the tail

    auto operator<=>(const Entry&) const = default;
  };

  Connection& connection_;
  GatheredEntries<Entry> entries_;
  Statement append_, insert_, drop_;
};

}  // namespace crossfoot::store::sqlite
