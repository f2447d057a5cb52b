#include "process/parts.h"

#include <algorithm>
#include <cctype>

#include "contract/error_codes.h"
#include "flow/plan/reference.h"
#include "ledger/accrual.h"

namespace crossfoot::process {

namespace {

std::string_view code_of(ledger::FaultName name) {
  switch (name) {
    case ledger::FaultName::totals_mismatch:
      return contract::error_code::totals_mismatch;
    case ledger::FaultName::tenders_mismatch:
      return contract::error_code::tenders_mismatch;
    case ledger::FaultName::amount_mismatch:
      return contract::error_code::amount_mismatch;
    case ledger::FaultName::discount_over_amount:
      return contract::error_code::discount_exceeds_amount;
    default:
      return contract::error_code::odd_document;
  }
}

flow::Leg claim_leg(const Hash128& book, BusinessDate book_date) {
  flow::Leg leg;
  leg.kind = flow::LegKind::claim;
  leg.book = book;
  leg.book_date = book_date;
  leg.after = {validate_number};
  return leg;
}

BusinessDate date_of(const contract::NaturalKey& key) {
  return key.form == contract::NaturalKey::Form::till ? key.business_date : BusinessDate{};
}

}  // namespace

std::string folded(std::string_view article) {
  std::string text(article);
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

flow::Leg validate_leg(const contract::Transaction& transaction, const ledger::Pricing& pricing) {
  flow::Leg leg;
  leg.kind = flow::LegKind::validate;
  const auto faults = ledger::check(transaction, pricing);
  if (!faults.empty()) {
    leg.state = flow::LegState::parked;
    leg.reason = code_of(faults.front().name);
    for (const ledger::BusinessFault& fault : faults) {
      if (!leg.detail.empty()) leg.detail += "; ";
      leg.detail += fault.pointer + ": " + fault.detail;
    }
  }
  return leg;
}

flow::Leg target_leg(const flow::PlanInput& input, flow::LegKind kind, std::string_view target,
                     std::initializer_list<std::string_view> operations) {
  flow::Leg leg;
  leg.kind = kind;
  leg.target = target;
  leg.after = {validate_number};
  for (const std::string_view operation : operations) {
    flow::Step step;
    step.operation = operation;
    step.reference = flow::make_reference({.natural_key = input.natural_key,
                                           .revision = input.transaction.revision,
                                           .target = target,
                                           .leg = to_string(kind),
                                           .step = operation,
                                           .book = {},
                                           .book_revision = 0});
    leg.steps.push_back(std::move(step));
  }
  return leg;
}

void add_accrual(const flow::PlanInput& input, const ledger::Pricing& pricing, flow::Plan& plan) {
  const contract::Transaction& sale = input.transaction;
  for (const contract::Line& line : sale.lines) {
    if (line.action != contract::LineAction::sold) continue;
    flow::FrozenLine frozen;
    frozen.line = line.number;
    frozen.points.quantity = ledger::line_quantity(line.quantity, line.measured);
    plan.frozen.push_back(frozen);
  }
  if (sale.member.empty()) return;
  flow::Leg leg = target_leg(input, flow::LegKind::accrue, input.routing.loyalty, {"accrue"});
  leg.order_key =
      flow::make_order_key(input.routing.loyalty, "points", sale.key.tenant, sale.member);
  plan.legs.push_back(std::move(leg));

  const auto local = ledger::local_time(input.programme, sale, input.zones);
  if (!local) return;
  const auto accrual = ledger::accrue(input.programme, sale, pricing, *local);
  if (!accrual) return;  // the expectation is missing; the platform decides all the same
  plan.expected = accrual->total;
  for (const ledger::AccruedLine& accrued : accrual->lines) {
    const auto at = std::ranges::find(plan.frozen, accrued.number, &flow::FrozenLine::line);
    if (at == plan.frozen.end() || accrued.points.quantity.count == 0) continue;
    at->points = accrued.points;
    at->weight = accrued.weight;
  }
}

void add_claims(const flow::PlanInput& input, flow::Plan& plan) {
  const contract::Transaction& transaction = input.transaction;
  bool unlinked = false;
  for (const contract::Line& line : transaction.lines) {
    if (line.action != contract::LineAction::returned) continue;
    flow::LineLink link;
    link.line = line.number;
    const ledger::LineQuantity quantity = ledger::line_quantity(line.quantity, line.measured);
    link.units = quantity.count;
    link.measured = quantity.measured;
    if (!is_linkable(line.kind)) {
      link.disposition = flow::Disposition::adjustment;
      plan.links.push_back(std::move(link));
      continue;
    }
    const contract::NaturalKey* original = nullptr;
    std::uint32_t original_line = line.number;
    if (line.original) {
      original = &line.original->key;
      original_line = line.original->line;
    } else if (transaction.original) {
      original = &*transaction.original;
    }
    if (original == nullptr) {
      unlinked = true;
      plan.links.push_back(std::move(link));
      continue;
    }
    const Hash128 book = original->hash();
    link.parts.push_back({book, Id{}, original_line, link.units, 0});
    plan.links.push_back(std::move(link));
    const bool known = std::ranges::any_of(plan.legs, [&book](const flow::Leg& leg) {
      return leg.kind == flow::LegKind::claim && leg.book == book;
    });
    if (!known) plan.legs.push_back(claim_leg(book, date_of(*original)));
  }
  if (!unlinked) return;
  flow::Leg leg;
  leg.kind = flow::LegKind::link;
  leg.after = {validate_number};
  plan.legs.push_back(std::move(leg));
}

}  // namespace crossfoot::process
