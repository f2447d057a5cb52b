#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace crossfoot {

/// 128 bits of a SHA-256: enough to identify, small enough to index.
struct Hash128 {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Hash128&) const = default;
  [[nodiscard]] bool is_zero() const { return *this == Hash128{}; }
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// 32 lower-case hex digits.
[[nodiscard]] std::string to_string(const Hash128& hash);

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);

/// The first 128 bits of SHA-256(bytes).
[[nodiscard]] Hash128 hash128(std::string_view bytes);

/// The first `bits` of a digest in Crockford base32 without padding: `(bits + 4) / 5` characters of
/// `0-9A-Z` without I, L, O, U.
[[nodiscard]] std::string base32(std::span<const std::uint8_t> bytes, std::size_t bits);

}  // namespace crossfoot

template <>
struct std::hash<crossfoot::Hash128> {
  std::size_t operator()(const crossfoot::Hash128& hash) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, hash.bytes.data(), sizeof value);
    return value;
  }
};
