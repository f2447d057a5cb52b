#include "flow/decide/decider.h"

#include <algorithm>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/plan/reference.h"

/// What receipt books and links answer.
namespace crossfoot::flow {

void Decider::on(const Claimed& event) {
  Leg* leg = flow_.leg(event.leg);
  const bool claims =
      leg != nullptr && (leg->kind == LegKind::claim || leg->kind == LegKind::supersede);
  if (!claims) return stale();
  const bool answered_before =
      leg->state == LegState::done ||
      (leg->state == LegState::parked && leg->reason == contract::error_code::over_returned);
  // A release and the taking back of a revision ask for no units of their own.
  const bool asks = leg->undoes.is_nil();
  if (asks) record_cover(*leg, event.answer);
  switch (event.answer.status) {
    case ClaimStatus::waits_for_original:
      stop(*leg, LegState::parked, contract::error_code::original_not_found);
      break;
    case ClaimStatus::waits_for_settlement:
      stop(*leg, LegState::parked, contract::error_code::original_unsettled);
      break;
    case ClaimStatus::answered:
      if (asks && over_returned(*leg) && !event.answer.released) {
        stop(*leg, LegState::parked, contract::error_code::over_returned);
      } else {
        finish(*leg);
      }
      break;
  }
  note(EventKind::claimed, leg, describe(event.answer));
  const bool fresh = !answered_before || event.answer.anew;
  if (event.answer.status == ClaimStatus::answered && fresh) append(event.more);
  wake_ready();
}

void Decider::on(const Linked& event) {
  Leg* leg = flow_.leg(event.leg);
  if (leg == nullptr || leg->kind != LegKind::link || leg->state != LegState::calling) {
    return stale();
  }
  for (const LineLink& link : event.links) {
    const auto at = std::ranges::find(flow_.links, link.line, &LineLink::line);
    if (at == flow_.links.end()) {
      flow_.links.push_back(link);
    } else {
      *at = link;
    }
  }
  const LineLink* stuck = nullptr;
  for (const LineLink& link : flow_.links) {
    const bool waits = link.disposition == Disposition::orphaned ||
                       link.disposition == Disposition::over_returned ||
                       link.disposition == Disposition::no_customer;
    if (waits && stuck == nullptr) stuck = &link;
  }
  if (stuck != nullptr) {
    stop(*leg, LegState::parked, code_of(stuck->disposition));
  } else {
    finish(*leg);
  }
  // The void of a return waits for what the return claims.
  out_.sale_facts_changed = true;
  note(EventKind::linked, leg, {});
  append(event.claims);
  wake_ready();
}

void Decider::record_cover(const Leg& leg, const ClaimAnswer& answer) {
  for (LineLink& link : flow_.links) {
    for (LinkPart& part : link.parts) {
      if (part.book != leg.book) continue;
      part.original = answer.sale.flow;
      part.covered = 0;
    }
  }
  for (ClaimLine line : answer.lines) {
    for (LineLink& link : flow_.links) {
      for (LinkPart& part : link.parts) {
        if (part.book != leg.book || part.line != line.line || link.measured != line.measured) {
          continue;
        }
        const std::int64_t share = std::min(part.units, line.covered);
        part.covered = share;
        line.covered -= share;
      }
    }
  }
  if (answer.status != ClaimStatus::answered) return;
  for (LineLink& link : flow_.links) {
    if (link.parts.empty()) continue;
    if (answer.released) {
      link.disposition = Disposition::voided;
      continue;
    }
    std::int64_t covered = 0;
    bool all_known = true;
    for (const LinkPart& part : link.parts) {
      covered += part.covered;
      all_known = all_known && !part.original.is_nil();
    }
    if (!all_known) continue;
    link.disposition = covered >= link.units ? Disposition::matched : Disposition::over_returned;
  }
}

bool Decider::over_returned(const Leg& leg) const {
  return std::ranges::any_of(flow_.links, [&leg](const LineLink& link) {
    return std::ranges::any_of(link.parts, [&leg](const LinkPart& part) {
      return part.book == leg.book && part.covered < part.units;
    });
  });
}

std::string_view Decider::code_of(Disposition disposition) {
  switch (disposition) {
    case Disposition::over_returned:
      return contract::error_code::over_returned;
    case Disposition::no_customer:
      return contract::error_code::no_customer;
    default:
      return contract::error_code::orphaned;
  }
}

std::string Decider::describe(const ClaimAnswer& answer) {
  switch (answer.status) {
    case ClaimStatus::waits_for_original:
      return "the original has not arrived";
    case ClaimStatus::waits_for_settlement:
      return "the original is still under way";
    case ClaimStatus::answered:
      if (answer.released) return "its receipt was voided";
      if (answer.reversal.empty()) return "nothing to take back";
      return answer.reversal.front().units < 0 ? "points to give again" : "points to take back";
  }
  return {};
}

}  // namespace crossfoot::flow
