#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "flow/plan/book.h"
#include "flow/plan/caller.h"
#include "flow/plan/flow.h"

namespace crossfoot::flow {

/// The data store was restored from a backup: what happened between the backup and `at` is known to
/// the targets, and not here.
struct Restore {
  std::uint32_t count = 0;  ///< restores so far; 0: none
  Instant at;               ///< of the last one: nothing was sent before it that is not in doubt

  bool operator==(const Restore&) const = default;
};

/// The transaction may have come before the restore, by a till's clock that may be a day ahead.
[[nodiscard]] bool occurred_before(const Flow& flow, const Restore& restore);

/// True when a target may have this leg's next step from before a restore, so that it is asked
/// before it is sent: the step of a transaction that may have come before the restore, and all
/// deltas of a receipt book, since whoever comes first carries them.
[[nodiscard]] bool in_doubt(const Flow& flow, const Leg& leg, const Restore& restore);

/// What a target's own entries for an original say of one delta of its receipt book.
struct SurveyOutcome {
  enum class Kind : std::uint8_t {
    covered,  ///< the target has what the book wants, under this reference or others
    absent,   ///< all of it is to be sent
    part,     ///< `rest` is to be sent, under a reference of its own
    differs,  ///< the book knows of no such delta, or the target does not tell points
  };
  static constexpr auto kind_last = Kind::differs;

  Kind kind = Kind::absent;
  ItemAnswer answer;               ///< of covered
  bool by_others = false;          ///< of covered: not under this leg's reference
  std::string reference;           ///< of covered: of the entry that says the same, if one does
  Points covered;                  ///< of part, signed: what the target had already
  std::vector<ReversalLine> rest;  ///< of part
};

/// Of a delta leg of `claimant` only, which undoes the accrual `original_reference`. What the book
/// wants taken back in total, less what the target has, is still to be sent, and of it at most what
/// this claim may move: whatever the order in which the channels send anew, the last one ends at
/// the book's total. What had been undone again is then done and undone once more.
[[nodiscard]] SurveyOutcome survey_outcome(const Book& book, const Flow& claimant, const Leg& leg,
                                           std::string_view original_reference,
                                           std::span<const SurveyEntry> entries);

}  // namespace crossfoot::flow
