#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "contract/transaction.h"
#include "ledger/allocation.h"

namespace crossfoot::ledger {

/// Where the tax of a receipt is rounded: on each line, or on each line's tax code once a receipt.
/// Both are in use and differ (V11).
enum class TaxLevel : std::uint8_t { line, receipt };

struct PricingOptions {
  TaxLevel tax_level = TaxLevel::line;
};

/// One line's money, unsigned whatever the line's action. amount = extended - discount -
/// order_discount; net + tax = gross.
struct PricedLine {
  std::uint32_t number = 0;
  contract::LineAction action = contract::LineAction::sold;
  Money extended;        ///< quantity × unit price as posted
  Money discount;        ///< of this line alone
  Money order_discount;  ///< its share of the order discounts
  Money amount;          ///< what is left, in the transaction's tax mode
  Money net;
  Money tax;  ///< rounded on this line, half up
  Money gross;
  UnitAllocation discount_units;  ///< order_discount per unit; no units on a returned line
  UnitAllocation amount_units;    ///< amount per unit, spread evenly: what a returned unit refunds
  /// Exact quantity × unit price less `extended`, in 10^-fraction_places minor units. It has weight
  /// in allocations and is never money.
  std::int64_t fraction = 0;
};

struct Sums {
  Money net;
  Money tax;
  Money gross;
};

/// Sums of the lines with one action, one tax code and rate, vouchers apart.
struct TaxGroup {
  contract::LineAction action = contract::LineAction::sold;
  bool voucher = false;
  std::size_t first_line = 0;  ///< index of a line that names code and rate
  Sums sums;                   ///< the tax at the chosen level
  Money tax_by_line;
};

struct Pricing {
  Currency currency;
  std::vector<PricedLine> lines;                       ///< index by index those of the transaction
  boost::container::small_vector<TaxGroup, 2> groups;  ///< by action, voucher, tax code, rate
  Sums sold;
  Sums returned;
  Money order_discounts;  ///< as allocated: never more than the sold lines are worth
  Money due;              ///< sold.gross - returned.gross; positive: the customer pays
  Money tenders;
  Money tax_rounding;  ///< tax by line less tax as chosen, sold less returned; zero at line level
  std::uint8_t fraction_places = 0;
  bool tax_complete = true;  ///< false: a rate is missing or senseless, its tax counts as zero
  bool in_range = true;      ///< false: amounts beyond range_max, all figures are zero
};

/// Limit, in minor units, of the sum of all amounts of one receipt that can be priced.
inline constexpr std::int64_t range_max = 1'000'000'000'000'000'000;

/// Prices a transaction (DOMAIN 7.1, 7.7): order discounts go over the sold units by largest
/// remainder (weight: exact extended price less line discount, per unit), tax is half up. Takes the
/// facts as they are; what does not add up is for check() to say. Never fails: see `in_range`.
[[nodiscard]] Pricing price(const contract::Transaction& transaction,
                            const PricingOptions& options = {});

/// What can be wrong with a readable transaction. It is accepted and parked, never refused.
enum class FaultName : std::uint8_t {
  totals_mismatch,
  tenders_mismatch,
  amount_mismatch,
  discount_over_amount,
  discount_without_sold_lines,
  negative_amount,
  quantity_sign,
  action_mismatch,
  tax_rate_senseless,
  currency_mismatch,
  out_of_range,
};
inline constexpr auto fault_name_last = FaultName::out_of_range;

[[nodiscard]] std::string_view to_string(FaultName name);

struct BusinessFault {
  FaultName name = FaultName::totals_mismatch;
  std::string pointer;  ///< JSON pointer into the transaction
  std::string detail;   ///< for people: what was stated and what was computed
};

/// All business faults, empty when there is none. Stated totals are compared with tolerance zero: a
/// return's with the returned sums, an exchange's with sold less returned. Tenders may differ from
/// the amount due by half a cash step where cash is among them (cash_step), and are not compared
/// when none is stated. A void and a stock adjustment state no money; an accounting adjustment is a
/// person's business: for them the list is empty.
[[nodiscard]] std::vector<BusinessFault> check(const contract::Transaction& transaction,
                                               const Pricing& pricing);

/// The smallest coin a currency's cash is rounded to, in minor units; 1 where all minor units are
/// in use or the rule differs by country (EUR).
[[nodiscard]] std::int64_t cash_step(Currency currency);

/// Whether the tenders settle the amount due: equal, or within half a cash step with cash.
[[nodiscard]] bool tenders_settle(const contract::Transaction& transaction, const Pricing& pricing);

}  // namespace crossfoot::ledger
