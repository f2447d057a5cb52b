#include "ledger/redemption.h"

#include <algorithm>

#include "base/invariant.h"

namespace crossfoot::ledger {

namespace {

bool is_live(const Hold& hold, Instant at) {
  return hold.state == HoldState::held && at < hold.lapses_at;
}

/// The first `points` of what was drawn.
std::vector<LotDraw> first_of(const std::vector<LotDraw>& draws, Points points) {
  std::vector<LotDraw> first;
  for (const LotDraw& draw : draws) {
    const Points here = std::min(draw.points, points);
    if (here.count <= 0) break;
    first.push_back({draw.lot, here});
    points = points - here;
  }
  return first;
}

}  // namespace

const Hold* Redemptions::find(std::string_view reference) const {
  const auto at = std::ranges::find(holds_, reference, &Hold::reference);
  return at == holds_.end() ? nullptr : &*at;
}

Hold* Redemptions::find_hold(std::string_view reference) {
  const auto at = std::ranges::find(holds_, reference, &Hold::reference);
  return at == holds_.end() ? nullptr : &*at;
}

std::vector<LotDraw> Redemptions::reserved(Instant at) const {
  std::vector<LotDraw> draws;
  for (const Hold& hold : holds_) {
    if (is_live(hold, at)) draws.insert(draws.end(), hold.draws.begin(), hold.draws.end());
  }
  return draws;
}

Points Redemptions::free(Moment now) const {
  const Points all = lots_.active(now.day);
  return all - plan_draw(lots_, all, now.day, reserved(now.at)).missing;
}

RedemptionOutcome Redemptions::authorise(std::string_view reference, Points points,
                                         Duration hold_time, Moment now) {
  INVARIANT(points.count > 0 && hold_time.count() > 0, "a hold has points and time");
  if (const Hold* known = find(reference)) {
    if (known->points != points) return RedemptionOutcome::conflict;
    if (known->state == HoldState::captured) return RedemptionOutcome::repeated;
    if (known->state == HoldState::voided) return RedemptionOutcome::conflict;
    return is_live(*known, now.at) ? RedemptionOutcome::repeated : RedemptionOutcome::lapsed;
  }
  DrawPlan plan = plan_draw(lots_, points, now.day, reserved(now.at));
  if (plan.missing.count > 0) return RedemptionOutcome::insufficient;
  holds_.push_back({.reference = std::string(reference),
                    .points = points,
                    .lapses_at = now.at + hold_time,
                    .draws = std::move(plan.draws)});
  return RedemptionOutcome::done;
}

void Redemptions::spend(Hold& hold) {
  hold.state = HoldState::captured;
  hold.draws = first_of(hold.draws, hold.captured);
  for (const LotEntry& entry : draw_entries(hold.reference, LotMove::redeem, hold.draws)) {
    const auto added = lots_.add(entry);
    INVARIANT(added == LotBook::Added::added, "a redemption's reference is its own");
  }
}

RedemptionOutcome Redemptions::capture(std::string_view reference, Points points, Moment now) {
  Hold* hold = find_hold(reference);
  if (hold == nullptr) return RedemptionOutcome::unknown;
  if (hold->state == HoldState::captured) {
    return hold->captured == points ? RedemptionOutcome::repeated : RedemptionOutcome::conflict;
  }
  if (hold->state == HoldState::voided) return RedemptionOutcome::conflict;
  if (points.count <= 0 || points > hold->points) return RedemptionOutcome::conflict;
  if (!is_live(*hold, now.at)) {
    hold->state = HoldState::lapsed;
    return RedemptionOutcome::lapsed;
  }
  hold->captured = points;
  spend(*hold);
  return RedemptionOutcome::done;
}

RedemptionOutcome Redemptions::release(std::string_view reference, Moment now) {
  Hold* hold = find_hold(reference);
  if (hold == nullptr) {
    holds_.push_back({.reference = std::string(reference),
                      .points = {},
                      .lapses_at = now.at,
                      .draws = {},
                      .state = HoldState::voided});
    return RedemptionOutcome::done;
  }
  switch (hold->state) {
    case HoldState::captured:
      return RedemptionOutcome::conflict;
    case HoldState::voided:
      return RedemptionOutcome::repeated;
    case HoldState::held:
    case HoldState::lapsed:
      break;
  }
  hold->state = HoldState::voided;
  return RedemptionOutcome::done;
}

Redemptions::Offline Redemptions::capture_offline(std::string_view reference, Points points,
                                                  Points floor_limit, Moment now) {
  INVARIANT(points.count > 0, "a redemption has points");
  Offline result{
      .outcome = RedemptionOutcome::done, .debt = {}, .over_limit = points > floor_limit};
  if (const Hold* known = find(reference)) {
    const bool same = known->state == HoldState::captured && known->points == points;
    result.outcome = same ? RedemptionOutcome::repeated : RedemptionOutcome::conflict;
    if (same) result.debt = points - known->captured;
    return result;
  }
  DrawPlan plan = plan_draw(lots_, points, now.day, reserved(now.at));
  result.debt = plan.missing;
  holds_.push_back({.reference = std::string(reference),
                    .points = points,
                    .lapses_at = now.at,
                    .draws = std::move(plan.draws),
                    .captured = points - plan.missing});
  spend(holds_.back());
  return result;
}

RedemptionOutcome Redemptions::restore(std::string_view reference, std::string_view restoration,
                                       Points points, const LotPolicy& policy, Moment now) {
  const auto before = std::ranges::find_if(
      restorations_, [&](const Restoration& known) { return known.restoration == restoration; });
  if (before != restorations_.end()) {
    const bool same = before->points == points && before->reference == reference;
    return same ? RedemptionOutcome::repeated : RedemptionOutcome::conflict;
  }
  Hold* hold = find_hold(reference);
  if (hold == nullptr) return RedemptionOutcome::unknown;
  if (hold->state != HoldState::captured || points.count <= 0) return RedemptionOutcome::conflict;
  if (points > hold->captured - hold->restored) return RedemptionOutcome::insufficient;
  const auto back = plan_restore(hold->draws, hold->restored, points);
  for (const LotEntry& entry : restore_entries(lots_, policy, restoration, back, now.day)) {
    const auto added = lots_.add(entry);
    INVARIANT(added == LotBook::Added::added, "a restoration's reference is its own");
  }
  hold->restored += points;
  restorations_.push_back({std::string(reference), std::string(restoration), points});
  return RedemptionOutcome::done;
}

bool offline_grants(Points points, Points granted_since, Points floor_limit) {
  return points.count > 0 && granted_since + points <= floor_limit;
}

}  // namespace crossfoot::ledger
