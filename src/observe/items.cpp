#include "observe/items.h"

#include <array>

namespace crossfoot::observe {

std::string_view to_string(Side side) {
  static constexpr std::array<std::string_view, 3> names{"channel", "erp", "loyalty"};
  return names[static_cast<std::size_t>(side)];
}

std::string_view to_string(BreakClass break_class) {
  static constexpr std::array<std::string_view, break_class_count> names{
      "missing", "duplicate", "amount", "timing", "rate", "rounding", "ownership"};
  return names[static_cast<std::size_t>(break_class)];
}

std::map<std::string, TaxAmounts> ExpectedDocument::taxes() const {
  std::map<std::string, TaxAmounts> sums;
  for (const ExpectedLine& line : lines) {
    const auto [at, fresh] = sums.try_emplace(line.tax_code, line.net, line.tax);
    if (fresh) continue;
    at->second.net += line.net;
    at->second.tax += line.tax;
  }
  return sums;
}

ExpectedDocument ExpectedDocument::mirrored() const {
  ExpectedDocument mirror = *this;
  for (Money* amount : {&mirror.net, &mirror.tax, &mirror.gross}) *amount = -*amount;
  for (ExpectedLine& line : mirror.lines) {
    line.quantity.units = -line.quantity.units;
    for (Money* amount : {&line.amount, &line.net, &line.tax}) *amount = -*amount;
  }
  for (auto& [kind, amount] : mirror.tenders) amount = -amount;
  mirror.rounding = -rounding;
  return mirror;
}

}  // namespace crossfoot::observe
