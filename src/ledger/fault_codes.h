#pragma once

#include <string_view>

/// The public codes of the faults that this module makes. Each has a page under api/errors.
namespace crossfoot::ledger::code {

inline constexpr std::string_view programme_malformed = "CF-3001";  ///< corrupt
inline constexpr std::string_view rate_missing = "CF-3002";         ///< not_found
inline constexpr std::string_view out_of_range = "CF-3003";         ///< rejected
inline constexpr std::string_view zone_unknown = "CF-3004";         ///< not_found
inline constexpr std::string_view does_not_balance = "CF-3005";     ///< rejected
inline constexpr std::string_view nothing_to_freeze = "CF-3006";    ///< rejected

}  // namespace crossfoot::ledger::code
