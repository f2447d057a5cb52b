#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connector/book_reader.h"
#include "runtime/files.h"

namespace crossfoot::observe {

/// Whether an entry takes points from its member: given back with goods, spent, or deducted.
[[nodiscard]] inline bool takes_points(const connector::BookItem& item) {
  return item.type == "reversal" || item.kind == "reversal" || item.type == "redemption" ||
         item.type == "deduction";
}

/// A target's book of one business date while it is compared. Its entries lie in a scratch file;
/// memory holds 16 bytes of each, so that a day of millions needs little. Filled first, then asked
/// for the entries of a page of expectations at a time; what nobody asked for is left over. One
/// thread at a time. Faults: the scratch file's (transient).
class DayBook {
 public:
  [[nodiscard]] Status add(const connector::BookItem& item);

  /// All entries under any of the references, which from now on are met. Asking again answers the
  /// same.
  [[nodiscard]] Result<std::vector<connector::BookItem>> find(
      const std::vector<std::string_view>& references);

  /// At most `limit` entries that were never met, from place `at` on, which moves behind them; none
  /// when there are no more.
  [[nodiscard]] Result<std::vector<connector::BookItem>> left_over(std::size_t& at,
                                                                   std::size_t limit);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t hash;       ///< of the reference
    std::uint64_t from : 63;  ///< in the file
    std::uint64_t is_met : 1;
  };

  [[nodiscard]] Result<connector::BookItem> load(const Entry& entry);
  void sort();

  std::optional<runtime::ScratchFile> file_;
  std::vector<Entry> entries_;
  bool sorted_ = true;
};

}  // namespace crossfoot::observe
