#include "flow/plan/reference.h"
#include "process/parts.h"

namespace crossfoot::process {

/// Points as tender: reserved at once, spent when the till has taken the payment, else freed
/// (docs/adr/0018). All three legs and their references are there from the beginning; which of the
/// last two is wanted is decided later, once. One whose void came first begins with nothing to do.
flow::Plan plan_redemption(const flow::PlanInput& input) {
  const contract::Transaction& asked = input.transaction;
  flow::Plan plan;
  plan.gross = Money{0, asked.currency};
  plan.redemption = flow::Redemption{.points = asked.redemption->points,
                                     .authorised = {},
                                     .captured = {},
                                     .hold_for = asked.redemption->hold_for,
                                     .lapses_at = {},
                                     .ending = flow::Redemption::Ending::open,
                                     .granted = false};
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  plan.legs.push_back(std::move(validate));
  // Tills do not queue behind accruals: redemptions have an order of their own.
  const Hash128 order =
      flow::make_order_key(input.routing.loyalty, "checkout", asked.key.tenant, asked.member);
  if (input.routing.loyalty_holds) {
    plan.legs.push_back(
        target_leg(input, flow::LegKind::authorise, input.routing.loyalty, {"authorise"}));
  } else {
    flow::Leg hold;
    hold.kind = flow::LegKind::hold;
    hold.after = {validate_number};
    plan.legs.push_back(std::move(hold));
  }
  plan.legs.push_back(target_leg(input, flow::LegKind::capture, input.routing.loyalty,
                                 {input.routing.loyalty_holds ? "capture" : "deduct"}));
  plan.legs.push_back(
      target_leg(input, flow::LegKind::release, input.routing.loyalty, {"release"}));
  if (!input.routing.loyalty_holds) plan.legs.back().steps.clear();  // its time, and nobody to call
  for (flow::Leg& leg : plan.legs) {
    if (leg.kind == flow::LegKind::validate) continue;
    if (!leg.target.empty()) leg.order_key = order;
    if (leg.kind == flow::LegKind::capture || leg.kind == flow::LegKind::release) {
      leg.after = {flow::authorise_number};
    }
    if (asked.redemption->revoked) leg.state = flow::LegState::cancelled;
  }
  if (asked.redemption->revoked) plan.redemption->ending = flow::Redemption::Ending::voided;
  return plan;
}

}  // namespace crossfoot::process
