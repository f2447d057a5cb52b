#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "store/api/rows.h"
#include "store/sqlite/connection.h"

/// From a bound statement to rows; the statement is reset afterwards.
namespace crossfoot::store::sqlite {

/// All rows, each made by `make`.
template <class Row, class Make>
Result<std::vector<Row>> all_rows(Connection& connection, Statement& statement,
                                  std::string_view where, Make make) {
  std::vector<Row> found;
  int code = SQLITE_ROW;
  while ((code = statement.step()) == SQLITE_ROW) found.push_back(make(statement));
  Result<std::vector<Row>> result = std::move(found);
  if (code != SQLITE_DONE) result = fail(connection.fault(code, where));
  statement.reset();
  return result;
}

/// The first row, made by `make`; nothing when there is none.
template <class Row, class Make>
Result<std::optional<Row>> first_row(Connection& connection, Statement& statement,
                                     std::string_view where, Make make) {
  const int code = statement.step();
  Result<std::optional<Row>> result = std::optional<Row>{};
  if (code == SQLITE_ROW) {
    result = std::optional<Row>(make(statement));
  } else if (code != SQLITE_DONE) {
    result = fail(connection.fault(code, where));
  }
  statement.reset();
  return result;
}

/// Columns id, version, status, calling, code, since, state.
[[nodiscard]] inline FlowRow flow_of(const Statement& s) {
  return {.id = s.id(0),
          .version = s.number<std::uint32_t>(1),
          .status = s.number<FlowStatus>(2),
          .calling = s.integer(3) != 0,
          .code = s.text(4),
          .since = {s.integer(5)},
          .state = s.text(6)};
}

}  // namespace crossfoot::store::sqlite
