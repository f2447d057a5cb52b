#pragma once

#include <filesystem>
#include <string>

namespace crossfoot::app {

struct RestoredArguments {
  std::filesystem::path config;
  std::string at;  ///< RFC 3339: when the lost server was surely gone; empty: now
  bool json = false;
};

/// Marks a data store as restored from a backup, while no server runs on it: from then on the
/// targets are asked before anything is sent that they may have already. Exit statuses: 0 marked,
/// 2 it could not be done.
[[nodiscard]] int mark_restored(const RestoredArguments& arguments);

}  // namespace crossfoot::app
