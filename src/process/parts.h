#pragma once

// What several processes are made of. Private to this module.

#include <initializer_list>
#include <string_view>

#include "flow/plan/process.h"
#include "ledger/pricing.h"

namespace crossfoot::process {

flow::Plan plan_sale(const flow::PlanInput& input);
flow::Plan plan_return(const flow::PlanInput& input);
flow::Plan plan_exchange(const flow::PlanInput& input);
flow::Plan plan_void(const flow::PlanInput& input);
flow::Plan plan_stock_adjustment(const flow::PlanInput& input);
flow::Plan plan_accounting_adjustment(const flow::PlanInput& input);
flow::Plan plan_redemption(const flow::PlanInput& input);
flow::Plan plan_profile(const flow::PlanInput& input);
flow::Plan plan_kept(const flow::PlanInput& input);
flow::Plan plan_points_adjustment(const flow::PlanInput& input);

/// Turns the plan of a transaction into that of a correction of `input.supersedes`.
void add_supersede(const flow::PlanInput& input, flow::Plan& plan);

/// Parks the plan of a transaction that names what nobody knows.
void park_unresolved(const flow::PlanInput& input, flow::Plan& plan);

/// Number of the validate leg, which every flow begins with.
inline constexpr std::uint16_t validate_number = 1;

/// The validate leg: done at once, or parked with the first business fault.
[[nodiscard]] flow::Leg validate_leg(const contract::Transaction& transaction,
                                     const ledger::Pricing& pricing);

/// A leg at a target with its steps, due once validate is done.
[[nodiscard]] flow::Leg target_leg(const flow::PlanInput& input, flow::LegKind kind,
                                   std::string_view target,
                                   std::initializer_list<std::string_view> operations);

/// Adds what a sale's or an exchange's sold lines owe the member: accrual leg, expectation, frozen
/// units (without a member the units alone, which limit returns).
void add_accrual(const flow::PlanInput& input, const ledger::Pricing& pricing, flow::Plan& plan);

/// Adds links and claims (or the link leg) for the returned lines.
void add_claims(const flow::PlanInput& input, flow::Plan& plan);

/// Whether a returned line can belong to a sold one.
[[nodiscard]] constexpr bool is_linkable(contract::LineKind kind) {
  return kind == contract::LineKind::goods || kind == contract::LineKind::voucher;
}

[[nodiscard]] std::string folded(std::string_view article);

}  // namespace crossfoot::process
