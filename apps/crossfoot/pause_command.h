#pragma once

#include <string>

#include "api_client.h"
#include "base/result.h"

namespace crossfoot::app {

/// What `crossfoot pause` and `crossfoot resume` were asked for.
struct PauseArguments {
  std::string kind;  ///< `target`, `shop`, `member`, `region` or `key`
  std::string value;
  std::string by;
  std::string reason;
};

/// Holds back at a server, lets go on again, or lists (no kind): the pauses that there are then, as
/// JSON.
[[nodiscard]] Result<std::string> start_pause(ApiClient& api, const PauseArguments& arguments);
[[nodiscard]] Result<std::string> end_pause(ApiClient& api, const PauseArguments& arguments);

/// In a few lines for people.
[[nodiscard]] std::string describe_pauses(const std::string& json);

}  // namespace crossfoot::app
