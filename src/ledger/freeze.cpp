#include <algorithm>

#include "contract/error_codes.h"
#include "ledger/line_points.h"

namespace crossfoot::ledger {

namespace {

struct NumberedLine {
  std::uint32_t number = 0;
  std::size_t at = 0;  // index
};

/// Each line's answered points over its own units; false, and nothing done, when the figures are
/// not one for some sold lines that sum up to the answer.
bool freeze_by_lines(std::vector<FrozenLine>& lines, Points answered,
                     std::span<const AnsweredLine> per_line) {
  std::vector<NumberedLine> numbers;
  numbers.reserve(lines.size());
  for (const FrozenLine& line : lines) numbers.push_back({line.line, numbers.size()});
  std::ranges::sort(numbers, {}, &NumberedLine::number);
  std::vector<std::int64_t> points(lines.size(), 0);
  std::vector<bool> seen(lines.size(), false);
  Wide sum = 0;
  for (const AnsweredLine& answer : per_line) {
    const auto at = std::ranges::lower_bound(numbers, answer.number, {}, &NumberedLine::number);
    const bool known = at != numbers.end() && at->number == answer.number;
    if (!known && answer.points.count == 0) continue;  // a returned line, told of for completeness
    if (!known || seen[at->at]) return false;
    if (answer.points.count > weight_max || answer.points.count < -weight_max) return false;
    seen[at->at] = true;
    points[at->at] = answer.points.count;
    sum += answer.points.count;
  }
  if (sum != answered.count) return false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    LinePoints& line = lines[i].points;
    if (line.sum() == points[i] || line.units() == 0) continue;
    line = line_points(line.quantity, spread_evenly(points[i], line.units()));
  }
  return true;
}

std::unexpected<Fault> refuse(std::string_view code, std::string cause) {
  return fail({.code = std::string(code),
               .fault_class = FaultClass::rejected,
               .where = "ledger: freeze",
               .cause = std::move(cause)});
}

}  // namespace

Result<bool> freeze(std::vector<FrozenLine>& lines, Points answered,
                    std::span<const AnsweredLine> per_line) {
  if (answered.count > weight_max || answered.count < -weight_max) {
    return refuse(contract::error_code::arithmetic_range, "the answered points are out of range");
  }
  std::vector<LineWeight> weights;
  std::int64_t expected = 0;
  std::int64_t units = 0;
  for (const FrozenLine& line : lines) {
    weights.push_back({line.weight, line.points.units()});
    expected += line.points.sum();
    units += line.points.units();
  }
  if (units == 0) {
    if (answered.count == 0) return false;
    return refuse(contract::error_code::nothing_to_freeze,
                  "points were answered for a receipt without sold lines");
  }
  if (!per_line.empty() && freeze_by_lines(lines, answered, per_line)) return true;
  if (expected == answered.count) return false;
  const auto shares = allocate(answered.count, weights);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    lines[i].points = line_points(lines[i].points.quantity, shares[i]);
  }
  return false;
}

}  // namespace crossfoot::ledger
