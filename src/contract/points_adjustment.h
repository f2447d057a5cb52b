#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/result.h"
#include "base/time.h"
#include "contract/transaction.h"

namespace crossfoot::contract {

/// The message of an adjustment as it is stored, which mappings read: `kind` points_adjustment,
/// `id`, `member`, `direction` (`grant` or `deduct`), `points` (> 0), `reason`, `receipt`,
/// `expires_on`, `asked_by`, `second_person`. Texts of free form are not in it: what may have to be
/// forgotten does not belong into a ledger.
[[nodiscard]] std::string adjustment_message(const Transaction& adjustment);

/// Whether stored bytes are such a message, and the transaction in it. Faults:
/// stored_bytes_corrupt.
[[nodiscard]] bool is_adjustment_message(std::string_view body);
[[nodiscard]] Result<Transaction> read_adjustment_message(std::string_view body);

}  // namespace crossfoot::contract
