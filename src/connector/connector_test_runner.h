#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "connector/pack.h"

namespace crossfoot::connector {

/// One example of a pack (`examples/*.json`), run offline.
struct ExampleReport {
  std::string file;
  std::string about;
  bool passed = false;
  std::string detail;  ///< what differs, in words, when it failed
};

struct PackReport {
  std::string name;
  std::vector<PackFault> faults;        ///< of the pack; with any, no example runs
  std::vector<ExampleReport> examples;  ///< by file name
  std::vector<std::string> untested;    ///< operations without a successful example

  [[nodiscard]] bool passed() const;
};

/// Loads the pack and runs its examples: the request made of the call must equal the expected one,
/// and the recorded response must be read as the expected result. No network, no secret, no clock:
/// `now` is 2026-11-21T00:00:00Z. The form of an example is in connectors/README.md.
[[nodiscard]] PackReport test_pack(const std::filesystem::path& folder);

/// For people: one line an example, then what failed.
[[nodiscard]] std::string to_text(const PackReport& report);

}  // namespace crossfoot::connector
