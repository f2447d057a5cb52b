#pragma once

#include "store/api/rows.h"
#include "store/postgres/connection.h"

namespace crossfoot::store::postgres {

/// Columns target, lane, due_at, flow, leg, order_key.
[[nodiscard]] inline DueRow due_of(const Rows& rows, int row) {
  return {.target = rows.number<TargetNumber>(row, 0),
          .lane = rows.number<Lane>(row, 1),
          .due_at = {rows.integer(row, 2)},
          .flow = rows.id(row, 3),
          .leg = rows.number<std::uint16_t>(row, 4),
          .order_key = rows.hash(row, 5)};
}

}  // namespace crossfoot::store::postgres
