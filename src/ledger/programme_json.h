#pragma once

#include <string_view>

#include "ledger/programme.h"

namespace crossfoot::ledger {

/// Reads a programme from JSON of the shape of apps/sandbox/programme.example.json. Strict: unknown
/// keys, names, currencies and repeated members are faults, so that a misspelt rule is never
/// silently another one. Amounts are decimal strings; `to_programme` may also be a fraction
/// (`"1/17"`), since most inverse rates have no finite decimal. Defaults: rounding floor, base
/// gross, stacking multiplicative, line_kinds goods. Limits: multipliers 0 … 1,000, points_per_unit
/// up to 1,000,000, 4,096 campaigns. Fault programme_malformed names the place as a JSON pointer.
[[nodiscard]] Result<Programme> parse_programme(std::string_view json);

}  // namespace crossfoot::ledger
