#include "base/decimal.h"

#include <array>

#include "base/invariant.h"

namespace crossfoot {

std::int64_t power_of_ten(unsigned exponent) {
  INVARIANT(exponent <= 18, "powers of ten up to 10^18 fit 64 bits");
  static constexpr auto powers = [] {
    std::array<std::int64_t, 19> values{1};
    for (std::size_t i = 1; i < values.size(); ++i) values[i] = values[i - 1] * 10;
    return values;
  }();
  return powers[exponent];
}

namespace {

/// Division of magnitudes. T is a 64-bit type where the values allow it: that division costs a
/// tenth.
template <class T>
Wide divide_magnitude(T magnitude, T denominator, bool negative, Rounding rounding) {
  T quotient = magnitude / denominator;
  const T remainder = magnitude % denominator;
  bool away = false;
  if (remainder != 0) {
    switch (rounding) {
      case Rounding::half_up:
        away = remainder >= denominator - remainder;
        break;
      case Rounding::half_even:
        away = remainder > denominator - remainder ||
               (remainder == denominator - remainder && quotient % 2 != 0);
        break;
      case Rounding::truncate:
        break;
      case Rounding::floor:
        away = negative;
        break;
      case Rounding::ceil:
        away = !negative;
        break;
    }
  }
  if (away) ++quotient;
  return negative ? -static_cast<Wide>(quotient) : static_cast<Wide>(quotient);
}

}  // namespace

Wide divide(Wide numerator, Wide denominator, Rounding rounding) {
  INVARIANT(denominator > 0, "a rounding division needs a positive denominator");
  const bool negative = numerator < 0;
  const Wide magnitude = negative ? -numerator : numerator;
  if (magnitude <= INT64_MAX && denominator <= INT64_MAX) {
    return divide_magnitude(static_cast<std::uint64_t>(magnitude),
                            static_cast<std::uint64_t>(denominator), negative, rounding);
  }
  return divide_magnitude(magnitude, denominator, negative, rounding);
}

namespace {

std::optional<std::int64_t> narrow(Wide value) {
  if (value > INT64_MAX || value < -Wide{INT64_MAX}) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace

bool Decimal::is_whole() const {
  return units % power_of_ten(scale) == 0;
}

Decimal Decimal::normalised() const {
  Decimal value = *this;
  while (value.scale > 0 && value.units % 10 == 0) {
    value.units /= 10;
    --value.scale;
  }
  return value;
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const Wide left = Wide{a.units} * power_of_ten(b.scale);
  const Wide right = Wide{b.units} * power_of_ten(a.scale);
  if (left < right) return std::strong_ordering::less;
  return left > right ? std::strong_ordering::greater : std::strong_ordering::equal;
}

std::string to_string(const Decimal& value) {
  const bool negative = value.units < 0;
  std::uint64_t rest = negative ? 0 - static_cast<std::uint64_t>(value.units)
                                : static_cast<std::uint64_t>(value.units);
  char buffer[24];
  char* at = buffer + sizeof buffer;
  for (unsigned place = 0; rest != 0 || place <= value.scale; ++place) {
    if (place == value.scale && value.scale != 0) *--at = '.';
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  if (negative) *--at = '-';
  return {at, buffer + sizeof buffer};
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.front() == '.') return std::nullopt;
  if (text.size() > 1 && text[0] == '0' && text[1] != '.') return std::nullopt;
  Decimal value;
  bool fraction = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      if (fraction || i + 1 == text.size()) return std::nullopt;
      fraction = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    if (value.units > (INT64_MAX - (c - '0')) / 10) return std::nullopt;
    value.units = value.units * 10 + (c - '0');
    if (fraction && ++value.scale > Decimal::scale_max) return std::nullopt;
  }
  if (negative) value.units = -value.units;
  return value;
}

std::optional<Decimal> rescale(const Decimal& value, std::uint8_t to_scale, Rounding rounding) {
  INVARIANT(to_scale <= Decimal::scale_max, "a decimal has at most nine places");
  Wide units = value.units;
  if (to_scale >= value.scale) {
    units *= power_of_ten(static_cast<unsigned>(to_scale - value.scale));
  } else {
    units = divide(units, power_of_ten(static_cast<unsigned>(value.scale - to_scale)), rounding);
  }
  const auto narrowed = narrow(units);
  if (!narrowed) return std::nullopt;
  return Decimal{*narrowed, to_scale};
}

std::optional<std::int64_t> multiply_round(const Decimal& a, const Decimal& b, std::uint8_t scale,
                                           Rounding rounding) {
  INVARIANT(scale <= Decimal::scale_max, "a decimal has at most nine places");
  Wide product = Wide{a.units} * b.units;
  const unsigned have = static_cast<unsigned>(a.scale) + b.scale;
  if (have > scale) {
    product = divide(product, power_of_ten(have - scale), rounding);
  } else {
    const Wide factor = power_of_ten(scale - have);
    if (product > Wide{INT64_MAX} / factor || product < -(Wide{INT64_MAX} / factor)) {
      return std::nullopt;
    }
    product *= factor;
  }
  return narrow(product);
}

}  // namespace crossfoot
