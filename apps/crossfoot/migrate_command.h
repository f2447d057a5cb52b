#pragma once

#include <filesystem>
#include <string>

namespace crossfoot::app {

/// From which folder to which database, and what the journal is held against.
struct MigrateArguments {
  std::filesystem::path from;    ///< data folder of a stopped server
  std::string to;                ///< libpq's connection string or URI, or `env:NAME`, `file:PATH`
  std::filesystem::path anchor;  ///< where `audit.anchor_folder` points; empty: beside the data
  std::filesystem::path key;     ///< public key; empty: the one in the data folder
  bool verify_only = false;
  bool json = false;
};

/// Moves an embedded data store into an empty PostgreSQL database and proves the copy. Exit
/// statuses: 0 everything is equal, 1 something differs, 2 it could not be done.
[[nodiscard]] int migrate(const MigrateArguments& arguments);

}  // namespace crossfoot::app
