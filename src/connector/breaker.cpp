#include "connector/breaker.h"

#include <algorithm>

namespace crossfoot::connector {

bool Breaker::would_allow(Instant now) const {
  if (force_ == Force::closed) return true;
  if (force_ == Force::open) return false;
  if (!open_) return true;
  return now >= open_until_ && probes_under_way_ < policy_.probes_max;
}

bool Breaker::allow(Instant now) {
  if (!would_allow(now)) return false;
  if (force_ == Force::none && open_) ++probes_under_way_;
  return true;
}

void Breaker::succeeded(Instant now) {
  if (!open_) {
    failures_ = 0;
    return;
  }
  // An answer to a call that began before it opened is no probe, and closes nothing.
  if (probes_under_way_ == 0 || now < open_until_) return;
  --probes_under_way_;
  if (++probes_succeeded_ < policy_.probes_needed) return;
  open_ = false;
  failures_ = 0;
  pause_ = Duration{0};
}

void Breaker::failed(Instant now, Duration retry_after) {
  if (open_) {
    if (probes_under_way_ == 0) return;
    open(now, retry_after);
    return;
  }
  if (failures_++ == 0) failing_since_ = now;
  const bool in_a_row = failures_ >= policy_.failures_max;
  const bool too_long =
      failures_ >= policy_.failures_min && now - failing_since_ >= policy_.failing_for;
  if (in_a_row || too_long) open(now, retry_after);
}

void Breaker::abandoned() {
  if (probes_under_way_ > 0) --probes_under_way_;
}

void Breaker::open(Instant now, Duration retry_after) {
  pause_ = open_ ? std::min(pause_ * 2, policy_.open_max) : policy_.open_for;
  open_ = true;
  open_until_ = now + std::max(pause_, retry_after);
  probes_under_way_ = 0;
  probes_succeeded_ = 0;
}

void Breaker::force(Force force, Instant now) {
  force_ = force;
  if (force != Force::none) return;
  // Back to automatic: an open breaker asks its target at once.
  open_until_ = std::min(open_until_, now);
}

Breaker::State Breaker::state(Instant now) const {
  if (force_ == Force::closed) return State::closed;
  if (force_ == Force::open) return State::open;
  if (!open_) return State::closed;
  return now >= open_until_ ? State::half_open : State::open;
}

Instant Breaker::next_allowed_at(Instant now) const {
  if (force_ == Force::closed) return now;
  if (force_ == Force::open) return Instant::never();
  if (!open_) return now;
  // While the probes are out, the next one waits a pause: they will have opened or closed it.
  if (now >= open_until_ && probes_under_way_ >= policy_.probes_max) return now + pause_;
  return std::max(now, open_until_);
}

std::string_view to_string(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed:
      return "closed";
    case Breaker::State::open:
      return "open";
    case Breaker::State::half_open:
      return "half_open";
  }
  return "closed";
}

bool counts_as_failure(FaultClass fault_class) {
  switch (fault_class) {
    case FaultClass::transient:
    case FaultClass::unknown_outcome:
    case FaultClass::unauthorised:
    case FaultClass::corrupt:
      return true;
    default:
      return false;
  }
}

}  // namespace crossfoot::connector
