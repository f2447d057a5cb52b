#include "base/fault.h"

#include <array>

namespace crossfoot {

std::string_view to_string(FaultClass fault_class) {
  static constexpr std::array<std::string_view, fault_class_count> names{
      "transient", "throttled", "rejected",  "unauthorised", "conflict",
      "not_found", "corrupt",   "cancelled", "deadline",     "unknown_outcome"};
  return names[static_cast<std::size_t>(fault_class)];
}

}  // namespace crossfoot
