#include "ledger/till_session.h"

#include <fmt/format.h>

namespace crossfoot::ledger {

namespace {

/// Gathers what differs, money by money.
class Comparison {
 public:
  void money(std::string what, Wide received, const Money& stated) {
    if (received == stated.minor) return;
    const auto sum = amount(received, stated.currency);
    found_.push_back({std::move(what), sum ? to_string(*sum) : "beyond 64 bits", to_string(stated),
                      amount(received - stated.minor, stated.currency)});
  }
  void text(std::string what, std::string received, std::string stated) {
    if (received == stated) return;
    found_.push_back({std::move(what), std::move(received), std::move(stated), std::nullopt});
  }
  [[nodiscard]] std::vector<ZDifference> take() { return std::move(found_); }

 private:
  std::vector<ZDifference> found_;
};

const CurrencyTotals& totals_in(const DayTotals& totals, Currency currency) {
  static const CurrencyTotals none;
  const CurrencyTotals* found = totals.find(currency);
  return found == nullptr ? none : *found;
}

/// What the till states of a tax code or a tender, and what it leaves out though it came in.
void compare_taxes(const TillSession& session, Comparison& into) {
  const auto& taxes = session.z->totals->taxes;
  if (taxes.empty()) return;
  std::map<Currency, std::map<std::string, std::pair<Money, Money>>> stated;
  for (const auto& tax : taxes) {
    auto& [net, due] =
        stated[tax.net.currency]
            .try_emplace(tax.code, Money{0, tax.net.currency}, Money{0, tax.net.currency})
            .first->second;
    net += tax.net;
    if (tax.tax.currency == net.currency) due += tax.tax;
  }
  for (const auto& [currency, totals] : session.totals.all()) {
    for (const auto& [code, tax] : totals.taxes) {
      stated[currency].try_emplace(code, Money{0, currency}, Money{0, currency});
    }
  }
  for (const auto& [currency, codes] : stated) {
    const CurrencyTotals& totals = totals_in(session.totals, currency);
    for (const auto& [code, sums] : codes) {
      const auto at = totals.taxes.find(code);
      const CurrencyTotals::Tax received =
          at == totals.taxes.end() ? CurrencyTotals::Tax{} : at->second;
      into.money(fmt::format("tax:{}:net", code), received.net, sums.first);
      into.money(fmt::format("tax:{}:tax", code), received.tax, sums.second);
    }
  }
}

void compare_tenders(const TillSession& session, Comparison& into) {
  const auto& tenders = session.z->totals->tenders;
  if (tenders.empty()) return;
  std::map<Currency, std::map<contract::TenderKind, Money>> stated;
  for (const contract::Tender& tender : tenders) {
    stated[tender.amount.currency]
        .try_emplace(tender.kind, Money{0, tender.amount.currency})
        .first->second += tender.amount;
  }
  for (const auto& [currency, totals] : session.totals.all()) {
    for (const auto& [kind, minor] : totals.tenders) {
      stated[currency].try_emplace(kind, Money{0, currency});
    }
  }
  for (const auto& [currency, kinds] : stated) {
    const CurrencyTotals& totals = totals_in(session.totals, currency);
    for (const auto& [kind, sum] : kinds) {
      const auto at = totals.tenders.find(kind);
      into.money(fmt::format("tender:{}", contract::to_string(kind)),
                 at == totals.tenders.end() ? Wide{0} : at->second, sum);
    }
  }
}

}  // namespace

std::vector<ZDifference> z_differences(const TillSession& session) {
  if (session.z == nullptr || !session.z->totals) return {};
  const contract::TillTotals& stated = *session.z->totals;
  Comparison comparison;
  comparison.text("count", std::to_string(session.totals.receipts()),
                  std::to_string(stated.receipts));
  if (stated.gross) {
    comparison.money("gross", totals_in(session.totals, stated.gross->currency).gross,
                     *stated.gross);
  }
  compare_taxes(session, comparison);
  compare_tenders(session, comparison);
  return comparison.take();
}

}  // namespace crossfoot::ledger
