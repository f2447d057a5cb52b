#pragma once

#include <string>
#include <string_view>

#include "base/fault.h"
#include "contract/error_codes.h"

namespace crossfoot::flow {

/// Of a stored record that is not what this release or an earlier one wrote.
[[nodiscard]] inline Fault damaged(std::string_view where) {
  return {.code = std::string(contract::error_code::stored_bytes_corrupt),
          .fault_class = FaultClass::corrupt,
          .where = std::string(where),
          .cause = "stored version is unknown or its bytes are damaged"};
}

}  // namespace crossfoot::flow
