#pragma once

#include <filesystem>
#include <vector>

#include "api_client.h"
#include "base/result.h"
#include "import_report.h"

namespace crossfoot::app {

struct ImportOptions {
  std::vector<std::filesystem::path> files;  ///< csv or csv.gz
  bool reconcile = true;
  Duration patience{std::chrono::minutes{30}};  ///< for the last leg to come to rest
};

/// Takes the UCI Online Retail file through the API like any other channel: sales and adjustments
/// first, then returns in the order (time, row), so that each return finds the sales that it may
/// belong to. Faults: an unreadable file or a gz that ends early refuses the import before anything
/// is sent. Sending the same file again is harmless.
[[nodiscard]] Result<ImportReport> import_online_retail(const ImportOptions& options,
                                                        ApiClient& api);

}  // namespace crossfoot::app
