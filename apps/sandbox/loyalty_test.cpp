// Goal: the loyalty stand-in owns its points: earned once, given back once, found again after a
// kill.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "sandbox/loyalty_books.h"
#include "sandbox/testing.h"

namespace crossfoot::sandbox {
namespace {

using testing::Driver;
using testing::Json;
using testing::TempFolder;

constexpr std::string_view accruals = "/loyalty/v1/accruals";
constexpr std::string_view reversals = "/loyalty/v1/reversals";
constexpr std::string_view transactions = "/loyalty/v1/transactions";

/// The basket of V4 to V8: 38 points, 17, 17 and 4 by unit under the rules below.
std::string accrual(std::string_view reference, std::string_view member = "M-1",
                    std::string_view date = "2026-11-21") {
  return fmt::format(
      R"({{"reference": "{}", "member": "{}", "shop": "DE-001", "region": "DE",
      "business_date": "{}", "occurred_at": "2026-11-21T10:03:04+01:00", "currency": "EUR",
      "tax_mode": "inclusive",
      "lines": [{{"line": 1, "kind": "goods", "article": "SHIRT", "quantity": "2",
        "measured": false, "unit_price": "19.99", "discount": "0.00", "tax_code": "DE-STD",
        "tax_rate": "0.19"}},
       {{"line": 2, "kind": "goods", "article": "MUG", "quantity": "1", "unit_price": "5.01"}}],
      "discounts": [{{"amount": "4.50"}}],
      "tenders": [{{"kind": "gift_card", "amount": "10.00"}},
                  {{"kind": "card", "amount": "30.49"}}]}})",
      reference, member, date);
}

std::string reversal(std::string_view reference, int line, std::string_view quantity,
                     std::string_view original = "A1") {
  return fmt::format(
      R"({{"reference": "{}", "original_reference": "{}", "business_date": "2026-11-22",
      "occurred_at": "2026-11-22T10:00:00Z", "lines": [{{"line": {}, "quantity": "{}"}}]}})",
      reference, original, line, quantity);
}

class Loyalty : public ::testing::Test {
 protected:
  Loyalty() {
    std::ofstream(folder.path() + "/programme.json")
        << R"({"programme": "default", "currency": "EUR",
               "earn": {"excluded_tenders": ["gift_card"]},
               "tiers": [{"tier": "gold", "multiplier": "1.25", "members": ["M-1"]}]})";
    loyalty =
        std::make_unique<Driver>(&open_loyalty, folder.path(), folder.path() + "/programme.json");
  }

  std::string balance(std::string_view member = "M-1") {
    return Json(loyalty->get(fmt::format("/loyalty/v1/members/{}", member)).body)["/balance"];
  }

  TempFolder folder;
  std::unique_ptr<Driver> loyalty;
};

TEST_F(Loyalty, EarnsAndAnswersPointsPerLine) {
  const Reply reply = loyalty->post(accruals, accrual("A1"));
  EXPECT_EQ(reply.status, 201);
  const Json answer(reply.body);
  EXPECT_EQ(answer["/points"], "38");
  EXPECT_EQ(answer["/lines/0/points"], "34");
  EXPECT_EQ(answer["/lines/1/points"], "4");
  const Json member(loyalty->get("/loyalty/v1/members/M-1").body);
  EXPECT_EQ(member["/balance"], "38");
  EXPECT_EQ(member["/tier"], "gold");
  EXPECT_EQ(loyalty->get("/loyalty/v1/members/NOBODY").status, 404);
}

TEST_F(Loyalty, GivesBackFrozenUnitsInEveryOrder) {  // V7
  std::vector<int> order{1, 1, 2};
  std::set<std::string> seen;
  do {
    loyalty->clear();
    loyalty->post(accruals, accrual("A1"));
    std::string steps;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const Json answer(
          loyalty->post(reversals, reversal(fmt::format("B{}", i), order[i], "1")).body);
      EXPECT_EQ(answer["/points"], order[i] == 1 ? "17" : "4");
      steps += answer["/points"] + " ";
    }
    seen.insert(steps);
    EXPECT_EQ(balance(), "0");
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(seen.size(), 3U);
}

