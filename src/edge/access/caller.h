#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/permissions.h"

namespace crossfoot::edge {

/// Who asks, as a token or an API key proves it, and what they may do.
struct Caller {
  std::string name;  ///< the token's subject, or the key's id
  Permissions permissions;
  /// Only transactions of these channels, shops and regions; empty: of all.
  std::vector<std::string> channels;
  std::vector<std::string> shops;
  std::vector<std::string> regions;

  [[nodiscard]] bool may(Permission permission) const {
    return permissions.test(static_cast<std::size_t>(permission));
  }
  [[nodiscard]] bool is_limited() const {
    return !channels.empty() || !shops.empty() || !regions.empty();
  }
};

/// Shared by the gate and the requests that it has let in.
using CallerPtr = std::shared_ptr<const Caller>;

/// Whether a limit lets a value through.
[[nodiscard]] inline bool is_within(const std::vector<std::string>& limit, std::string_view value) {
  return limit.empty() || std::ranges::find(limit, value) != limit.end();
}

}  // namespace crossfoot::edge
