#include "sandbox/arithmetic.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <numeric>

namespace crossfoot::sandbox {

namespace {

using Big = boost::multiprecision::cpp_int;

/// Beyond it the products of an allocation would leave 128 bits (weights carry at most 25 digits).
constexpr Wide exact_line_max = Wide{10'000'000'000'000'000} * 1'000'000;
constexpr std::int64_t total_minor_max = 10'000'000'000'000;

unsigned bits(Wide value) {
  unsigned count = 0;
  for (; value > 0; value >>= 1) ++count;
  return count;
}

template <class Integer>
Integer weight_sum(std::span<const Run> runs) {
  Integer sum = 0;
  for (std::size_t at = 0; at < runs.size();) {
    Integer line_sum = 0;
    const std::size_t line = runs[at].line;
    const std::int64_t den = runs[at].den;
    for (; at < runs.size() && runs[at].line == line; ++at) {
      line_sum += Integer{runs[at].count} * Integer{runs[at].weight};
    }
    sum += line_sum / den;
  }
  return sum;
}

/// The quota of a unit is total × weight / den / sum.
template <class Integer>
void allocate_exactly(std::int64_t total, std::span<Run> runs) {
  const Integer sum = weight_sum<Integer>(runs);
  std::vector<Integer> remainders(runs.size());
  std::int64_t left = total;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Run& run = runs[i];
    const Integer numerator = Integer{total} * Integer{run.weight};
    const Integer denominator = sum * run.den;
    const Integer share = numerator / denominator;
    remainders[i] = numerator - share * denominator;
    run.share = static_cast<std::int64_t>(share);
    left -= run.share * run.count;
  }
  if (left == 0) return;
  std::vector<std::size_t> order(runs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const Integer left_side = remainders[a] * runs[b].den;
    const Integer right_side = remainders[b] * runs[a].den;
    return left_side != right_side ? left_side > right_side : a < b;
  });
  for (const std::size_t i : order) {
    runs[i].extra = std::min(left, runs[i].count);
    left -= runs[i].extra;
    if (left == 0) return;
  }
}

struct Shape {
  std::int64_t units = 0;
  std::int64_t den_max = 1;
  Wide weight_max = 0;
};

Shape shape_of(std::span<const Run> runs) {
  Shape shape;
  for (const Run& run : runs) {
    shape.units += run.count;
    shape.den_max = std::max(shape.den_max, run.den);
    shape.weight_max = std::max(shape.weight_max, run.weight);
  }
  return shape;
}

std::int64_t line_units(const ReceiptLine& line) {
  if (line.measured || !line.quantity.is_whole()) return 1;
  return line.quantity.units / power_of_ten(line.quantity.scale);
}

std::unexpected<Refusal> refuse(std::string code, std::string message) {
  return std::unexpected<Refusal>({std::move(code), std::move(message)});
}

std::expected<void, Refusal> extend(const Receipt& receipt, Priced& priced) {
  for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
    const ReceiptLine& line = receipt.lines[i];
    const auto extended = multiply_round(line.quantity, line.unit_price,
                                         receipt.currency.exponent(), Rounding::half_up);
    if (!extended || *extended > line_minor_max) {
      return refuse("amount_out_of_range", "a line's amount is out of range");
    }
    if (line.discount_minor > *extended) {
      return refuse("discount_exceeds_amount", "a line's discount exceeds its amount");
    }
    const Decimal quantity = line.quantity.normalised();
    const Decimal price = line.unit_price.normalised();
    const Wide product = Wide{quantity.units} * price.units;
    const unsigned places = static_cast<unsigned>(priced.scale) - quantity.scale - price.scale;
    const bool fits = product <= exact_line_max;
    const Wide exact = fits ? product * power_of_ten(places) : 0;
    if (!fits || exact > exact_line_max) {
      return refuse("amount_out_of_range", "a line's exact amount has too many digits");
    }
    const Wide discount =
        Wide{line.discount_minor} *
        power_of_ten(static_cast<unsigned>(priced.scale - receipt.currency.exponent()));
    priced.exact += line.returned ? discount - exact : exact - discount;
    priced.lines[i].extended = *extended;
    priced.lines[i].amount = *extended - line.discount_minor;
    const std::int64_t units = line_units(line);
    priced.runs.push_back(
        {.line = i, .count = units, .den = units, .weight = std::max(Wide{0}, exact - discount)});
  }
  return {};
}

