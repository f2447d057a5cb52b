#include "flow/plan/survey.h"

#include <algorithm>
#include <cstdlib>

namespace crossfoot::flow {

namespace {

using Kind = SurveyOutcome::Kind;

constexpr Duration till_clock_ahead_max = std::chrono::hours{24};
constexpr std::uint8_t millionths = 6;
constexpr std::int64_t million = 1'000'000;

/// A delta and the totals of the receipt revision that it belongs to.
struct Delta {
  bool takes_all = false;                            ///< it voids or corrects the receipt
  Id releases;                                       ///< the flow whose claim it ends; nil: none
  const std::vector<ReversalLine>* lines = nullptr;  ///< null: the book knows of none
  std::vector<std::pair<std::uint32_t, std::int64_t>> wanted;  ///< line → units, in total
  Points points;                                    ///< of `wanted`, where it is of a past revision
  const std::vector<FrozenLine>* frozen = nullptr;  ///< null: of a past revision
};

Delta delta_of(const Book& book, const Flow& claimant, const Leg& leg,
               std::string_view original_reference) {
  Delta delta;
  const auto is_carried = [&](Id flow, std::uint32_t revision) {
    return flow == claimant.id && carries(claimant, leg, {original_reference, revision});
  };
  if (book.sale && book.sale->flow == leg.undoes) {
    for (const Claim& claim : book.claims) {
      if (!is_carried(claim.flow, claim.revision)) continue;
      delta.takes_all = claim.whole || !claim.supersedes.is_nil();
      delta.releases = claim.releases;
      delta.lines = &claim.reversal;
    }
    delta.wanted = book.taken_back;
    delta.frozen = &book.sale->lines;
    return delta;
  }
  const auto past = std::ranges::find(book.past, leg.undoes, &PastRevision::flow);
  if (past == book.past.end()) return delta;
  delta.takes_all = std::ranges::any_of(book.claims, [&](const Claim& claim) {
    return claim.flow == claimant.id && (claim.whole || claim.supersedes == past->flow);
  });
  for (const PastRevision::Reversal& reversal : past->reversals) {
    if (is_carried(reversal.claimant, reversal.revision)) delta.lines = &reversal.lines;
    for (const ReversalLine& line : reversal.lines) {
      delta.wanted.emplace_back(line.line, line.units);
      delta.points += line.points;
    }
  }
  return delta;
}

std::int64_t wanted_of(const Delta& delta, std::uint32_t line) {
  std::int64_t units = 0;
  for (const auto& [number, count] : delta.wanted) units += number == line ? count : 0;
  return units;
}

/// How many units of a line a delta may move, with its sign: what is missing of the book's total, a
/// return no more than it asks for.
std::int64_t most_of(const Book& book, const Delta& delta, Id claimant, const ReversalLine& line,
                     std::int64_t missing) {
  if (delta.takes_all) return std::max(missing, std::int64_t{0});
  if (delta.frozen == nullptr) return line.units;
  const auto sold = std::ranges::find(*delta.frozen, line.line, &FrozenLine::line);
  if (sold == delta.frozen->end()) return line.units;
  if (delta.releases.is_nil()) return std::max(line.units, book.asked_by(claimant, *sold));
  return std::min(line.units, -book.asked_by(delta.releases, *sold));
}

/// Net units of one line in the entries, in the sold line's measure. A broken unit counts as one.
std::int64_t taken_of(std::span<const SurveyEntry> entries, const ReversalLine& wanted) {
  std::int64_t sum = 0;
  for (const SurveyEntry& entry : entries) {
    for (const SurveyEntry::Line& line : entry.lines) {
      if (line.line != wanted.line) continue;
      const auto exact = rescale(line.quantity, millionths, Rounding::half_up);
      if (exact) sum += exact->units;
    }
  }
  if (wanted.measured) return sum;
  return sum / million + (sum % million > 0 ? 1 : 0);
}

bool says_the_same(const SurveyEntry& entry, const std::vector<ReversalLine>& lines) {
  return entry.lines.size() == lines.size() &&
         std::ranges::all_of(lines, [&entry](const ReversalLine& line) {
           return taken_of({&entry, 1}, line) == line.units;
         });
}

/// What the entries took in points, less what they gave again; nothing when one does not say.
std::optional<Points> points_of(std::span<const SurveyEntry> entries) {
  Points sum;
  for (const SurveyEntry& entry : entries) {
    if (!entry.points) return std::nullopt;
    const bool gives = !entry.lines.empty() && entry.lines.front().quantity.is_negative();
    sum += gives ? -*entry.points : *entry.points;
  }
  return sum;
}

Points sum_of(const std::vector<ReversalLine>& lines) {
  Points sum;
  for (const ReversalLine& line : lines) sum += line.points;
  return sum;
}

bool are_all_of(const std::vector<ReversalLine>& rest, const std::vector<ReversalLine>& delta) {
  return std::ranges::equal(rest, delta, [](const ReversalLine& a, const ReversalLine& b) {
    return a.line == b.line && a.units == b.units;
  });
}

/// How many claims before this one carry the same lines.
std::size_t rank_of(const Book& book, const Delta& delta, const Leg& leg) {
  const auto same = [&delta](const std::vector<ReversalLine>& lines) {
    return are_all_of(lines, *delta.lines);
  };
  std::size_t rank = 0;
  if (book.sale && book.sale->flow == leg.undoes) {
    for (const Claim& claim : book.claims) {
      if (&claim.reversal == delta.lines) break;
      rank += same(claim.reversal) ? 1 : 0;
    }
    return rank;
  }
  for (const PastRevision& past : book.past) {
    if (past.flow != leg.undoes) continue;
    for (const PastRevision::Reversal& reversal : past.reversals) {
      if (&reversal.lines == delta.lines) break;
      rank += same(reversal.lines) ? 1 : 0;
    }
  }
  return rank;
}

/// The entry with this number of those that say the same, or null.
const SurveyEntry* entry_like(std::span<const SurveyEntry> entries,
                              const std::vector<ReversalLine>& lines, std::size_t number) {
  for (const SurveyEntry& entry : entries) {
    if (says_the_same(entry, lines) && number-- == 0) return &entry;
  }
  return nullptr;
}

/// What is still to be sent of a delta.
std::vector<ReversalLine> rest_of(const Book& book, const Delta& delta, Id claimant,
                                  std::span<const SurveyEntry> entries) {
  std::vector<ReversalLine> rest;
  for (const ReversalLine& line : *delta.lines) {
    const std::int64_t taken = taken_of(entries, line);
    const std::int64_t missing = wanted_of(delta, line.line) - taken;
    const std::int64_t most = most_of(book, delta, claimant, line, missing);
    const std::int64_t units =
        std::clamp(missing, std::min(most, std::int64_t{0}), std::max(most, std::int64_t{0}));
    if (units == 0) continue;
    rest.push_back({.line = line.line, .units = units, .points = {}, .measured = line.measured});
    if (delta.frozen == nullptr) continue;
    const auto sold = std::ranges::find(*delta.frozen, line.line, &FrozenLine::line);
    if (sold == delta.frozen->end()) continue;
    rest.back().points = ledger::reversal(sold->points, taken, taken + units);
  }
  return rest;
}

/// The points of the rest: of a past revision, whose units' points are not known any more, what is
/// missing in all. Nothing when the target does not tell.
std::optional<Points> points_of_rest(const Delta& delta, const std::vector<ReversalLine>& rest,
                                     std::span<const SurveyEntry> entries) {
  if (delta.frozen != nullptr) return sum_of(rest);
  const auto taken = points_of(entries);
  if (!taken) return std::nullopt;
  const Points all = sum_of(*delta.lines);
  return std::clamp(delta.points - *taken, std::min(Points{}, all), std::max(Points{}, all));
}

}  // namespace

bool occurred_before(const Flow& flow, const Restore& restore) {
  return restore.count > 0 && flow.occurred_at <= restore.at + till_clock_ahead_max;
}

bool in_doubt(const Flow& flow, const Leg& leg, const Restore& restore) {
  if (restore.count <= leg.restores) return false;
  return is_delta(leg.kind) || occurred_before(flow, restore);
}

SurveyOutcome survey_outcome(const Book& book, const Flow& claimant, const Leg& leg,
                             std::string_view original_reference,
                             std::span<const SurveyEntry> entries) {
  SurveyOutcome outcome;
  const Delta delta = delta_of(book, claimant, leg, original_reference);
  if (delta.lines == nullptr) {
    outcome.kind = Kind::differs;
    return outcome;
  }
  const Points all = sum_of(*delta.lines);
  outcome.answer.points = Points{std::abs(all.count)};
  const auto own = std::ranges::find(entries, leg.steps.front().reference, &SurveyEntry::reference);
  const bool known = own != entries.end();
  outcome.rest = rest_of(book, delta, claimant.id, entries);
  if (outcome.rest.empty()) {
    outcome.kind = Kind::covered;
    const SurveyEntry* entry =
        known ? &*own : entry_like(entries, *delta.lines, rank_of(book, delta, leg));
    outcome.by_others = !known;
    if (entry == nullptr) return outcome;
    outcome.answer.target_id = entry->target_id;
    if (!known) outcome.reference = entry->reference;
    if (entry->points && says_the_same(*entry, *delta.lines)) {
      outcome.answer.points = entry->points;
    }
  } else if (!known && are_all_of(outcome.rest, *delta.lines)) {
    outcome.rest.clear();
  } else {
    const auto rest = points_of_rest(delta, outcome.rest, entries);
    outcome.kind = rest ? Kind::part : Kind::differs;
    outcome.covered = all - rest.value_or(Points{});
  }
  return outcome;
}

}  // namespace crossfoot::flow
