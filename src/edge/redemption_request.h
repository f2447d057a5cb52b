#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/time.h"
#include "contract/problem.h"
#include "contract/transaction.h"

namespace crossfoot::edge {

/// Bounds of what a till may ask for.
struct RedemptionLimits {
  Duration hold_default{std::chrono::minutes{5}};
  Duration hold_max{std::chrono::hours{1}};
};

/// Reads what a till asks for (`RedemptionRequest` in api/routes.json). Its identity is the
/// channel's own `id`, else the number of the receipt (`sequence`), else `idempotency_key`; without
/// any of them it is refused, as a business date is: neither is made up here.
[[nodiscard]] std::expected<contract::Transaction, contract::Problem> read_redemption(
    std::string_view body, const std::string& idempotency_key, const RedemptionLimits& limits,
    Instant now);

/// Hash of what is asked for, named `redemption-content/1`: identity, member, points, hold, shop,
/// register, channel and day. When it was asked (`occurred_at`) is no part: a till may stamp a
/// repeat anew.
[[nodiscard]] Hash128 redemption_content(const contract::Transaction& redemption);

/// The region that a stored request names; empty when it names none.
[[nodiscard]] std::string redemption_region(std::string_view body);

}  // namespace crossfoot::edge
