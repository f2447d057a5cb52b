#include "ledger/unit_split.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <numeric>

#include "base/invariant.h"
#include "ledger/bits.h"

namespace crossfoot::ledger {

namespace {

using contract::LineAction;
using contract::TaxMode;

/// Intermediate results under this many bits are computed in 128.
constexpr unsigned narrow_bits_max = 120;

unsigned decimal_bits(unsigned digits) {
  return (digits * 10 + 2) / 3;
}

unsigned places_of(const contract::Line& line) {
  return static_cast<unsigned>(line.quantity.normalised().scale) +
         line.unit_price.normalised().scale;
}

template <class Int>
struct Run {
  std::size_t line = 0;    ///< index
  std::int64_t units = 0;  ///< neighbouring units that weigh the same
  std::int64_t whole = 1;  ///< units of the line
  Int value = 0;           ///< a unit weighs value / whole
  std::int64_t share = 0;  ///< what each unit gets …
  std::int64_t extra = 0;  ///< … and how many of the first get one more
};

template <class Int>
using Runs = boost::container::small_vector<Run<Int>, 16>;

/// Hands `left` out by ones to the largest remainders; `greater(a, b)` compares two of them.
template <class Int, class Greater>
void hand_out(std::int64_t left, std::span<Run<Int>> runs, Greater greater) {
  if (left == 0) return;
  boost::container::small_vector<std::size_t, 16> order(runs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    if (greater(a, b)) return true;
    return !greater(b, a) && a < b;
  });
  for (const std::size_t i : order) {
    runs[i].extra = std::min(left, runs[i].units);
    left -= runs[i].extra;
    if (left == 0) return;
  }
  INVARIANT(left == 0, "the fractions that were cut off make up what is left");
}

/// Largest remainder over single units, the runs of a line weighing `factor_of(line)` times more.
template <class Int, class Factor>
void allocate_runs(std::int64_t total, std::span<Run<Int>> runs, Factor factor_of) {
  Int sum = 0;
  std::int64_t count = 0;
  for (std::size_t at = 0; at < runs.size();) {
    const std::size_t line = runs[at].line;
    Int of_line = 0;
    const std::int64_t whole = runs[at].whole;
    for (; at < runs.size() && runs[at].line == line; ++at) {
      of_line += runs[at].value * runs[at].units;
      count += runs[at].units;
    }
    sum += Int{of_line / whole} * factor_of(line);
  }
  std::int64_t left = total;
  if (sum == 0) {  // weights that are all zero count by unit
    for (Run<Int>& run : runs) {
      run.share = total / count;
      run.extra = 0;
      left -= run.share * run.units;
    }
    return hand_out<Int>(left, runs, [](std::size_t, std::size_t) { return false; });
  }
  boost::container::small_vector<Int, 16> remainders(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Run<Int>& run = runs[i];
    const Int numerator = Int{run.value * factor_of(run.line)} * total;
    const Int denominator = sum * run.whole;
    const Int share = numerator / denominator;
    remainders[i] = numerator - share * denominator;
    run.share = static_cast<std::int64_t>(share);
    run.extra = 0;
    left -= run.share * run.units;
  }
  hand_out<Int>(left, runs, [&](std::size_t a, std::size_t b) {
    return remainders[a] * runs[b].whole > remainders[b] * runs[a].whole;
  });
}

using PartShares = boost::container::small_vector<std::int64_t, 8>;

template <class Int>
class Splitter {
 public:
  Splitter(const SplitInput& input, unsigned places)
      : input_(input),
        places_(places),
        minor_(power_of_ten(places - input.transaction.currency.exponent())) {}

  PartShares run(std::int64_t total, std::span<LinePoints> lines) {
    weigh(lines);
    PartShares shares = split(total);
    for (std::size_t p = 0; p < shares.size(); ++p) {
      if (shares[p] == 0) continue;
      const EarningPart& part = input_.parts[p];
      Runs<Int> covered;
      for (const Run<Int>& run : runs_) {
        if (part.covers[run.line]) covered.push_back(run);
      }
      INVARIANT(!covered.empty(), "a part with points covers a line");
      allocate_runs<Int>(shares[p], covered,
                         [&](std::size_t line) { return Int{part.factors[line]}; });
      add(covered, lines);
    }
    return shares;
  }

 private:
  /// What each unit of the lines that earn is worth.
  void weigh(std::span<const LinePoints> lines) {
    const contract::Transaction& transaction = input_.transaction;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::int64_t units = lines[i].units();
      if (units == 0) continue;
      const contract::Line& line = transaction.lines[i];
      const Int product =
          Int{Wide{line.quantity.normalised().units} * line.unit_price.normalised().units};
      const Int exact =
          product * power_of_ten(places_ - places_of(line)) - minor_ * line.discount.minor;
      runs_.push_back({.line = i, .units = units, .whole = units, .value = exact < 0 ? 0 : exact});
      runs_.back().share = input_.pricing.lines[i].discount_units.base_per_unit;
      runs_.back().extra = input_.pricing.lines[i].discount_units.plus_one_units;
    }
    if (input_.pricing.order_discounts.minor != 0) take_off(1);
    const bool to_net = input_.base == EarnBase::net;
    if (transaction.tax_mode == (to_net ? TaxMode::inclusive : TaxMode::exclusive)) {
      spread_tax();
      take_off(to_net ? 1 : -1);
    }
    if (input_.excluded > 0) {
      allocate_runs<Int>(input_.excluded, runs_, [](std::size_t) { return Int{1}; });
      take_off(1);
    }
  }

