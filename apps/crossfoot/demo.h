#pragma once

#include <cstdint>
#include <string>

namespace crossfoot::app {

struct DemoOptions {
  bool once = false;  ///< stop by itself
  std::string data;   ///< empty: a temporary folder, removed at the end
  std::uint16_t port = 8080;
  std::uint64_t seed = 1;
};

/// Plays a weekend campaign: shops in three countries and a web shop, members and strangers,
/// returns, a void, repeats, a return before its sale, ten seconds of loyalty outage; then compares
/// the three sides. Exit status 0 only if everything came to rest and tied out.
[[nodiscard]] int run_demo(const DemoOptions& options);

}  // namespace crossfoot::app
