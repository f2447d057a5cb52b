#include "connector/pack_policies.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace crossfoot::connector {

namespace {

/// `10/s`, `600/min`.
std::optional<std::int64_t> calls_per_minute(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view unit = text.substr(slash + 1);
  if (unit != "s" && unit != "min") return std::nullopt;
  std::int64_t count = 0;
  const char* end = text.data() + slash;
  const auto [at, error] = std::from_chars(text.data(), end, count);
  const std::int64_t most = unit == "s" ? 100'000 : 6'000'000;
  if (error != std::errc{} || at != end || count < 1 || count > most) return std::nullopt;
  return unit == "s" ? count * 60 : count;
}

}  // namespace

PacePolicy read_pace(YamlMap& limits) {
  PacePolicy pace;
  if (const auto rate = limits.text("rate")) {
    if (const auto found = calls_per_minute(*rate)) {
      pace.per_minute = *found;
    } else {
      limits.wrong_at("rate", "'rate' must be calls as N/s (to 100000) or N/min (to 6000000)");
    }
  }
  // A second's worth, so that calls need not be spaced out one by one.
  const std::int64_t second = std::clamp<std::int64_t>(pace.per_minute / 60, 1, 100'000);
  pace.burst = limits.number("burst", second, 1, 100'000);
  return pace;
}

BreakerPolicy read_breaker(const YAML::Node& node, const std::string& what, BreakerPolicy breaker,
                           const FaultList& list) {
  YamlMap map(node, what, list);
  const auto number = [&map](std::string_view key, std::uint32_t otherwise, std::int64_t least,
                             std::int64_t most) {
    return static_cast<std::uint32_t>(map.number(key, otherwise, least, most));
  };
  const auto above_zero = [&map](std::string_view key, Duration otherwise) {
    const Duration given = map.duration(key, otherwise);
    if (given > Duration{0}) return given;
    map.wrong_at(key, "'" + std::string(key) + "' must be above zero");
    return otherwise;
  };
  breaker.failures_max = number("failures", breaker.failures_max, 1, 10'000);
  breaker.failing_for = map.duration("failing_for", breaker.failing_for);
  breaker.window = above_zero("window", breaker.window);
  breaker.lookback = above_zero("lookback", breaker.lookback);
  breaker.calls_min = number("calls_min", breaker.calls_min, 2, 1000);
  breaker.failure_percent = number("failure_percent", breaker.failure_percent, 1, 100);
  breaker.slow = map.duration("slow", breaker.slow);
  breaker.slow_percent = number("slow_percent", breaker.slow_percent, 1, 100);
  breaker.open_for = above_zero("open_for", breaker.open_for);
  breaker.open_max = above_zero("open_max", std::max(breaker.open_max, breaker.open_for));
  breaker.probes_max = number("probes", breaker.probes_max, 1, 100);
  breaker.probes_needed = number("probes_needed", breaker.probes_needed, 1, 100);
  if (breaker.open_max < breaker.open_for) {
    map.wrong_at("open_max", "'open_max' must be at least 'open_for'");
  }
  map.finish();
  return breaker;
}

}  // namespace crossfoot::connector
