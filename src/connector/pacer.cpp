#include "connector/pacer.h"

#include <algorithm>

namespace crossfoot::connector {

namespace {

/// Refusals within this time after a slow-down answer calls that left before it.
constexpr Duration slow_down_once_in{std::chrono::seconds{1}};
/// The rate never falls below this part of the quota: a call must leave to learn that it may.
constexpr std::int64_t slowest_part = 64;
constexpr std::int64_t growth_percent = 5;
/// How long a lane that was told to wait is waited for beyond its turn.
constexpr Duration patience{std::chrono::milliseconds{250}};
constexpr Duration wait_min{std::chrono::milliseconds{1}};

}  // namespace

Pacer::Pacer(PacePolicy policy, Instant now)
    : policy_(policy),
      parts_(policy.burst * token),
      per_minute_(policy.per_minute),
      at_(now),
      paused_until_(now) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i] = {right_max(i), now};
}

std::int64_t Pacer::right_max(std::size_t lane) const {
  return std::max(token, policy_.burst * token / 100 * flow::lane_shares[lane]);
}

Pacer::Level Pacer::level(Instant now) const {
  Level level{parts_, per_minute_, {}};
  // More than fills everything changes nothing, and must not overflow.
  const std::int64_t full =
      100 * (policy_.burst + 1) * token / std::max<std::int64_t>(per_minute_, 1);
  const std::int64_t micros = std::clamp<std::int64_t>((now - at_).count(), 0, full);
  if (slowed_) {
    const std::int64_t grown = std::clamp<std::int64_t>((now - at_).count(), 0, 60'000'000) *
                               policy_.per_minute / 100 * growth_percent / 1'000'000;
    level.per_minute = std::min(policy_.per_minute, per_minute_ + grown);
  }
  const std::int64_t gained = micros * per_minute_;
  level.parts = std::min(policy_.burst * token, parts_ + gained);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    level.rights[i] = std::min(right_max(i), lanes_[i].right + gained / 100 * flow::lane_shares[i]);
  }
  return level;
}

void Pacer::refresh(Instant now) {
  const Level at = level(now);
  parts_ = at.parts;
  per_minute_ = at.per_minute;
  if (per_minute_ >= policy_.per_minute) slowed_ = false;
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].right = at.rights[i];
  at_ = std::max(at_, now);
}

Duration Pacer::until(std::int64_t missing, std::int64_t per_minute) const {
  if (missing <= 0) return wait_min;
  return std::max(wait_min, Duration{(missing + per_minute - 1) / per_minute});
}

Duration Pacer::wait(flow::Lane lane, Instant now) const {
  if (now < paused_until_) return paused_until_ - now;
  if (!is_paced()) return Duration{0};
  const Level at = level(now);
  const auto own = static_cast<std::size_t>(lane);
  const bool has_right = at.rights[own] >= token;
  if (at.parts < token) return until(token - at.parts, at.per_minute);
  if (has_right) return Duration{0};
  const Duration until_right =
      until((token - at.rights[own]) * 100 / flow::lane_shares[own], at.per_minute);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (i == own || lanes_[i].wants_until <= now) continue;
    const bool goes_first = i < own || at.rights[i] >= token;
    if (goes_first) return std::min(until_right, lanes_[i].wants_until - now);
  }
  // A burst of one leaves nothing to keep.
  const std::int64_t kept = own > 0 && policy_.burst > 1 ? token : 0;
  if (at.parts >= token + kept) return Duration{0};
  return std::min(until_right, until(token + kept - at.parts, at.per_minute));
}

void Pacer::wants(flow::Lane lane, Instant now) {
  if (!is_paced()) return;
  lanes_[static_cast<std::size_t>(lane)].wants_until = now + wait(lane, now) + patience;
}

void Pacer::take(flow::Lane lane, Instant now) {
  if (!is_paced()) return;
  refresh(now);
  LaneState& own = lanes_[static_cast<std::size_t>(lane)];
  parts_ -= token;
  if (own.right >= token) own.right -= token;
  own.wants_until = now;
}

void Pacer::give_back(flow::Lane lane, Instant now) {
  if (!is_paced()) return;
  refresh(now);
  parts_ = std::min(policy_.burst * token, parts_ + token);
  LaneState& own = lanes_[static_cast<std::size_t>(lane)];
  own.right = std::min(right_max(static_cast<std::size_t>(lane)), own.right + token);
}

void Pacer::refused(Duration retry_after, Instant now) {
  paused_until_ = std::max(paused_until_, now + retry_after);
  if (!is_paced()) return;
  if (slowed_ && now - slowed_at_ < slow_down_once_in) return;
  refresh(now);
  slowed_ = true;
  slowed_at_ = now;
  const std::int64_t slowest = std::max<std::int64_t>(1, policy_.per_minute / slowest_part);
  per_minute_ = std::max(slowest, per_minute_ / 2);
  // What was saved up was saved at a rate that the target does not grant.
  parts_ = std::min(parts_, token);
}

std::int64_t Pacer::per_minute(Instant now) const {
  return is_paced() ? level(now).per_minute : 0;
}

}  // namespace crossfoot::connector
