#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "sandbox/receipt.h"

namespace crossfoot::sandbox {

/// A business refusal of a vendor: HTTP status 422 with a code of its own.
struct Refusal {
  std::string code;
  std::string message;
};

/// Neighbouring units of one line that are alike: `count` units that weigh weight / den each.
struct Run {
  std::size_t line = 0;  ///< index of the line; the runs of a line are neighbours, in unit order
  std::int64_t count = 0;
  std::int64_t den = 1;  ///< the same for all runs of a line
  Wide weight = 0;       ///< >= 0

  std::int64_t share = 0;  ///< set by allocate: what every unit of the run gets …
  std::int64_t extra = 0;  ///< … and how many of its first units get one more
};

/// Largest remainder over single units, in closed form per run: `total` >= 0 is given out whole;
/// ties go to the earlier line, then the earlier unit. Weights that are all zero count by unit. The
/// weights of a line's units add up to a whole number (Σ count × weight is a multiple of den).
void allocate(std::int64_t total, std::span<Run> runs);

struct PricedLine {
  std::int64_t extended = 0;  ///< quantity × unit price, half away from zero, minor units
  std::int64_t amount = 0;    ///< less line discount and share of order discounts, in the tax mode
  std::int64_t tax = 0;       ///< of `amount`, rounded half up on this line

  [[nodiscard]] std::int64_t net(TaxMode mode) const {
    return mode == TaxMode::inclusive ? amount - tax : amount;
  }
  [[nodiscard]] std::int64_t gross(TaxMode mode) const {
    return mode == TaxMode::exclusive ? amount + tax : amount;
  }
};

/// A receipt's amounts. Lines are unsigned; the totals count a returned line as negative.
struct Priced {
  std::vector<PricedLine> lines;
  std::vector<Run> runs;   ///< every line's units, weighing their price after discounts
  std::uint8_t scale = 0;  ///< a weight of 10^scale / den is one major unit
  Wide exact = 0;          ///< Σ ± quantity × unit price − discounts, unrounded, at `scale`
  std::int64_t net = 0;
  std::int64_t tax = 0;
  std::int64_t gross = 0;
};

/// Extends, discounts and taxes a receipt (DOMAIN.md 7.1, 7.7; ONLINE_RETAIL.md "Money"). Order
/// discounts go over the sold lines; over all lines when none is sold. Refuses discounts above the
/// amounts they are taken from, and amounts out of range.
[[nodiscard]] std::expected<Priced, Refusal> price_receipt(const Receipt& receipt);

/// Tax of one line amount: inclusive amount × r / (1 + r), exclusive amount × r, else zero; half
/// up, mirrored at zero.
[[nodiscard]] std::int64_t line_tax(TaxMode mode, std::int64_t amount, const Decimal& rate);

/// Takes each unit's share off its weight and splits the runs whose first units got one more.
/// `minor_weight`: the weight of one minor unit at den 1; negative adds instead. A line of which a
/// unit would weigh less than nothing (prices below one minor unit) weighs nothing. Answers the sum
/// of the shares per line, `line_count` of them.
[[nodiscard]] std::vector<std::int64_t> take_shares(std::vector<Run>& runs, Wide minor_weight,
                                                    std::size_t line_count);

/// `units / 10^scale` in plain notation without trailing zeros.
[[nodiscard]] std::string wide_decimal(Wide units, unsigned scale);

}  // namespace crossfoot::sandbox
