#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"
#include "base/time.h"

namespace crossfoot::sandbox {

enum class TaxMode : std::uint8_t { inclusive, exclusive, not_in_source };
inline constexpr auto tax_mode_last = TaxMode::not_in_source;

enum class LineKind : std::uint8_t { goods, voucher, shipping, manual, fee };
inline constexpr auto line_kind_last = LineKind::fee;

[[nodiscard]] std::string_view to_string(LineKind kind);

/// One line as a vendor receives it: facts only, no computed amount.
struct ReceiptLine {
  std::uint32_t number = 0;
  bool returned = false;
  LineKind kind = LineKind::goods;
  std::string article;
  Decimal quantity;  ///< > 0, at most six places
  bool measured =
      false;           ///< the line is one unit of allocation; so is a fraction, whatever this says
  Decimal unit_price;  ///< major units, >= 0
  std::int64_t discount_minor = 0;
  std::string tax_code;
  Decimal tax_rate;  ///< 0.19 for 19 %; absent counts as zero
};

struct ReceiptTender {
  std::string kind;
  std::int64_t minor = 0;
};

/// The facts of one receipt, read and checked by read_receipt().
struct Receipt {
  std::string reference;
  std::string kind;  ///< sale, return, exchange, void; empty at the loyalty platform
  std::string shop;
  std::string region;
  std::string member;
  BusinessDate business_date;
  std::optional<BusinessDate> posting_date;  ///< absent: the business date
  Instant occurred_at;
  Currency currency;
  TaxMode tax_mode = TaxMode::inclusive;
  std::string original_reference;
  std::vector<ReceiptLine> lines;
  std::int64_t order_discount_minor = 0;
  std::vector<ReceiptTender> tenders;
};

inline constexpr std::size_t lines_max = 20'000;
inline constexpr std::size_t text_bytes_max = 512;
inline constexpr std::int64_t quantity_max = 1'000'000'000;
inline constexpr std::int64_t line_minor_max = 1'000'000'000'000;

}  // namespace crossfoot::sandbox
