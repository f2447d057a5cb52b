#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "contract/problem.h"
#include "contract/transaction.h"

namespace crossfoot::edge {

/// How far one person goes alone, and on one day. Points, > 0.
struct ServiceLimits {
  Points alone;  ///< more in one adjustment needs a second person
  Points a_day;  ///< of all that a person asks for on one day (UTC)
};

struct ServicePolicy {
  ServiceLimits agent{.alone = {500}, .a_day = {2'000}};
  ServiceLimits lead{.alone = {5'000}, .a_day = {50'000}};  ///< of who may approve, too
  std::vector<std::string> reasons{"goodwill", "complaint", "missing_points", "correction"};
};

/// Reads what a service desk asks for (`AdjustmentRequest` in api/routes.json). Its identity is the
/// desk's own `id` (a case number), else `idempotency_key`; without both it is refused, as a
/// business date is: neither is made up here. `person`: who asks, as it is proven; empty: nobody
/// had to prove it, and the body says `by`. Whether it needs a second person is not decided.
[[nodiscard]] std::expected<contract::Transaction, contract::Problem> read_adjustment(
    std::string_view body, const std::string& idempotency_key, const ServicePolicy& policy,
    std::string_view person, Instant now);

/// Hash of what is asked for, named `adjustment-content/1`: identity, member, points, reason,
/// receipt, expiry, shop and day. Who asked, and when, is no part of it: a repeat may come from the
/// colleague at the next desk.
[[nodiscard]] Hash128 adjustment_content(const contract::Transaction& adjustment);

}  // namespace crossfoot::edge
