#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/fault.h"
#include "base/time.h"
#include "connector/pack.h"
#include "runtime/http_client.h"

namespace crossfoot::connector {

/// What an answer of a target means when it is no success: the first rule that matches, else the
/// default of its status:
///
///   2xx                      none: it is a success
///   400 404 405 413 415 422  rejected, as the other 4xx
///   401 403                  unauthorised
///   408 425 429              throttled, until Retry-After (seconds or HTTP date), else 1 s
///   409                      conflict
///   3xx                      rejected: redirects are not followed
///   5xx and the rest         unknown_outcome: it may have happened
///
/// `operation_rules` come before `pack_rules`. `body` is absent when it is not JSON; then no rule
/// that looks into it matches. Pure.
[[nodiscard]] std::optional<Fault> classify(std::span<const ErrorRule> operation_rules,
                                            std::span<const ErrorRule> pack_rules,
                                            const runtime::HttpAnswer& answer,
                                            std::optional<Json> body, Instant now);

/// The value stands at the pointer.
[[nodiscard]] bool matches(const Match& match, std::optional<Json> body);

/// RFC 9110 section 10.2.3: seconds, or a date in one of its three forms' preferred one
/// (IMF-fixdate), as a pause from `now`. No value when absent or malformed; at most one day.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                                         Instant now);

/// The public code of a fault of this class at a target.
[[nodiscard]] std::string_view target_code(FaultClass fault_class);

/// A header's first value, empty when absent; names in lower case.
[[nodiscard]] std::string_view header_of(const runtime::HttpAnswer& answer, std::string_view name);

}  // namespace crossfoot::connector
