#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "base/result.h"

namespace crossfoot {

/// An ISO 4217 currency: three letters and the number of its minor-unit digits.
class Currency {
 public:
  constexpr Currency() = default;

  [[nodiscard]] std::string_view code() const { return {code_.data(), code_.size()}; }
  /// Digits of the minor unit: JPY 0, EUR 2, KWD 3, CLF 4.
  [[nodiscard]] std::uint8_t exponent() const { return exponent_; }

  auto operator<=>(const Currency&) const = default;

 private:
  friend std::optional<Currency> find_currency(std::string_view code);
  constexpr Currency(std::array<char, 3> code, std::uint8_t exponent)
      : code_(code), exponent_(exponent) {}

  std::array<char, 3> code_{'X', 'X', 'X'};
  std::uint8_t exponent_ = 0;
};

/// A currency of the ISO 4217 list that has a minor unit defined; no value for others.
[[nodiscard]] std::optional<Currency> find_currency(std::string_view code);

/// An amount in minor units of one currency. Sums of two currencies are a programmer's error;
/// |minor| stays below 2^62, which parse_money and the contract's limits guarantee.
struct Money {
  std::int64_t minor = 0;
  Currency currency;

  auto operator<=>(const Money&) const = default;
  friend Money operator+(Money a, Money b);
  friend Money operator-(Money a, Money b);
  friend Money operator-(Money a) { return {-a.minor, a.currency}; }
  Money& operator+=(Money other) { return *this = *this + other; }
};

/// The amount without its currency, with all digits of the minor unit: `-12.30`, `1200` for JPY.
[[nodiscard]] std::string to_string(const Money& amount);

/// The exact decimal in minor units. No value when it has more places than the currency (a fraction
/// of a cent is never rounded silently) or lies beyond ±10^15 minor units.
[[nodiscard]] std::optional<Money> parse_money(std::string_view text, Currency currency);

/// Loyalty points in the programme's smallest unit (programmes with fractions scale).
struct Points {
  std::int64_t count = 0;

  auto operator<=>(const Points&) const = default;
  friend Points operator+(Points a, Points b) { return {a.count + b.count}; }
  friend Points operator-(Points a, Points b) { return {a.count - b.count}; }
  friend Points operator-(Points a) { return {-a.count}; }
  Points& operator+=(Points other) { return *this = *this + other; }
};

}  // namespace crossfoot
