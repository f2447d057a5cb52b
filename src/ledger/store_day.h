#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/journal.h"
#include "ledger/pricing.h"

namespace crossfoot::ledger {

/// Sums of the lines that share direction, article, unit of measure, tax code and unit price.
struct ArticleSum {
  contract::LineAction action = contract::LineAction::sold;
  std::string article;
  std::string unit;
  std::string tax_code;
  Decimal unit_price;
  Currency currency;
  std::int64_t millionths = 0;  ///< of the unit of measure
  std::int64_t net = 0;         ///< minor units, as the others
  std::int64_t tax = 0;
  std::int64_t gross = 0;

  bool operator==(const ArticleSum&) const = default;
};

/// Sums by kind of tender; money out counts below zero.
struct TenderSum {
  contract::TenderKind kind = contract::TenderKind::cash;
  Currency currency;
  std::int64_t minor = 0;

  bool operator==(const TenderSum&) const = default;
};

/// What receipts come to, in an order of its own: whatever is added first, equal sums are equal
/// values. Sums that come to nothing are left out.
struct DaySums {
  std::vector<ArticleSum> articles;
  std::vector<TenderSum> tenders;
  Journal journal;  ///< merged(): balanced in every currency

  bool operator==(const DaySums&) const = default;
};

/// One receipt's sums, with its journal.
[[nodiscard]] DaySums sums_of(const contract::Transaction& transaction, const Pricing& pricing,
                              const Journal& journal);
/// `into` + `more`. Fault arithmetic_range, with nothing changed, when a sum leaves 64 bits.
[[nodiscard]] Status add(DaySums& into, const DaySums& more);
[[nodiscard]] DaySums mirrored(const DaySums& sums);

struct DayKey {
  std::string tenant;
  std::string shop;
  BusinessDate date;
  std::string mode;  ///< how the day is posted; a change of mode is another day
};

/// A part of a store day that becomes one document of the ERP.
struct Slice {
  std::uint32_t number = 0;             ///< 1 …
  bool posted = false;                  ///< from then on it never changes
  std::vector<std::string> references;  ///< of its receipts, in the order they were added
  std::uint32_t mirrors = 0;            ///< of a reversal: the slice it undoes; 0: none
  DaySums sums;

  bool operator==(const Slice&) const = default;
};

/// The receipts of one store and business date, summed up for the ERP in slices: a receipt that
/// comes after the close opens the next slice, a posted slice is never edited, and its reversal is
/// a mirrored slice of its own. What the ERP has is the sum of the posted slices (V19).
class StoreDay {
 public:
  enum class Added : std::uint8_t { added, known };

  explicit StoreDay(DayKey key) : key_(std::move(key)) {}

  /// Adds a receipt to the open slice, opening one if there is none. A reference that is in a slice
  /// already changes nothing. Fault arithmetic_range, with nothing changed.
  [[nodiscard]] Result<Added> add(std::string_view reference, const DaySums& receipt);
  /// Posts the open slice; no value when there is none.
  std::optional<std::uint32_t> close();
  /// Posts the opposite of a posted slice; its receipts may be added again afterwards. No value for
  /// a slice that is open, unknown, a reversal or reversed before.
  std::optional<std::uint32_t> reverse(std::uint32_t number);

  [[nodiscard]] const std::vector<Slice>& slices() const { return slices_; }  ///< by number
  /// The slice that a receipt is in, if it is in one that was not reversed.
  [[nodiscard]] std::optional<std::uint32_t> slice_of(std::string_view reference) const;
  /// The identity of a slice, whoever computes it: `tenant|shop|date|mode|number`, with a backslash
  /// before each bar or backslash of a part.
  [[nodiscard]] std::string name_of(std::uint32_t number) const;
  /// Sum of the posted slices. Fault arithmetic_range.
  [[nodiscard]] Result<DaySums> posted() const;

 private:
  Slice* open_slice();

  DayKey key_;
  std::vector<Slice> slices_;
};

}  // namespace crossfoot::ledger
