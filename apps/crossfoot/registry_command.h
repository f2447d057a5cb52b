#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace crossfoot::app {

/// What a command says, and how it ends: 0 well, 1 something is not as agreed, 2 unusable.
struct CommandOutcome {
  int status = 0;
  std::string out;     ///< for people, or one JSON document
  std::string faults;  ///< for stderr
};

struct RegistryLintOptions {
  std::filesystem::path folder;
  std::optional<BusinessDate> today;  ///< else the machine's
  /// A saved answer of `GET /v1/contracts/{name}/consumers`; repeatable.
  std::vector<std::filesystem::path> callers;
  bool json = false;
};

/// All rules of the registry. Warnings leave the status 0.
[[nodiscard]] CommandOutcome lint_registry(const RegistryLintOptions& options);

struct ContractDiffOptions {
  std::string older;  ///< a schema's file, or NAME@VERSION of the registry
  std::string newer;
  std::string direction = "backward";  ///< backward, forward or full
  std::filesystem::path folder;        ///< of the registry
  bool tolerate_additions = false;
  bool json = false;
};

/// Status 1 when the versions are not compatible in the direction asked for.
[[nodiscard]] CommandOutcome diff_contracts(const ContractDiffOptions& options);

struct ContractTestOptions {
  std::string contract;  ///< NAME or NAME@VERSION
  std::filesystem::path folder;
  std::vector<std::filesystem::path> messages;  ///< `.ndjson`, `.jsonl`: one a line; else JSON
  std::string provider;                         ///< URL of a running server; empty: none
  bool json = false;
};

/// Messages against the version; or its examples against a running server, whose answers must have
/// a declared status and shape; with neither, the examples against the version.
[[nodiscard]] CommandOutcome test_contract(const ContractTestOptions& options);

}  // namespace crossfoot::app
