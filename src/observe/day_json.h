#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "contract/json_writer.h"
#include "ledger/day_totals.h"
#include "observe/day_reader.h"

namespace crossfoot::observe {

/// Totals by currency as a JSON array, exact; read again they are equal. Sums beyond 64 bits are
/// written as null and cannot be read again.
void write_totals(contract::JsonWriter& out, const ledger::DayTotals& totals);
/// Fault: stored_bytes_corrupt.
[[nodiscard]] Result<ledger::DayTotals> parse_totals(std::string_view json);

/// The answer to "may I close the day?" (`StoreDay` in api/routes.json).
[[nodiscard]] std::string store_day_json(const StoreDay& day, Instant as_of);
/// One line of a list of days.
void write_day_line(contract::JsonWriter& out, const StoreDay& day);
/// A slice with the ids of its receipts.
[[nodiscard]] std::string slice_json(const TakenSlice& slice);

}  // namespace crossfoot::observe
