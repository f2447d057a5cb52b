#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace crossfoot::store::postgres {

/// What the server says of itself: whether `applied` may be promised on it.
struct ServerSettings {
  std::int64_t version = 0;  ///< e.g. 150018
  std::string encoding;
  std::string fsync;
  std::string full_page_writes;
  std::string synchronous_commit;
  std::int64_t synchronous_standbys = 0;  ///< streaming now
  bool standbys_visible = true;  ///< false: our role may not see how standbys are connected
};

[[nodiscard]] Result<ServerSettings> read_settings(Connection& connection);

/// Refuses what would break the promise that an accepted unit is durable: CF-5010. With
/// `no_loss_on_node_failure` also a server without a synchronous standby: CF-5011.
[[nodiscard]] Status judge_settings(const ServerSettings& settings, bool no_loss_on_node_failure);

}  // namespace crossfoot::store::postgres
