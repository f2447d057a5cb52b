#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/money.h"
#include "base/result.h"
#include "base/time.h"

namespace crossfoot::flow {

/// What one person has granted and deducted by hand on one day (UTC, by the engine's clock), added
/// up without signs: a versioned row beside the receipt books, written in the accepting commit.
struct ServiceDay {
  std::uint32_t version = 0;  ///< writes so far
  Points moved;
};

/// The key of the row, apart from those of receipt books and accounts.
[[nodiscard]] Hash128 service_day_key(std::string_view tenant, std::string_view person,
                                      BusinessDate day);

[[nodiscard]] std::string encode(const ServiceDay& day);
[[nodiscard]] Result<ServiceDay> decode_service_day(std::string_view bytes);

}  // namespace crossfoot::flow
