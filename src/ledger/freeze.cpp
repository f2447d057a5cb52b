#include <algorithm>

#include "contract/error_codes.h"
#include "ledger/accrual.h"

namespace crossfoot::ledger {

namespace {

struct NumberedLine {
  std::uint32_t number = 0;
  std::size_t frozen = 0;  // index
};

/// Each line's answered points over its own units; false when the figures are not one for some sold
/// lines that sum up to the answer.
bool freeze_by_lines(FrozenAllocation& frozen, std::span<const AnsweredLine> per_line) {
  std::vector<NumberedLine> numbers;
  numbers.reserve(frozen.lines.size());
  for (const FrozenPoints& line : frozen.lines) numbers.push_back({line.number, numbers.size()});
  std::ranges::sort(numbers, {}, &NumberedLine::number);
  std::vector<std::int64_t> points(frozen.lines.size(), 0);
  std::vector<bool> seen(frozen.lines.size(), false);
  Wide sum = 0;
  for (const AnsweredLine& answer : per_line) {
    const auto at = std::ranges::lower_bound(numbers, answer.number, {}, &NumberedLine::number);
    if (at == numbers.end() || at->number != answer.number || seen[at->frozen]) return false;
    seen[at->frozen] = true;
    points[at->frozen] = answer.points.count;
    sum += answer.points.count;
  }
  if (sum != frozen.total.count) return false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    frozen.lines[i].points = spread_evenly(points[i], frozen.lines[i].points.units);
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

Result<FrozenAllocation> freeze(Points answered, std::span<const AnsweredLine> per_line,
                                const Accrual& accrual) {
  if (answered.count > weight_max || answered.count < -weight_max) {
    return refuse(contract::error_code::arithmetic_range, "the answered points are out of range");
  }
  FrozenAllocation frozen{.total = answered};
  std::vector<LineWeight> weights;
  for (const AccruedLine& line : accrual.lines) {
    if (line.points.units == 0) continue;
    frozen.lines.push_back({line.number, {0, 0, line.points.units}});
    weights.push_back({line.weight, line.points.units});
  }
  if (frozen.lines.empty()) {
    if (answered.count == 0) return frozen;
    return refuse(contract::error_code::nothing_to_freeze,
                  "points were answered for a receipt without sold lines");
  }
  frozen.by_vendor_lines = !per_line.empty() && freeze_by_lines(frozen, per_line);
  if (frozen.by_vendor_lines) return frozen;
  const auto shares = allocate(answered.count, weights);
  for (std::size_t i = 0; i < shares.size(); ++i) frozen.lines[i].points = shares[i];
  return frozen;
}

Result<FrozenAllocation> freeze(Points answered, std::span<const AnsweredLine> per_line,
                                const contract::Transaction& transaction, const Pricing& pricing,
                                const Programme& programme, LocalTime at) {
  auto accrual = accrue(programme, transaction, pricing, at);
  if (!accrual) return fail(std::move(accrual.error()));
  return freeze(answered, per_line, *accrual);
}

}  // namespace crossfoot::ledger
