#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connector/book_reader.h"
#include "observe/items.h"

namespace crossfoot::observe {

/// One control total: shop × business date × currency of the ERP, and there a tax code or a tender;
/// or a member's points of one business date.
struct ControlKey {
  Side side = Side::erp;
  BusinessDate date;
  std::string owner;  ///< shop, or member
  std::string currency;
  std::string tax_code;
  std::string tender;  ///< its kind; the tax code is empty then

  auto operator<=>(const ControlKey&) const = default;
};

struct ControlSums {
  Wide net = 0;  ///< minor units (of a tender its amount), or points
  Wide tax = 0;

  bool operator==(const ControlSums&) const = default;
};

struct ControlDifference {
  ControlKey key;
  ControlSums surplus;    ///< target less channel
  bool evidence = false;  ///< an item's break lies behind it
};

/// Sums of both sides, gathered while the items are compared. What waits or is under way at the
/// channel's side is left out: it cannot be at the target's.
class ControlTotals {
 public:
  /// An item on both sides. By tax code where the target says so, else by its totals; and by tender
  /// where the target keeps them.
  void add(const ExpectedItem& expected, const connector::BookItem& observed, bool broken);
  void add_missing(const ExpectedItem& expected);
  void add_surplus(Side side, BusinessDate date, const connector::BookItem& observed);

  ControlTotals& operator+=(ControlTotals&& more);

  [[nodiscard]] std::size_t compared() const { return cells_.size(); }
  [[nodiscard]] std::vector<ControlDifference> differences() const;

 private:
  friend class DayControl;
  struct Cell {
    ControlSums channel;
    ControlSums target;
    bool touched = false;
  };

  [[nodiscard]] static std::optional<ControlDifference> difference(const ControlKey& key,
                                                                   const Cell& at);
  Cell& cell(ControlKey key) { return cells_[std::move(key)]; }
  void add_expected(const ExpectedItem& expected, const connector::BookItem* observed, bool broken);
  void add_observed(Side side, BusinessDate date, const connector::BookItem& observed, bool broken);

  std::map<ControlKey, Cell> cells_;
};

/// The control totals of a day whose items are compared in parts. A part of a total that is equal
/// on both sides and has no break behind it adds nothing, so only its count is kept: 8 bytes.
class DayControl {
 public:
  void add(ControlTotals part);

  /// How many totals were compared; takes a while.
  [[nodiscard]] std::size_t count_compared();
  /// The differences among the next `cells` totals that are kept, which are dropped.
  [[nodiscard]] std::vector<ControlDifference> take_differences(std::size_t cells);
  [[nodiscard]] bool empty() const { return open_.cells_.empty(); }

 private:
  ControlTotals open_;                 ///< different in some part, or with a break behind it
  std::vector<std::uint64_t> hashes_;  ///< of the keys of all parts
};

/// A total that differs although all of its items agree.
[[nodiscard]] Break break_of_control(const ControlDifference& difference);
/// In words, as evidence of an item's break.
[[nodiscard]] std::string describe(const ControlDifference& difference);

}  // namespace crossfoot::observe
