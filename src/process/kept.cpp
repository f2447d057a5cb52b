#include "process/parts.h"

namespace crossfoot::process {

/// What owes nothing to any target. A till record is kept in the till's sequence, where the store
/// day reads it; the close of a day, where receipts are posted one by one, is a decision that is
/// kept, and nothing follows from it.
flow::Plan plan_kept(const flow::PlanInput& input) {
  flow::Plan plan;
  plan.gross = Money{0, input.transaction.currency};
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  plan.legs.push_back(std::move(validate));
  return plan;
}

}  // namespace crossfoot::process
