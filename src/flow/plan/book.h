#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/plan/flow.h"

namespace crossfoot::flow {

/// A book that a receipt's returned lines claim on.
struct ClaimedBook {
  Hash128 book;
  BusinessDate date;  ///< in the original's natural key, 0 where it has none
};

/// What a receipt book needs to know of its original, read from the original's flow. The original
/// of a void may be a return: it sold nothing, and what it claims is released.
struct SaleFacts {
  Id flow;
  std::string tenant;
  std::string member;
  bool accrue_settled = false;  ///< the accrual is done, cancelled, or was never owed
  bool accrued = false;
  std::string accrual_reference;
  bool post_settled = false;  ///< so is its ERP document, and what it claims is known
  bool posted = false;
  std::string post_reference;
  std::vector<FrozenLine> lines;
  std::vector<ClaimedBook> claims;
};

[[nodiscard]] SaleFacts sale_facts(const Flow& sale);

/// How much of a line is claimed, in the claimant's own measure.
struct ClaimLine {
  std::uint32_t line = 0;
  std::int64_t units = 0;
  std::int64_t covered = 0;
  bool measured = false;  ///< both are millionths (ledger::LineQuantity)
};

/// Units of one line to take back at the loyalty platform, in the sold line's measure, with the
/// points they were frozen with; below zero they are given to the member again.
struct ReversalLine {
  std::uint32_t line = 0;
  std::int64_t units = 0;
  Points points;
  bool measured = false;
};

enum class ClaimStatus : std::uint8_t {
  waits_for_original,    ///< the original has not arrived
  waits_for_settlement,  ///< it has, but its own legs are still under way
  answered,
};

/// A return's (or a void's) claim on an original, and the book's answer to it.
struct Claim {
  Id flow;
  std::uint16_t leg = 0;
  Instant occurred_at;
  std::string natural_key;
  bool whole = false;  ///< a void: everything that is left
  Id releases;         ///< a void of a return: that flow's claims count no more; nil: none
  Id supersedes;       ///< a correction: takes back what is left of that revision; nil: none
  std::vector<ClaimLine> lines;

  ClaimStatus status = ClaimStatus::waits_for_original;
  bool delivered = false;              ///< the claimant has committed the present answer
  std::uint32_t revision = 0;          ///< book revision of the first answer: part of references
  std::vector<ReversalLine> reversal;  ///< the delta this claim brought about, fixed once answered
};

/// A revision of the receipt that was taken back for the next one, with what its claims had brought
/// about until then.
struct PastRevision {
  struct Reversal {
    Id claimant;
    std::uint32_t revision = 0;  ///< of the book
    bool again = false;          ///< given to the member again
    std::vector<ReversalLine> lines;
  };
  Id flow;
  std::vector<Reversal> reversals;
};

/// One durable entity per original transaction, keyed by its natural key, existing even before the
/// original arrives. It alone owns what was returned. Claims are judged in the order (occurred_at,
/// natural key), whatever the order of arrival; what is taken back in total per line is
/// min(sold, claimed and not released), so that any order of facts ends in the same ledger (DOMAIN
/// 7.4). It judges one revision of the original at a time: when a correction has taken back the
/// whole of it, the next revision's units are shared out to all claims anew (docs/adr/0014).
struct Book {
  Hash128 key;
  BusinessDate date;           ///< in the original's natural key, 0 where it has none
  std::uint32_t version = 0;   ///< writes so far
  std::uint32_t revision = 0;  ///< rises with each delta, gap-free
  Id receipt;  ///< flow of the revision that counts; nil: the one that has the natural key
  std::optional<SaleFacts> sale;
  std::vector<std::pair<std::uint32_t, std::int64_t>> taken_back;  ///< line → units, as reversed
  std::vector<Claim> claims;
  std::vector<PastRevision> past;

  /// A fact or a delivery is outstanding.
  [[nodiscard]] bool pending() const;
  /// Whole units of a line that are claimed; the sold units come from the sale.
  [[nodiscard]] std::int64_t claimed(std::uint32_t line) const;
  [[nodiscard]] bool voided() const;
  /// The correction of the revision that counts, or null.
  [[nodiscard]] const Claim* correction() const;
  /// The claimant was voided, whether its claim has come or not.
  [[nodiscard]] bool released(Id claimant) const;
  /// What a flow claims of a sold line, in the sold line's measure.
  [[nodiscard]] std::int64_t asked_by(Id claimant, const FrozenLine& sold) const;
};

/// The stored form, versioned; unknown versions and damaged bytes are `corrupt`.
[[nodiscard]] std::string encode(const Book& book);
[[nodiscard]] Result<Book> decode_book(std::string_view bytes);

/// A delta as its claimant carries it to a target. A book gives each a revision, which counts anew
/// after a restore, so that the accrual it undoes is part of it.
struct DeltaIdentity {
  std::string_view accrual_reference;
  std::uint32_t book_revision = 0;
};
[[nodiscard]] std::string delta_reference(const Flow& claimant, const Leg& leg,
                                          std::string_view operation,
                                          const DeltaIdentity& identity);
/// Whether the leg carries this delta; legs of release 0.1 did not name the accrual.
[[nodiscard]] bool carries(const Flow& claimant, const Leg& leg, const DeltaIdentity& identity);

/// The answer for one claimant, as its flow records it.
struct ClaimAnswer {
  ClaimStatus status = ClaimStatus::waits_for_original;
  bool whole = false;
  SaleFacts sale;  ///< without lines
  std::vector<ClaimLine> lines;
  std::vector<ReversalLine> reversal;
  std::uint32_t revision = 0;
  bool first = true;      ///< false when only the attribution has changed
  bool released = false;  ///< the claimant was voided: nothing is covered, nothing is missing
  bool anew = false;      ///< another revision of the receipt answers than the first one did
};

/// Adds a claim; the same (flow, leg) again changes nothing and its answer is given again.
void add_claim(Book& book, Claim claim);

/// Judges all claims anew with what is known of the sale. Claims whose answer is new or changed
/// have `delivered` false afterwards. `restored`: what this book knows nothing of may have been
/// taken back for a claim, or given again, so that a release waits for the original too, and every
/// answer names its lines, even where no units of them are left.
void evaluate(Book& book, std::optional<SaleFacts> sale, bool restored = false);

/// Turns to the next revision once a correction has taken back the one that counts and every
/// claimant knows: its facts are not known yet, and all claims that count wait for them (where
/// `restored`, as in `evaluate`, all that there are). False when nothing has changed.
bool advance(Book& book, bool restored = false);

[[nodiscard]] ClaimAnswer answer_of(const Book& book, const Claim& claim);

}  // namespace crossfoot::flow
