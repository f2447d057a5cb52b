#include "process/parts.h"

namespace crossfoot::process {

/// A till record owes nothing to any target: it is kept in the till's sequence, where the store day
/// reads it.
flow::Plan plan_till_record(const flow::PlanInput& input) {
  flow::Plan plan;
  plan.gross = Money{0, input.transaction.currency};
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  plan.legs.push_back(std::move(validate));
  return plan;
}

}  // namespace crossfoot::process
