#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ledger/pricing.h"

namespace crossfoot::ledger {

namespace {

using contract::LineAction;
using contract::TransactionKind;

struct CashStep {
  std::string_view currency;
  std::int64_t minor;
};

/// Cash rounding by law or by the coins in use (DOMAIN 7.7).
constexpr std::array<CashStep, 12> cash_steps{{{"AUD", 5},
                                               {"CAD", 5},
                                               {"CHF", 5},
                                               {"CZK", 100},
                                               {"DKK", 50},
                                               {"HKD", 10},
                                               {"HUF", 500},
                                               {"ILS", 10},
                                               {"NOK", 100},
                                               {"NZD", 10},
                                               {"SEK", 100},
                                               {"ZAR", 10}}};

class Checker {
 public:
  Checker(const contract::Transaction& transaction, const Pricing& pricing)
      : transaction_(transaction), pricing_(pricing) {}

  std::vector<BusinessFault> run() {
    if (!pricing_.in_range) {
      add(FaultName::out_of_range, "", "the amounts are too large to be added up");
      return std::move(faults_);
    }
    for (std::size_t i = 0; i < transaction_.lines.size(); ++i) check_line(i);
    check_discounts();
    check_totals();
    check_tenders();
    return std::move(faults_);
  }

 private:
  void add(FaultName name, std::string pointer, std::string detail) {
    faults_.push_back({name, std::move(pointer), std::move(detail)});
  }

  void check_currency(const Money& amount, std::string_view list, std::size_t index) {
    if (amount.currency == transaction_.currency) return;
    add(FaultName::currency_mismatch, fmt::format("/{}/{}", list, index),
        fmt::format("{} in a transaction in {}", amount.currency.code(),
                    transaction_.currency.code()));
  }

  void check_line(std::size_t index) {
    const contract::Line& line = transaction_.lines[index];
    const auto at = [&](std::string_view field) {
      return fmt::format("/lines/{}/{}", index, field);
    };
    check_currency(line.amount, "lines", index);
    if (line.quantity.units <= 0) {
      add(FaultName::quantity_sign, at("quantity"),
          fmt::format("{} is not positive", to_string(line.quantity)));
    }
    if (line.amount.minor < 0 || line.unit_price.units < 0) {
      add(FaultName::negative_amount, at("amount"), to_string(line.amount));
    }
    const auto exact = multiply_round(line.quantity, line.unit_price,
                                      transaction_.currency.exponent(), Rounding::half_up);
    if (!exact || *exact != line.amount.minor) {
      add(FaultName::amount_mismatch, at("amount"),
          fmt::format("stated {}, quantity times unit price is {}", to_string(line.amount),
                      exact ? to_string(Money{*exact, transaction_.currency}) : "out of range"));
    }
    if (line.discount.minor < 0) {
      add(FaultName::negative_amount, at("discount"), to_string(line.discount));
    } else if (line.discount.minor > std::max<std::int64_t>(0, line.amount.minor)) {
      add(FaultName::discount_over_amount, at("discount"),
          fmt::format("{} off {}", to_string(line.discount), to_string(line.amount)));
    }
    if ((transaction_.kind == TransactionKind::sale && line.action != LineAction::sold) ||
        (transaction_.kind == TransactionKind::return_goods &&
         line.action != LineAction::returned)) {
      add(FaultName::action_mismatch, at("action"),
          "a sale has sold lines only, a return returned ones only");
    }
    if (line.tax_rate && (*line.tax_rate < Decimal{} || *line.tax_rate > Decimal{10, 0})) {
      add(FaultName::tax_rate_senseless, at("tax_rate"), to_string(*line.tax_rate));
    }
  }

  void check_discounts() {
    if (transaction_.discounts.empty()) return;
    Money sum{0, transaction_.currency};
    for (std::size_t i = 0; i < transaction_.discounts.size(); ++i) {
      const Money& amount = transaction_.discounts[i].amount;
      check_currency(amount, "discounts", i);
      sum.minor += amount.minor;
      if (amount.minor >= 0) continue;
      add(FaultName::negative_amount, fmt::format("/discounts/{}/amount", i), to_string(amount));
    }
    if (std::ranges::none_of(transaction_.lines, [](const contract::Line& line) {
          return line.action == LineAction::sold;
        })) {
      add(FaultName::discount_without_sold_lines, "/discounts",
          "an order discount is taken off sold lines");
    } else if (sum.minor > pricing_.order_discounts.minor) {
      add(FaultName::discount_over_amount, "/discounts",
          fmt::format("{} off lines worth {}", to_string(sum),
                      to_string(pricing_.order_discounts)));
    }
  }

