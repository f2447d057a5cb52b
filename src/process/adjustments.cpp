#include "contract/error_codes.h"
#include "process/parts.h"

namespace crossfoot::process {

/// Moves stock only: no receipt, no money.
flow::Plan plan_stock_adjustment(const flow::PlanInput& input) {
  flow::Plan plan;
  plan.gross = Money{0, input.transaction.currency};
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  plan.legs.push_back(std::move(validate));
  plan.legs.push_back(
      target_leg(input, flow::LegKind::move_stock, input.routing.erp, {"move_stock"}));
  return plan;
}

/// Money outside trade: nothing is posted until a person has decided.
flow::Plan plan_accounting_adjustment(const flow::PlanInput& input) {
  flow::Plan plan;
  plan.gross = ledger::price(input.transaction).sold.gross;
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  validate.state = flow::LegState::parked;
  validate.reason = contract::error_code::accounting_adjustment;
  plan.legs.push_back(std::move(validate));
  return plan;
}

}  // namespace crossfoot::process
