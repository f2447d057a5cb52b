#include "process/parts.h"

namespace crossfoot::process {

/// A sale owes two calls: the member's accrual and the ERP's posting, which moves the stock too.
/// They run side by side.
flow::Plan plan_sale(const flow::PlanInput& input) {
  const contract::Transaction& sale = input.transaction;
  const ledger::Pricing pricing = ledger::price(sale);
  flow::Plan plan;
  plan.gross = pricing.sold.gross;
  plan.legs.push_back(validate_leg(sale, pricing));
  add_accrual(input, pricing, plan);
  plan.legs.push_back(target_leg(input, flow::LegKind::post, input.routing.erp, {"post"}));
  if (sale.source_format.empty() || sale.member.empty()) return plan;
  for (const contract::Line& line : sale.lines) {
    const ledger::LineQuantity quantity = ledger::line_quantity(line.quantity, line.measured);
    // Sources whose returns name no original sell by the piece.
    if (!is_linkable(line.kind) || quantity.measured) continue;
    plan.sold.push_back({.line = line.number,
                         .article = folded(line.article),
                         .unit_price = line.unit_price.normalised(),
                         .units = quantity.count,
                         .source_row = line.source_row});
  }
  return plan;
}

}  // namespace crossfoot::process
