#include "runtime/random.h"

#include <random>

namespace crossfoot::runtime {

std::uint64_t system_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace crossfoot::runtime
