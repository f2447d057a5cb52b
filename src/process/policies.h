#pragma once

#include <string>
#include <vector>

#include "ledger/programme.h"

namespace crossfoot::process {

/// JSON pointers of the policies in a programme that the processes do not carry out, though the
/// ledger can compute them; empty when the programme can be worked by as it is written. A server
/// that took receipts all the same would silently apply another policy.
[[nodiscard]] std::vector<std::string> unapplied_policies(const ledger::Programme& programme);

}  // namespace crossfoot::process
