#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/decimal.h"
#include "ledger/account_table.h"

namespace crossfoot::ledger {

/// What a day moves on one account of the ERP, in minor units; both sides are >= 0.
struct AccountTotal {
  std::string account;
  std::string cost_centre;
  std::string profit_centre;
  std::string tax_key;
  Currency currency;
  Wide debit = 0;
  Wide credit = 0;

  bool operator==(const AccountTotal&) const = default;
};

/// The postings of a day on the accounts of an ERP, summed up by account. What is added balances,
/// so the sums do, in every currency, whatever the order.
class DayJournal {
 public:
  explicit DayJournal(const AccountTable& accounts) : accounts_(accounts) {}

  /// Adds one document as a whole. Fault account_undetermined: it has a posting without an account,
  /// and nothing of it is added.
  [[nodiscard]] Status add(const Journal& journal, const PostingFacts& facts);

  /// By currency, account, centres and tax key.
  [[nodiscard]] std::vector<AccountTotal> totals() const;

 private:
  using Key = std::tuple<Currency, std::string, std::string, std::string, std::string>;
  struct Sides {
    Wide debit = 0;
    Wide credit = 0;
  };

  const AccountTable& accounts_;
  std::map<Key, Sides> sums_;
};

}  // namespace crossfoot::ledger
