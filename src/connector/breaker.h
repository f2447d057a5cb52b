#pragma once

#include <cstdint>
#include <string_view>

#include "base/fault.h"
#include "base/time.h"

namespace crossfoot::connector {

struct BreakerPolicy {
  std::uint32_t failures_max = 5;                  ///< opens after this many failures in a row …
  std::uint32_t failures_min = 2;                  ///< … or after this many …
  Duration failing_for{std::chrono::seconds{10}};  ///< … when none succeeded for this long
  Duration open_for{std::chrono::seconds{1}};      ///< first pause before a probe
  Duration open_max{std::chrono::seconds{60}};     ///< the pause doubles up to this
  std::uint32_t probes_max = 1;                    ///< calls let through at once while half open
  std::uint32_t probes_needed = 1;                 ///< successes that close it again
};

/// Keeps calls away from a target that does not answer. Pure: time is passed in. One per target,
/// shard thread. It gates calls; it rewrites no legs.
class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };
  enum class Force : std::uint8_t { none, open, closed };

  explicit Breaker(BreakerPolicy policy) : policy_(policy) {}

  /// Whether a call may start now. A true answer while half open takes a probe: one of `succeeded`,
  /// `failed` or `abandoned` must follow.
  [[nodiscard]] bool allow(Instant now);
  /// The same question without taking a probe.
  [[nodiscard]] bool would_allow(Instant now) const;

  void succeeded(Instant now);
  /// `retry_after` from the target prolongs the pause.
  void failed(Instant now, Duration retry_after = Duration{0});
  /// An allowed call ended without saying anything about the target (nothing was sent).
  void abandoned();

  /// By hand: stays so until forced to `none`, whatever the calls say.
  void force(Force force, Instant now);

  [[nodiscard]] State state(Instant now) const;
  /// When the next probe may start; `now` when calls may start, never when forced open.
  [[nodiscard]] Instant next_allowed_at(Instant now) const;

 private:
  void open(Instant now, Duration retry_after);

  BreakerPolicy policy_;
  Force force_ = Force::none;
  bool open_ = false;
  std::uint32_t failures_ = 0;
  Instant failing_since_;
  Instant open_until_;
  Duration pause_{0};
  std::uint32_t probes_under_way_ = 0;
  std::uint32_t probes_succeeded_ = 0;
};

[[nodiscard]] std::string_view to_string(Breaker::State state);

/// Whether a fault of this class says that the target is ill. Refusals are healthy answers, and a
/// throttling target is paced, not broken.
[[nodiscard]] bool counts_as_failure(FaultClass fault_class);

}  // namespace crossfoot::connector
