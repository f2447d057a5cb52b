#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/fault.h"
#include "base/time.h"
#include "connector/call_window.h"

namespace crossfoot::connector {

/// When calls are kept away. Any of the four reasons opens; the first two need no traffic to speak
/// of, so that a small shop's target is judged as well.
struct BreakerPolicy {
  std::uint32_t failures_max = 5;                  ///< in a row; 1 …
  std::uint32_t failures_min = 2;                  ///< or so many in a row, when …
  Duration failing_for{std::chrono::seconds{10}};  ///< … nothing succeeded for this long
  Duration window{std::chrono::seconds{30}};       ///< rates are taken over these calls …
  std::uint32_t calls_min = 20;                    ///< … or over the last so many, 2 … 1000 …
  Duration lookback{std::chrono::minutes{5}};      ///< … that are no older than this
  std::uint32_t failure_percent = 50;              ///< of failed calls, 1 … 100
  Duration slow{0};                                ///< a call that takes longer is slow; 0: none is
  std::uint32_t slow_percent = 80;                 ///< of slow calls, 1 … 100
  Duration open_for{std::chrono::seconds{1}};      ///< first pause before a probe
  Duration open_max{std::chrono::seconds{60}};     ///< the pause doubles up to this
  std::uint32_t probes_max = 1;                    ///< calls let through at once while half open
  std::uint32_t probes_needed = 1;                 ///< good ones that close it again
};

/// Keeps calls away from an operation that does not answer. Pure: time is passed in, from a clock
/// that never goes back. One per target and operation, shard thread. It gates calls; it rewrites no
/// legs.
class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };
  enum class Force : std::uint8_t { none, open, closed };
  /// Why it opened last.
  enum class Reason : std::uint8_t {
    none,
    failures_in_a_row,
    nothing_succeeds,
    failure_rate,
    slow_rate,
    probe_failed,
  };
  /// Of a call that was let through; its end is told with it, once.
  struct Ticket {
    std::uint32_t generation = 0;
    bool probe = false;
  };

  explicit Breaker(const BreakerPolicy& policy)
      : policy_(policy), window_(policy.window, policy.lookback, policy.calls_min) {}

  /// Lets a call start, or answers nothing. While half open it becomes a probe.
  [[nodiscard]] std::optional<Ticket> allow(Instant now);
  /// The same question without starting anything.
  [[nodiscard]] bool would_allow(Instant now) const;

  /// How the call of a ticket ended. What began before the last change of state, or while a state
  /// was forced, changes nothing. `retry_after` from the target prolongs the pause.
  void succeeded(Ticket ticket, Instant now, Duration took = Duration{0});
  void failed(Ticket ticket, Instant now, Duration retry_after = Duration{0});
  /// An allowed call ended without saying anything about the target (nothing was sent).
  void abandoned(Ticket ticket);

  /// By hand: stays so until forced to `none`, whatever the calls say. Back to automatic, an open
  /// one asks its target at once.
  void force(Force force, Instant now);

  [[nodiscard]] State state(Instant now) const;
  [[nodiscard]] Force forced() const { return force_; }
  [[nodiscard]] Reason reason() const { return reason_; }
  [[nodiscard]] std::uint64_t openings() const { return openings_; }
  /// Probes that have not ended, never more than `probes_max`.
  [[nodiscard]] std::uint32_t probes_under_way() const { return probes_under_way_; }
  /// When the next probe may start; `now` when calls may start, never when forced open.
  [[nodiscard]] Instant next_allowed_at(Instant now) const;

 private:
  [[nodiscard]] bool is_stale(Ticket ticket) const {
    return force_ != Force::none || ticket.generation != generation_;
  }
  void end_probe(Ticket ticket);
  void count(Instant now, bool failed, bool slow);
  [[nodiscard]] Reason judge(Instant now) const;
  void open(Instant now, Duration retry_after, Reason reason);
  void close();

  BreakerPolicy policy_;
  CallWindow window_;
  Force force_ = Force::none;
  Reason reason_ = Reason::none;
  bool open_ = false;
  std::uint32_t generation_ = 0;  ///< grows with every change of state
  std::uint32_t failures_ = 0;    ///< in a row
  Instant failing_since_;
  Instant open_until_;
  Duration pause_{0};
  std::uint32_t probes_under_way_ = 0;
  std::uint32_t probes_succeeded_ = 0;
  std::uint64_t openings_ = 0;
};

[[nodiscard]] std::string_view to_string(Breaker::State state);
[[nodiscard]] std::string_view to_string(Breaker::Reason reason);

/// Whether a fault of this class says that the target is ill. Refusals are healthy answers, and a
/// throttling target is paced, not broken.
[[nodiscard]] bool counts_as_failure(FaultClass fault_class);

}  // namespace crossfoot::connector
