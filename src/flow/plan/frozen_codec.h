#pragma once

// The stored form of frozen lines, which flows, receipt books and journal entries share.

#include <vector>

#include "base/codec.h"
#include "flow/plan/flow.h"

namespace crossfoot::flow {

/// Records of this version kept one share per line, with a unit more for the first units.
inline constexpr std::uint64_t frozen_by_share_version = 1;

inline void put_frozen(ByteWriter& out, const std::vector<FrozenLine>& lines) {
  out.u64(lines.size());
  for (const FrozenLine& line : lines) {
    out.u64(line.line);
    out.i64(line.weight);
    out.i64(line.points.quantity.count);
    out.u64(line.points.runs.size() * 2 + (line.points.quantity.measured ? 1 : 0));
    for (const ledger::UnitRun& run : line.points.runs) {
      out.i64(run.units);
      out.i64(run.points);
    }
  }
}

inline FrozenLine get_frozen_by_share(ByteReader& in) {
  FrozenLine line;
  line.line = static_cast<std::uint32_t>(in.u64());
  ledger::UnitAllocation share;
  share.base_per_unit = in.i64();
  share.plus_one_units = in.i64();
  share.units = in.i64();
  line.points = ledger::line_points({share.units, false}, share);
  line.weight = in.i64();
  return line;
}

inline FrozenLine get_frozen_line(ByteReader& in) {
  FrozenLine line;
  line.line = static_cast<std::uint32_t>(in.u64());
  line.weight = in.i64();
  line.points.quantity.count = in.i64();
  const std::uint64_t runs = in.u64();
  line.points.quantity.measured = runs % 2 != 0;
  for (std::uint64_t left = runs / 2; left > 0 && !in.failed(); --left) {
    const std::int64_t units = in.i64();
    line.points.runs.push_back({units, in.i64()});
  }
  return line;
}

/// `version`: of the record that the lines are part of.
inline std::vector<FrozenLine> get_frozen(ByteReader& in, std::uint64_t version) {
  std::vector<FrozenLine> lines;
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    lines.push_back(version == frozen_by_share_version ? get_frozen_by_share(in)
                                                       : get_frozen_line(in));
  }
  return lines;
}

}  // namespace crossfoot::flow
