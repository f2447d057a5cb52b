#include "ledger/pricing.h"

#include <algorithm>
#include <numeric>

namespace crossfoot::ledger {

namespace {

using contract::LineAction;
using contract::TaxMode;

constexpr unsigned fraction_places_max = 6;
constexpr std::int64_t tax_rate_max = 10;

std::int64_t magnitude(std::int64_t value) {
  return value < 0 ? -value : value;
}

/// Sums of amounts are taken only after this said that they fit.
bool fits_range(const contract::Transaction& transaction) {
  Wide sum = 0;
  const auto add = [&](const Money& amount) {
    sum += amount.minor < 0 ? -Wide{amount.minor} : Wide{amount.minor};
  };
  for (const contract::Line& line : transaction.lines) {
    add(line.amount);
    add(line.discount);
  }
  for (const contract::Discount& discount : transaction.discounts) add(discount.amount);
  for (const contract::Tender& tender : transaction.tenders) add(tender.amount);
  // A tax rate of at most 10 makes the gross at most eleven times the net.
  return sum <= range_max / 16;
}

unsigned places_of(const contract::Line& line) {
  return static_cast<unsigned>(line.quantity.scale) + line.unit_price.scale;
}

/// Places below the minor unit that the exact prices of the lines need; zero when they are beyond
/// what 64-bit weights carry.
std::uint8_t fraction_places(const contract::Transaction& transaction) {
  const unsigned exponent = transaction.currency.exponent();
  unsigned places = exponent;
  Wide sum = 1;
  for (const contract::Line& line : transaction.lines) {
    sum += magnitude(line.amount.minor);
    if (places_of(line) <= places) continue;
    const unsigned needed = static_cast<unsigned>(line.quantity.normalised().scale) +
                            line.unit_price.normalised().scale;
    places = std::max(places, needed);
  }
  const unsigned below = places - exponent;
  if (below > fraction_places_max || sum * power_of_ten(below) > weight_max / 4) return 0;
  return static_cast<std::uint8_t>(below);
}

std::int64_t fraction_of(const contract::Line& line, unsigned exponent, unsigned below) {
  const Decimal quantity = line.quantity.normalised();
  const Decimal price = line.unit_price.normalised();
  const unsigned have = static_cast<unsigned>(quantity.scale) + price.scale;
  if (have <= exponent) return 0;
  const Wide exact = Wide{quantity.units} * price.units * power_of_ten(exponent + below - have);
  const Wide fraction = exact - Wide{line.amount.minor} * power_of_ten(below);
  // A stated amount that is not the rounded product is a fault; the amount then has the last word.
  const std::int64_t minor = power_of_ten(below);
  return fraction > -minor && fraction < minor ? static_cast<std::int64_t>(fraction) : 0;
}

/// 0 <= rate <= 10, by value.
bool sensible(const Decimal& rate) {
  return rate.units >= 0 && rate.units <= tax_rate_max * power_of_ten(rate.scale);
}

std::int64_t tax_of(std::int64_t amount, const Decimal& rate, TaxMode mode) {
  const std::int64_t one = power_of_ten(rate.scale);
  const Wide numerator = Wide{amount} * rate.units;
  const Wide denominator = mode == TaxMode::inclusive ? Wide{one} + rate.units : Wide{one};
  return static_cast<std::int64_t>(divide(numerator, denominator, Rounding::half_up));
}

/// Nothing in the transaction's tax mode, or the rate that its tax is computed with.
const Decimal* rate_of(const contract::Transaction& transaction, const contract::Line& line) {
  if (transaction.tax_mode == TaxMode::not_in_source || !line.tax_rate) return nullptr;
  return sensible(*line.tax_rate) ? &*line.tax_rate : nullptr;
}

void split_tax(Sums& sums, std::int64_t amount, std::int64_t tax, TaxMode mode) {
  sums.net.minor = mode == TaxMode::inclusive ? amount - tax : amount;
  sums.tax.minor = tax;
  sums.gross.minor = sums.net.minor + tax;
}

class Pricer {
 public:
  Pricer(const contract::Transaction& transaction, const PricingOptions& options)
      : transaction_(transaction), options_(options), zero_{0, transaction.currency} {}

  Pricing run() {
    pricing_.currency = transaction_.currency;
    for (Money* sum :
         {&pricing_.order_discounts, &pricing_.due, &pricing_.tenders, &pricing_.tax_rounding}) {
      *sum = zero_;
    }
    pricing_.sold = pricing_.returned = {zero_, zero_, zero_};
    pricing_.in_range = fits_range(transaction_);
    pricing_.lines.reserve(transaction_.lines.size());
    if (pricing_.in_range) pricing_.fraction_places = fraction_places(transaction_);
    for (const contract::Line& line : transaction_.lines) pricing_.lines.push_back(extend(line));
    if (!pricing_.in_range) return std::move(pricing_);
    discount_order();
    for (std::size_t i = 0; i < pricing_.lines.size(); ++i) finish_line(i);
    sum_groups();
    for (const contract::Tender& tender : transaction_.tenders) {
      pricing_.tenders.minor += tender.amount.minor;
    }
    pricing_.due.minor = pricing_.sold.gross.minor - pricing_.returned.gross.minor;
    return std::move(pricing_);
  }

