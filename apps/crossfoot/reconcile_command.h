#pragma once

#include <string>

#include "api_client.h"
#include "base/result.h"
#include "base/time.h"

namespace crossfoot::app {

/// Starts a reconciliation at a server, shows its progress, and answers its JSON when it is done. A
/// failed one is a fault.
[[nodiscard]] Result<std::string> reconcile(ApiClient& api, BusinessDate from, BusinessDate to);

/// What a reconciliation's JSON says, for people and for exit statuses.
struct ReconciliationSummary {
  std::uint64_t receipts = 0;
  std::uint64_t agreed = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t explained = 0;
  std::uint64_t unverified = 0;
  std::uint64_t breaks = 0;

  [[nodiscard]] bool ties_out() const { return breaks == 0 && in_flight == 0 && unverified == 0; }
};
[[nodiscard]] Result<ReconciliationSummary> summarise_reconciliation(const std::string& json);
[[nodiscard]] std::string describe_reconciliation(const std::string& json);

}  // namespace crossfoot::app
