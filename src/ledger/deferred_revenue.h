#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/journal.h"
#include "ledger/lots.h"
#include "ledger/policies.h"

namespace crossfoot::ledger {

/// Shares a sale's net between the goods and the points it earned, by the programme's policy (V13,
/// V14). `to_programme`: rate of the price's currency, frozen at the sale. price and points >= 0;
/// the points' selling price is points × point_price, half up to minor units.
[[nodiscard]] SspSplit deferral_of(const DeferralPolicy& policy, Money price, Points points,
                                   Ratio to_programme = {1, 1});

/// Revenue to recognise now for a pool of points, by cumulative catch-up (IFRS 15 B44-B47, V13):
/// deferred × redeemed / expected, half up, less what was recognised before. Never takes the total
/// above what was deferred. Where fewer are expected than redeemed, all is due. Below zero when a
/// new estimate takes revenue back. redeemed >= 0.
[[nodiscard]] Money catch_up(Money deferred, Points redeemed, Points expected, Money recognised);

/// How the liability went from one closing to the next.
struct RollForward {
  Money opening;
  Money granted;
  Money redeemed;  ///< net of what was restored
  Money expired;
  Money clawed_back;
  Money re_estimated;  ///< above zero: the liability grew

  /// What the liability must be now.
  [[nodiscard]] Money closing() const {
    return opening + granted - redeemed - expired - clawed_back + re_estimated;
  }
  bool operator==(const RollForward&) const = default;
};

/// The contract liability for points in one currency, lot by lot. Points of a lot are carried at
/// deferred × points / granted; what a movement releases is the difference of two rounded running
/// totals, so a lot that is used up has released what was deferred, to the minor unit, whatever the
/// order and size of the movements.
class PointsLiability {
 public:
  explicit PointsLiability(Currency currency);

  /// A lot of points > 0 that came with a sale, and the part >= 0 of its price that is owed for
  /// them. The same lot again changes nothing.
  void grant(std::string_view lot, Points points, Money deferred);
  /// What an entry of the lots releases: its carrying amount, below zero for a restoration. A grant
  /// releases nothing (grant() says what it is worth); so do lots that nothing was deferred for.
  /// Points restored to a lot of their own are carried as those of the lot they come from. Each
  /// entry is moved once: the caller asks for those that LotBook::add has added.
  Money move(const LotEntry& entry);
  /// A new estimate changes what the points left in a lot are carried at, by `change`, at most down
  /// to nothing; answers the change that was made. Zero for a lot that has no points left.
  Money re_estimate(std::string_view lot, Money change);

  /// Sum over the live lots of what their points are carried at; does not use the movements.
  [[nodiscard]] Money open() const;
  [[nodiscard]] const RollForward& period() const { return period_; }
  /// Ends the period: the next one opens with this one's closing.
  void close();

 private:
  struct Carried {
    std::string lot;
    Points granted;
    Money deferred;
    Points used;  ///< below zero when points from before an estimate came back
  };

  Carried* find(std::string_view lot);
  [[nodiscard]] static Money released(const Carried& carried);

  RollForward period_;
  std::vector<Carried> lots_;
};

}  // namespace crossfoot::ledger
