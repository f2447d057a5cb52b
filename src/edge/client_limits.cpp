#include "edge/client_limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace crossfoot::edge {

namespace {

/// A name of ours, not of a client.
constexpr std::string_view policy_name = "client";

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

ClientLimits::ClientLimits(ClientLimitOptions options) : options_(options) {
  if (active()) {
    policy_field_ = fmt::format("\"{}\";q={};w={}", policy_name, options_.burst,
                                seconds_for(options_.burst * request));
  }
}

std::int64_t ClientLimits::seconds_for(std::int64_t parts) const {
  const std::int64_t micros =
      divide_up(std::max<std::int64_t>(parts, 0), options_.requests_per_minute);
  return divide_up(micros, 1'000'000);
}

ClientLimits::Client& ClientLimits::find(std::string_view name, Instant now) {
  if (const auto known = clients_.find(name); known != clients_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
    return recent_.front();
  }
  if (clients_.size() >= options_.clients_max) {
    clients_.erase(recent_.back().name);
    recent_.pop_back();
  }
  recent_.push_front({std::string(name), options_.burst * request, now});
  clients_.emplace(recent_.front().name, recent_.begin());
  return recent_.front();
}

ClientLimits::Verdict ClientLimits::take(std::string_view name, Instant now) {
  Client& client = find(name, now);
  const std::int64_t full = options_.burst * request;
  const std::int64_t missing = full - client.parts;
  // As long as fills it, and no longer: the product stays in range.
  const std::int64_t micros = std::clamp<std::int64_t>(
      (now - client.at).count(), 0, divide_up(missing, options_.requests_per_minute));
  client.parts = std::min(full, client.parts + micros * options_.requests_per_minute);
  client.at = std::max(client.at, now);
  Verdict verdict;
  verdict.admitted = client.parts >= request;
  if (verdict.admitted) {
    client.parts -= request;
  } else {
    verdict.retry_s = std::max<std::int64_t>(1, seconds_for(request - client.parts));
  }
  verdict.remaining = client.parts / request;
  verdict.reset_s = seconds_for(full - client.parts);
  return verdict;
}

std::string ClientLimits::limit_field(const Verdict& verdict) {
  return fmt::format("\"{}\";r={};t={}", policy_name, verdict.remaining, verdict.reset_s);
}

}  // namespace crossfoot::edge