TEST_F(Loyalty, NeverGivesBackMoreThanWasSold) {
  loyalty->post(accruals, accrual("A1"));
  EXPECT_EQ(loyalty->post(reversals, reversal("B1", 1, "1")).status, 201);
  const Reply over = loyalty->post(reversals, reversal("B2", 1, "2"));
  EXPECT_EQ(over.status, 422);
  EXPECT_EQ(Json(over.body)["/error/code"], "reversal_exceeds_original");
  loyalty->reopen();
  EXPECT_EQ(loyalty->post(reversals, reversal("B3", 1, "1")).status, 201);
  EXPECT_EQ(loyalty->post(reversals, reversal("B4", 1, "1")).status, 422);
  EXPECT_EQ(balance(), "4");
  EXPECT_EQ(Json(loyalty->post(reversals, reversal("B5", 9, "1")).body)["/error/code"],
            "unknown_line");
  EXPECT_EQ(Json(loyalty->post(reversals, reversal("B6", 2, "0.5")).body)["/error/code"],
            "quantity_not_whole");
  const Reply orphan = loyalty->post(reversals, reversal("B7", 1, "1", "A9"));
  EXPECT_EQ(orphan.status, 404);
  EXPECT_EQ(Json(orphan.body)["/error/code"], "original_not_found");
}

TEST_F(Loyalty, GivesBackAMeasuredLineInProportion) {
  loyalty->post(accruals, R"({"reference": "A1", "member": "M-2", "shop": "S",
      "business_date": "2026-11-21", "occurred_at": "2026-11-21T10:00:00Z", "currency": "EUR",
      "tax_mode": "inclusive", "lines": [{"line": 1, "kind": "goods", "article": "CHEESE",
      "quantity": "1.500", "measured": true, "unit_price": "6.90"}]})");
  EXPECT_EQ(balance("M-2"), "10");
  EXPECT_EQ(Json(loyalty->post(reversals, reversal("B1", 1, "0.5")).body)["/points"], "3");
  EXPECT_EQ(Json(loyalty->post(reversals, reversal("B2", 1, "1")).body)["/points"], "7");
  EXPECT_EQ(loyalty->post(reversals, reversal("B3", 1, "0.001")).status, 422);
}

TEST_F(Loyalty, ReinstatesTheLastUnitsThatWereGivenBack) {
  constexpr std::string_view reinstatements = "/loyalty/v1/reinstatements";
  loyalty->post(accruals, accrual("A1"));
  EXPECT_EQ(loyalty->post(reinstatements, reversal("G0", 1, "1")).status, 422);
  loyalty->post(reversals, reversal("B1", 2, "1"));
  loyalty->post(reversals, reversal("B2", 1, "2"));
  EXPECT_EQ(balance(), "0");
  EXPECT_EQ(Json(loyalty->post(reinstatements, reversal("G1", 2, "1"), "k").body)["/points"], "4");
  EXPECT_TRUE(loyalty->post(reinstatements, reversal("G1", 2, "1"), "k").replayed);
  EXPECT_EQ(balance(), "4");
  loyalty->reopen();
  const Reply over = loyalty->post(reinstatements, reversal("G2", 2, "1"));
  EXPECT_EQ(Json(over.body)["/error/code"], "reinstatement_exceeds_reversed");
  EXPECT_EQ(loyalty->post(reversals, reversal("B3", 2, "1")).status, 201);
  EXPECT_EQ(balance(), "0");
  EXPECT_EQ(Json(loyalty->get(transactions, "reference=G1").body)["/items/0/type"],
            "reinstatement");
}

TEST_F(Loyalty, HonoursAKeyForADay) {
  const Reply first = loyalty->post(accruals, accrual("A1"), "key-1");
  EXPECT_FALSE(first.replayed);
  loyalty->reopen();
  loyalty->now = loyalty->now + std::chrono::hours{23};
  const Reply again = loyalty->post(accruals, accrual("A1"), "key-1");
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.status, first.status);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(balance(), "38");
  const Reply other = loyalty->post(accruals, accrual("A2"), "key-1");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(Json(other.body)["/error/code"], "idempotency_key_reused");
  loyalty->now = loyalty->now + std::chrono::hours{1};
  EXPECT_FALSE(loyalty->post(accruals, accrual("A1"), "key-1").replayed);
  EXPECT_EQ(balance(), "76");
  EXPECT_EQ(Json(loyalty->get(transactions, "reference=A1").body).size("/items"), 2U);
}

TEST_F(Loyalty, NamesTheMemberThatAWriteHolds) {
  loyalty->post(accruals, accrual("A1"));
  const auto key = [&](std::string_view path, std::string_view body) {
    return loyalty->system().exclusive_key({runtime::Method::post, path, {}, body, {}});
  };
  EXPECT_EQ(key(accruals, accrual("A2", "M-7")), "M-7");
  EXPECT_EQ(key(reversals, reversal("B1", 1, "1")), "M-1");
  EXPECT_EQ(key(accruals, "{"), std::nullopt);
}

