#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "sandbox/json.h"
#include "sandbox/system.h"

namespace crossfoot::sandbox {

/// What befalls one call; at most one of them.
enum class Mishap : std::uint8_t {
  none,
  outage,             ///< 503 while the outage lasts, no effect
  throttled,          ///< 429 with Retry-After, no effect
  unavailable,        ///< 503, no effect
  applied_late,       ///< 504 now, the effect later: a query in between finds nothing
  timeout,            ///< effect, then silence for longer than the caller waits
  unavailable_after,  ///< effect, then 503
  malformed,          ///< effect, then an answer that breaks off
  duplicate,          ///< effect, then the answer twice in one body
};
inline constexpr std::size_t mishap_count = 9;

[[nodiscard]] std::string_view to_string(Mishap mishap);

/// The configured faults. What befalls a call is drawn from the seed, the call's content and how
/// often that content has come: the same traffic meets the same faults, whatever the order in which
/// connections deliver it.
class Faults {
 public:
  struct Drawn {
    Mishap mishap = Mishap::none;
    Duration latency{0};
  };

  explicit Faults(std::uint64_t seed) : seed_(seed), default_seed_(seed) {}

  /// Replaces the whole configuration and forgets what has come. Answers what is wrong with it.
  [[nodiscard]] std::optional<std::string> configure(std::string_view json, Duration now);
  void clear();

  [[nodiscard]] bool active() const { return active_; }
  /// `now` on the monotonic clock that configure() was given.
  [[nodiscard]] Drawn draw(const Call& call, Duration now);

  [[nodiscard]] std::int64_t retry_after_s() const { return plan_.retry_after_s; }
  /// How long a timed-out answer is held, and when a late effect happens.
  [[nodiscard]] Duration hold() const { return std::chrono::milliseconds{plan_.hold_ms}; }
  [[nodiscard]] Duration late() const { return std::chrono::milliseconds{plan_.late_ms}; }

  /// Adds a member `faults` with a count per mishap.
  void stats(JsonWriter& out) const;

 private:
  struct Plan {
    std::int64_t latency_min_ms = 0;
    std::int64_t latency_max_ms = 0;
    std::int64_t retry_after_s = 1;
    std::int64_t hold_ms = 15'000;
    std::int64_t late_ms = 3'000;
    std::array<std::uint32_t, mishap_count> per_million{};
    Duration outage_from{0};
    Duration outage_until{0};
  };
  [[nodiscard]] static Plan read(JsonFields& fields, std::string& fault, Duration now);

  std::uint64_t seed_;
  std::uint64_t default_seed_;
  bool active_ = false;
  Plan plan_;
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;
  std::array<std::int64_t, mishap_count> counts_{};
};

}  // namespace crossfoot::sandbox
