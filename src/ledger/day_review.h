#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "ledger/day_finding.h"
#include "ledger/day_journal.h"
#include "ledger/day_totals.h"
#include "ledger/till_numbers.h"
#include "ledger/till_session.h"

namespace crossfoot::ledger {

/// What must hold of a shop's day before it may be closed.
struct DayRules {
  bool expected = false;               ///< the shop trades on this day
  bool z_reports = true;               ///< every till that sold ends its day with a Z-report
  std::vector<std::string> registers;  ///< tills that must send something
  std::map<Currency, std::int64_t> cash_tolerance;  ///< minor units; none: to the minor unit
  const AccountTable* accounts = nullptr;           ///< null: no journal; outlives the review
};

/// What is known of a stored message beside what was handed over.
struct DayMessage {
  Id id;
  Instant recorded_at;
  std::string code;  ///< why it is held, invalid or stuck; empty: it is accepted and moves
};

/// One till with one epoch on one day.
struct TillDay {
  std::string register_name;  ///< empty: receipts that no till has numbered
  std::uint32_t register_epoch = 0;
  std::int64_t receipts = 0;
  std::int64_t records = 0;  ///< of the till without a sale
  bool numbered = true;      ///< gaps can be told
  std::string first_sequence;
  std::string last_sequence;
  std::vector<MissingNumbers> missing;
  std::vector<TillSession> sessions;  ///< in the till's order
};

/// A receipt that counts in the day, and what it comes to.
struct DayReceipt {
  Id id;
  DayTotals totals;
};

/// A shop's day as far as it is known.
struct StoreDayStatus {
  std::vector<TillDay> tills;
  DayTotals totals;
  std::vector<DayFinding> findings;
  std::vector<DayReceipt> receipts;  ///< by id
  /// What receipts and counted drawers move on the ERP's accounts; no value without a table of
  /// them.
  std::optional<std::vector<AccountTotal>> journal;
  std::optional<Instant> last_z_recorded_at;

  [[nodiscard]] bool may_close() const;
};

/// Puts the messages of one shop and business date together (F8, F68): what came by till, what is
/// missing, whether drawers and Z-reports agree with it. Pure; the messages may be added in any
/// order, each once.
class DayReview {
 public:
  explicit DayReview(DayRules rules);

  /// What is accepted. Receipts that were superseded are not among them.
  void add(const DayMessage& message, const contract::Transaction& transaction);
  /// What is held or could not be read.
  void add_open(const DayMessage& message, std::string_view register_name, const Money& money);

  /// Keys of voided receipts that are not among those added.
  [[nodiscard]] std::vector<contract::NaturalKey> voided_elsewhere() const;
  /// A receipt of another day that one of this day voids.
  void add_voided(const contract::NaturalKey& key, const contract::Transaction& receipt);

  [[nodiscard]] StoreDayStatus finish();

 private:
  struct Fact {
    DayMessage message;
    contract::TransactionKind kind{};
    std::string sequence;
    Instant occurred_at;
    std::uint64_t place = 0;
    DayTotals totals;
    Journal journal;  ///< empty without a table of accounts
    PostingFacts facts;
    bool counts = true;  ///< false: the void of what is not known, or was voided before
    std::optional<contract::NaturalKey> voids;
    std::shared_ptr<const contract::TillRecord> till;
  };
  using TillKey = std::pair<std::string, std::uint32_t>;

  /// A receipt as its void, and the day's journal, need it.
  struct Worth {
    DayTotals totals;
    Journal journal;
    PostingFacts facts;
  };
  [[nodiscard]] Worth worth_of(const contract::Transaction& receipt, Id message);

  void settle_voids();
  void keep_journal();
  void add_to_journal(const Journal& journal, const PostingFacts& facts, const Id* message);
  void finish_till(const TillKey& key, std::vector<Fact>& facts);
  void find_gaps(TillDay& day, std::vector<Fact>& facts, const TillNumbers& numbers);
  void split_sessions(TillDay& day, const std::vector<Fact>& facts);
  void judge_sessions(const TillDay& day);
  void judge_cash(const TillDay& day, const TillSession& session);
  void judge_shop();
  DayFinding& report(std::string_view code, bool blocks, std::string detail);
  DayFinding& report(const TillDay& day, std::string_view code, bool blocks, std::string detail);

  DayRules rules_;
  std::map<TillKey, std::vector<Fact>> tills_;
  std::map<std::string, Worth> by_key_;  ///< what receipts come to that may be voided
  std::optional<DayJournal> journal_;
  std::map<std::string, DayFinding> not_posted_;  ///< by code
  std::string region_;
  std::vector<DayFinding> open_;  ///< held, invalid and stuck, by cause
  StoreDayStatus status_;
};

}  // namespace crossfoot::ledger
