#include "connector/breaker.h"

#include <algorithm>
#include <array>

namespace crossfoot::connector {

bool Breaker::would_allow(Instant now) const {
  if (force_ == Force::closed) return true;
  if (force_ == Force::open) return false;
  if (!open_) return true;
  return now >= open_until_ && probes_under_way_ < policy_.probes_max;
}

std::optional<Breaker::Ticket> Breaker::allow(Instant now) {
  if (!would_allow(now)) return std::nullopt;
  const bool probe = force_ == Force::none && open_;
  if (probe) ++probes_under_way_;
  return Ticket{generation_, probe};
}

void Breaker::end_probe(Ticket ticket) {
  // Also of a probe whose pause is long over: it was on its way to the target all the same.
  if (ticket.probe && probes_under_way_ > 0) --probes_under_way_;
}

void Breaker::succeeded(Ticket ticket, Instant now, Duration took) {
  end_probe(ticket);
  if (is_stale(ticket)) return;
  const bool slow = policy_.slow > Duration{0} && took > policy_.slow;
  if (!open_) {
    failures_ = 0;
    return count(now, false, slow);
  }
  if (slow) return open(now, Duration{0}, Reason::probe_failed);
  if (++probes_succeeded_ >= policy_.probes_needed) close();
}

void Breaker::failed(Ticket ticket, Instant now, Duration retry_after) {
  end_probe(ticket);
  if (is_stale(ticket)) return;
  if (open_) return open(now, retry_after, Reason::probe_failed);
  if (failures_++ == 0) failing_since_ = now;
  window_.add(now, true, false);
  if (const Reason reason = judge(now); reason != Reason::none) open(now, retry_after, reason);
}

void Breaker::abandoned(Ticket ticket) {
  end_probe(ticket);
}

void Breaker::count(Instant now, bool failed, bool slow) {
  window_.add(now, failed, slow);
  if (!slow) return;
  if (const Reason reason = judge(now); reason != Reason::none) open(now, Duration{0}, reason);
}

Breaker::Reason Breaker::judge(Instant now) const {
  if (failures_ >= policy_.failures_max) return Reason::failures_in_a_row;
  if (failures_ >= policy_.failures_min && now - failing_since_ >= policy_.failing_for) {
    return Reason::nothing_succeeds;
  }
  const CallWindow::Counts counts = window_.counts(now);
  if (counts.calls < policy_.calls_min) return Reason::none;
  const auto reaches = [&counts](std::uint32_t some, std::uint32_t percent) {
    return std::uint64_t{some} * 100 >= std::uint64_t{counts.calls} * percent;
  };
  if (reaches(counts.failed, policy_.failure_percent)) return Reason::failure_rate;
  if (policy_.slow > Duration{0} && reaches(counts.slow, policy_.slow_percent)) {
    return Reason::slow_rate;
  }
  return Reason::none;
}

void Breaker::open(Instant now, Duration retry_after, Reason reason) {
  pause_ = open_ ? std::min(pause_ * 2, policy_.open_max) : policy_.open_for;
  if (!open_) ++openings_;
  open_ = true;
  reason_ = reason;
  ++generation_;
  open_until_ = now + std::max(pause_, retry_after);
  probes_succeeded_ = 0;
}

void Breaker::close() {
  open_ = false;
  ++generation_;
  failures_ = 0;
  probes_succeeded_ = 0;
  window_.clear();
}

void Breaker::force(Force force, Instant now) {
  force_ = force;
  ++generation_;
  if (force != Force::none) return;
  open_until_ = std::min(open_until_, now);
  if (!open_) close();
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
  static constexpr std::array<std::string_view, 3> names{"closed", "open", "half_open"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(Breaker::Reason reason) {
  static constexpr std::array<std::string_view, 6> names{
      "", "failures_in_a_row", "nothing_succeeds", "failure_rate", "slow_rate", "probe_failed"};
  return names[static_cast<std::size_t>(reason)];
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
