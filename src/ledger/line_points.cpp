#include "ledger/line_points.h"

#include <algorithm>

namespace crossfoot::ledger {

namespace {

constexpr std::int64_t million = 1'000'000;

void append(boost::container::small_vector<UnitRun, 2>& runs, std::int64_t units,
            std::int64_t points) {
  if (units == 0) return;
  if (!runs.empty() && runs.back().points == points) {
    runs.back().units += units;
  } else {
    runs.push_back({units, points});
  }
}

}  // namespace

LineQuantity line_quantity(const Decimal& quantity, bool measured) {
  if (quantity.units <= 0) return {1, false};
  if (!measured && quantity.is_whole()) return {unit_count(quantity, false), false};
  const auto millionths = rescale(quantity, 6, Rounding::half_up);
  if (!millionths || millionths->units <= 0 || millionths->units / million > units_max) {
    return {1, false};
  }
  return {millionths->units, true};
}

std::int64_t count_in(const LineQuantity& quantity, bool measured) {
  if (quantity.measured == measured) return quantity.count;
  if (measured) return std::min(quantity.count, units_max) * million;
  return quantity.count / million + (quantity.count % million != 0 ? 1 : 0);
}

Decimal to_decimal(const LineQuantity& quantity) {
  if (!quantity.measured) return {quantity.count, 0};
  return Decimal{quantity.count, 6}.normalised();
}

std::int64_t LinePoints::prefix(std::int64_t count) const {
  std::int64_t left = std::clamp<std::int64_t>(count, 0, quantity.count);
  if (quantity.measured) {
    if (runs.empty() || quantity.count == 0) return 0;
    return static_cast<std::int64_t>(Wide{runs.front().points} * left / quantity.count);
  }
  std::int64_t sum = 0;
  for (const UnitRun& run : runs) {
    const std::int64_t here = std::min(left, run.units);
    sum += here * run.points;
    left -= here;
  }
  return sum;
}

std::int64_t share_of_first(const UnitAllocation& shares, const LineQuantity& quantity,
                            std::int64_t count) {
  const std::int64_t first = std::clamp<std::int64_t>(count, 0, quantity.count);
  if (!quantity.measured) return shares.prefix(first);
  return quantity.count == 0
             ? 0
             : static_cast<std::int64_t>(Wide{shares.sum()} * first / quantity.count);
}

LinePoints line_points(const LineQuantity& quantity, const UnitAllocation& points) {
  LinePoints line{.quantity = quantity, .runs = {}};
  const bool negative = points.plus_one_units < 0;
  const std::int64_t more = negative ? -points.plus_one_units : points.plus_one_units;
  append(line.runs, more, points.base_per_unit + (negative ? -1 : 1));
  append(line.runs, points.units - more, points.base_per_unit);
  return line;
}

void add_runs(LinePoints& line, std::span<const UnitRun> runs) {
  if (line.runs.empty()) {
    for (const UnitRun& run : runs) append(line.runs, run.units, run.points);
    return;
  }
  decltype(line.runs) sum;
  std::size_t at = 0;
  std::int64_t used = 0;  // units of the run at `at`
  const auto take = [&](std::int64_t units, std::int64_t points) {
    append(sum, units, line.runs[at].points + points);
    used += units;
    if (used < line.runs[at].units) return;
    ++at;
    used = 0;
  };
  for (const UnitRun& run : runs) {
    std::int64_t left = run.units;
    while (left > 0 && at < line.runs.size()) {
      const std::int64_t here = std::min(left, line.runs[at].units - used);
      take(here, run.points);
      left -= here;
    }
    append(sum, left, run.points);
  }
  while (at < line.runs.size()) take(line.runs[at].units - used, 0);
  line.runs = std::move(sum);
}

}  // namespace crossfoot::ledger
