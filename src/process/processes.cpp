#include "process/processes.h"

#include "process/parts.h"

namespace crossfoot::process {

namespace {

flow::Plan plan_kind(const flow::PlanInput& input) {
  switch (input.transaction.kind) {
    case contract::TransactionKind::sale:
      return plan_sale(input);
    case contract::TransactionKind::return_goods:
      return plan_return(input);
    case contract::TransactionKind::exchange:
      return plan_exchange(input);
    case contract::TransactionKind::void_sale:
      return plan_void(input);
    case contract::TransactionKind::stock_adjustment:
      return plan_stock_adjustment(input);
    case contract::TransactionKind::accounting_adjustment:
      return plan_accounting_adjustment(input);
    case contract::TransactionKind::redemption:
      return plan_redemption(input);
    case contract::TransactionKind::customer_profile:
      return plan_profile(input);
    case contract::TransactionKind::till_open:
    case contract::TransactionKind::till_close:
    case contract::TransactionKind::no_sale:
    case contract::TransactionKind::paid_in:
    case contract::TransactionKind::paid_out:
    case contract::TransactionKind::training:
    case contract::TransactionKind::suspended:
    case contract::TransactionKind::resumed:
    case contract::TransactionKind::aborted:
    case contract::TransactionKind::till_audit:
    case contract::TransactionKind::store_day_close:
      return plan_kept(input);
    case contract::TransactionKind::points_adjustment:
      return plan_points_adjustment(input);
  }
  return plan_accounting_adjustment(input);
}

}  // namespace

flow::Plan RetailProcesses::plan(const flow::PlanInput& input) const {
  flow::Plan plan = plan_kind(input);
  if (!input.supersedes.is_nil()) add_supersede(input, plan);
  park_unresolved(input, plan);
  return plan;
}

}  // namespace crossfoot::process
