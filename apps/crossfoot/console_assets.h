#pragma once

#include "edge/console.h"

namespace crossfoot::app {

/// The web console's files, put into the program when it is built.
[[nodiscard]] edge::Assets console_assets();

}  // namespace crossfoot::app
