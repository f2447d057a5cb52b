#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "ledger/programme.h"
#include "store/api/store.h"

namespace crossfoot::edge {

/// The loyalty programme's rules as they were in a version (docs/adr/0023); nothing when they were
/// not kept. Faults: the data store's; those of a programme.
[[nodiscard]] Result<std::optional<ledger::Programme>> kept_programme(store::Reader& reader,
                                                                      std::uint32_t version);

}  // namespace crossfoot::edge
