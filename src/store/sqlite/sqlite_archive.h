#pragma once

#include <memory>
#include <string>

#include "store/api/archive.h"

namespace crossfoot::store {

/// Opens the file of a data store, or a copy of it, for reading only. Faults: CF-5001 (not there,
/// or cannot be read), CF-5003 (no data store), CF-5006 (newer schema).
[[nodiscard]] Result<std::unique_ptr<Archive>> open_sqlite_archive(const std::string& path);

}  // namespace crossfoot::store