 private:
  PricedLine extend(const contract::Line& line) const {
    PricedLine priced{.number = line.number,
                      .action = line.action,
                      .extended = zero_,
                      .discount = zero_,
                      .order_discount = zero_,
                      .amount = zero_,
                      .net = zero_,
                      .tax = zero_,
                      .gross = zero_};
    priced.amount_units.units = unit_count(line.quantity, line.measured);
    if (line.action == LineAction::sold) priced.discount_units.units = priced.amount_units.units;
    if (!pricing_.in_range) return priced;
    priced.extended.minor = line.amount.minor;
    priced.discount.minor = line.discount.minor;
    if (pricing_.fraction_places > 0) {
      priced.fraction =
          fraction_of(line, transaction_.currency.exponent(), pricing_.fraction_places);
    }
    return priced;
  }

  void discount_order() {
    if (transaction_.discounts.empty()) return;
    std::int64_t wanted = 0;
    for (const contract::Discount& discount : transaction_.discounts) {
      wanted += discount.amount.minor;
    }
    const std::int64_t minor = power_of_ten(pricing_.fraction_places);
    std::int64_t worth = 0;
    boost::container::small_vector<LineWeight, 16> weights;
    for (const PricedLine& line : pricing_.lines) {
      const std::int64_t left =
          line.action == LineAction::sold
              ? std::max<std::int64_t>(0, line.extended.minor - line.discount.minor)
              : 0;
      worth += left;
      // A fraction alone bears nothing: the line's amount would fall below zero.
      weights.push_back({std::max<std::int64_t>(0, left * minor + (left > 0 ? line.fraction : 0)),
                         line.discount_units.units});
    }
    // What the sold lines are not worth cannot be taken off them; check() names it.
    const std::int64_t total = std::clamp<std::int64_t>(wanted, 0, worth);
    pricing_.order_discounts.minor = total;
    if (total == 0) return;
    boost::container::small_vector<UnitAllocation, 16> shares(weights.size());
    allocate(total, weights, shares);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      pricing_.lines[i].discount_units = shares[i];
      pricing_.lines[i].order_discount.minor = shares[i].sum();
    }
  }

  void finish_line(std::size_t index) {
    PricedLine& line = pricing_.lines[index];
    const std::int64_t amount =
        line.extended.minor - line.discount.minor - line.order_discount.minor;
    line.amount.minor = amount;
    line.amount_units = spread_evenly(amount, line.amount_units.units);
    const Decimal* rate = rate_of(transaction_, transaction_.lines[index]);
    if (rate == nullptr && transaction_.tax_mode != TaxMode::not_in_source) {
      pricing_.tax_complete = false;
    }
    Sums sums;
    split_tax(sums, amount, rate == nullptr ? 0 : tax_of(amount, *rate, transaction_.tax_mode),
              transaction_.tax_mode);
    line.net.minor = sums.net.minor;
    line.tax.minor = sums.tax.minor;
    line.gross.minor = sums.gross.minor;
  }

  [[nodiscard]] auto group_key(std::size_t index) const {
    const contract::Line& line = transaction_.lines[index];
    return std::tuple<LineAction, bool, const std::string&, const std::optional<Decimal>&>(
        line.action, line.kind == contract::LineKind::voucher, line.tax_code, line.tax_rate);
  }

  void sum_groups() {
    boost::container::small_vector<std::uint32_t, 16> order(pricing_.lines.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto less = [this](std::uint32_t a, std::uint32_t b) {
      const auto left = group_key(a);
      const auto right = group_key(b);
      return left < right || (!(right < left) && a < b);
    };
    // Most receipts are in order already: then sorting them again would be the dearest step here.
    if (!std::ranges::is_sorted(order, less)) std::ranges::sort(order, less);
    for (std::size_t at = 0; at < order.size();) {
      const std::uint32_t first = order[at];
      TaxGroup group{transaction_.lines[first].action,
                     transaction_.lines[first].kind == contract::LineKind::voucher,
                     first,
                     {zero_, zero_, zero_},
                     zero_};
      std::int64_t amount = 0;
      for (; at < order.size() && group_key(order[at]) == group_key(first); ++at) {
        const PricedLine& line = pricing_.lines[order[at]];
        amount += line.amount.minor;
        group.tax_by_line.minor += line.tax.minor;
      }
      close_group(group, amount);
    }
  }

  void close_group(TaxGroup& group, std::int64_t amount) {
    std::int64_t tax = group.tax_by_line.minor;
    const Decimal* rate = rate_of(transaction_, transaction_.lines[group.first_line]);
    if (options_.tax_level == TaxLevel::receipt && rate != nullptr) {
      tax = tax_of(amount, *rate, transaction_.tax_mode);
    }
    split_tax(group.sums, amount, tax, transaction_.tax_mode);
    const bool sold = group.action == LineAction::sold;
    Sums& sums = sold ? pricing_.sold : pricing_.returned;
    sums.net.minor += group.sums.net.minor;
    sums.tax.minor += tax;
    sums.gross.minor += group.sums.gross.minor;
    pricing_.tax_rounding.minor += (group.tax_by_line.minor - tax) * (sold ? 1 : -1);
    pricing_.groups.push_back(group);
  }

  const contract::Transaction& transaction_;
  const PricingOptions& options_;
  Money zero_;
  Pricing pricing_;
};

}  // namespace

Pricing price(const contract::Transaction& transaction, const PricingOptions& options) {
  return Pricer(transaction, options).run();
}

}  // namespace crossfoot::ledger
