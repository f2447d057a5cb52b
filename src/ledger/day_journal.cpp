#include "ledger/day_journal.h"

namespace crossfoot::ledger {

Status DayJournal::add(const Journal& journal, const PostingFacts& facts) {
  auto postings = accounts_.determine(journal, facts);
  if (!postings) return fail(std::move(postings.error()));
  for (ErpPosting& posting : *postings) {
    Sides& sides =
        sums_[{posting.amount.currency, std::move(posting.account), std::move(posting.cost_centre),
               std::move(posting.profit_centre), std::move(posting.tax_key)}];
    (posting.side == Side::debit ? sides.debit : sides.credit) += posting.amount.minor;
  }
  return {};
}

std::vector<AccountTotal> DayJournal::totals() const {
  std::vector<AccountTotal> totals;
  for (const auto& [key, sides] : sums_) {
    const auto& [currency, account, cost_centre, profit_centre, tax_key] = key;
    totals.push_back(
        {account, cost_centre, profit_centre, tax_key, currency, sides.debit, sides.credit});
  }
  return totals;
}

}  // namespace crossfoot::ledger
