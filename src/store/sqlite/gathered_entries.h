#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/sqlite/connection.h"

namespace crossfoot::store::sqlite {

/// The newest entries of an index whose keys come in no order. Written where it belongs, each entry
/// would dirty a page of its own. Instead it is appended as a row of a *tail* table and held here;
/// when enough have gathered they are a *run*: moved to the index in its order, many to a page, a
/// slice with each commit, and then dropped from the tail. So an entry is always in the tail or in
/// the index, for a while in both, and a reader looks into both in one snapshot. What a crash
/// leaves half moved is taken up again as it was.
///
/// `Entry` is ordered by its key and has the tail's row as `seq`. Changed by the writer's thread
/// alone; `find` may be called by all.
template <class Entry>
class GatheredEntries {
 public:
  /// Entries can be found this long after they left the tail: longer than a snapshot lives.
  static constexpr Duration keep{std::chrono::seconds{3}};

  /// `gathered_max`: so many make a run.
  explicit GatheredEntries(std::size_t gathered_max) : gathered_max_(gathered_max) {}

  /// Holds an entry, whose row is to be written with the open transaction. The row of the entry
  /// that has its key already, or nothing.
  std::optional<std::int64_t> insert(Entry entry) {
    const std::lock_guard lock(mutex_);
    if (const auto same = run_.entries.find(entry); same != run_.entries.end()) return same->seq;
    const auto [at, is_new] = gathered_.insert(std::move(entry));
    if (!is_new) return at->seq;
    staged_.push_back(at);
    last_ = std::max(last_, at->seq);
    return std::nullopt;
  }
  /// The row of the entry with the key of `like`, as far as one is held; whether it is committed,
  /// and still in the tail, a snapshot tells.
  [[nodiscard]] std::optional<std::int64_t> find(const Entry& like) const {
    const std::lock_guard lock(mutex_);
    for (const std::set<Entry>* entries : {&gathered_, &run_.entries}) {
      if (const auto at = entries->find(like); at != entries->end()) return at->seq;
    }
    return std::nullopt;
  }
  /// The highest row that was ever held.
  [[nodiscard]] std::int64_t last() const { return last_; }

  /// A point in the entries of the open transaction, to go back to.
  [[nodiscard]] std::size_t mark() const { return staged_.size(); }
  void undo_to(std::size_t mark) {
    const std::lock_guard lock(mutex_);
    for (; staged_.size() > mark; staged_.pop_back()) gathered_.erase(staged_.back());
  }
  /// After a rollback.
  void undone() {
    undo_to(0);
    moved_ = dropped_ = 0;
  }

  /// Moves or drops a slice of the run in the open transaction: `move(entry)` writes the index,
  /// `drop(first, last)` deletes rows of the tail. SQLITE_DONE, or what failed.
  template <class Move, class Drop>
  int write_slice(Move&& move, Drop&& drop) {
    // A run must be over before the next one has gathered.
    const std::size_t rows = 32 + 3 * staged_.size();
    for (auto at = run_.next; moved_ < rows && at != run_.entries.end(); ++at, ++moved_) {
      if (const int code = move(*at); code != SQLITE_DONE) return code;
    }
    if (moved_ > 0 || run_.first > run_.last) return SQLITE_DONE;
    dropped_ = std::min(static_cast<std::int64_t>(rows), run_.last - run_.first + 1);
    return drop(run_.first, run_.first + dropped_ - 1);
  }

  /// After COMMIT.
  void published(Duration now) {
    staged_.clear();
    std::advance(run_.next, moved_);
    run_.first += dropped_;
    if (dropped_ > 0 && run_.first > run_.last) run_.over_at = now;
    moved_ = dropped_ = 0;
    const bool is_over = run_.first > run_.last;
    if (!is_over || (!run_.entries.empty() && now - run_.over_at < keep)) return;
    if (run_.entries.empty() && gathered_.size() < gathered_max_) return;
    const std::lock_guard lock(mutex_);
    run_.entries.clear();
    if (gathered_.size() >= gathered_max_) {
      run_.entries.swap(gathered_);
      const auto by_row = [](const Entry& a, const Entry& b) { return a.seq < b.seq; };
      run_.first = std::ranges::min_element(run_.entries, by_row)->seq;
      run_.last = last_;
    }
    run_.next = run_.entries.begin();
  }

 private:
  /// Rows `first` … `last` of the tail; over when all are dropped.
  struct Run {
    std::set<Entry> entries;
    typename std::set<Entry>::iterator next = entries.begin();  ///< to move
    std::int64_t first = 0;                                     ///< to drop
    std::int64_t last = -1;
    Duration over_at{0};
  };

  const std::size_t gathered_max_;
  mutable std::mutex mutex_;  ///< of what `find` looks at
  std::set<Entry> gathered_;
  Run run_;
  std::int64_t last_ = 0;
  // Of the open transaction.
  std::vector<typename std::set<Entry>::iterator> staged_;
  std::size_t moved_ = 0;
  std::int64_t dropped_ = 0;
};

}  // namespace crossfoot::store::sqlite
