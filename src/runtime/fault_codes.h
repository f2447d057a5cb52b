#pragma once

#include <string_view>

/// The public codes of the faults that this module makes. Each has a page under api/errors.
namespace crossfoot::runtime::code {

inline constexpr std::string_view call_malformed = "CF-8101";    ///< rejected
inline constexpr std::string_view connect_failed = "CF-8102";    ///< transient
inline constexpr std::string_view pool_full = "CF-8103";         ///< transient
inline constexpr std::string_view deadline_waiting = "CF-8104";  ///< deadline
inline constexpr std::string_view outcome_unknown = "CF-8105";   ///< unknown_outcome
inline constexpr std::string_view pool_closed = "CF-8106";       ///< cancelled
inline constexpr std::string_view listen_failed = "CF-8111";     ///< transient
inline constexpr std::string_view file_failed = "CF-8121";       ///< not_found or transient
inline constexpr std::string_view file_too_large = "CF-8122";    ///< rejected
inline constexpr std::string_view key_unusable = "CF-8123";      ///< rejected
inline constexpr std::string_view tls_unusable = "CF-8141";      ///< rejected
inline constexpr std::string_view process_failed = "CF-8131";    ///< transient or deadline

}  // namespace crossfoot::runtime::code
