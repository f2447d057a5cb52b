#pragma once

#include <memory>
#include <string>

#include "store/api/archive.h"

namespace crossfoot::store {

/// Opens a data store in a PostgreSQL database for reading only; its journal comes partition by
/// partition. `url`: libpq's connection string or URI. Faults: CF-5001 (no answer), CF-5003 (no
/// data store), CF-5006 (newer schema), CF-5014 (rights).
[[nodiscard]] Result<std::unique_ptr<Archive>> open_postgres_archive(const std::string& url);

}  // namespace crossfoot::store
