#pragma once

#include <string>

#include "base/result.h"
#include "connector/pack.h"

namespace crossfoot::app {

/// What `env:NAME` or `file:PATH` stands for. Faults: CF-6006 (it is not there).
[[nodiscard]] Result<std::string> look_up_secret(const connector::SecretReference& reference);

}  // namespace crossfoot::app
