#pragma once

#include <filesystem>
#include <string>

#include "observe/audit/verify.h"

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

/// What a journal is held against.
struct AnchorPlaces {
  std::filesystem::path in_place;   ///< the folder that the server writes
  std::filesystem::path elsewhere;  ///< a file or folder from another place; empty: none
  std::filesystem::path key;        ///< public key
};
[[nodiscard]] std::filesystem::path audit_key_of(const std::filesystem::path& data_folder);

/// Faults: CF-9002 when there is no anchor at all; what cannot be read.
[[nodiscard]] Result<observe::AuditReport> verify_archive(store::Archive& archive,
                                                          const AnchorPlaces& places);

// All work on a running server's store too, which they only read. Exit statuses: 0 whole, 1 it
// differs, 2 it could not be done.
[[nodiscard]] int audit_verify(const AuditArguments& arguments);
[[nodiscard]] int audit_export(const AuditArguments& arguments);
/// Decides every flow of the period again and compares the state hashes.
[[nodiscard]] int audit_replay(const AuditArguments& arguments);

}  // namespace crossfoot::app
