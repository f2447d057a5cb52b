#include "process/parts.h"

namespace crossfoot::process {

/// Where receipts are posted one by one, the close of a day is a decision that is kept, and nothing
/// follows from it.
flow::Plan plan_store_day_close(const flow::PlanInput& input) {
  flow::Plan plan;
  plan.gross = Money{0, input.transaction.currency};
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  plan.legs.push_back(std::move(validate));
  return plan;
}

}  // namespace crossfoot::process
