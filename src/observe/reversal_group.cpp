#include "observe/reversal_group.h"

#include <algorithm>
#include <numeric>

#include "base/codec.h"

namespace crossfoot::observe {

namespace {

using Reversal = flow::PastRevision::Reversal;

/// In the order of the book's revisions.
std::vector<Reversal> reversals_of(const flow::Book& book, Id original) {
  const auto past = std::ranges::find(book.past, original, &flow::PastRevision::flow);
  std::vector<Reversal> reversals;
  if (past != book.past.end()) {
    reversals = past->reversals;
  } else {
    for (const flow::Claim& claim : book.claims) {
      if (claim.revision == 0 || claim.reversal.empty()) continue;
      reversals.push_back({claim.flow, claim.revision, !claim.releases.is_nil(), claim.reversal});
    }
  }
  std::ranges::sort(reversals, {}, &Reversal::revision);
  return reversals;
}

Hash128 key_of(const flow::Book& book, Id original) {
  ByteWriter out;
  out.hash(book.key);
  out.id(original);
  return hash128(out.view());
}

}  // namespace

ReversalGroup::ReversalGroup(const flow::Book& book, Id original,
                             std::vector<ledger::AccruedLine> lines)
    : key_(key_of(book, original)) {
  for (ledger::AccruedLine& line : lines) {
    if (line.points.quantity.count > 0) points_.emplace(line.number, std::move(line.points));
  }
  for (const Reversal& reversal : reversals_of(book, original)) {
    Member member{{reversal.claimant, reversal.again}, {}};
    for (const flow::ReversalLine& line : reversal.lines) {
      member.units.emplace_back(line.line, line.units);
    }
    members_.push_back(std::move(member));
  }
}

std::vector<Points> ReversalGroup::in_order(const std::vector<std::size_t>& order) const {
  std::vector<Points> points(members_.size());
  std::map<std::uint32_t, std::int64_t> before;
  for (const std::size_t index : order) {
    for (const auto& [line, units] : members_[index].units) {
      std::int64_t& at = before[line];
      const auto sold = points_.find(line);
      if (sold != points_.end()) points[index] += ledger::reversal(sold->second, at, at + units);
      at += units;
    }
    if (members_[index].id.again) points[index] = -points[index];
  }
  return points;
}

std::optional<Points> ReversalGroup::points_of(const ReversalId& wanted) const {
  const auto own = std::ranges::find(members_, wanted, &Member::id);
  if (own == members_.end()) return std::nullopt;
  for (const auto& [line, units] : own->units) {
    if (!points_.contains(line)) return std::nullopt;
  }
  std::vector<std::size_t> order(members_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return in_order(order)[static_cast<std::size_t>(own - members_.begin())];
}

std::map<ReversalId, Points> ReversalGroup::explain(const std::map<ReversalId, Seen>& seen) const {
  std::vector<std::size_t> order(members_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<Points> best = in_order(order);
  const auto unexplained = [&](const std::vector<Points>& points) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto at = seen.find(members_[i].id);
      if (at == seen.end() || at->second.points == points[i]) continue;
      if (at->second.agreed) return SIZE_MAX;
      ++count;
    }
    return count;
  };
  const std::size_t in_turn = unexplained(best);
  // Who overtakes changes two reversals at least: an order that explains one of them only, while
  // all are in sight, explains damage away.
  const std::size_t gain = seen.size() < members_.size() ? 1 : 2;
  std::size_t fewest = in_turn;
  while (fewest > 0 && members_.size() <= permuted_max &&
         std::ranges::next_permutation(order).found) {
    std::vector<Points> points = in_order(order);
    const std::size_t count = unexplained(points);
    if (count >= fewest || count + gain > in_turn) continue;
    fewest = count;
    best = std::move(points);
  }
  std::map<ReversalId, Points> explained;
  for (std::size_t i = 0; i < best.size(); ++i) explained.emplace(members_[i].id, best[i]);
  return explained;
}

}  // namespace crossfoot::observe
