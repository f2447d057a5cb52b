#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crossfoot {

__extension__ typedef __int128 Wide;

/// How a value between two neighbours is rounded. All but `floor` and `ceil` mirror at zero: the
/// rounding of -x is minus the rounding of x.
enum class Rounding : std::uint8_t { half_up, half_even, truncate, floor, ceil };

/// numerator / denominator rounded to a whole number. `denominator` > 0.
[[nodiscard]] Wide divide(Wide numerator, Wide denominator, Rounding rounding);

/// An exact decimal number: units / 10^scale. 0 <= scale <= 9; |units| < 2^63. Rates, quantities
/// and unit prices are decimals; no binary float carries any of them.
struct Decimal {
  std::int64_t units = 0;
  std::uint8_t scale = 0;

  static constexpr std::uint8_t scale_max = 9;

  [[nodiscard]] bool is_zero() const { return units == 0; }
  [[nodiscard]] bool is_negative() const { return units < 0; }
  /// Whole when no fraction is left, whatever the scale.
  [[nodiscard]] bool is_whole() const;
  /// The same value without trailing zeros in the fraction.
  [[nodiscard]] Decimal normalised() const;
  /// By value, not by representation: 1.0 == 1.00.
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }
};

/// Plain notation as stored: `-12.340` keeps its zeros.
[[nodiscard]] std::string to_string(const Decimal& value);

/// Optional minus, digits, optional fraction; no exponent, no plus, no spaces, no leading zeros
/// before another digit. No value when malformed, over scale_max places or out of range.
[[nodiscard]] std::optional<Decimal> parse_decimal(std::string_view text);

/// units / 10^to_scale, rounded. No value when out of range.
[[nodiscard]] std::optional<Decimal> rescale(const Decimal& value, std::uint8_t to_scale,
                                             Rounding rounding);

/// a × b rounded to `scale` places in one step from the exact product. No value when out of range.
[[nodiscard]] std::optional<std::int64_t> multiply_round(const Decimal& a, const Decimal& b,
                                                         std::uint8_t scale, Rounding rounding);

/// 10^exponent, 0 <= exponent <= 18.
[[nodiscard]] std::int64_t power_of_ten(unsigned exponent);

}  // namespace crossfoot
