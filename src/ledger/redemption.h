#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/lots.h"
#include "ledger/policies.h"

namespace crossfoot::ledger {

enum class HoldState : std::uint8_t {
  held,      ///< reserved until it lapses
  captured,  ///< spent; what was not captured is free again
  voided,
  lapsed,  ///< its time ran out
};

/// Points reserved for one redemption: which lots they come from is decided once.
struct Hold {
  std::string reference;
  Points points;  ///< authorised
  Instant lapses_at;
  std::vector<LotDraw> draws;  ///< of the authorised points; once captured, of those spent
  HoldState state = HoldState::held;
  Points captured;
  Points restored;  ///< of the captured

  bool operator==(const Hold&) const = default;
};

/// When a step happens: at the hub's clock, and on which business date of the shop.
struct Moment {
  Instant at;
  BusinessDate day;
};

enum class RedemptionOutcome : std::uint8_t {
  done,
  repeated,      ///< it was done before, with the same figures
  insufficient,  ///< less is free than was asked for
  lapsed,        ///< the hold's time is over: authorise again
  unknown,       ///< no such hold
  conflict,      ///< the hold is in another state, or the figures differ from those of before
};

/// A member's spendable points: a pure state machine, idempotent by (reference, step). What is free
/// is active less held, lot by lot, so the same points are never authorised twice, however calls
/// interleave; calls for one member are made one after the other, their times not falling.
class Redemptions {
 public:
  [[nodiscard]] const LotBook& lots() const { return lots_; }
  [[nodiscard]] const std::vector<Hold>& holds() const { return holds_; }
  [[nodiscard]] const Hold* find(std::string_view reference) const;

  /// Books a fact about a lot that is no redemption.
  LotBook::Added add(const LotEntry& entry) { return lots_.add(entry); }

  /// What may be authorised now.
  [[nodiscard]] Points free(Moment now) const;
  /// What live holds reserve, for clawbacks and expiry to leave alone.
  [[nodiscard]] std::vector<LotDraw> reserved(Instant at) const;

  /// Reserves points > 0 for a time. Points whose lot expires while they are held may still be
  /// captured. `lapsed` repeats the answer for a reference whose hold is over: a new attempt needs
  /// a new reference.
  RedemptionOutcome authorise(std::string_view reference, Points points, Duration hold_time,
                              Moment now);
  /// Spends 1 … authorised points of a hold and frees the rest.
  RedemptionOutcome capture(std::string_view reference, Points points, Moment now);
  /// Frees a hold. A void that comes before its authorisation is remembered and forbids it.
  RedemptionOutcome release(std::string_view reference, Moment now);

  struct Offline {
    RedemptionOutcome outcome = RedemptionOutcome::done;
    Points debt;              ///< spent beyond what was free
    bool over_limit = false;  ///< the till granted more than it might: for a person to see
  };
  /// Books what a till without connection has already granted: a fact, so it is never refused for
  /// want of points. > 0.
  Offline capture_offline(std::string_view reference, Points points, Points floor_limit,
                          Moment now);

  /// Gives back part of a captured redemption, to the lots it came from (restore_entries). More
  /// than is left is `insufficient`.
  RedemptionOutcome restore(std::string_view reference, std::string_view restoration, Points points,
                            const LotPolicy& policy, Moment now);

  bool operator==(const Redemptions&) const = default;

 private:
  struct Restoration {
    std::string reference;
    std::string restoration;
    Points points;

    bool operator==(const Restoration&) const = default;
  };

  Hold* find_hold(std::string_view reference);
  void spend(Hold& hold);

  LotBook lots_;
  std::vector<Hold> holds_;
  std::vector<Restoration> restorations_;
};

/// Whether a till without connection may grant a redemption: up to the floor limit, all of the
/// member's redemptions since it lost its connection together. points > 0.
[[nodiscard]] bool offline_grants(Points points, Points granted_since, Points floor_limit);

}  // namespace crossfoot::ledger