  void spread_tax() {
    for (std::size_t at = 0; at < runs_.size();) {
      const std::size_t first = at;
      const std::size_t line = runs_[at].line;
      while (at < runs_.size() && runs_[at].line == line) ++at;
      const std::int64_t tax = std::max<std::int64_t>(0, input_.pricing.lines[line].tax.minor);
      allocate_runs<Int>(tax, std::span(runs_).subspan(first, at - first),
                         [](std::size_t) { return Int{1}; });
    }
  }

  /// Takes each unit's share off its weight (adds it when `sign` is -1). A line of which a unit
  /// would weigh less than nothing weighs nothing.
  void take_off(int sign) {
    Runs<Int> taken;
    for (std::size_t at = 0; at < runs_.size();) {
      const std::size_t line = runs_[at].line;
      const std::size_t first = taken.size();
      bool below = false;
      for (; at < runs_.size() && runs_[at].line == line; ++at) {
        const Run<Int>& run = runs_[at];
        const auto part = [&](std::int64_t units, std::int64_t share) {
          if (units == 0) return;
          const Int value = run.value - Int{minor_ * share} * (run.whole * sign);
          below = below || value < 0;
          taken.push_back({.line = line, .units = units, .whole = run.whole, .value = value});
        };
        part(run.extra, run.share + 1);
        part(run.units - run.extra, run.share);
      }
      if (!below) continue;
      for (std::size_t i = first; i < taken.size(); ++i) taken[i].value = 0;
    }
    runs_ = std::move(taken);
  }

  [[nodiscard]] PartShares split(std::int64_t total) const {
    PartShares shares(input_.parts.size(), total);
    if (shares.size() == 1) return shares;
    Runs<Int> values(shares.size());
    for (std::size_t p = 0; p < values.size(); ++p) {
      values[p].line = p;
      values[p].units = 1;
      for (std::size_t i = 0; i < input_.eligible.size(); ++i) {
        if (!input_.parts[p].covers[i]) continue;
        values[p].value += Int{input_.parts[p].factors[i]} * input_.eligible[i];
      }
    }
    allocate_runs<Int>(total, values, [](std::size_t) { return Int{1}; });
    for (std::size_t p = 0; p < shares.size(); ++p) shares[p] = values[p].share + values[p].extra;
    return shares;
  }

  static void add(std::span<const Run<Int>> runs, std::span<LinePoints> lines) {
    boost::container::small_vector<UnitRun, 8> points;
    for (std::size_t at = 0; at < runs.size();) {
      const std::size_t line = runs[at].line;
      points.clear();
      for (; at < runs.size() && runs[at].line == line; ++at) {
        const Run<Int>& run = runs[at];
        if (run.extra > 0) points.push_back({run.extra, run.share + 1});
        if (run.units > run.extra) points.push_back({run.units - run.extra, run.share});
      }
      add_runs(lines[line], points);
    }
  }

  const SplitInput& input_;
  unsigned places_;
  Int minor_;
  Runs<Int> runs_;  ///< in the order of the lines, then of their units
};

/// Upper bound of the bits that an intermediate result takes.
unsigned width_of(std::int64_t total, const SplitInput& input, std::span<const LinePoints> lines,
                  unsigned places) {
  unsigned value = 0;
  unsigned units = 1;
  unsigned given = std::max(bits(total), bits(input.excluded));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].units() == 0) continue;
    const contract::Line& line = input.transaction.lines[i];
    const unsigned exact = bits(line.quantity.units) + bits(line.unit_price.units) +
                           decimal_bits(places - places_of(line));
    const unsigned below = decimal_bits(places - input.transaction.currency.exponent());
    value = std::max({value, exact, bits(line.discount.minor) + below,
                      bits(input.pricing.lines[i].gross.minor) + below});
    units = std::max(units, bits(lines[i].units()));
    given = std::max(given, bits(input.pricing.lines[i].tax.minor));
  }
  unsigned factor = 1;
  for (const EarningPart& part : input.parts) {
    for (const Wide each : part.factors) factor = std::max(factor, bits(each));
  }
  // Sums over the lines and over the parts, and a tax of up to ten times the price.
  const unsigned sum = value + factor + bits(static_cast<Wide>(lines.size())) +
                       bits(static_cast<Wide>(input.parts.size())) + 4;
  return std::max(given + sum, 2 * units + sum) + 2;
}

}  // namespace

PartShares split_over_units(std::int64_t total, const SplitInput& input,
                            std::span<LinePoints> lines) {
  INVARIANT(total >= 0 && total <= weight_max, "points are neither negative nor beyond 2^61");
  INVARIANT(!input.parts.empty(), "points come from a part");
  unsigned places = input.transaction.currency.exponent();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].units() > 0) places = std::max(places, places_of(input.transaction.lines[i]));
  }
  if (width_of(total, input, lines, places) <= narrow_bits_max) {
    return Splitter<Wide>(input, places).run(total, lines);
  }
  return Splitter<boost::multiprecision::cpp_int>(input, places).run(total, lines);
}

}  // namespace crossfoot::ledger
