#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <span>

#include "contract/transaction.h"
#include "ledger/line_points.h"
#include "ledger/pricing.h"
#include "ledger/programme.h"

namespace crossfoot::ledger {

/// A rule's part of the points, index by index the lines: line i earns its eligible amount ×
/// factors[i] >= 0 where covers[i]. Rules that cover the same lines are one part. The factors of
/// all parts have one common denominator, which does not matter here.
struct EarningPart {
  boost::container::small_vector<bool, 16> covers;
  boost::container::small_vector<Wide, 16> factors;
};

struct SplitInput {
  const contract::Transaction& transaction;
  const Pricing& pricing;
  EarnBase base = EarnBase::gross;
  std::int64_t excluded = 0;  ///< paid with tenders that do not earn, on the base, in minor units
  std::span<const std::int64_t> eligible;  ///< of each line, in minor units
  std::span<const EarningPart> parts;      ///< 1 …
};

/// The points of each unit (DOMAIN 7.2), added to `lines`, index by index those of the transaction,
/// whose `quantity` is set and zero on returned lines. The whole number is split over the parts by
/// largest remainder, each part over the units of the lines it covers, by what each unit is worth:
/// its exact price less its shares of discounts, tax (when the base says so) and excluded tenders.
/// Exact: 128-bit where that is enough, else without a
/// limit. 0 <= total <= weight_max; the sum of what is added is the total. Answers what each part
/// got.
boost::container::small_vector<std::int64_t, 8> split_over_units(std::int64_t total,
                                                                 const SplitInput& input,
                                                                 std::span<LinePoints> lines);

}  // namespace crossfoot::ledger
