#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/policies.h"
#include "ledger/pricing.h"

namespace crossfoot::ledger {

/// Account classes; a pack maps them to the accounts of its ERP (DOMAIN 7.8).
enum class Account : std::uint8_t {
  cash,
  card,
  receivable,  ///< on account, or settled by tenders that nobody stated
  other_tender,
  voucher_liability,  ///< gift cards and vouchers: sold, and paid with
  points_liability,   ///< deferred revenue for points, and points paid with
  revenue,
  unlinked_returns,  ///< refunds whose original is not known (yet)
  tax_payable,
  rounding_difference,
  loyalty_expense,  ///< points that were spent and cannot be taken back
  over_short,       ///< what a till's count differs by
};
inline constexpr auto account_last = Account::over_short;
[[nodiscard]] std::string_view to_string(Account account);

enum class Side : std::uint8_t { debit, credit };

struct Posting {
  Account account = Account::cash;
  Side side = Side::debit;
  Money amount;          ///< > 0
  std::string tax_code;  ///< of revenue, returns and tax; empty elsewhere

  bool operator==(const Posting&) const = default;
};

/// The postings of one document. Debits equal credits in every currency.
using Journal = std::vector<Posting>;

struct JournalOptions {
  bool unlinked = false;  ///< returned lines have no known original: account class unlinked_returns
  /// Part of the sold lines' net that points are owed for (allocate_by_relative_ssp); for a
  /// document without sold lines, the part that the returned lines give back.
  std::optional<Money> points_part;
  /// How much of a return's `points_part` had been spent: an expense, since the liability was
  /// released when the points were redeemed. 0 … points_part.
  std::optional<Money> points_spent;
  /// Kept from a return's refund for points that are not there (offset_refund): the tenders are
  /// lower by it, and so is the expense. 0 … the refund.
  std::optional<Money> refund_kept;
  /// What the redeemed (or restored) points are carried at: the liability moves by it, and the
  /// difference to what they paid for is revenue's. >= 0.
  std::optional<Money> points_carrying;
};

/// Postings of a sale, return or exchange: tenders against revenue and tax per tax code, vouchers
/// as liabilities, points as far as the options say; what the tax level or cash rounding leaves
/// goes to rounding_difference. Without tenders the amount due is receivable. Empty for kinds
/// without trade: a void mirrors its original. Fault posting_unbalanced: tenders do not settle the
/// amount due, an option is out of its range or in another currency, or the amounts are out of
/// range.
[[nodiscard]] Result<Journal> journal_of(const contract::Transaction& transaction,
                                         const Pricing& pricing,
                                         const JournalOptions& options = {});

/// Postings for points without a receipt: what expires, or what a new estimate of breakage takes
/// off the liability, becomes revenue; below zero the other way round. Empty for zero.
[[nodiscard]] Journal points_released(Money carrying);

/// Postings of a till's count that differs from what its receipts say, by `counted` - `expected`.
[[nodiscard]] Journal till_difference(Money counted, Money expected);

/// One journal of many: the sums by account, tax code and currency, each on the side where it is
/// above zero, in the order of account, tax code, currency. What adds up to nothing is left out.
[[nodiscard]] Journal merged(const Journal& journal);

/// Every posting on its other side: undoes the document (post-void).
[[nodiscard]] Journal mirrored(const Journal& journal);

/// Debits less credits, for the currencies where that is not zero. Empty: it balances.
[[nodiscard]] std::vector<Money> imbalance(const Journal& journal);

/// A price shared between the goods and the points that come with them.
struct SspSplit {
  Money goods;
  Money points;
};

/// Relative stand-alone selling prices (IFRS 15 B39-B42), exact rational, then largest remainder:
/// 2,000 with points worth 170 is 1,843.32 and 156.68 (V14). All in one currency, the selling
/// prices
/// >= 0; when both are zero the goods take all.
[[nodiscard]] SspSplit allocate_by_relative_ssp(Money price, Money goods_ssp, Money points_ssp);

/// The same with the goods' percentage rounded first.
[[nodiscard]] SspSplit allocate_by_relative_ssp(Money price, Money goods_ssp, Money points_ssp,
                                                const PercentageFirst& mode);

}  // namespace crossfoot::ledger
