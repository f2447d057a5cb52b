#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace crossfoot {

/// What kind of operating fault happened. One table over this class decides retry, compensation,
/// dead letter, HTTP status, log level and alert (fault_policy.h).
enum class FaultClass : std::uint8_t {
  transient,        ///< nothing happened at the other side; the same call may succeed later
  throttled,        ///< refused for now; retry_after says when
  rejected,         ///< refused for good: the content is at fault
  unauthorised,     ///< our credentials are at fault
  conflict,         ///< another state or version is there
  not_found,        ///< what was named is not there
  corrupt,          ///< stored or received bytes make no sense
  cancelled,        ///< given up on request, nothing was sent
  deadline,         ///< time ran out before anything was sent
  unknown_outcome,  ///< the request may have happened: ask before anything else
};

inline constexpr std::size_t fault_class_count = 10;

[[nodiscard]] std::string_view to_string(FaultClass fault_class);

/// An operating fault: something outside the program's logic failed. `code` is the stable public
/// code with a page under api/errors; `where` names the place ("erp: POST /postings"), `cause` says
/// what was seen, in words that contain no secret.
struct Fault {
  std::string code;
  FaultClass fault_class = FaultClass::transient;
  std::string where;
  std::string cause;
  std::chrono::milliseconds retry_after{0};
};

}  // namespace crossfoot
