#pragma once

#include <string>

#include "api_client.h"
#include "base/result.h"

namespace crossfoot::app {

/// What `crossfoot replay` was asked for; empty texts mean any.
struct ReplayArguments {
  std::string code;
  std::string target;
  std::string shop;
  std::string member;
  std::string channel;
  std::string from;   ///< business date
  std::string until;  ///< business date
  bool dead_only = false;
  bool run = false;  ///< false: a dry run
  std::uint32_t flows_per_second = 200;
  std::string by;
  std::string reason;
};

/// Starts a replay at a server and answers its JSON when it has ended.
[[nodiscard]] Result<std::string> replay(ApiClient& api, const ReplayArguments& arguments);

/// In a few lines for people.
[[nodiscard]] std::string describe_replay(const std::string& json);

}  // namespace crossfoot::app
