#include "observe/control.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>

#include "observe/day_book.h"

namespace crossfoot::observe {

namespace {

enum class Basis : std::uint8_t { codes, totals, gross, nothing };

/// How finely a target's document says its money.
Basis basis_of(const connector::BookItem& item) {
  const bool by_code =
      !item.taxes.empty() && std::ranges::all_of(item.taxes, [](const connector::BookTax& tax) {
        return tax.net.has_value();
      });
  if (by_code) return Basis::codes;
  if (item.net) return Basis::totals;
  return item.gross ? Basis::gross : Basis::nothing;
}

ControlSums& operator+=(ControlSums& sums, const ControlSums& more) {
  sums.net += more.net;
  sums.tax += more.tax;
  return sums;
}

/// The amount is in the currency's minor units; a fault in the books may bring another currency
/// into a document, whose break then is an item's.
std::string decimal(Wide minor, const std::string& currency) {
  const auto known = find_currency(currency);
  return to_string(Money{static_cast<std::int64_t>(minor), known.value_or(Currency{})});
}

std::uint64_t hash_of(const ControlKey& key) {
  std::uint64_t hash = static_cast<std::uint64_t>(key.date.days) << 2U;
  hash += static_cast<std::uint64_t>(key.side);
  for (const std::string* part : {&key.owner, &key.currency, &key.tax_code, &key.tender}) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
    hash = (std::rotl(hash, 23) ^ std::hash<std::string>{}(*part)) * odd;
  }
  return hash;
}

}  // namespace

void ControlTotals::add(const ExpectedItem& expected, const connector::BookItem& observed,
                        bool broken) {
  add_expected(expected, &observed, broken);
  if (expected.side == Side::erp) {
    add_observed(Side::erp, expected.business_date, observed, broken);
  } else if (expected.points && observed.points) {
    const std::int64_t sign = expected.takes_back ? -1 : 1;
    Cell& at = cell({Side::loyalty, expected.business_date, observed.member, {}, {}, {}});
    at.target.net += sign * observed.points->count;
    at.touched = at.touched || broken;
  }
}

void ControlTotals::add_missing(const ExpectedItem& expected) {
  add_expected(expected, nullptr, true);
}

void ControlTotals::add_surplus(Side side, BusinessDate date, const connector::BookItem& observed) {
  if (side == Side::erp) return add_observed(side, date, observed, true);
  if (!observed.points) return;
  Cell& at = cell({side, date, observed.member, {}, {}, {}});
  at.target.net += takes_points(observed) ? -observed.points->count : observed.points->count;
  at.touched = true;
}

void ControlTotals::add_expected(const ExpectedItem& expected, const connector::BookItem* observed,
                                 bool broken) {
  const auto add = [&](std::string tax_code, std::string currency, const std::string& owner,
                       ControlSums sums) {
    Cell& at = cell({expected.side,
                     expected.business_date,
                     owner,
                     std::move(currency),
                     std::move(tax_code),
                     {}});
    at.channel += sums;
    at.touched = at.touched || broken;
  };
  if (expected.side == Side::loyalty) {
    if (!expected.points || (observed != nullptr && !observed->points)) return;
    const Wide points = expected.takes_back ? -expected.points->count : expected.points->count;
    return add({}, {}, expected.member, {points, 0});
  }
  if (!expected.document) return;
  const ExpectedDocument& document = *expected.document;
  const std::string currency(expected.currency.code());
  switch (observed == nullptr ? Basis::codes : basis_of(*observed)) {
    case Basis::codes:
      for (const auto& [code, sums] : document.taxes()) {
        add(code, currency, expected.shop, {sums.net.minor, sums.tax.minor});
      }
      break;
    case Basis::totals:
      add({}, currency, expected.shop, {document.net.minor, document.tax.minor});
      break;
    case Basis::gross:
      add({}, currency, expected.shop, {document.gross.minor, 0});
      break;
    case Basis::nothing:
      break;
  }
  if (observed != nullptr && !observed->keeps_tenders) return;
  for (const auto& [kind, amount] : document.tenders) {
    Cell& at = cell({Side::erp, expected.business_date, expected.shop, currency, {}, kind});
    at.channel.net += amount.minor;
    at.touched = at.touched || broken;
  }
}

