#include "ledger/day_totals.h"

#include <algorithm>

namespace crossfoot::ledger {

void DayTotals::add(const contract::Transaction& receipt, const Pricing& pricing) {
  CurrencyTotals& into = totals_[receipt.currency];
  ++into.receipts;
  for (const TaxGroup& group : pricing.groups) {
    const int way = group.action == contract::LineAction::returned ? -1 : 1;
    into.net += way * group.sums.net.minor;
    into.tax += way * group.sums.tax.minor;
    into.gross += way * group.sums.gross.minor;
    CurrencyTotals::Tax& tax = into.taxes[receipt.lines[group.first_line].tax_code];
    tax.net += way * group.sums.net.minor;
    tax.tax += way * group.sums.tax.minor;
  }
  // Tenders are stated without a sign: money goes out when goods come back on balance.
  const bool out = receipt.kind == contract::TransactionKind::return_goods || pricing.due.minor < 0;
  for (const contract::Tender& tender : receipt.tenders) {
    into.tenders[tender.kind] += (out ? -1 : 1) * tender.amount.minor;
  }
}

void DayTotals::subtract(const DayTotals& other) {
  DayTotals opposite = other.voided();
  for (auto& [currency, totals] : opposite.totals_) totals.receipts = -totals.receipts;
  add(opposite);
}

bool DayTotals::is_nothing() const {
  return std::ranges::all_of(totals_, [](const auto& entry) {
    const CurrencyTotals& totals = entry.second;
    return totals.receipts == 0 && totals.net == 0 && totals.tax == 0 && totals.gross == 0 &&
           std::ranges::all_of(
               totals.taxes,
               [](const auto& tax) { return tax.second.net == 0 && tax.second.tax == 0; }) &&
           std::ranges::all_of(totals.tenders,
                               [](const auto& tender) { return tender.second == 0; });
  });
}

DayTotals DayTotals::voided() const {
  DayTotals opposite = *this;
  for (auto& [currency, totals] : opposite.totals_) {
    totals.net = -totals.net;
    totals.tax = -totals.tax;
    totals.gross = -totals.gross;
    for (auto& [code, tax] : totals.taxes) tax = {-tax.net, -tax.tax};
    for (auto& [kind, minor] : totals.tenders) minor = -minor;
  }
  return opposite;
}

void DayTotals::add(const DayTotals& more) {
  for (const auto& [currency, totals] : more.totals_) {
    CurrencyTotals& into = totals_[currency];
    into.receipts += totals.receipts;
    into.net += totals.net;
    into.tax += totals.tax;
    into.gross += totals.gross;
    for (const auto& [code, tax] : totals.taxes) {
      into.taxes[code].net += tax.net;
      into.taxes[code].tax += tax.tax;
    }
    for (const auto& [kind, minor] : totals.tenders) into.tenders[kind] += minor;
  }
}

const CurrencyTotals* DayTotals::find(Currency currency) const {
  const auto at = totals_.find(currency);
  return at == totals_.end() ? nullptr : &at->second;
}

std::int64_t DayTotals::receipts() const {
  std::int64_t count = 0;
  for (const auto& [currency, totals] : totals_) count += totals.receipts;
  return count;
}

std::optional<Money> amount(Wide minor, Currency currency) {
  if (minor > INT64_MAX || minor < -INT64_MAX) return std::nullopt;
  return Money{static_cast<std::int64_t>(minor), currency};
}

}  // namespace crossfoot::ledger
