#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/decimal.h"
#include "base/money.h"

namespace crossfoot::observe {

/// An exact sum of amounts and of quantity × unit price, in 10^-15 of a currency's major unit.
/// Holds far more than any retailer's turnover: receipts stay below 10^15 minor units each.
class ExactSum {
 public:
  static constexpr unsigned places = 15;  ///< six of a quantity and nine of a price

  void add(const Money& amount) {
    units_ += Wide{amount.minor} * power_of_ten(places - amount.currency.exponent());
  }
  void add_product(const Decimal& quantity, const Decimal& price) {
    const Decimal a = quantity.normalised();
    const Decimal b = price.normalised();
    const unsigned have = static_cast<unsigned>(a.scale) + b.scale;
    const Wide product = Wide{a.units} * b.units;
    units_ += have <= places ? product * power_of_ten(places - have)
                             : divide(product, power_of_ten(have - places), Rounding::half_up);
  }

  ExactSum& operator+=(const ExactSum& other) {
    units_ += other.units_;
    return *this;
  }
  ExactSum& operator-=(const ExactSum& other) {
    units_ -= other.units_;
    return *this;
  }
  [[nodiscard]] ExactSum operator-() const {
    ExactSum mirrored;
    mirrored -= *this;
    return mirrored;
  }
  bool operator==(const ExactSum&) const = default;

  /// Plain notation with at least `places_min` places and no zeros behind them: `-12.345`, `0.00`.
  [[nodiscard]] std::string text(unsigned places_min) const {
    Wide rest = units_ < 0 ? -units_ : units_;
    std::string digits;
    for (unsigned place = 0; place <= places || rest > 0; ++place) {
      digits += static_cast<char>('0' + static_cast<int>(rest % 10));
      rest /= 10;
    }
    std::ranges::reverse(digits);
    const std::size_t whole = digits.size() - places;
    std::size_t end = digits.size();
    while (end > whole + places_min && digits[end - 1] == '0') --end;
    std::string text = units_ < 0 ? "-" : "";
    text.append(digits, 0, whole);
    if (end > whole) text.append(".").append(digits, whole, end - whole);
    return text;
  }

 private:
  Wide units_ = 0;
};

}  // namespace crossfoot::observe
