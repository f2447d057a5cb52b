#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace crossfoot::edge {

/// What one client may ask for. A policy in the words of the IETF draft "RateLimit header fields
/// for HTTP" (draft-ietf-httpapi-ratelimit-headers): `burst` requests in each window.
struct ClientLimitOptions {
  std::int64_t requests_per_minute = 0;  ///< 0: no limit
  std::int64_t burst = 1000;             ///< requests at once after a rest, 1 …
  std::size_t clients_max = 10'000;      ///< kept in memory; the one longest silent goes first
};

/// A token bucket for each client. Memory is bounded by `clients_max`: a client that is forgotten
/// begins with a full bucket. Pure: time is passed in, from a clock that never goes back.
class ClientLimits {
 public:
  struct Verdict {
    bool admitted = true;
    std::int64_t remaining = 0;  ///< requests that may follow at once
    std::int64_t reset_s = 0;    ///< seconds until the whole burst is there again
    std::int64_t retry_s = 0;    ///< seconds until one request may come, when refused
  };

  explicit ClientLimits(ClientLimitOptions options);

  [[nodiscard]] bool active() const { return options_.requests_per_minute > 0; }
  /// Takes one request of the client, when there is one left. Only while active.
  [[nodiscard]] Verdict take(std::string_view client, Instant now);

  /// Values of the header fields, structured fields of RFC 9651.
  [[nodiscard]] const std::string& policy_field() const { return policy_field_; }
  [[nodiscard]] static std::string limit_field(const Verdict& verdict);

  [[nodiscard]] std::size_t clients() const { return clients_.size(); }

 private:
  /// Parts of a request: one for each microsecond at one request a minute.
  static constexpr std::int64_t request = 60'000'000;
  struct Client {
    std::string name;
    std::int64_t parts = 0;
    Instant at;
  };

  [[nodiscard]] Client& find(std::string_view name, Instant now);
  [[nodiscard]] std::int64_t seconds_for(std::int64_t parts) const;

  ClientLimitOptions options_;
  std::string policy_field_;
  std::list<Client> recent_;  ///< the latest first
  std::unordered_map<std::string_view, std::list<Client>::iterator> clients_;
};

}  // namespace crossfoot::edge
