#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/fault.h"
#include "flow/decide/policy.h"

namespace crossfoot::app {

/// What a connector's `retry` says otherwise than the settings under `retry`.
struct RetryOverrides {
  std::optional<std::int64_t> first_ms;
  std::optional<std::int64_t> longest_ms;
  std::optional<std::int64_t> budget_ms;
  std::optional<std::int64_t> tries_max;

  [[nodiscard]] flow::RetryPolicy over(flow::RetryPolicy otherwise) const;
};
struct RetryConfig {
  RetryOverrides usual;
  std::map<FaultClass, RetryOverrides> by_class;

  [[nodiscard]] flow::RetrySchedule over(const flow::RetryPolicy& otherwise) const;
};

/// `key` is empty for the mapping as a whole.
using RetryFault =
    std::function<void(const YAML::Node& at, const std::string& key, const std::string& text)>;

/// Reads `retry` of a connector. Faults are told one by one; a faulty value is left out.
[[nodiscard]] RetryConfig read_retry(const YAML::Node& node, const RetryFault& fault);

/// JSON Schema of `retry`, for editors.
[[nodiscard]] std::string retry_schema();
/// Rows of the configuration's reference page.
[[nodiscard]] std::string retry_reference_rows();

}  // namespace crossfoot::app
