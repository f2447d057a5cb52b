#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/arithmetic.h"
#include "sandbox/json.h"
#include "sandbox/receipt.h"

namespace crossfoot::sandbox {

enum class ReceiptFor : std::uint8_t { erp, loyalty };

/// Reads the body of a posting, a credit memo or an accrual. No value when it is malformed (`fault`
/// says where: 400) or when the vendor refuses it (`refusal`: 422).
[[nodiscard]] std::optional<Receipt> read_receipt(simdjson::dom::element body, ReceiptFor reader,
                                                  std::string& fault,
                                                  std::optional<Refusal>& refusal);

}  // namespace crossfoot::sandbox
