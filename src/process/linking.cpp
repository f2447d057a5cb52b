#include <algorithm>

#include "process/parts.h"
#include "process/processes.h"

namespace crossfoot::process {

namespace {

/// Same unit price first, then the latest sale, then the highest row.
std::vector<flow::Candidate*> preferred(std::vector<flow::Candidate>& candidates,
                                        const contract::Line& line) {
  const std::string article = folded(line.article);
  std::vector<flow::Candidate*> chosen;
  for (flow::Candidate& candidate : candidates) {
    if (candidate.article == article) chosen.push_back(&candidate);
  }
  const auto rank = [&line](const flow::Candidate* candidate) {
    return std::tuple(candidate->unit_price == line.unit_price, candidate->occurred_at,
                      candidate->source_row, candidate->line);
  };
  std::ranges::sort(chosen, [&rank](const auto* a, const auto* b) { return rank(a) > rank(b); });
  return chosen;
}

bool is_matched(const std::vector<flow::LineLink>& known, std::uint32_t line) {
  const auto at = std::ranges::find(known, line, &flow::LineLink::line);
  return at != known.end() && at->disposition == flow::Disposition::matched;
}

}  // namespace

std::vector<flow::LineLink> RetailProcesses::link(const contract::Transaction& transaction,
                                                  const std::vector<flow::LineLink>& known,
                                                  std::vector<flow::Candidate> candidates) const {
  std::vector<flow::LineLink> links;
  for (const flow::LineLink& link : known) {
    for (const flow::LinkPart& part : link.parts) {
      std::erase_if(candidates, [&part](const flow::Candidate& candidate) {
        return candidate.book == part.book;
      });
    }
  }
  for (const contract::Line& line : transaction.lines) {
    const bool wanted = line.action == contract::LineAction::returned && is_linkable(line.kind) &&
                        !line.original && !transaction.original;
    if (!wanted || is_matched(known, line.number)) continue;
    flow::LineLink link;
    link.line = line.number;
    // Sold lines are found by the piece, so a broken one claims a whole one.
    link.units = ledger::count_in(ledger::line_quantity(line.quantity, line.measured), false);
    if (transaction.member.empty()) {
      link.disposition = flow::Disposition::no_customer;
      links.push_back(std::move(link));
      continue;
    }
    const auto chosen = preferred(candidates, line);
    std::int64_t left = 0;
    for (const flow::Candidate* candidate : chosen)
      left += std::max<std::int64_t>(candidate->units_left, 0);
    if (chosen.empty()) {
      link.disposition = flow::Disposition::orphaned;
    } else if (left < link.units) {
      link.disposition = flow::Disposition::over_returned;
    } else {
      link.disposition = flow::Disposition::matched;
      std::int64_t needed = link.units;
      for (flow::Candidate* candidate : chosen) {
        const std::int64_t taken = std::min(needed, candidate->units_left);
        if (taken <= 0) continue;
        candidate->units_left -= taken;
        needed -= taken;
        link.parts.push_back({candidate->book, candidate->original, candidate->line, taken, 0});
        if (needed == 0) break;
      }
    }
    links.push_back(std::move(link));
  }
  return links;
}

std::vector<flow::Leg> RetailProcesses::after_link(
    const flow::Flow&, const std::vector<flow::LineLink>& links,
    const std::vector<flow::Candidate>& candidates) const {
  std::vector<flow::Leg> legs;
  for (const flow::LineLink& link : links) {
    for (const flow::LinkPart& part : link.parts) {
      if (std::ranges::find(legs, part.book, &flow::Leg::book) != legs.end()) continue;
      flow::Leg leg;
      leg.kind = flow::LegKind::claim;
      leg.book = part.book;
      const auto at = std::ranges::find(candidates, part.book, &flow::Candidate::book);
      if (at != candidates.end()) leg.book_date = at->book_date;
      legs.push_back(std::move(leg));
    }
  }
  return legs;
}

}  // namespace crossfoot::process
