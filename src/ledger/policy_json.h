#pragma once

#include <simdjson.h>

#include "ledger/programme.h"

namespace crossfoot::ledger {

/// Reads the policies of a programme document (returns, lots, negative balance, redemption,
/// deferred revenue) into a programme whose currency is known; what is not stated keeps its
/// default. Private to parse_programme(). Fault programme_malformed names the place, also of two
/// policies that contradict each other.
[[nodiscard]] Status read_policies(const simdjson::dom::element& root, Programme& programme);

}  // namespace crossfoot::ledger
