#include "process/parts.h"

namespace crossfoot::process {

/// A post-void claims the whole receipt from its book; what compensates it follows from the answer:
/// nothing for what was never sent, a mirrored document and a reversal for what was. Of a return
/// (and of an exchange) the claims on other receipts are released, and their points given again.
flow::Plan plan_void(const flow::PlanInput& input) {
  const contract::Transaction& transaction = input.transaction;
  flow::Plan plan;
  plan.gross = Money{0, transaction.currency};
  flow::Leg validate;
  validate.kind = flow::LegKind::validate;
  plan.legs.push_back(std::move(validate));
  flow::Leg claim;
  claim.kind = flow::LegKind::claim;
  claim.after = {validate_number};
  claim.book = transaction.original->hash();
  if (transaction.original->form == contract::NaturalKey::Form::till) {
    claim.book_date = transaction.original->business_date;
  }
  plan.legs.push_back(std::move(claim));
  return plan;
}

}  // namespace crossfoot::process
