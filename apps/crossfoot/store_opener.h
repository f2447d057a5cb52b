#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "config.h"
#include "runtime/scheduler.h"
#include "store/api/store.h"

namespace crossfoot::app {

/// Opens the data store that the configuration names, again after each fault.
using StoreOpener = std::function<Result<std::unique_ptr<store::Store>>()>;

/// Faults: of the secret that the data store's address is.
[[nodiscard]] Result<StoreOpener> store_opener(const Config& config, runtime::Scheduler& home);

}  // namespace crossfoot::app
