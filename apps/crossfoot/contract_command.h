#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/schema/schema.h"

namespace crossfoot::app {

struct ValidateOptions {
  std::filesystem::path schema;
  std::vector<std::filesystem::path> instances;
  /// `DIR=URI`: documents whose URI begins with URI are files under DIR.
  std::vector<std::string> remotes;
  bool assert_formats = false;
  std::size_t errors_max = 20;  ///< of each instance, at least 1
};

/// What was found about one instance: a verdict, or why there is none.
struct InstanceReport {
  std::string file;
  std::optional<contract::schema::Verdict> verdict;
  std::optional<Fault> fault;
};

struct ValidationReport {
  std::string schema;
  std::optional<Fault> fault;  ///< of the schema or the options: then nothing was judged
  std::vector<InstanceReport> instances;

  /// 0 when all are valid, 1 when some are not, 2 when something could not be used.
  [[nodiscard]] int exit_status() const;
  /// One line a valid file; for another its errors. Faults are left out: they belong to stderr.
  [[nodiscard]] std::string text() const;
  /// A line for each fault.
  [[nodiscard]] std::string faults() const;
  /// One JSON object: schema, valid, fault, files with file, valid, errors, more, fault.
  [[nodiscard]] std::string json() const;
};

/// Judges files by a schema. A reference without a scheme leads to files beside the schema, all
/// others to the remotes; nothing is fetched over a network.
[[nodiscard]] ValidationReport validate_files(const ValidateOptions& options);

}  // namespace crossfoot::app
