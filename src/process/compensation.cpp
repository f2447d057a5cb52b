#include <cstdlib>

#include "contract/json_writer.h"
#include "flow/plan/reference.h"
#include "process/processes.h"

namespace crossfoot::process {

namespace {

flow::Leg compensating_leg(const flow::Flow& flow, const flow::Leg& claim,
                           const flow::ClaimAnswer& answer, flow::LegKind kind,
                           std::string_view target, std::string_view operation) {
  flow::Leg leg;
  leg.kind = kind;
  leg.target = target;
  leg.lane = claim.lane;
  leg.undoes = answer.sale.flow;
  leg.book = claim.book;
  leg.book_date = claim.book_date;
  flow::Step step;
  step.operation = operation;
  step.reference = flow::make_reference({.natural_key = flow.natural_key,
                                         .revision = flow.revision,
                                         .target = target,
                                         .leg = to_string(kind),
                                         .step = operation,
                                         .book = claim.book,
                                         .book_revision = answer.revision});
  leg.steps.push_back(std::move(step));
  return leg;
}

/// Lines to take back, or to give again when they are below zero; without a sign either way.
std::string reversal_arguments(const flow::ClaimAnswer& answer) {
  contract::JsonWriter out;
  out.begin_object();
  out.member("original_reference", answer.sale.accrual_reference);
  out.key("lines").begin_array();
  for (const flow::ReversalLine& line : answer.reversal) {
    out.begin_object();
    out.member("line", line.line);
    out.member("quantity", to_string(ledger::to_decimal({std::abs(line.units), line.measured})));
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return out.take();
}

std::string void_arguments(const flow::ClaimAnswer& answer) {
  contract::JsonWriter out;
  out.begin_object();
  out.member("original_reference", answer.sale.post_reference);
  out.end_object();
  return out.take();
}

}  // namespace

std::vector<flow::Leg> RetailProcesses::after_claim(const flow::Flow& flow, const flow::Leg& claim,
                                                    const flow::ClaimAnswer& answer,
                                                    const flow::Routing& routing) const {
  std::vector<flow::Leg> legs;
  if (!answer.reversal.empty()) {
    // A release only gives again, every other claim only takes back.
    const bool again = answer.reversal.front().units < 0;
    flow::Leg reverse = compensating_leg(flow, claim, answer,
                                         again ? flow::LegKind::reinstate : flow::LegKind::reverse,
                                         routing.loyalty, again ? "reinstate" : "reverse");
    reverse.order_key =
        flow::make_order_key(routing.loyalty, "points", answer.sale.tenant, answer.sale.member);
    reverse.arguments = reversal_arguments(answer);
    legs.push_back(std::move(reverse));
  }
  if (answer.whole && answer.sale.posted) {
    flow::Leg mirror =
        compensating_leg(flow, claim, answer, flow::LegKind::post_void, routing.erp, "post_void");
    mirror.arguments = void_arguments(answer);
    legs.push_back(std::move(mirror));
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
