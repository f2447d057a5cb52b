#include "contract/profile_change.h"
#include "flow/plan/reference.h"
#include "process/parts.h"

namespace crossfoot::process {

namespace {

std::string_view operation_of(contract::ProfileChangeKind kind) {
  switch (kind) {
    case contract::ProfileChangeKind::put:
      return flow::member_put_step;
    case contract::ProfileChangeKind::merge:
      return "member_merge";
    case contract::ProfileChangeKind::unmerge:
      return "member_unmerge";
    case contract::ProfileChangeKind::erase:
      break;
  }
  return "member_erase";
}

}  // namespace

/// What happened to a customer goes to each target that is told of customers, behind what is still
/// on its way there for the same member. Who is no member is told to nobody.
flow::Plan plan_profile(const flow::PlanInput& input) {
  const contract::ProfileChange& change = *input.transaction.profile;
  flow::Plan plan;
  plan.gross = Money{0, input.transaction.currency};
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  plan.legs.push_back(std::move(validate));
  if (change.member.empty()) return plan;
  for (const std::string& target : input.routing.profile) {
    flow::Leg leg =
        target_leg(input, flow::LegKind::share_profile, target, {operation_of(change.kind)});
    leg.order_key = flow::make_order_key(target, "points", change.tenant, change.member);
    plan.legs.push_back(std::move(leg));
  }
  return plan;
}

}  // namespace crossfoot::process