std::expected<void, Refusal> discount_order(const Receipt& receipt, Priced& priced) {
  if (receipt.order_discount_minor == 0) return {};
  const bool any_sold =
      std::ranges::any_of(receipt.lines, [](const ReceiptLine& line) { return !line.returned; });
  const auto takes_part = [&](std::size_t line) {
    return !any_sold || !receipt.lines[line].returned;
  };
  std::vector<Run> runs;
  std::vector<Run> others;
  std::int64_t amounts = 0;
  for (std::size_t i = 0; i < priced.runs.size(); ++i) {
    if (takes_part(i)) amounts += priced.lines[i].amount;
    (takes_part(i) ? runs : others).push_back(priced.runs[i]);
  }
  if (receipt.order_discount_minor > amounts) {
    return refuse("discount_exceeds_amount", "the discounts exceed the lines they are taken from");
  }
  // A line whose own discount left no minor unit takes no share, though a fraction of one may be
  // left of it: nothing can be taken off nothing. For earning it keeps its weight.
  std::vector<Run> bearing = runs;
  for (Run& run : bearing) {
    if (priced.lines[run.line].amount == 0) run.weight = 0;
  }
  allocate(receipt.order_discount_minor, bearing);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].share = bearing[i].share;
    runs[i].extra = bearing[i].extra;
  }
  const Wide minor_weight =
      power_of_ten(static_cast<unsigned>(priced.scale - receipt.currency.exponent()));
  const auto shares = take_shares(runs, minor_weight, priced.lines.size());
  for (std::size_t i = 0; i < shares.size(); ++i) priced.lines[i].amount -= shares[i];
  const Wide exact = Wide{receipt.order_discount_minor} * minor_weight;
  priced.exact += any_sold ? -exact : exact;
  priced.runs.clear();
  std::ranges::merge(runs, others, std::back_inserter(priced.runs), {}, &Run::line, &Run::line);
  return {};
}

}  // namespace

void allocate(std::int64_t total, std::span<Run> runs) {
  for (Run& run : runs) run.share = run.extra = 0;
  if (total == 0 || runs.empty()) return;
  Shape shape = shape_of(runs);
  if (shape.weight_max == 0) {
    for (Run& run : runs) run.weight = run.den;
    shape = shape_of(runs);
  }
  const unsigned unit_bits = bits(shape.weight_max) + bits(shape.units);
  const unsigned widest =
      std::max(bits(total) + bits(shape.weight_max), unit_bits + 2 * bits(shape.den_max));
  if (widest < 126) {
    allocate_exactly<Wide>(total, runs);
  } else {
    allocate_exactly<Big>(total, runs);
  }
}

std::vector<std::int64_t> take_shares(std::vector<Run>& runs, Wide minor_weight,
                                      std::size_t line_count) {
  std::vector<std::int64_t> sums(line_count, 0);
  std::vector<char> below_zero(line_count, 0);
  std::vector<Run> split;
  split.reserve(runs.size() + 8);
  for (const Run& run : runs) {
    sums[run.line] += run.share * run.count + run.extra;
    const auto part = [&](std::int64_t count, std::int64_t share) {
      if (count == 0) return;
      const Wide weight = run.weight - Wide{share} * run.den * minor_weight;
      if (weight < 0) below_zero[run.line] = 1;
      split.push_back({.line = run.line, .count = count, .den = run.den, .weight = weight});
    };
    part(run.extra, run.share + 1);
    part(run.count - run.extra, run.share);
  }
  for (Run& run : split) {
    if (below_zero[run.line] != 0) run.weight = 0;
  }
  runs = std::move(split);
  return sums;
}

std::int64_t line_tax(TaxMode mode, std::int64_t amount, const Decimal& rate) {
  if (mode == TaxMode::not_in_source) return 0;
  const std::int64_t one = power_of_ten(rate.scale);
  const std::int64_t denominator = mode == TaxMode::inclusive ? one + rate.units : one;
  return static_cast<std::int64_t>(
      divide(Wide{amount} * rate.units, denominator, Rounding::half_up));
}

std::expected<Priced, Refusal> price_receipt(const Receipt& receipt) {
  Priced priced;
  priced.scale = receipt.currency.exponent();
  for (const ReceiptLine& line : receipt.lines) {
    const int places = line.quantity.normalised().scale + line.unit_price.normalised().scale;
    priced.scale = std::max(priced.scale, static_cast<std::uint8_t>(places));
  }
  priced.lines.resize(receipt.lines.size());
  priced.runs.reserve(receipt.lines.size());
  if (auto done = extend(receipt, priced); !done) return std::unexpected(done.error());
  if (auto done = discount_order(receipt, priced); !done) return std::unexpected(done.error());
  for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
    PricedLine& line = priced.lines[i];
    line.tax = line_tax(receipt.tax_mode, line.amount, receipt.lines[i].tax_rate);
    const std::int64_t sign = receipt.lines[i].returned ? -1 : 1;
    priced.net += sign * line.net(receipt.tax_mode);
    priced.tax += sign * line.tax;
    priced.gross += sign * line.gross(receipt.tax_mode);
    if (priced.gross > total_minor_max || priced.gross < -total_minor_max) {
      return refuse("amount_out_of_range", "the receipt's total is out of range");
    }
  }
  return priced;
}

std::string wide_decimal(Wide units, unsigned scale) {
  const bool negative = units < 0;
  if (negative) units = -units;
  for (; scale > 0 && units % 10 == 0; --scale) units /= 10;
  std::string reversed;
  for (unsigned place = 0; units != 0 || place <= scale; ++place) {
    if (place == scale && scale != 0) reversed += '.';
    reversed += static_cast<char>('0' + static_cast<int>(units % 10));
    units /= 10;
  }
  if (negative) reversed += '-';
  return {reversed.rbegin(), reversed.rend()};
}

}  // namespace crossfoot::sandbox
