#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "base/result.h"
#include "sandbox/book_log.h"
#include "sandbox/holds.h"
#include "sandbox/programme.h"
#include "sandbox/system.h"

namespace crossfoot::sandbox {

/// A reinstatement gives points of a reversal that was undone to the member again, a redemption
/// spends them; a grant and a deduction are made by hand and belong to no receipt.
enum class PointsType : std::uint8_t {
  accrual,
  reversal,
  reinstatement,
  redemption,
  grant,
  deduction
};
[[nodiscard]] std::string_view to_string(PointsType type);

struct PointsLine {
  std::uint32_t number = 0;
  Decimal quantity;
  bool single = false;  ///< measured: the whole line is one unit
  std::int64_t points = 0;
  std::vector<PointRun> runs;  ///< of an accrual: the frozen points per unit
};

/// Points earned, given back, reinstated, redeemed, granted or deducted; all are stated without a
/// sign, the type tells.
struct PointsTransaction {
  std::uint64_t seq = 0;
  PointsType type = PointsType::accrual;
  std::string reference;
  std::string original_reference;  ///< of a redemption: the hold's
  std::uint64_t original_seq = 0;  ///< of a reversal or a reinstatement: the accrual
  std::string member;
  std::string shop;
  BusinessDate business_date;
  Currency currency;
  std::int64_t points = 0;
  std::vector<PointsLine> lines;
  std::string reason;                      ///< of a grant or a deduction
  std::optional<BusinessDate> expires_on;  ///< of a grant: the first day on which it is gone

  [[nodiscard]] std::string id() const;
};

/// The key under which a write came, for the 24 hours in which it is honoured.
struct WriteKey {
  std::string key;  ///< empty: none
  std::uint64_t fingerprint = 0;
  Instant at;
};

struct ReversalLine {
  std::uint32_t number = 0;
  Decimal quantity;
};

/// The loyalty platform's books: transactions, the lots behind them, members' balances. On one
/// thread.
class LoyaltyBooks {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LoyaltyBooks>> open(const std::string& directory);

  /// Books a transaction and answers it with its `seq`.
  [[nodiscard]] Result<const PointsTransaction*> post(PointsTransaction transaction,
                                                      const WriteKey& key);
  /// The lines of a reversal of `original`: the next units of each line in ascending index (method
  /// A); of a measured line the proportion of its points, cut, cumulatively. Refuses unknown lines
  /// and more than is left.
  [[nodiscard]] std::expected<std::vector<PointsLine>, Refusal> reverse(
      const PointsTransaction& original, const std::vector<ReversalLine>& lines) const;
  /// The opposite: the last of the units that were given back. Refuses more than was.
  [[nodiscard]] std::expected<std::vector<PointsLine>, Refusal> reinstate(
      const PointsTransaction& original, const std::vector<ReversalLine>& lines) const;

  [[nodiscard]] const Holds& holds() const { return holds_; }
  /// Keeps a hold, or its new state. A capture closes its own.
  [[nodiscard]] Status put(PointsHold hold);

  /// The transaction that a key made less than 24 hours ago, as it was booked.
  struct Remembered {
    const PointsTransaction* transaction;
    std::uint64_t fingerprint;
  };
  [[nodiscard]] std::optional<Remembered> remembered(const std::string& key, Instant now) const;

  [[nodiscard]] Status clear();
  [[nodiscard]] const PointsTransaction* find(std::uint64_t seq) const;
  [[nodiscard]] std::vector<const PointsTransaction*> by_reference(
      const std::string& reference) const;
  /// Reversals and reinstatements of an accrual, in the order in which they were booked.
  [[nodiscard]] std::vector<const PointsTransaction*> by_original(std::uint64_t accrual) const;
  [[nodiscard]] std::vector<const PointsTransaction*> by_day(BusinessDate date, std::uint64_t after,
                                                             std::size_t limit) const;
  /// No value for a member without a receipt. May be negative.
  [[nodiscard]] std::optional<std::int64_t> balance(const std::string& member) const;

  struct Tampered {
    std::string kind;
    std::string id;
    std::string reference;
  };
  static const std::vector<std::string>& tamper_kinds();
  /// As ErpBooks::tamper, over transactions that moved points.
  [[nodiscard]] Result<std::vector<Tampered>> tamper(const TamperOrder& order);
  [[nodiscard]] Result<std::size_t> untamper();

  [[nodiscard]] std::size_t transactions() const { return by_day_.size(); }
  [[nodiscard]] std::size_t members() const { return balances_.size(); }
  [[nodiscard]] std::size_t tampers() const { return damages_.size(); }
  [[nodiscard]] std::uint64_t log_bytes() const { return log_.bytes(); }

 private:
  struct Damage {
    std::uint64_t seq = 0;
    std::optional<PointsTransaction> original;
  };
  struct Seen {
    std::uint64_t seq = 0;
    std::uint64_t fingerprint = 0;
    Instant at;
  };

  bool replay(std::string_view record);
  [[nodiscard]] std::expected<std::vector<PointsLine>, Refusal> move_back(
      const PointsTransaction& original, const std::vector<ReversalLine>& lines, int sign) const;
  void book(PointsTransaction transaction, const WriteKey& key);
  void link(PointsTransaction transaction);
  PointsTransaction unlink(std::uint64_t seq);
  std::vector<std::uint64_t> tamper_candidates() const;
  std::vector<Tampered> apply_tamper(const TamperOrder& order);
  std::size_t apply_untamper();

  BookLog log_;
  std::deque<std::optional<PointsTransaction>> transactions_;  // at seq - 1
  std::set<std::pair<std::int32_t, std::uint64_t>> by_day_;
  std::unordered_multimap<std::string, std::uint64_t> by_reference_;
  std::unordered_multimap<std::uint64_t, std::uint64_t> by_original_;  ///< accrual → what undoes it
  std::unordered_map<std::string, std::int64_t> balances_;
  /// Millionths given back per line of an accrual, at its seq; kept apart from the transactions, so
  /// that a tampering and its undoing leave it alone.
  std::unordered_map<std::uint64_t, std::vector<std::int64_t>> returned_;
  Holds holds_;
  std::unordered_map<std::string, Seen> seen_;
  std::vector<Damage> damages_;
};

}  // namespace crossfoot::sandbox