void ControlTotals::add_observed(Side side, BusinessDate date, const connector::BookItem& observed,
                                 bool broken) {
  const auto add = [&](const std::string& tax_code, ControlSums sums) {
    Cell& at = cell({side, date, observed.shop, observed.currency, tax_code, {}});
    at.target += sums;
    at.touched = at.touched || broken;
  };
  const auto minor = [](const std::optional<Money>& amount) { return amount ? amount->minor : 0; };
  switch (basis_of(observed)) {
    case Basis::codes:
      for (const connector::BookTax& tax : observed.taxes) {
        add(tax.tax_code, {minor(tax.net), minor(tax.tax)});
      }
      break;
    case Basis::totals:
      add({}, {minor(observed.net), minor(observed.tax)});
      break;
    case Basis::gross:
      add({}, {minor(observed.gross), 0});
      break;
    case Basis::nothing:
      break;
  }
  for (const connector::BookTender& tender : observed.tenders) {
    Cell& at = cell({side, date, observed.shop, observed.currency, {}, tender.kind});
    at.target.net += minor(tender.amount);
    at.touched = at.touched || broken;
  }
}

ControlTotals& ControlTotals::operator+=(ControlTotals&& more) {
  cells_.merge(more.cells_);
  for (const auto& [key, cell] : more.cells_) {
    Cell& at = cells_.at(key);
    at.channel += cell.channel;
    at.target += cell.target;
    at.touched = at.touched || cell.touched;
  }
  more.cells_.clear();
  return *this;
}

std::optional<ControlDifference> ControlTotals::difference(const ControlKey& key, const Cell& at) {
  if (at.channel == at.target) return std::nullopt;
  return ControlDifference{
      key, {at.target.net - at.channel.net, at.target.tax - at.channel.tax}, at.touched};
}

std::vector<ControlDifference> ControlTotals::differences() const {
  std::vector<ControlDifference> found;
  for (const auto& [key, at] : cells_) {
    if (auto differs = difference(key, at)) found.push_back(std::move(*differs));
  }
  return found;
}

void DayControl::add(ControlTotals part) {
  for (const auto& [key, cell] : part.cells_) hashes_.push_back(hash_of(key));
  std::erase_if(part.cells_, [](const auto& each) {
    return !each.second.touched && each.second.channel == each.second.target;
  });
  open_ += std::move(part);
}

std::size_t DayControl::count_compared() {
  std::ranges::sort(hashes_);
  hashes_.erase(std::ranges::unique(hashes_).begin(), hashes_.end());
  return hashes_.size();
}

std::vector<ControlDifference> DayControl::take_differences(std::size_t cells) {
  std::vector<ControlDifference> found;
  for (; cells > 0 && !empty(); --cells) {
    const auto first = open_.cells_.begin();
    if (auto differs = ControlTotals::difference(first->first, first->second)) {
      found.push_back(std::move(*differs));
    }
    open_.cells_.erase(first);
  }
  return found;
}

Break break_of_control(const ControlDifference& difference) {
  const ControlKey& key = difference.key;
  Break made;
  made.break_class = BreakClass::rounding;
  made.side = key.side;
  made.business_date = key.date;
  if (key.side == Side::loyalty) {
    made.member = key.owner;
    made.points = {static_cast<std::int64_t>(difference.surplus.net)};
  } else {
    made.shop = key.owner;
    const Wide total = difference.surplus.net + difference.surplus.tax;
    made.money =
        Money{static_cast<std::int64_t>(total), find_currency(key.currency).value_or(Currency{})};
  }
  made.detail = "all items agree, their total does not: " + describe(difference);
  return made;
}

std::string describe(const ControlDifference& difference) {
  const ControlKey& key = difference.key;
  if (key.side == Side::loyalty) {
    return fmt::format("control total of {} on {}: {:+} points", key.owner, to_string(key.date),
                       static_cast<std::int64_t>(difference.surplus.net));
  }
  if (!key.tender.empty()) {
    return fmt::format("control total {} {} {} {}: {}", key.owner, to_string(key.date),
                       key.currency, key.tender, decimal(difference.surplus.net, key.currency));
  }
  return fmt::format("control total {} {} {} {}: net {}, tax {}", key.owner, to_string(key.date),
                     key.currency, key.tax_code.empty() ? "-" : key.tax_code,
                     decimal(difference.surplus.net, key.currency),
                     decimal(difference.surplus.tax, key.currency));
}

}  // namespace crossfoot::observe
