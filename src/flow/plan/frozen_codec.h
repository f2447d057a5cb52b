#pragma once

// The stored form of frozen lines, which flows and receipt books share. Private to this module.

#include <vector>

#include "base/codec.h"
#include "flow/plan/flow.h"

namespace crossfoot::flow {

inline void put_frozen(ByteWriter& out, const std::vector<FrozenLine>& lines) {
  out.u64(lines.size());
  for (const FrozenLine& line : lines) {
    out.u64(line.line);
    out.i64(line.points.base_per_unit);
    out.i64(line.points.plus_one_units);
    out.i64(line.points.units);
    out.i64(line.weight);
  }
}

inline std::vector<FrozenLine> get_frozen(ByteReader& in) {
  std::vector<FrozenLine> lines;
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    FrozenLine line;
    line.line = static_cast<std::uint32_t>(in.u64());
    line.points.base_per_unit = in.i64();
    line.points.plus_one_units = in.i64();
    line.points.units = in.i64();
    line.weight = in.i64();
    lines.push_back(line);
  }
  return lines;
}

}  // namespace crossfoot::flow
