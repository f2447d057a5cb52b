#pragma once

// A loyalty platform that only keeps wallets: authorise, capture, release, on virtual time, sharing
// no code with the engine's decisions or the ledger. Test code.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "flow/plan/caller.h"
#include "runtime/random.h"
#include "runtime/scheduler.h"

namespace crossfoot::flow::sim {

/// What befalls a call, in percent.
struct WalletFaults {
  std::uint32_t lost_before = 0;  ///< nothing happens, nothing is heard
  std::uint32_t lost_after = 0;   ///< it happens, nothing is heard
  std::uint32_t refused_503 = 0;  ///< nothing happens, and that is said
  std::uint32_t busy_409 = 0;     ///< as the last, sooner
};

/// The book survives the server. What must never happen is noted in `wrong`.
class Wallets {
 public:
  struct Hold {
    std::string member;
    std::int64_t points = 0;
    Instant until;
    enum class State : std::uint8_t { held, captured, released } state = State::held;
    std::string closed_by;
    std::int64_t captured = 0;
  };

  std::map<std::string, std::int64_t> balances;     ///< not counting what is held
  std::map<std::string, Hold> holds;                ///< by the authorisation's reference
  std::map<std::string, std::int64_t> adjustments;  ///< by hand, by reference; below zero: taken
  std::vector<std::string> wrong;
  bool down = false;
  bool overdrawn_is_refused = false;  ///< … instead of noted as wrong: tills were granted too much

  /// What the member has spent in all.
  [[nodiscard]] std::int64_t spent(const std::string& member) const;
  [[nodiscard]] std::int64_t reserved(const std::string& member, Instant now) const;
  [[nodiscard]] Result<ItemAnswer> apply(const std::string& operation, const std::string& reference,
                                         std::string_view body, std::string_view arguments,
                                         Instant now);
  [[nodiscard]] Result<ItemAnswer> deduct(const std::string& reference, const std::string& member,
                                          std::int64_t points);
  [[nodiscard]] Result<ItemAnswer> adjust(const std::string& reference, std::string_view body);
  [[nodiscard]] std::optional<ItemAnswer> find(std::string_view operation,
                                               const std::string& reference) const;
};

class WalletCaller final : public Caller {
 public:
  WalletCaller(runtime::Scheduler& world, runtime::Scheduler& server, Wallets& wallets,
               WalletFaults at_first, std::uint64_t seed)
      : faults(at_first), world_(world), server_(server), wallets_(wallets), random_(seed) {}

  [[nodiscard]] const OperationTraits* traits(std::string_view target,
                                              std::string_view operation) const override;
  [[nodiscard]] std::size_t concurrency(std::string_view) const override { return 8; }
  void call(CallRequest request, Called done) override;
  void lookup(std::string_view target, std::string_view operation, std::string_view reference,
              Duration deadline, Found done) override;
  void survey(std::string_view, std::string_view, std::string_view, Duration,
              Surveyed done) override {
    server_.post([done = std::move(done)]() mutable { done(std::vector<SurveyEntry>{}); });
  }

  WalletFaults faults;
  bool only_deducts = false;  ///< it has `balance` and `deduct` instead of holds
  OperationTraits redeeming{.order = Order::commutative,
                            .idempotent = true,
                            .idempotent_for = std::chrono::hours{24},
                            .lookup = true,
                            .settle = std::chrono::seconds{8},
                            .deadline = std::chrono::seconds{1}};

 private:
  runtime::Scheduler& world_;
  runtime::Scheduler& server_;
  Wallets& wallets_;
  runtime::Random random_;
};

}  // namespace crossfoot::flow::sim
