#include "ledger/account_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "contract/error_codes.h"

namespace crossfoot::ledger {

namespace {

/// How much a row states, more being higher; see the class comment.
auto rank_of(const AccountRow& row) {
  const std::array<bool, 5> stated{row.event.has_value(), row.channel.has_value(),
                                   !row.region.empty(), !row.tax_code.empty(),
                                   !row.category.empty()};
  return std::make_tuple(std::ranges::count(stated, true), stated, row.region.size());
}

auto conditions_of(const AccountRow& row) {
  return std::tie(row.account_class, row.event, row.channel, row.region, row.tax_code,
                  row.category);
}

bool region_holds(std::string_view stated, std::string_view region) {
  return stated.empty() || stated == region || stated == region.substr(0, region.find('-'));
}

bool holds(const AccountRow& row, const Posting& posting, const PostingFacts& facts) {
  return row.account_class == posting.account && (!row.event || *row.event == facts.event) &&
         (!row.channel || *row.channel == facts.channel) &&
         region_holds(row.region, facts.region) &&
         (row.tax_code.empty() || row.tax_code == posting.tax_code) &&
         (row.category.empty() || row.category == facts.category);
}

}  // namespace

Result<AccountTable> AccountTable::make(std::vector<AccountRow> rows) {
  AccountTable table;
  table.rows_ = std::move(rows);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < table.rows_.size(); ++i) order.push_back(i);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const auto key = [&](std::size_t i) {
      return std::tuple_cat(conditions_of(table.rows_[i]), std::make_tuple(i));
    };
    return key(a) < key(b);
  });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const AccountRow& row = table.rows_[order[i]];
    const bool repeats = i > 0 && conditions_of(table.rows_[order[i - 1]]) == conditions_of(row);
    if (!repeats && !row.account.empty()) continue;
    return fail({.code = std::string(contract::error_code::account_table_malformed),
                 .fault_class = FaultClass::corrupt,
                 .where = fmt::format("account table: /{}", order[i]),
                 .cause = repeats ? "states the same as an earlier row" : "has no account"});
  }
  return table;
}

const AccountRow* AccountTable::find(const Posting& posting, const PostingFacts& facts) const {
  const AccountRow* best = nullptr;
  for (const AccountRow& row : rows_) {
    if (!holds(row, posting, facts)) continue;
    if (best == nullptr || rank_of(*best) < rank_of(row)) best = &row;
  }
  return best;
}

Result<std::vector<ErpPosting>> AccountTable::determine(const Journal& journal,
                                                        const PostingFacts& facts) const {
  std::vector<ErpPosting> postings;
  for (const Posting& posting : journal) {
    const AccountRow* row = find(posting, facts);
    if (row == nullptr) {
      return fail({.code = std::string(contract::error_code::account_undetermined),
                   .fault_class = FaultClass::rejected,
                   .where = "account table",
                   .cause = fmt::format("no row for {}, region '{}', tax code '{}', category '{}'",
                                        to_string(posting.account), facts.region, posting.tax_code,
                                        facts.category)});
    }
    postings.push_back({row->account, row->cost_centre, row->profit_centre, row->tax_key,
                        posting.side, posting.amount});
  }
  return postings;
}

}  // namespace crossfoot::ledger
