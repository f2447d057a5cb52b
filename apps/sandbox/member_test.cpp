// Goal: the loyalty stand-in keeps members of its own: the last write wins, a merged one's points
// are the survivor's, an erased one's points stay.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "sandbox/testing.h"

namespace crossfoot::sandbox {
namespace {

using testing::Driver;
using testing::TempFolder;

std::string sale(std::string_view reference, std::string_view member) {
  return fmt::format(
      R"({{"reference": "{}", "member": "{}", "shop": "DE-001", "region": "DE",
      "business_date": "2026-11-21", "occurred_at": "2026-11-21T10:03:04+01:00",
      "currency": "EUR", "tax_mode": "inclusive",
      "lines": [{{"line": 1, "kind": "goods", "article": "MUG", "quantity": "1",
                 "unit_price": "5.00"}}], "tenders": [{{"kind": "card", "amount": "5.00"}}]}})",
      reference, member);
}

class Members : public ::testing::Test {
 protected:
  Members() {
    std::ofstream(folder.path() + "/programme.json")
        << R"({"programme": "default", "currency": "EUR", "earn": {}})";
    loyalty =
        std::make_unique<Driver>(&open_loyalty, folder.path(), folder.path() + "/programme.json");
  }
  Reply post(std::string_view path, const std::string& body, std::string_view key = {}) {
    return loyalty->post(fmt::format("/loyalty/v1/{}", path), body, key);
  }
  std::string member(std::string_view name) {
    return loyalty->get(fmt::format("/loyalty/v1/members/{}", name)).body;
  }

  TempFolder folder;
  std::unique_ptr<Driver> loyalty;
};

TEST_F(Members, AreWhatWasWrittenLastAlsoAfterAKill) {
  EXPECT_EQ(post("members", R"({"reference":"R1","member":"M-1","status":"active","name":"Ada",
      "consents":[{"purpose":"news","granted":true}]})")
                .status,
            201);
  EXPECT_EQ(post("members", R"({"reference":"R2","member":"M-1","status":"blocked"})").status, 201);
  loyalty->reopen();
  const std::string known = member("M-1");
  EXPECT_NE(known.find(R"("status":"blocked","name":"")"), std::string::npos) << known;
  EXPECT_EQ(post("members", R"({"reference":"R3","member":"M-1"})").status, 400);
  const std::string found = loyalty->get("/loyalty/v1/member-changes", "reference=R1").body;
  EXPECT_NE(found.find(R"("id":"M-0000000001")"), std::string::npos) << found;
}

TEST_F(Members, AKeyActsOnceAndFitsOneContent) {
  const std::string body = R"({"reference":"R1","member":"M-1","status":"active"})";
  const Reply first = post("members", body, "K1");
  const Reply again = post("members", body, "K1");
  EXPECT_EQ(first.body, again.body);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(post("members", R"({"reference":"R1","member":"M-1","status":"x"})", "K1").status, 422);
}

TEST_F(Members, MergedOnesGiveTheirPointsAndGetThemBack) {
  ASSERT_EQ(post("accruals", sale("A1", "M-1")).status, 201);
  ASSERT_EQ(post("accruals", sale("A2", "M-2")).status, 201);
  ASSERT_EQ(post("members/merges", R"({"reference":"R1","member":"M-2","into":"M-1"})").status,
            201);
  EXPECT_NE(member("M-1").find(R"("balance":10,)"), std::string::npos) << member("M-1");
  EXPECT_NE(member("M-2").find(R"("balance":0,)"), std::string::npos) << member("M-2");
  EXPECT_EQ(post("members/merges", R"({"reference":"R2","member":"M-1","into":"M-2"})").status,
            422);
  ASSERT_EQ(post("members/unmerges", R"({"reference":"R3","member":"M-2"})").status, 201);
  EXPECT_NE(member("M-2").find(R"("balance":5,)"), std::string::npos) << member("M-2");
  EXPECT_EQ(post("members/unmerges", R"({"reference":"R4","member":"M-2"})").status, 422);
}

TEST_F(Members, ErasedOnesKeepTheirPointsOnly) {
  ASSERT_EQ(post("accruals", sale("A1", "M-1")).status, 201);
  ASSERT_EQ(
      post("members", R"({"reference":"R1","member":"M-1","status":"active","name":"Ada"})").status,
      201);
  ASSERT_EQ(post("members/erasures", R"({"reference":"R2","member":"M-1"})").status, 201);
  const std::string left = member("M-1");
  EXPECT_EQ(left.find("Ada"), std::string::npos) << left;
  EXPECT_NE(left.find(R"("balance":5,)"), std::string::npos) << left;
}

}  // namespace
}  // namespace crossfoot::sandbox
