#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
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
};
inline constexpr auto account_last = Account::rounding_difference;
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
};

/// Postings of a sale, return or exchange: tenders against revenue and tax per tax code, vouchers
/// as liabilities; what the tax level or cash rounding leaves goes to rounding_difference. Without
/// tenders the amount due is receivable. Empty for kinds without trade: a void mirrors its
/// original. Fault does_not_balance: tenders do not settle the amount due, the points' part is
/// negative or more than the net, or the amounts are out of range.
[[nodiscard]] Result<Journal> journal_of(const contract::Transaction& transaction,
                                         const Pricing& pricing,
                                         const JournalOptions& options = {});

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

/// The goods' percentage is rounded first, to `places` decimals, as some auditors do; the points
/// take the rest: truncated at one place, V14 is 1,842 and 158. places <= 6.
struct PercentageFirst {
  std::uint8_t places = 0;
  Rounding rounding = Rounding::half_up;
};
[[nodiscard]] SspSplit allocate_by_relative_ssp(Money price, Money goods_ssp, Money points_ssp,
                                                const PercentageFirst& mode);

}  // namespace crossfoot::ledger
