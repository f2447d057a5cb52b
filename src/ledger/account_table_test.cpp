// Goal: every posting finds one account, by data, or a fault says which has none.
#include "ledger/account_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "contract/error_codes.h"
#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using contract::Channel;
using testing::money;

AccountTable table(std::string_view json) {
  auto parsed = parse_account_table(json);
  EXPECT_TRUE(parsed) << parsed.error().where << " " << parsed.error().cause;
  return parsed.value();
}

std::string account_of(const AccountTable& accounts, const PostingFacts& facts,
                       std::string tax_code = {}) {
  const AccountRow* row =
      accounts.find({Account::revenue, Side::credit, money("1"), std::move(tax_code)}, facts);
  return row == nullptr ? "" : row->account;
}

TEST(AccountTable, TheRowThatStatesMostDecides) {
  // Goal: a default, a country, its sub-division, a channel and a tax code, most stated first.
  const AccountTable accounts = table(R"([
    {"class": "revenue", "account": "default"},
    {"class": "revenue", "account": "de", "region": "DE"},
    {"class": "revenue", "account": "bavaria", "region": "DE-BY"},
    {"class": "revenue", "account": "reduced", "tax_code": "RED"},
    {"class": "revenue", "account": "web", "channel": "ecommerce"},
    {"class": "revenue", "account": "returned", "event": "return", "region": "DE"},
    {"class": "revenue", "account": "toys", "category": "toys"},
    {"class": "cash", "account": "till"}])");
  EXPECT_EQ(account_of(accounts, {}), "default");
  EXPECT_EQ(account_of(accounts, {.region = "FR"}), "default");
  EXPECT_EQ(account_of(accounts, {.region = "DE"}), "de");
  EXPECT_EQ(account_of(accounts, {.region = "DE-BE"}), "de");
  EXPECT_EQ(account_of(accounts, {.region = "DE-BY"}), "bavaria");
  EXPECT_EQ(account_of(accounts, {.region = "DE"}, "RED"), "de");
  EXPECT_EQ(account_of(accounts, {.region = "FR"}, "RED"), "reduced");
  EXPECT_EQ(account_of(accounts, {.channel = Channel::ecommerce, .region = "DE"}), "web");
  EXPECT_EQ(account_of(accounts, {.event = PostingEvent::return_goods, .region = "DE-BY"}),
            "returned");
  EXPECT_EQ(account_of(accounts, {.category = "toys"}), "toys");
}

TEST(AccountTable, ABalancedJournalStaysBalanced) {
  // Goal: sides and amounts are the journal's; accounts, centres and tax key the table's.
  const AccountTable accounts = table(R"([
    {"class": "cash", "account": "1000"},
    {"class": "revenue", "account": "4000", "cost_centre": "K1", "profit_centre": "P1",
     "tax_key": "A1"}])");
  const Journal journal{{Account::cash, Side::debit, money("5"), ""},
                        {Account::revenue, Side::credit, money("5"), "STD"}};
  const std::vector<ErpPosting> expected{{"1000", "", "", "", Side::debit, money("5")},
                                         {"4000", "K1", "P1", "A1", Side::credit, money("5")}};
  EXPECT_EQ(accounts.determine(journal, {}).value(), expected);
}

TEST(AccountTable, WhatHasNoAccountIsAFault) {
  // Goal: nothing is posted to a guessed account.
  const AccountTable accounts = table(R"([{"class": "cash", "account": "1000"}])");
  const Journal journal{{Account::tax_payable, Side::credit, money("5"), "RED"}};
  const auto postings = accounts.determine(journal, {.region = "DE"});
  ASSERT_FALSE(postings);
  EXPECT_EQ(postings.error().code, contract::error_code::account_undetermined);
  EXPECT_NE(postings.error().cause.find("tax_payable, region 'DE', tax code 'RED'"),
            std::string::npos);
}

TEST(AccountTable, RefusesWithThePlace) {
  // Goal: a misspelt class, an unknown member, a repeated or useless row is never skipped.
  const std::vector<std::pair<std::string, std::string>> refused{
      {"{}", "/"},
      {"[", "/"},
      {R"([{"account": "1"}])", "/0/class"},
      {R"([{"class": "cash"}])", "/0"},
      {R"([{"class": "money", "account": "1"}])", "/0/class"},
      {R"([{"class": "cash", "account": "1", "shop": "2"}])", "/0/shop"},
      {R"([{"class": "cash", "account": "1", "channel": "fax"}])", "/0/channel"},
      {R"([{"class": "cash", "account": "1"}, {"class": "cash", "account": "2"}])", "/1"},
  };
  for (const auto& [json, place] : refused) {
    const auto parsed = parse_account_table(json);
    ASSERT_FALSE(parsed) << json;
    EXPECT_EQ(parsed.error().code, contract::error_code::account_table_malformed) << json;
    EXPECT_EQ(parsed.error().where, "account table: " + place) << json;
  }
}

TEST(AccountTable, TheGuidesExampleHasEveryClass) {
  // Goal: the table in the guide can be used as it is written there.
  std::ifstream file("docs/guides/settlement.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string guide = text.str();
  const std::string_view fence = "```json\n";
  const std::size_t begin = guide.find(fence, guide.find("## Accounts")) + fence.size();
  const AccountTable accounts = table(guide.substr(begin, guide.find("```", begin) - begin));
  for (std::size_t i = 0; i <= static_cast<std::size_t>(account_last); ++i) {
    const auto account = static_cast<Account>(i);
    EXPECT_NE(accounts.find({account, Side::debit, money("1"), ""}, {}), nullptr)
        << to_string(account);
  }
}

}  // namespace
}  // namespace crossfoot::ledger
