#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/decimal.h"
#include "contract/transaction.h"

namespace crossfoot::app {

/// An exact sum of products of decimals: at most 18 places, far beyond any retailer's turnover.
class ExactSum {
 public:
  void add(const Decimal& a, const Decimal& b, bool negative);
  void add_minor(std::int64_t minor, std::uint8_t exponent);
  ExactSum& operator+=(const ExactSum& other);
  [[nodiscard]] ExactSum minus(const ExactSum& other) const;
  [[nodiscard]] bool is_zero() const { return units_ == 0; }
  /// Plain notation without trailing zeros: `-12.34`, `0`.
  [[nodiscard]] std::string text() const;

 private:
  static constexpr std::uint8_t scale = 12;
  Wide units_ = 0;
};

/// What became of every row of an import; the sums of the parts equal the whole.
struct ImportReport {
  struct Part {
    std::uint64_t rows = 0;
    ExactSum net;
  };

  Part read;
  Part booked;
  Part duplicate;
  Part parked;
  Part refused;
  Part in_flight;  ///< still moving when the patience ended: the import has failed then
  std::uint64_t receipts = 0;
  std::map<std::string, Part> cancellations;  ///< return rows by disposition
  std::map<std::string, std::uint64_t> documents;
  ExactSum erp_posted;
  ExactSum erp_exact;
  std::int64_t goods_units = 0;
  std::int64_t points_earned = 0;
  std::int64_t points_reversed = 0;
  std::map<std::string, std::uint64_t> reasons;
  std::string reconciliation;  ///< JSON of the reconciliation that followed, empty: none
  double seconds = 0;

  [[nodiscard]] bool adds_up() const;
  [[nodiscard]] std::string json() const;
  [[nodiscard]] std::string text() const;
};

}  // namespace crossfoot::app
