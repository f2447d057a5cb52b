#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crossfoot {

using Duration = std::chrono::microseconds;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, UTC, no leap seconds.
struct Instant {
  std::int64_t micros = 0;

  auto operator<=>(const Instant&) const = default;
  friend Instant operator+(Instant at, Duration d) { return {at.micros + d.count()}; }
  friend Instant operator-(Instant at, Duration d) { return {at.micros - d.count()}; }
  friend Duration operator-(Instant a, Instant b) { return Duration{a.micros - b.micros}; }

  static constexpr Instant never() { return {INT64_MAX}; }
};

/// RFC 3339 with `Z` and as many fraction digits as needed (0, 3 or 6).
[[nodiscard]] std::string to_string(Instant at);

/// Parses RFC 3339 with a zone (`Z` or `+hh:mm`), up to nine fraction digits (cut to micros).
/// No value when the text is not such a time or lies outside the years 1900 to 9999.
[[nodiscard]] std::optional<Instant> parse_instant(std::string_view text);

/// A day in the shop's own books, as the till said it; never derived from a clock (P20).
/// Days since 1970-01-01.
struct BusinessDate {
  std::int32_t days = 0;

  auto operator<=>(const BusinessDate&) const = default;
};

/// `YYYY-MM-DD`.
[[nodiscard]] std::string to_string(BusinessDate date);
[[nodiscard]] std::optional<BusinessDate> parse_business_date(std::string_view text);

/// The date of an instant in UTC. Only for technical partitioning, never for business meaning.
[[nodiscard]] BusinessDate utc_date(Instant at);

}  // namespace crossfoot
