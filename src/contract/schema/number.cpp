#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>

#include "base/decimal.h"
#include "base/invariant.h"
#include "contract/schema/json.h"

namespace crossfoot::contract::schema {

namespace {

using Big = boost::multiprecision::cpp_int;

/// |a| against |b|. Digits have no leading zeros, so the place of the first one decides, then the
/// digits as text.
std::strong_ordering compare_sizes(const Number& a, const Number& b) {
  if (a.is_zero() || b.is_zero()) return !a.is_zero() <=> !b.is_zero();
  const auto places = [](const Number& n) {
    return static_cast<std::int64_t>(n.digits.size()) + n.exponent;
  };
  if (places(a) != places(b)) return places(a) <=> places(b);
  return a.digits <=> b.digits;
}

constexpr std::size_t word_digits_max = 18;

std::uint64_t word(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

/// digits × 10^shift mod unit for unit < 10^18, in 128 bits.
std::uint64_t remainder(std::string_view digits, std::uint64_t shift, std::uint64_t unit) {
  const auto times = [unit](std::uint64_t a, std::uint64_t b) {
    return static_cast<std::uint64_t>(static_cast<Wide>(a) * static_cast<Wide>(b) %
                                      static_cast<Wide>(unit));
  };
  std::uint64_t rest = 0;
  for (const char c : digits) {
    rest = static_cast<std::uint64_t>((static_cast<Wide>(rest) * 10 + static_cast<Wide>(c - '0')) %
                                      static_cast<Wide>(unit));
  }
  for (std::uint64_t base = 10 % unit; shift != 0; shift >>= 1, base = times(base, base)) {
    if ((shift & 1) != 0) rest = times(rest, base);
  }
  return rest;
}

}  // namespace

std::strong_ordering operator<=>(const Number& a, const Number& b) {
  if (a.negative != b.negative) return b.negative <=> a.negative;
  return a.negative ? compare_sizes(b, a) : compare_sizes(a, b);
}

bool is_multiple(const Number& value, const Number& unit) {
  INVARIANT(!unit.is_zero() && !unit.negative, "multiples are of something above zero");
  if (value.is_zero()) return true;
  // value's digits do not end in zero, so no whole factor can reach a higher power of ten.
  if (value.exponent < unit.exponent) return false;
  const auto shift = static_cast<std::uint64_t>(value.exponent - unit.exponent);
  if (unit.digits.size() <= word_digits_max) {
    return remainder(value.digits, shift, word(unit.digits)) == 0;
  }
  const Big modulus{std::string(unit.digits)};
  const Big power = boost::multiprecision::powm(Big(10), Big(shift), modulus);
  return Big{std::string(value.digits)} % modulus * power % modulus == 0;
}

std::uint64_t saturated(const Number& value) {
  INVARIANT(value.is_whole() && !value.negative, "a size is a whole number from zero");
  if (value.is_zero()) return 0;
  if (static_cast<std::int64_t>(value.digits.size()) + value.exponent >
      static_cast<std::int64_t>(word_digits_max)) {
    return UINT64_MAX;
  }
  return word(value.digits) *
         static_cast<std::uint64_t>(power_of_ten(static_cast<unsigned>(value.exponent)));
}

}  // namespace crossfoot::contract::schema
