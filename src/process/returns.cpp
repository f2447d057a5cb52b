#include <algorithm>

#include "process/parts.h"

namespace crossfoot::process {

/// A completed return has moved money and goods: its ERP document goes out at once, linked or not
/// (DOMAIN 7.4). Points wait for the receipt books of the originals.
flow::Plan plan_return(const flow::PlanInput& input) {
  const contract::Transaction& transaction = input.transaction;
  const ledger::Pricing pricing = ledger::price(transaction);
  flow::Plan plan;
  plan.gross = pricing.returned.gross;
  plan.legs.push_back(validate_leg(transaction, pricing));
  plan.legs.push_back(target_leg(input, flow::LegKind::post_refund, input.routing.erp,
                                 {"create_memo", "release_memo"}));
  add_claims(input, plan);
  return plan;
}

}  // namespace crossfoot::process
