#pragma once

#include <string>
#include <string_view>

#include "contract/transaction.h"
#include "ledger/accrual.h"
#include "ledger/programme.h"

/// Makes receipts for the tests and benchmarks of this module.
namespace crossfoot::ledger::testing {

inline Currency currency_of(std::string_view code) {
  return find_currency(code).value();
}
inline Money money(std::string_view amount, std::string_view code = "EUR") {
  return parse_money(amount, currency_of(code)).value();
}

class ReceiptBuilder {
 public:
  explicit ReceiptBuilder(std::string_view currency = "EUR") {
    transaction_.currency = currency_of(currency);
    transaction_.member = "M-1";
    transaction_.region = "DE";
    transaction_.occurred_at = parse_instant("2026-11-25T10:00:00Z").value();
    transaction_.tax_mode = contract::TaxMode::not_in_source;
  }

  ReceiptBuilder& line(std::string_view quantity, std::string_view price,
                       std::string_view article = "A", std::string_view discount = "0") {
    contract::Line line;
    line.number = static_cast<std::uint32_t>(transaction_.lines.size() + 1);
    line.article = article;
    line.quantity = parse_decimal(quantity).value();
    line.unit = "EA";
    line.unit_price = parse_decimal(price).value();
    const auto amount = multiply_round(line.quantity, line.unit_price,
                                       transaction_.currency.exponent(), Rounding::half_up);
    line.amount = Money{amount.value(), transaction_.currency};
    line.discount = parse_money(discount, transaction_.currency).value();
    transaction_.lines.push_back(line);
    return *this;
  }
  ReceiptBuilder& returned() {
    transaction_.lines.back().action = contract::LineAction::returned;
    return *this;
  }
  ReceiptBuilder& kind(contract::LineKind kind) {
    transaction_.lines.back().kind = kind;
    return *this;
  }
  ReceiptBuilder& measured() {
    transaction_.lines.back().measured = true;
    return *this;
  }
  ReceiptBuilder& tax(std::string_view code, std::string_view rate) {
    transaction_.lines.back().tax_code = code;
    transaction_.lines.back().tax_rate = parse_decimal(rate).value();
    return *this;
  }
  ReceiptBuilder& mode(contract::TaxMode mode) {
    transaction_.tax_mode = mode;
    return *this;
  }
  ReceiptBuilder& discount(std::string_view amount) {
    transaction_.discounts.push_back(
        {parse_money(amount, transaction_.currency).value(), "coupon"});
    return *this;
  }
  ReceiptBuilder& tender(contract::TenderKind kind, std::string_view amount) {
    transaction_.tenders.push_back({kind, parse_money(amount, transaction_.currency).value()});
    return *this;
  }
  ReceiptBuilder& member(std::string_view member) {
    transaction_.member = member;
    return *this;
  }
  ReceiptBuilder& as(contract::TransactionKind kind) {
    transaction_.kind = kind;
    return *this;
  }

  [[nodiscard]] contract::Transaction take() { return std::move(transaction_); }

 private:
  contract::Transaction transaction_;
};

/// One point per EUR, floor, gross, goods only, gift cards and points do not earn; member M-GOLD
/// has the tier gold, 1.25.
inline Programme plain_programme() {
  Programme programme;
  programme.name = "test";
  programme.version = 1;
  programme.currency = currency_of("EUR");
  programme.line_kinds = 1U << static_cast<unsigned>(contract::LineKind::goods);
  programme.excluded_tenders = (1U << static_cast<unsigned>(contract::TenderKind::gift_card)) |
                               (1U << static_cast<unsigned>(contract::TenderKind::points));
  programme.tiers.push_back({"gold", {5, 4}});
  programme.members.push_back({"M-GOLD", 0});
  return programme;
}

/// The expectation as a sale's flow keeps it.
inline std::vector<FrozenLine> provisional(const Accrual& accrual) {
  std::vector<FrozenLine> lines;
  for (const AccruedLine& line : accrual.lines) {
    if (line.points.quantity.count == 0) continue;
    lines.push_back({line.number, line.points, line.weight});
  }
  return lines;
}

}  // namespace crossfoot::ledger::testing
