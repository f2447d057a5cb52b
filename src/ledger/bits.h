#pragma once

#include <bit>
#include <cstdint>

#include "base/decimal.h"

namespace crossfoot::ledger {

/// Bits of a value's magnitude, 0 … 127: whether a product still fits is known before it is made.
[[nodiscard]] inline unsigned bits(Wide value) {
  const auto magnitude = static_cast<unsigned __int128>(value < 0 ? -value : value);
  const auto high = static_cast<std::uint64_t>(magnitude >> 64);
  if (high != 0) return 64U + static_cast<unsigned>(std::bit_width(high));
  return static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(magnitude)));
}

}  // namespace crossfoot::ledger
