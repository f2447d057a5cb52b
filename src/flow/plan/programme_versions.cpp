#include "flow/plan/programme_versions.h"

#include <fmt/format.h>

namespace crossfoot::flow {

std::string programme_key(std::uint32_t version) {
  return fmt::format("{:010}", version);
}

}  // namespace crossfoot::flow
