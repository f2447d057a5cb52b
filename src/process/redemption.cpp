#include <utility>

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
                                     .ending = flow::Redemption::Ending::open};
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  plan.legs.push_back(std::move(validate));
  // Tills do not queue behind accruals: redemptions have an order of their own.
  const Hash128 order =
      flow::make_order_key(input.routing.loyalty, "checkout", asked.key.tenant, asked.member);
  for (const auto& [kind, operation] : {std::pair{flow::LegKind::authorise, "authorise"},
                                        std::pair{flow::LegKind::capture, "capture"},
                                        std::pair{flow::LegKind::release, "release"}}) {
    flow::Leg leg = target_leg(input, kind, input.routing.loyalty, {operation});
    leg.order_key = order;
    if (kind != flow::LegKind::authorise) leg.after = {redemption_number};
    if (asked.redemption->revoked) leg.state = flow::LegState::cancelled;
    plan.legs.push_back(std::move(leg));
  }
  if (asked.redemption->revoked) plan.redemption->ending = flow::Redemption::Ending::voided;
  return plan;
}

}  // namespace crossfoot::process
