#pragma once

#include "base/digest.h"
#include "base/id.h"

namespace crossfoot::store {

/// The home partition of an entity that is known by a hash: the hash's first twelve bits.
[[nodiscard]] inline Partition home_of(const Hash128& hash) {
  return static_cast<Partition>((hash.bytes[0] << 4) | (hash.bytes[1] >> 4));
}

}  // namespace crossfoot::store
