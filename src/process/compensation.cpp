#include <cstdlib>

#include "contract/json_writer.h"
#include "flow/plan/reference.h"
#include "process/processes.h"

namespace crossfoot::process {

namespace {

flow::Leg compensating_leg(const flow::Leg& claim, const flow::ClaimAnswer& answer,
                           flow::LegKind kind, const std::string& target) {
  flow::Leg leg;
  leg.kind = kind;
  leg.target = target;
  leg.lane = claim.lane;
  leg.undoes = answer.sale.flow;
  leg.book = claim.book;
  leg.book_date = claim.book_date;
  return leg;
}

void add_step(flow::Leg& leg, std::string_view operation, std::string reference) {
  flow::Step step;
  step.operation = operation;
  step.reference = std::move(reference);
  leg.steps.push_back(std::move(step));
}

flow::Leg delta_leg(const flow::Flow& flow, const flow::Leg& claim, const flow::ClaimAnswer& answer,
                    const std::string& target) {
  // A release only gives again, every other claim only takes back.
  const bool again = claim.kind == flow::LegKind::claim && !claim.undoes.is_nil();
  const std::string_view operation = again ? "reinstate" : "reverse";
  flow::Leg leg = compensating_leg(
      claim, answer, again ? flow::LegKind::reinstate : flow::LegKind::reverse, target);
  add_step(leg, operation,
           flow::delta_reference(flow, leg, operation,
                                 {.accrual_reference = answer.sale.accrual_reference,
                                  .book_revision = answer.revision}));
  leg.order_key = flow::make_order_key(target, "points", answer.sale.tenant, answer.sale.member);
  return leg;
}

/// A document is mirrored once, whoever asks for it and in whatever order.
flow::Leg mirror_leg(const flow::Leg& claim, const flow::ClaimAnswer& answer,
                     const std::string& target) {
  constexpr std::string_view operation = "post_void";
  flow::Leg leg = compensating_leg(claim, answer, flow::LegKind::post_void, target);
  add_step(leg, operation,
           flow::make_reference({.natural_key = answer.sale.post_reference,
                                 .target = target,
                                 .leg = to_string(leg.kind),
                                 .step = operation}));
  return leg;
}

std::string void_arguments(const flow::ClaimAnswer& answer) {
  contract::JsonWriter out;
  out.begin_object();
  out.member("original_reference", answer.sale.post_reference);
  out.end_object();
  return out.take();
}

}  // namespace

/// Lines to take back, or to give again when they are below zero; without a sign either way.
std::string RetailProcesses::delta_arguments(std::string_view original_reference,
                                             const std::vector<flow::ReversalLine>& lines) const {
  contract::JsonWriter out;
  out.begin_object();
  out.member("original_reference", original_reference);
  out.key("lines").begin_array();
  for (const flow::ReversalLine& line : lines) {
    out.begin_object();
    out.member("line", line.line);
    out.member("quantity", to_string(ledger::to_decimal({std::abs(line.units), line.measured})));
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return out.take();
}

std::vector<flow::Leg> RetailProcesses::after_claim(const flow::Flow& flow, const flow::Leg& claim,
                                                    const flow::ClaimAnswer& answer,
                                                    const flow::Routing& routing) const {
  std::vector<flow::Leg> legs;
  if (!answer.reversal.empty()) {
    legs.push_back(delta_leg(flow, claim, answer, routing.loyalty));
    legs.back().arguments = delta_arguments(answer.sale.accrual_reference, answer.reversal);
  }
  if (answer.whole && answer.sale.posted) {
    legs.push_back(mirror_leg(claim, answer, routing.erp));
    legs.back().arguments = void_arguments(answer);
  }
  if (!answer.whole) return legs;
  // What the voided receipt had claimed of others is free again.
  for (const flow::ClaimedBook& claimed : answer.sale.claims) {
    flow::Leg release;
    release.kind = flow::LegKind::claim;
    release.lane = claim.lane;
    release.undoes = answer.sale.flow;
    release.book = claimed.book;
    release.book_date = claimed.date;
    legs.push_back(std::move(release));
  }
  return legs;
}

}  // namespace crossfoot::process
