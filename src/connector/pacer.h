#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"
#include "flow/plan/leg.h"

namespace crossfoot::connector {

/// A vendor's quota, as the pack states it.
struct PacePolicy {
  std::int64_t per_minute = 0;  ///< calls, 1 … 6,000,000; 0: no quota
  std::int64_t burst = 1;       ///< calls that may leave at once after a rest, 1 … 100,000
};

/// Spreads calls to a target over time: a token bucket of the vendor's quota that the lanes share.
/// Every lane gains the right to its share of the tokens (flow::lane_shares) while it wants them;
/// tokens that nobody with such a right waits for go to whoever asks, a higher lane before a lower
/// one, and one token is kept for checkout. So no lane can starve another, and none wastes what the
/// others leave.
///
/// Adaptive: a refusal (429) halves the rate, at most once in a while, since the calls in flight
/// say the same thing; from then on it grows by a twentieth of the quota each second. Pure: time is
/// passed in, from a clock that never goes back. Shard thread.
class Pacer {
 public:
  Pacer(PacePolicy policy, Instant now);

  /// How long a call of this lane has to wait; zero: it may leave now.
  [[nodiscard]] Duration wait(flow::Lane lane, Instant now) const;
  /// A call of this lane was told to wait: lower lanes leave it the next token.
  void wants(flow::Lane lane, Instant now);
  /// A call leaves. Does not ask: what leaves without a free token is owed.
  void take(flow::Lane lane, Instant now);
  /// A call that was taken does not leave.
  void give_back(flow::Lane lane, Instant now);

  /// The target refused a call for its quota; nothing leaves for `retry_after`.
  void refused(Duration retry_after, Instant now);

  [[nodiscard]] bool is_paced() const { return policy_.per_minute > 0; }
  [[nodiscard]] const PacePolicy& policy() const { return policy_; }
  /// The rate of now, calls a minute, at most the policy's; 0 without a quota.
  [[nodiscard]] std::int64_t per_minute(Instant now) const;
  /// Until when nothing leaves at all; in the past when calls may leave.
  [[nodiscard]] Instant paused_until() const { return paused_until_; }

 private:
  /// Tokens are counted in parts, one for each microsecond at one call a minute, so that refilling
  /// is exact.
  static constexpr std::int64_t token = 60'000'000;

  struct LaneState {
    std::int64_t right = 0;  ///< parts of tokens that are this lane's own
    Instant wants_until;
  };
  struct Level {
    std::int64_t parts = 0;
    std::int64_t per_minute = 0;
    std::array<std::int64_t, flow::lane_count> rights{};
  };

  [[nodiscard]] Level level(Instant now) const;
  void refresh(Instant now);
  [[nodiscard]] std::int64_t right_max(std::size_t lane) const;
  [[nodiscard]] Duration until(std::int64_t missing, std::int64_t per_minute) const;

  PacePolicy policy_;
  std::int64_t parts_;
  std::int64_t per_minute_;
  Instant at_;
  Instant paused_until_;
  Instant slowed_at_;
  bool slowed_ = false;
  std::array<LaneState, flow::lane_count> lanes_{};
};

}  // namespace crossfoot::connector
