#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <tuple>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "store/api/rows.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/gathered_entries.h"

namespace crossfoot::store::sqlite {

/// A key's place among the newest.
struct KeyEntry {
  KeyKind kind = KeyKind::natural;
  BusinessDate date;
  Hash128 hash;
  std::int64_t seq = 0;  ///< row of the tail

  friend bool operator<(const KeyEntry& a, const KeyEntry& b) {
    return std::tie(a.kind, a.date, a.hash) < std::tie(b.kind, b.date, b.hash);
  }
};
using NewestKeys = GatheredEntries<KeyEntry>;

/// The business keys: hashes, so that each has a page of its own. Tables `business_key` and, for
/// the newest, `key_tail`. A key is taken by entering it among the newest, which only one can; and
/// only this thread of the process that holds the file writes, so that nobody takes it in between
/// in the table. Writer thread only.
class KeyIndex {
 public:
  KeyIndex(Connection& connection, NewestKeys& newest) : connection_(connection), newest_(newest) {}

  /// Prepares, and takes up what the last process left in the tail; inside the opening transaction.
  Status open();

  /// Takes a key in the open transaction; the key that was there, when it is taken. The error is an
  /// SQLite code.
  std::expected<std::optional<KeyRow>, int> take(const KeyRow& key);
  [[nodiscard]] std::size_t mark() const { return newest_.mark(); }
  /// Forgets the keys taken since. Their rows go back with the transaction, or by `delete_from`.
  void undo_to(std::size_t mark) { newest_.undo_to(mark); }
  /// The row that the next key gets.
  [[nodiscard]] std::int64_t next_row() const { return newest_.last() + 1; }
  /// Deletes the rows that were written from `first` on. An SQLite code.
  int delete_from(std::int64_t first) { return drop_.run(first, newest_.last()); }

  /// Before COMMIT, after it, after a rollback.
  Status write_slice();
  void published(Duration now) { newest_.published(now); }
  void undone() { newest_.undone(); }

 private:
  Connection& connection_;
  NewestKeys& newest_;
  Statement append_, in_tail_, in_index_, insert_, drop_;
};

/// Finds keys over one connection's snapshot.
class KeyFinder {
 public:
  KeyFinder(Connection& connection, const NewestKeys& newest)
      : connection_(connection), newest_(newest) {}

  Status prepare();
  Result<std::optional<KeyRow>> find(KeyKind kind, BusinessDate date, const Hash128& hash);

 private:
  Connection& connection_;
  const NewestKeys& newest_;
  Statement in_tail_, in_index_;
};

}  // namespace crossfoot::store::sqlite
