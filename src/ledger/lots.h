#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "ledger/policies.h"

namespace crossfoot::ledger {

/// When the points of a lot may be spent: on business dates in [active, expires).
struct LotTerms {
  std::string sale;  ///< reference of the sale that earned them
  BusinessDate earned;
  BusinessDate active;
  std::optional<BusinessDate> expires;  ///< the first day on which they are gone; none: never

  bool operator==(const LotTerms&) const = default;
  [[nodiscard]] bool active_on(BusinessDate day) const { return active <= day && !expired_on(day); }
  [[nodiscard]] bool expired_on(BusinessDate day) const { return expires && *expires <= day; }
};

/// Terms of points earned on a day, by the programme's pending period and expiry.
[[nodiscard]] LotTerms lot_terms(const LotPolicy& policy, std::string sale, BusinessDate earned);

enum class LotMove : std::uint8_t {
  grant,    ///< earned with a sale
  reverse,  ///< taken back with returned goods
  redeem,
  restore,  ///< a redemption given back
  expire,
};
inline constexpr auto lot_move_last = LotMove::expire;

/// A fact about one lot. Facts may arrive in any order and more than once.
struct LotEntry {
  std::string reference;  ///< of what happened; unique with lot and move
  std::string lot;
  LotMove move = LotMove::grant;
  Points points;                  ///< > 0, whatever the move
  std::optional<LotTerms> terms;  ///< of a grant, and of a restoration that makes a lot of its own
  std::string origin;  ///< of such a restoration: the lot that the points were drawn from

  bool operator==(const LotEntry&) const = default;
};

/// Points taken from, reserved in or given back to one lot; > 0.
struct LotDraw {
  std::string lot;
  Points points;

  bool operator==(const LotDraw&) const = default;
};

/// A lot is the sum of its entries, in any order. It may be below zero as long as a reversal is
/// known and the grant is not.
struct Lot {
  std::string id;
  std::optional<LotTerms> terms;  ///< none: its grant has not arrived, nothing can be spent
  Points moved[static_cast<std::size_t>(lot_move_last) + 1];  ///< by move

  bool operator==(const Lot&) const = default;
  [[nodiscard]] Points sum(LotMove move) const { return moved[static_cast<std::size_t>(move)]; }
  [[nodiscard]] Points balance() const {
    return sum(LotMove::grant) + sum(LotMove::restore) - sum(LotMove::reverse) -
           sum(LotMove::redeem) - sum(LotMove::expire);
  }
};

/// The lots of one member.
class LotBook {
 public:
  enum class Added : std::uint8_t { added, known, conflicting };

  /// Books a fact. `known`: it was booked before, nothing changes; `conflicting`: the same
  /// reference said something else of this lot before, or the points are not above zero; nothing
  /// changes.
  Added add(const LotEntry& entry);

  [[nodiscard]] const std::vector<Lot>& lots() const { return lots_; }  ///< by id
  [[nodiscard]] const Lot* find(std::string_view id) const;
  /// Sum of all lots, whenever they can be spent.
  [[nodiscard]] Points balance() const;
  /// What may be spent on a day.
  [[nodiscard]] Points active(BusinessDate day) const;
  /// What will be active later than on this day.
  [[nodiscard]] Points pending(BusinessDate day) const;

  bool operator==(const LotBook&) const = default;

 private:
  std::vector<Lot> lots_;
  std::vector<LotEntry> entries_;  // by reference, lot, move
};

struct DrawPlan {
  std::vector<LotDraw> draws;
  Points missing;  ///< what the lots do not have
};

/// Plans to take points on a day: soonest expiry first, then the earliest earned, then by id; from
/// active lots alone, and not what is reserved. points >= 0.
[[nodiscard]] DrawPlan plan_draw(const LotBook& book, Points points, BusinessDate day,
                                 std::span<const LotDraw> reserved = {});

/// Plans to give back `points` of a redemption that drew `drawn`, of which `restored` came back
/// before: what was drawn last returns first, so that the rest is what a smaller redemption would
/// have drawn. Points return to the lots they came from. Never more than was drawn.
[[nodiscard]] std::vector<LotDraw> plan_restore(std::span<const LotDraw> drawn, Points restored,
                                                Points points);

/// The entries of a restoration. What returns to a lot that has expired meanwhile stays expired,
/// unless the policy grants days of grace: then it is a lot of its own that ends with them.
[[nodiscard]] std::vector<LotEntry> restore_entries(const LotBook& book, const LotPolicy& policy,
                                                    std::string_view reference,
                                                    std::span<const LotDraw> draws,
                                                    BusinessDate day);

/// Entries that take what has expired by this day and is not reserved out of the lots.
[[nodiscard]] std::vector<LotEntry> expiry_entries(const LotBook& book, BusinessDate day,
                                                   std::span<const LotDraw> reserved = {});

/// One entry for each draw.
[[nodiscard]] std::vector<LotEntry> draw_entries(std::string_view reference, LotMove move,
                                                 std::span<const LotDraw> draws);

}  // namespace crossfoot::ledger
