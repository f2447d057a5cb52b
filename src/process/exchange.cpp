#include "process/parts.h"

namespace crossfoot::process {

/// Return and sale under one correlation: one ERP document with both, points earned on what goes
/// out, claims on the originals of what comes back.
flow::Plan plan_exchange(const flow::PlanInput& input) {
  const ledger::Pricing pricing = ledger::price(input.transaction);
  flow::Plan plan;
  plan.gross = pricing.due;
  plan.legs.push_back(validate_leg(input.transaction, pricing));
  add_accrual(input, pricing, plan);
  plan.legs.push_back(target_leg(input, flow::LegKind::post, input.routing.erp, {"post"}));
  add_claims(input, plan);
  return plan;
}

}  // namespace crossfoot::process
