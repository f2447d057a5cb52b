#include "ledger/lots.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace crossfoot::ledger {

namespace {

BusinessDate later(BusinessDate date, std::int32_t days) {
  return {date.days + days};
}

Points reserved_in(std::string_view lot, std::span<const LotDraw> reserved) {
  Points points;
  for (const LotDraw& draw : reserved) {
    if (draw.lot == lot) points += draw.points;
  }
  return points;
}

auto key_of(const LotEntry& entry) {
  return std::tie(entry.reference, entry.lot, entry.move);
}

/// Soonest expiry first, what never expires last.
bool drawn_before(const Lot* a, const Lot* b) {
  const auto order = [](const Lot* lot) {
    const BusinessDate end = lot->terms->expires.value_or(BusinessDate{INT32_MAX});
    return std::make_tuple(end, lot->terms->earned, std::string_view(lot->id));
  };
  return order(a) < order(b);
}

}  // namespace

LotTerms lot_terms(const LotPolicy& policy, std::string sale, BusinessDate earned) {
  LotTerms terms{.sale = std::move(sale),
                 .earned = earned,
                 .active = later(earned, policy.pending_days),
                 .expires = std::nullopt};
  if (policy.expiry_days > 0) {
    const BusinessDate from = policy.expiry_from == ExpiryFrom::earned ? earned : terms.active;
    terms.expires = later(from, policy.expiry_days);
  }
  return terms;
}

LotBook::Added LotBook::add(const LotEntry& entry) {
  if (entry.points.count <= 0) return Added::conflicting;
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), entry,
                       [](const LotEntry& a, const LotEntry& b) { return key_of(a) < key_of(b); });
  if (at != entries_.end() && key_of(*at) == key_of(entry)) {
    return *at == entry ? Added::known : Added::conflicting;
  }
  auto lot = std::ranges::lower_bound(lots_, entry.lot, {}, &Lot::id);
  const bool there = lot != lots_.end() && lot->id == entry.lot;
  if (there && entry.terms && lot->terms && *lot->terms != *entry.terms) return Added::conflicting;
  if (!there) lot = lots_.insert(lot, Lot{.id = entry.lot, .terms = {}, .moved = {}});
  if (entry.terms) lot->terms = entry.terms;
  lot->moved[static_cast<std::size_t>(entry.move)] += entry.points;
  entries_.insert(at, entry);
  return Added::added;
}

const Lot* LotBook::find(std::string_view id) const {
  const auto lot = std::ranges::lower_bound(lots_, id, {}, &Lot::id);
  return lot != lots_.end() && lot->id == id ? &*lot : nullptr;
}

Points LotBook::balance() const {
  Points sum;
  for (const Lot& lot : lots_) sum += lot.balance();
  return sum;
}

Points LotBook::active(BusinessDate day) const {
  Points sum;
  for (const Lot& lot : lots_) {
    if (lot.terms && lot.terms->active_on(day)) sum += std::max(Points{0}, lot.balance());
  }
  return sum;
}

Points LotBook::pending(BusinessDate day) const {
  Points sum;
  for (const Lot& lot : lots_) {
    if (lot.terms && lot.terms->active > day) sum += std::max(Points{0}, lot.balance());
  }
  return sum;
}

DrawPlan plan_draw(const LotBook& book, Points points, BusinessDate day,
                   std::span<const LotDraw> reserved) {
  std::vector<const Lot*> order;
  for (const Lot& lot : book.lots()) {
    if (lot.terms && lot.terms->active_on(day)) order.push_back(&lot);
  }
  std::ranges::sort(order, drawn_before);
  DrawPlan plan{.draws = {}, .missing = points};
  for (const Lot* lot : order) {
    const Points free = lot->balance() - reserved_in(lot->id, reserved);
    const Points here = std::min(plan.missing, free);
    if (here.count <= 0) continue;
    plan.draws.push_back({lot->id, here});
    plan.missing = plan.missing - here;
  }
  return plan;
}

std::vector<LotDraw> plan_restore(std::span<const LotDraw> drawn, Points restored, Points points) {
  std::vector<LotDraw> back;
  Points skip = restored;
  Points left = points;
  for (auto draw = drawn.rbegin(); draw != drawn.rend(); ++draw) {
    const Points passed = std::min(skip, draw->points);
    skip = skip - passed;
    const Points here = std::min(left, draw->points - passed);
    if (here.count <= 0) continue;
    back.push_back({draw->lot, here});
    left = left - here;
  }
  return back;
}

std::vector<LotEntry> restore_entries(const LotBook& book, const LotPolicy& policy,
                                      std::string_view reference, std::span<const LotDraw> draws,
                                      BusinessDate day) {
  std::vector<LotEntry> entries;
  for (const LotDraw& draw : draws) {
    const Lot* lot = book.find(draw.lot);
    const bool expired = lot != nullptr && lot->terms && lot->terms->expired_on(day);
    LotEntry entry{.reference = std::string(reference),
                   .lot = draw.lot,
                   .move = LotMove::restore,
                   .points = draw.points,
                   .terms = {}};
    if (expired && policy.grace_days > 0) {
      entry.lot = fmt::format("{}+{}", draw.lot, reference);
      entry.origin = draw.lot;
      entry.terms = LotTerms{.sale = lot->terms->sale,
                             .earned = lot->terms->earned,
                             .active = day,
                             .expires = later(day, policy.grace_days)};
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<LotEntry> expiry_entries(const LotBook& book, BusinessDate day,
                                     std::span<const LotDraw> reserved) {
  std::vector<LotEntry> entries;
  for (const Lot& lot : book.lots()) {
    if (!lot.terms || !lot.terms->expired_on(day)) continue;
    const Points gone = lot.balance() - reserved_in(lot.id, reserved);
    if (gone.count <= 0) continue;
    // What expired before tells this entry from one after a later restoration.
    entries.push_back(
        {.reference = fmt::format("expiry/{}/{}", lot.id, lot.sum(LotMove::expire).count),
         .lot = lot.id,
         .move = LotMove::expire,
         .points = gone,
         .terms = {}});
  }
  return entries;
}

std::vector<LotEntry> draw_entries(std::string_view reference, LotMove move,
                                   std::span<const LotDraw> draws) {
  std::vector<LotEntry> entries;
  for (const LotDraw& draw : draws) {
    entries.push_back({.reference = std::string(reference),
                       .lot = draw.lot,
                       .move = move,
                       .points = draw.points,
                       .terms = {}});
  }
  return entries;
}

}  // namespace crossfoot::ledger