TEST_F(Loyalty, SurvivesItsKill) {
  for (int i = 1; i <= 10; ++i) loyalty->post(accruals, accrual(fmt::format("A{}", i)));
  loyalty->post(reversals, reversal("B1", 1, "2"));
  const std::string first_day = loyalty->get(transactions, "business_date=2026-11-21").body;
  const std::string second_day = loyalty->get(transactions, "business_date=2026-11-22").body;
  loyalty->reopen();
  EXPECT_EQ(loyalty->get(transactions, "business_date=2026-11-21").body, first_day);
  EXPECT_EQ(loyalty->get(transactions, "business_date=2026-11-22").body, second_day);
  EXPECT_EQ(Json(first_day).size("/items"), 10U);
  EXPECT_EQ(Json(second_day)["/items/0/points"], "34");
  EXPECT_EQ(Json(second_day)["/items/0/type"], "reversal");
  EXPECT_EQ(balance(), "346");
}

std::map<std::string, std::vector<std::string>> everything(Driver& loyalty) {
  std::map<std::string, std::vector<std::string>> all;
  for (const std::string_view date : {"2026-11-21", "2026-11-22", "2026-11-23"}) {
    const Json page(
        loyalty.get(transactions, fmt::format("business_date={}&limit=1000", date)).body);
    for (std::size_t i = 0; i < page.size("/items"); ++i) {
      all[page[fmt::format("/items/{}/reference", i)]].push_back(page[fmt::format("/items/{}", i)]);
    }
  }
  return all;
}

TEST_F(Loyalty, DamagesExactlyOneTransactionPerTamper) {
  for (int i = 1; i <= 30; ++i) {
    loyalty->post(accruals, accrual(fmt::format("A{}", i), fmt::format("M-{}", i % 4),
                                    i % 2 == 0 ? "2026-11-21" : "2026-11-23"));
  }
  loyalty->post(reversals, reversal("B1", 1, "1"));
  const auto before = everything(*loyalty);
  for (const std::string& kind : LoyaltyBooks::tamper_kinds()) {
    const std::string order = fmt::format(R"({{"seed": 9, "count": 1, "kinds": ["{}"]}})", kind);
    const Json done(loyalty->tamper(order).body);
    ASSERT_EQ(done.size("/tampers"), 1U) << kind;
    const std::string reference = done["/tampers/0/reference"];
    const auto after = everything(*loyalty);
    std::set<std::string> changed;
    for (const auto& [name, items] : before) {
      const auto now = after.find(name);
      if (now == after.end() || now->second != items) changed.insert(name);
    }
    EXPECT_EQ(changed, std::set<std::string>{reference}) << kind;
    loyalty->reopen();
    EXPECT_EQ(everything(*loyalty), after) << kind;
    loyalty->untamper();
    EXPECT_EQ(everything(*loyalty), before) << kind;
    EXPECT_EQ(Json(loyalty->tamper(order).body)["/tampers/0/reference"], reference);
    loyalty->untamper();
  }
  const Json all(loyalty->tamper(R"({"seed": 1, "count": 30})").body);
  std::set<std::string> distinct;
  for (std::size_t i = 0; i < all.size("/tampers"); ++i) {
    distinct.insert(all[fmt::format("/tampers/{}/reference", i)]);
  }
  EXPECT_EQ(distinct.size(), 30U);
}

TEST_F(Loyalty, AnswersHostileInputWith400) {
  const std::string good = accrual("A1");
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    ASSERT_EQ(loyalty->post(accruals, good.substr(0, cut)).status, 400) << cut;
  }
  const std::string back = reversal("B1", 1, "1");
  for (std::size_t cut = 0; cut < back.size(); ++cut) {
    ASSERT_EQ(loyalty->post(reversals, back.substr(0, cut)).status, 400) << cut;
  }
  EXPECT_EQ(loyalty->post(reversals, reversal("B1", -1, "1")).status, 400);
  EXPECT_EQ(loyalty->post(reversals, reversal("B1", 1, "-1")).status, 400);
  EXPECT_EQ(loyalty->post(reversals, reversal("B1", 1, "99999999999")).status, 400);
  EXPECT_EQ(loyalty->post(accruals, good, std::string(300, 'k')).status, 400);
  EXPECT_EQ(loyalty->post(accruals, std::string(5'000'000, '{')).status, 400);
  EXPECT_EQ(Json(loyalty->get(transactions, "business_date=2026-11-21").body).size("/items"), 0U);
}

}  // namespace
}  // namespace crossfoot::sandbox