  void check_total(const std::optional<Money>& stated, std::string_view name,
                   std::int64_t computed) {
    if (!stated) return;
    const Money expected{computed, transaction_.currency};
    if (*stated == expected) return;
    add(FaultName::totals_mismatch, fmt::format("/totals/{}", name),
        fmt::format("stated {} {}, computed {}", to_string(*stated), stated->currency.code(),
                    to_string(expected)));
  }

  void check_totals() {
    const bool back = transaction_.kind == TransactionKind::return_goods;
    const auto total = [&](Money Sums::* part) {
      const std::int64_t sum = (pricing_.sold.*part).minor - (pricing_.returned.*part).minor;
      return back ? -sum : sum;
    };
    const bool inclusive = transaction_.tax_mode == contract::TaxMode::inclusive;
    // Without a rate only the side that the prices are stated in is known.
    if (inclusive || pricing_.tax_complete) {
      check_total(transaction_.totals.gross, "gross", total(&Sums::gross));
    }
    if (!inclusive || pricing_.tax_complete) {
      check_total(transaction_.totals.net, "net", total(&Sums::net));
    }
    if (pricing_.tax_complete && transaction_.tax_mode != contract::TaxMode::not_in_source) {
      check_total(transaction_.totals.tax, "tax", total(&Sums::tax));
    }
  }

  void check_tenders() {
    bool comparable = true;
    for (std::size_t i = 0; i < transaction_.tenders.size(); ++i) {
      const Money& amount = transaction_.tenders[i].amount;
      check_currency(amount, "tenders", i);
      if (amount.minor >= 0) continue;
      comparable = false;
      add(FaultName::negative_amount, fmt::format("/tenders/{}/amount", i), to_string(amount));
    }
    if (!pricing_.tax_complete && transaction_.tax_mode == contract::TaxMode::exclusive) return;
    if (!comparable || tenders_settle(transaction_, pricing_)) return;
    add(FaultName::tenders_mismatch, "/tenders",
        fmt::format("tenders {}, due {}", to_string(pricing_.tenders), to_string(pricing_.due)));
  }

  const contract::Transaction& transaction_;
  const Pricing& pricing_;
  std::vector<BusinessFault> faults_;
};

}  // namespace

std::string_view to_string(FaultName name) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(fault_name_last) + 1>
      names{"totals_mismatch",
            "tenders_mismatch",
            "amount_mismatch",
            "discount_over_amount",
            "discount_without_sold_lines",
            "negative_amount",
            "quantity_sign",
            "action_mismatch",
            "tax_rate_senseless",
            "currency_mismatch",
            "out_of_range"};
  return names[static_cast<std::size_t>(name)];
}

std::vector<BusinessFault> check(const contract::Transaction& transaction, const Pricing& pricing) {
  switch (transaction.kind) {
    case TransactionKind::void_sale:
    case TransactionKind::stock_adjustment:
    case TransactionKind::accounting_adjustment:
    case TransactionKind::redemption:
    case TransactionKind::customer_profile:
    case TransactionKind::till_open:
    case TransactionKind::till_close:
    case TransactionKind::no_sale:
    case TransactionKind::paid_in:
    case TransactionKind::paid_out:
    case TransactionKind::training:
    case TransactionKind::suspended:
    case TransactionKind::resumed:
    case TransactionKind::aborted:
    case TransactionKind::till_audit:
    case TransactionKind::store_day_close:
    case TransactionKind::points_adjustment:
      return {};
    case TransactionKind::sale:
    case TransactionKind::return_goods:
    case TransactionKind::exchange:
      break;
  }
  return Checker(transaction, pricing).run();
}

std::int64_t cash_step(Currency currency) {
  const auto* at = std::ranges::find(cash_steps, currency.code(), &CashStep::currency);
  return at == cash_steps.end() ? 1 : at->minor;
}

bool tenders_settle(const contract::Transaction& transaction, const Pricing& pricing) {
  if (transaction.tenders.empty()) return true;
  const std::int64_t due = pricing.due.minor < 0 ? -pricing.due.minor : pricing.due.minor;
  const std::int64_t off = pricing.tenders.minor - due;
  if (off == 0) return true;
  const bool cash = std::ranges::any_of(transaction.tenders, [](const contract::Tender& tender) {
    return tender.kind == contract::TenderKind::cash;
  });
  return cash && 2 * (off < 0 ? -off : off) <= cash_step(transaction.currency);
}

}  // namespace crossfoot::ledger
