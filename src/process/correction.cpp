#include "process/parts.h"

namespace crossfoot::process {

/// A correction first has its receipt's own book take back the revision before; all that it owes
/// itself waits for that. Its validation comes before both: a correction that does not add up takes
/// nothing back.
void add_supersede(const flow::PlanInput& input, flow::Plan& plan) {
  const contract::NaturalKey& key = input.transaction.key;
  flow::Leg leg;
  leg.kind = flow::LegKind::supersede;
  leg.after = {validate_number};
  leg.undoes = input.supersedes;
  leg.book = key.hash();
  if (key.form == contract::NaturalKey::Form::till) leg.book_date = key.business_date;
  const auto number = static_cast<std::uint16_t>(plan.legs.size() + 1);
  for (flow::Leg& other : plan.legs) {
    if (other.kind != flow::LegKind::validate) other.after.push_back(number);
  }
  plan.legs.push_back(std::move(leg));
}

}  // namespace crossfoot::process
