#include "process/policies.h"

namespace crossfoot::process {

std::vector<std::string> unapplied_policies(const ledger::Programme& programme) {
  std::vector<std::string> unapplied;
  // Receipt books take points back by frozen units, and refunds are what the channel paid.
  if (programme.returns.reversal_method != ledger::ReversalMethod::frozen) {
    unapplied.emplace_back("/returns/reversal_method");
  }
  if (programme.returns.refund_valuation != ledger::RefundValuation::frozen) {
    unapplied.emplace_back("/returns/refund_valuation");
  }
  // Balances, lots and redemptions are the loyalty platform's, by its own policies.
  if (programme.lots != ledger::LotPolicy{}) unapplied.emplace_back("/lots");
  if (programme.negative != ledger::NegativePolicy{}) unapplied.emplace_back("/negative_balance");
  if (programme.redemption != ledger::RedemptionPolicy{}) unapplied.emplace_back("/redemption");
  // Nothing is deferred yet: the whole net is revenue at the sale.
  if (programme.deferral != ledger::DeferralPolicy{}) unapplied.emplace_back("/deferred_revenue");
  return unapplied;
}

}  // namespace crossfoot::process
