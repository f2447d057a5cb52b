#pragma once

#include <filesystem>
#include <string>

namespace crossfoot::app {

/// Which data store, and what it is held against.
struct AuditArguments {
  std::filesystem::path config;  ///< or `data`
  std::filesystem::path data;
  std::filesystem::path anchor;  ///< a file or folder from another place, beside the usual folder
  std::filesystem::path key;     ///< public key; empty: the one beside the data store
  std::string from;              ///< day or time; empty: from the first
  std::string until;             ///< day (with all of it) or time; empty: to the last
  bool json = false;
};

// All work on a running server's store too, which they only read. Exit statuses: 0 whole, 1 it
// differs, 2 it could not be done.
[[nodiscard]] int audit_verify(const AuditArguments& arguments);
[[nodiscard]] int audit_export(const AuditArguments& arguments);
/// Decides every flow of the period again and compares the state hashes.
[[nodiscard]] int audit_replay(const AuditArguments& arguments);

}  // namespace crossfoot::app
