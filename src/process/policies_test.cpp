// Goal: a programme that the processes would not follow is told from one that they would.
#include "process/policies.h"

#include <gtest/gtest.h>

namespace crossfoot::process {
namespace {

TEST(Policies, DefaultsAreCarriedOutAndOthersAreNamed) {
  // Goal: every policy with an effect that no process has is named by its place.
  ledger::Programme programme;
  EXPECT_TRUE(unapplied_policies(programme).empty());
  programme.returns.reversal_method = ledger::ReversalMethod::recompute;
  programme.returns.refund_valuation = ledger::RefundValuation::rejudged;
  programme.lots.expiry_days = 365;
  programme.negative.balance = ledger::NegativeBalance::floor_zero;
  programme.redemption.offline_floor_limit = Points{500};
  programme.deferral.point_price = {1, 20};
  EXPECT_EQ(
      unapplied_policies(programme),
      (std::vector<std::string>{"/returns/reversal_method", "/returns/refund_valuation", "/lots",
                                "/negative_balance", "/redemption", "/deferred_revenue"}));
}

}  // namespace
}  // namespace crossfoot::process
