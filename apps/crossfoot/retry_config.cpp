#include "retry_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>

#include "contract/json_writer.h"

namespace crossfoot::app {

namespace {

struct Field {
  std::string_view key;
  std::int64_t least;
  std::int64_t most;
  std::string_view unit;
  std::optional<std::int64_t> RetryOverrides::* into;
};

constexpr std::array<Field, 4> fields{{
    {"first_ms", 1, 600'000, "ms", &RetryOverrides::first_ms},
    {"longest_ms", 1, 86'400'000, "ms", &RetryOverrides::longest_ms},
    {"budget_ms", 1000, 2'592'000'000, "ms", &RetryOverrides::budget_ms},
    {"tries_max", 0, 10'000, "tries", &RetryOverrides::tries_max},
}};

/// Classes whose faults lead to another try or another question (flow::fault_rule).
constexpr std::array<FaultClass, 7> retried{
    FaultClass::transient, FaultClass::throttled, FaultClass::conflict,       FaultClass::corrupt,
    FaultClass::cancelled, FaultClass::deadline,  FaultClass::unknown_outcome};

bool read_field(const YAML::Node& member, const std::string& name, RetryOverrides& into,
                const RetryFault& fault) {
  for (const Field& field : fields) {
    if (field.key != name) continue;
    const std::string given = member.IsScalar() ? member.Scalar() : std::string();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (given.empty() || error != std::errc{} || end != given.data() + given.size() ||
        value < field.least || value > field.most) {
      fault(member, name,
            fmt::format("'{}' is not a whole number of {} from {} to {}", given, field.unit,
                        field.least, field.most));
    } else {
      into.*field.into = value;
    }
    return true;
  }
  return false;
}

void read_classes(const YAML::Node& node, RetryConfig& config, const RetryFault& fault) {
  if (!node.IsMap()) return fault(node, "by_class", "settings by fault class are wanted here");
  for (const auto& entry : node) {
    const std::string name = entry.first.as<std::string>();
    const std::string key = "by_class." + name;
    const auto* known =
        std::ranges::find_if(retried, [&name](FaultClass one) { return to_string(one) == name; });
    if (known == retried.end()) {
      fault(entry.first, key, "no fault class that is tried again; docs/reference/policy.md");
      continue;
    }
    if (!entry.second.IsMap()) {
      fault(entry.second, key, "settings by name are wanted here");
      continue;
    }
    RetryOverrides& overrides = config.by_class[*known];
    for (const auto& member : entry.second) {
      const std::string field = member.first.as<std::string>();
      if (!read_field(member.second, field, overrides, fault)) {
        fault(member.first, key + "." + field, "no such setting");
      }
    }
  }
}

}  // namespace

flow::RetryPolicy RetryOverrides::over(flow::RetryPolicy policy) const {
  if (first_ms) policy.first = std::chrono::milliseconds{*first_ms};
  if (longest_ms) policy.longest = std::chrono::milliseconds{*longest_ms};
  if (budget_ms) policy.budget = std::chrono::milliseconds{*budget_ms};
  if (tries_max) policy.tries_max = static_cast<std::uint16_t>(*tries_max);
  return policy;
}

flow::RetrySchedule RetryConfig::over(const flow::RetryPolicy& otherwise) const {
  flow::RetrySchedule schedule;
  schedule.usual = usual.over(otherwise);
  for (const auto& [fault_class, overrides] : by_class) {
    schedule.by_class.emplace_back(fault_class, overrides.over(schedule.usual));
  }
  return schedule;
}

RetryConfig read_retry(const YAML::Node& node, const RetryFault& fault) {
  RetryConfig config;
  if (!node.IsMap()) {
    fault(node, {}, "settings by name are wanted here");
    return config;
  }
  for (const auto& member : node) {
    const std::string name = member.first.as<std::string>();
    if (name == "by_class") {
      read_classes(member.second, config, fault);
    } else if (!read_field(member.second, name, config.usual, fault)) {
      fault(member.first, name, "no such setting");
    }
  }
  return config;
}

std::string retry_schema() {
  contract::JsonWriter out;
  const auto four = [&out] {
    for (const Field& field : fields) {
      out.key(field.key).begin_object().member("type", "integer");
      out.member("minimum", field.least).member("maximum", field.most).end_object();
    }
  };
  out.begin_object().member("type", "object").member("additionalProperties", false);
  out.key("properties").begin_object();
  four();
  out.key("by_class").begin_object().member("type", "object");
  out.member("additionalProperties", false).key("properties").begin_object();
  for (const FaultClass one : retried) {
    out.key(to_string(one)).begin_object().member("type", "object");
    out.member("additionalProperties", false).key("properties").begin_object();
    four();
    out.end_object().end_object();
  }
  out.end_object().end_object().end_object().end_object();
  return out.take();
}

std::string retry_reference_rows() {
  std::string rows;
  for (const Field& field : fields) {
    rows += fmt::format(
        "| `connectors[].retry.{0}` | {1} | `retry.{0}` | {2} … {3} | | Of this target. |\n",
        field.key, field.unit, field.least, field.most);
  }
  rows +=
      "| `connectors[].retry.by_class.CLASS` | | the target's | | {throttled: {first_ms: 1000}} | "
      "The same four settings for faults of one class: ";
  for (const FaultClass one : retried) {
    rows += fmt::format("{}`{}`", one == retried.front() ? "" : ", ", to_string(one));
  }
  return rows + ". |\n";
}

}  // namespace crossfoot::app
