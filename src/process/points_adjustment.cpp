#include "contract/error_codes.h"
#include "flow/plan/reference.h"
#include "process/parts.h"

namespace crossfoot::process {

/// Points by hand: one call to the loyalty platform, in the order of the member's other points.
/// Where the policy wants a second person, nothing leaves before that person's word.
flow::Plan plan_points_adjustment(const flow::PlanInput& input) {
  const contract::Transaction& asked = input.transaction;
  flow::Plan plan;
  plan.gross = Money{0, asked.currency};
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  plan.legs.push_back(std::move(validate));
  if (asked.adjustment->second_person) {
    flow::Leg approve;
    approve.kind = flow::LegKind::approve;
    approve.after = {validate_number};
    approve.state = flow::LegState::parked;
    approve.reason = contract::error_code::second_person_needed;
    approve.detail = asked.adjustment->asked_by;
    plan.legs.push_back(std::move(approve));
  }
  const auto before = static_cast<std::uint16_t>(plan.legs.size());
  flow::Leg adjust =
      target_leg(input, flow::LegKind::adjust, input.routing.loyalty, {flow::adjust_step});
  adjust.after = {before};
  if (before != validate_number) adjust.after.push_back(validate_number);
  adjust.order_key =
      flow::make_order_key(input.routing.loyalty, "points", asked.key.tenant, asked.member);
  plan.legs.push_back(std::move(adjust));
  return plan;
}

}  // namespace crossfoot::process
