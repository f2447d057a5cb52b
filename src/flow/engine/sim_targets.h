#pragma once

// Simulated targets for the engine's simulation: their own books, their own arithmetic (they share
// no code with ledger or decide), and faults drawn from a seed. Test code.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "flow/plan/caller.h"
#include "runtime/random.h"
#include "runtime/scheduler.h"

namespace crossfoot::flow::sim {

/// How badly the targets behave, in millionths.
struct TargetFaults {
  std::uint32_t lost_before = 0;   ///< nothing happens, connection refused
  std::uint32_t lost_after = 0;    ///< it happens, the answer is lost
  std::uint32_t lost_unclear = 0;  ///< the request is lost, the caller cannot know
  std::uint32_t throttled = 0;
  std::uint32_t late_apply = 0;    ///< unclear, and applied only later (after "not found")
  std::uint32_t malformed = 0;     ///< it happens, the answer is garbage
  std::uint32_t duplicated = 0;    ///< delivered twice, where the target honours the reference
  Duration call_every{0};          ///< the quota of a target: one call in this time; zero: none
  Duration shut_for{0};            ///< each operation lets nothing through this long …
  Duration shut_every{1'000'000};  ///< … of every such time, one after the other
  Duration latency_max{std::chrono::milliseconds{50}};
  Duration late_max{std::chrono::seconds{20}};  ///< shorter than the settle time
};

/// The ways in which one call fails.
enum class CallFault : std::uint8_t {
  refused,   ///< nothing happens, connection refused
  lost,      ///< nothing happens, the caller cannot know
  unheard,   ///< it happens, the answer is lost
  late,      ///< the caller's deadline passes, then it happens
  garbled,   ///< it happens, the answer is garbage
  throttled  ///< nothing happens, 429
};
[[nodiscard]] const char* to_string(CallFault fault);
inline constexpr CallFault call_faults[] = {CallFault::refused, CallFault::lost,
                                            CallFault::unheard, CallFault::late,
                                            CallFault::garbled, CallFault::throttled};

/// Makes the n-th call (or the n-th question) of a run fail, counted from 1.
struct Scripted {
  std::uint64_t call = 0;
  CallFault fault = CallFault::refused;
  std::uint64_t lookup = 0;  ///< fails before the target hears of it
};

/// One effect in a target's own book.
struct Effect {
  std::string operation;
  std::string reference;
  std::int64_t points = 0;
  std::string original;                                            ///< reference of what it undoes
  std::vector<std::pair<std::uint32_t, std::int64_t>> lines = {};  ///< units that it undoes
};

/// The books outlive the server's crashes.
class Targets {
 public:
  std::map<std::string, std::vector<Effect>> effects;  ///< by target
  std::map<std::string, std::int64_t> lines_left;      ///< accrual|line → units not reversed
  std::map<std::string, std::int64_t> lines_sold;      ///< accrual|line → units
  std::vector<std::string> faults;                     ///< what should never happen
  std::set<std::string> down;                          ///< targets in an outage
  bool refuses_excess = false;        ///< … instead of noting a fault: legs before it may be parked
  std::map<std::string, int> refuse;  ///< operation → how many calls it turns away
  std::set<std::string> drifted;      ///< targets whose answers have another schema for now
  std::set<std::string> slow;         ///< targets that take seconds, and overtake themselves

  std::function<void(std::string)> told;  ///< hears of each effect; may be empty

  void add(const std::string& target, Effect effect);
  [[nodiscard]] const Effect* find(const std::string& target, const std::string& reference) const;
  [[nodiscard]] std::size_t count(const std::string& target, const std::string& reference) const;
  /// How often an effect was undone by another with this operation.
  [[nodiscard]] std::size_t undone(const std::string& target, const std::string& operation,
                                   const std::string& reference) const;

 private:
  /// Target and reference → places in its effects.
  std::unordered_map<std::string, std::vector<std::size_t>> by_reference_;
};

/// A Caller over the books, on virtual time: what happens at the targets is a task of the world,
/// what the server hears of it a task of the server.
class SimCaller final : public Caller {
 public:
  SimCaller(runtime::Scheduler& world, runtime::Scheduler& server, Targets& targets,
            TargetFaults faults, Scripted scripted, std::uint64_t seed)
      : world_(world),
        server_(server),
        targets_(targets),
        faults_(faults),
        scripted_(scripted),
        random_(seed) {}

  [[nodiscard]] const OperationTraits* traits(std::string_view target,
                                              std::string_view operation) const override;
  [[nodiscard]] std::size_t concurrency(std::string_view) const override { return 8; }
  [[nodiscard]] Duration gate(const Departure& departure) override;
  void reserve(const Departure& departure) override;
  void give_back(const Departure& departure) override;
  void begin() override { reserved.clear(); }
  void call(CallRequest request, Called done) override;
  void lookup(std::string_view target, std::string_view operation, std::string_view reference,
              Duration deadline, Found done) override;
  void survey(std::string_view target, std::string_view operation,
              std::string_view original_reference, Duration deadline, Surveyed done) override;

  std::uint64_t calls = 0;
  std::uint64_t lookups = 0;
  std::uint64_t surveys = 0;
  std::map<std::string, std::int64_t> reserved;  ///< not sent yet, by target and operation
  std::size_t gated = 0;                         ///< how often a call was told to wait
  bool struck = false;                           ///< the scripted fault has come

 private:
  void leave(const Departure& departure);
  template <class Answer>
  void question(const std::string& target, std::string_view operation, bool scripted,
                std::function<Answer()> answer, std::move_only_function<void(Result<Answer>)> done);
  [[nodiscard]] Duration shut(std::string_view operation) const;

  Result<ItemAnswer> apply(const std::string& target, const std::string& operation,
                           const CallItem& item);
  CallAnswer apply_all(const CallRequest& request);
  /// How this call fails; nothing when it does not.
  [[nodiscard]] std::optional<CallFault> draw(const std::string& target);
  Duration delay(const std::string& target);

  runtime::Scheduler& world_;
  runtime::Scheduler& server_;
  Targets& targets_;
  TargetFaults faults_;
  Scripted scripted_;
  runtime::Random random_;
  std::map<std::string, Instant, std::less<>> next_call_;  ///< by target
};

}  // namespace crossfoot::flow::sim
