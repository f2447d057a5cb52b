#include "base/money.h"

#include <algorithm>

#include "base/invariant.h"

namespace crossfoot {

namespace {

struct CurrencyEntry {
  std::string_view code;
  std::uint8_t exponent;
};

constexpr CurrencyEntry currencies[] = {
#include "base/currencies.inc"
};

constexpr std::int64_t minor_max = 1'000'000'000'000'000;

}  // namespace

std::optional<Currency> find_currency(std::string_view code) {
  const auto* at = std::ranges::lower_bound(currencies, code, {}, &CurrencyEntry::code);
  if (at == std::end(currencies) || at->code != code) return std::nullopt;
  return Currency{{code[0], code[1], code[2]}, at->exponent};
}

Money operator+(Money a, Money b) {
  INVARIANT(a.currency == b.currency, "amounts of two currencies do not add");
  return {a.minor + b.minor, a.currency};
}

Money operator-(Money a, Money b) {
  return a + -b;
}

std::string to_string(const Money& amount) {
  return to_string(Decimal{amount.minor, amount.currency.exponent()});
}

std::optional<Money> parse_money(std::string_view text, Currency currency) {
  const auto decimal = parse_decimal(text);
  if (!decimal) return std::nullopt;
  const Decimal shortest = decimal->normalised();
  if (shortest.scale > currency.exponent()) return std::nullopt;
  const auto minor = rescale(shortest, currency.exponent(), Rounding::truncate);
  if (!minor || minor->units > minor_max || minor->units < -minor_max) return std::nullopt;
  return Money{minor->units, currency};
}

}  // namespace crossfoot
