#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <map>
#include <vector>

#include "contract/transaction.h"
#include "ledger/accrual.h"
#include "ledger/pricing.h"
#include "ledger/programme.h"

namespace crossfoot::observe {

/// The points of a receipt, unit by unit, as method A freezes them (DOMAIN 7.2): the whole number
/// is split over the components by largest remainder, each component over the units of the lines it
/// holds for, by the eligible amount of each unit. Components of the same lines are one: base and
/// tier, campaigns that hold for all that earns. This is finer than the closed form per line in
/// which the ledger keeps its expectation, which has one figure for all components and one weight
/// for all units of a line. Exact arithmetic without limits: for reconciliation, not the hot path.
class UnitPoints {
 public:
  /// `accrual` is of the same receipt at the same time; its total is what is split.
  UnitPoints(const ledger::Programme& programme, const contract::Transaction& transaction,
             const ledger::Pricing& pricing, const ledger::Accrual& accrual, ledger::LocalTime at);

  /// Whether the receipt has a sold line of this number.
  [[nodiscard]] bool knows(std::uint32_t line) const { return lines_.contains(line); }
  /// Sum over the first `units` units of a line, ascending.
  [[nodiscard]] std::int64_t prefix(std::uint32_t line, std::int64_t units) const;

 private:
  using Exact = boost::multiprecision::cpp_rational;

  /// Neighbouring units of one line that weigh the same.
  struct Run {
    std::size_t line = 0;  ///< index
    std::int64_t units = 0;
    Exact weight;            ///< of one unit, in minor units
    std::int64_t share = 0;  ///< what each unit gets …
    std::int64_t extra = 0;  ///< … and how many of the first get one more
  };
  /// A rule's part of the points: line i earns eligible amount × factors[i].
  struct Component {
    std::vector<bool> covers;
    std::vector<Exact> factors;
  };
  struct Given {
    std::int64_t units = 0;
    std::int64_t share = 0;
    std::int64_t extra = 0;
  };
  /// Of one component on one line, in the order of its units.
  using Allocation = std::vector<Given>;

  static void allocate(std::int64_t total, std::vector<Run>& runs);
  static void take_off(std::vector<Run>& runs, int sign);
  [[nodiscard]] static std::vector<Run> weigh(const ledger::Programme& programme,
                                              const contract::Transaction& transaction,
                                              const ledger::Pricing& pricing,
                                              const ledger::Accrual& accrual);
  [[nodiscard]] static std::vector<Component> components_of(
      const ledger::Programme& programme, const contract::Transaction& transaction,
      ledger::LocalTime at);
  [[nodiscard]] static std::vector<std::int64_t> split(std::int64_t total,
                                                       const std::vector<Component>& components,
                                                       const ledger::Accrual& accrual);

  std::map<std::uint32_t, std::vector<Allocation>> lines_;
};

}  // namespace crossfoot::observe
