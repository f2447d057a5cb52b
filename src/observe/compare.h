#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connector/book_reader.h"
#include "observe/control.h"
#include "observe/items.h"
#include "observe/reversal_group.h"

namespace crossfoot::observe {

enum class ItemOutcome : std::uint8_t { agreed, in_flight, explained, unverified, broken };
inline constexpr std::size_t item_outcome_count = 5;

/// What became of one expected item.
struct Judged {
  ItemOutcome outcome = ItemOutcome::agreed;
  ExpectedItem item;    ///< its lines are dropped
  bool counts = false;  ///< in the channel's sums: what the target has or should have
};

/// An expected item that its day's book does not hold. It may still be found under another day.
struct Unmet {
  ExpectedItem item;                        ///< its lines are dropped
  ItemOutcome alone = ItemOutcome::broken;  ///< what it is when it is found nowhere
  bool outside = false;                     ///< of a day beside the period
};

/// An item of a target's book that no expectation of its day has met.
struct Stray {
  Side side = Side::erp;
  connector::BookItem item;  ///< its lines are dropped
  bool outside = false;      ///< of a day beside the period
};

/// A reversal with other points than the order of its receipt's revisions gives it: another may
/// have overtaken it. Judged when all days are known.
struct Overtaken {
  ExpectedItem item;
  Points found;
  bool outside = false;
};

/// One target's book of one business date against what the channel leads one to expect.
struct DayComparison {
  std::vector<Judged> judged;
  std::vector<Break> breaks;
  std::vector<Unmet> unmet;
  std::vector<Stray> strays;
  std::vector<Overtaken> overtaken;
  std::vector<std::pair<Hash128, ReversalId>> in_turn;  ///< the other reversals that have siblings
  ControlTotals control;
};

struct CompareOptions {
  Side side = Side::erp;
  BusinessDate date;
  Instant as_of;          ///< before the target's book was read
  Duration in_flight{0};  ///< younger ones may still be under way
  bool readable = true;   ///< false: the book could not be read, everything is unverified
};

/// Full outer join by reference, tolerance zero. `expected` are the items of one side; those that
/// are explained and were never sent (no reference) are explained whatever the book says. Pure.
[[nodiscard]] DayComparison compare_day(std::vector<ExpectedItem> expected,
                                        std::vector<connector::BookItem> observed,
                                        const CompareOptions& options);

/// What is left of all days, joined across the days: an item found under another day is one timing
/// break. What remains unmet gets its own outcome; what remains stray is answered as it came. Days
/// beside the period are there to be found in: what is theirs alone is dropped.
struct Settlement {
  std::vector<Judged> judged;
  std::vector<Break> breaks;
  std::vector<Stray> strays;
};
[[nodiscard]] Settlement settle(std::vector<Unmet> unmet, std::vector<Stray> strays);

/// Reversals whose points follow from some order of arrival of all of their receipt's agree; the
/// others are rate breaks. `in_turn`: the siblings that agreed as they are.
[[nodiscard]] Settlement settle_order(std::vector<Overtaken> overtaken,
                                      const std::set<std::pair<Hash128, ReversalId>>& in_turn);

/// A stray that another, agreed item's reference names is a duplicate; `known` is that item.
/// Without one it is an item that nobody on the channels' side knows of.
[[nodiscard]] Break break_of_stray(const Stray& stray, const ExpectedItem* known);

}  // namespace crossfoot::observe
