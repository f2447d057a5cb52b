#pragma once

#include <string_view>

#include "contract/transaction.h"
#include "flow/engine/engine.h"

namespace crossfoot::edge {

/// A transaction as it was read, with the hash of its content and its raw original.
[[nodiscard]] flow::AcceptRequest accept_request(contract::Transaction transaction,
                                                 std::string_view body);

}  // namespace crossfoot::edge
