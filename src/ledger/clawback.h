#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/lots.h"
#include "ledger/policies.h"

namespace crossfoot::ledger {

struct ClawbackInput {
  std::string_view sale;  ///< whose points are owed back (LotTerms::sale)
  Points owed;            ///< >= 0
  Points debt;            ///< of the member, before this; >= 0
  BusinessDate day;
  Money refund;                       ///< that the customer is about to get; >= 0
  Ratio to_programme{1, 1};           ///< rate of the refund's currency, frozen at the sale; > 0
  std::span<const LotDraw> reserved;  ///< held for redemptions: not to be touched
};

/// Where points owed back come from. lots + debt + forgiven + offset points = owed, always.
struct Clawback {
  std::vector<LotDraw> draws;
  Points debt;      ///< new, to be worked off
  Points forgiven;  ///< nobody pays: an expense
  Points offset;    ///< paid for with `kept`
  Money kept;       ///< of the refund; never more than it
};

/// Takes points back: from pending lots of that sale, active lots of that sale, other active lots
/// (soonest expiry first), then by the programme's policy for a balance below zero. An offset is
/// rounded half up to minor units; where the refund is too small, whole points are paid for as far
/// as it goes and the rest is forgiven. Pure; the caller books the draws as `reverse`.
[[nodiscard]] Clawback plan_clawback(const LotBook& book, const NegativePolicy& policy,
                                     const ClawbackInput& input);

/// Points that members owe and how later accruals work them off. Facts count once, by reference.
class DebtBook {
 public:
  /// Records a debt > 0; the same reference again changes nothing.
  void owe(std::string_view reference, Points points);
  /// Nets an accrual of `points` >= 0: what of it goes to the debt, at most all. The same reference
  /// again gives the same answer and changes nothing.
  Points settle(std::string_view accrual, Points points);

  /// What is still owed; never below zero.
  [[nodiscard]] Points open() const;

  bool operator==(const DebtBook&) const = default;

 private:
  struct Record {
    std::string reference;
    Points points;

    bool operator==(const Record&) const = default;
  };
  std::vector<Record> debts_;
  std::vector<Record> settled_;
};

}  // namespace crossfoot::ledger
