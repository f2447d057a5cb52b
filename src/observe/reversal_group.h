#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "base/money.h"
#include "flow/plan/book.h"
#include "ledger/accrual.h"

namespace crossfoot::observe {

/// One reversal of a receipt: a flow may take units back and give others again.
struct ReversalId {
  Id claimant;
  bool again = false;  ///< given to the member again

  auto operator<=>(const ReversalId&) const = default;
};

/// All reversals of one receipt, and what of them was undone. The platform gives each the next
/// units of its lines, in the order in which they reach it. That is the order of the book's
/// revisions, unless a call's outcome was unknown for a while: then a later one may have overtaken
/// it, and both have other points, whose sum is the same.
class ReversalGroup {
 public:
  /// Orders of more reversals than this are not tried: 5,040.
  static constexpr std::size_t permuted_max = 7;

  /// `original`: the flow of the revision concerned. `lines`: what it earned, by Crossfoot's own
  /// arithmetic.
  ReversalGroup(const flow::Book& book, Id original, std::vector<ledger::AccruedLine> lines);

  /// The same for all reversals of one revision of a receipt.
  [[nodiscard]] const Hash128& key() const { return key_; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  /// In the order of the revisions. No value when the receipt has no such claim, or a line is not
  /// the original's.
  [[nodiscard]] std::optional<Points> points_of(const ReversalId& wanted) const;

  /// What was seen of a member: its points in the platform's book, or that it has agreed with the
  /// order of the revisions. Members that are not told of may have any points.
  struct Seen {
    Points points;
    bool agreed = false;
  };
  /// Points of every member under the order that leaves the fewest of the seen ones unexplained,
  /// and none of those that agreed; another order than that of the revisions only where it explains
  /// two, as every overtaking does, or some member is not in sight.
  [[nodiscard]] std::map<ReversalId, Points> explain(const std::map<ReversalId, Seen>& seen) const;

 private:
  struct Member {
    ReversalId id;
    std::vector<std::pair<std::uint32_t, std::int64_t>> units;  ///< by line
  };

  [[nodiscard]] std::vector<Points> in_order(const std::vector<std::size_t>& order) const;

  Hash128 key_;
  std::map<std::uint32_t, ledger::LinePoints> points_;  ///< of the sold lines
  std::vector<Member> members_;                         ///< in the order of the revisions
};

}  // namespace crossfoot::observe
