#pragma once

#include <string_view>

#include "base/result.h"
#include "contract/transaction.h"

namespace crossfoot::contract {

/// Reads the body of a stored message as flows see it, whatever was handed over: a transaction, a
/// till record, a change of a customer, the close of a store day. Fault: stored_bytes_corrupt.
[[nodiscard]] Result<Transaction> read_stored_message(std::string_view body);

}  // namespace crossfoot::contract
