#pragma once

#include <filesystem>

#include "base/result.h"
#include "runtime/signing.h"
#include "store/api/store.h"

namespace crossfoot::observe {

/// Refuses a data store that ends before what its newest anchor knows: it is an older copy, and
/// what came after is known to the targets alone. Faults: CF-5016; CF-9002 when the anchor is none.
[[nodiscard]] Status check_not_older(store::Reader& reader, const std::filesystem::path& anchors,
                                     const runtime::PublicKey& key);

/// Puts the anchors of what such a data store has lost aside, into a folder `before-restore-N` of
/// the same place; answers how many they were. `count`: N.
[[nodiscard]] Result<std::size_t> put_lost_anchors_aside(store::Reader& reader,
                                                         const std::filesystem::path& anchors,
                                                         const runtime::PublicKey& key,
                                                         std::uint32_t count);

}  // namespace crossfoot::observe
