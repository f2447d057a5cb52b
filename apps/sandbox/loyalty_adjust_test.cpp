// Goal: the loyalty stand-in grants and deducts by hand once, never below what is free, keeps what
// it was told after a kill, and shows it in its list under its own type.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sandbox/testing.h"

namespace crossfoot::sandbox {
namespace {

using testing::Driver;
using testing::Json;
using testing::TempFolder;

class Adjusting : public ::testing::Test {
 protected:
  Reply adjust(std::string_view reference, std::string_view direction, int points,
               std::string_view expires = "") {
    return loyalty.post("/loyalty/v1/adjustments",
                        fmt::format(R"({{"reference": "{}", "member": "M-1", "points": {},
                            "direction": "{}", "reason": "goodwill", "shop": "DESK-1",
                            "business_date": "2026-11-21", "expires_on": "{}"}})",
                                    reference, points, direction, expires),
                        reference);
  }
  std::string code(const Reply& reply) { return Json(reply.body)["/error/code"]; }
  std::string balance() { return Json(loyalty.get("/loyalty/v1/members/M-1").body)["/balance"]; }

  TempFolder folder;
  Driver loyalty{&open_loyalty, folder.path()};
};

TEST_F(Adjusting, GrantsOnceAndDeductsWhatIsFree) {
  EXPECT_EQ(adjust("G1", "grant", 200, "2027-11-21").status, 201);
  EXPECT_TRUE(adjust("G1", "grant", 200, "2027-11-21").replayed);
  EXPECT_EQ(balance(), "200");
  EXPECT_EQ(code(adjust("D1", "deduct", 201)), "insufficient_points");
  EXPECT_EQ(adjust("D1", "deduct", 150).status, 201);
  EXPECT_EQ(balance(), "50");
  loyalty.reopen();
  EXPECT_EQ(balance(), "50");
  const Json book(loyalty.get("/loyalty/v1/transactions", "business_date=2026-11-21").body);
  EXPECT_EQ(book["/items/0/type"], "grant");
  EXPECT_EQ(book["/items/0/expires_on"], "2027-11-21");
  EXPECT_EQ(book["/items/1/type"], "deduction");
  EXPECT_EQ(book["/items/1/points"], "150");
}

TEST_F(Adjusting, AfterItsKeyIsForgottenTheReferenceStillHolds) {
  EXPECT_EQ(adjust("G1", "grant", 200).status, 201);
  loyalty.now = loyalty.now + std::chrono::hours{25};
  EXPECT_TRUE(adjust("G1", "grant", 200).replayed);
  EXPECT_EQ(balance(), "200");
}

TEST_F(Adjusting, RefusesWhatMakesNoSense) {
  EXPECT_EQ(adjust("X1", "grant", 0).status, 400);
  EXPECT_EQ(adjust("X2", "steal", 5).status, 400);
  EXPECT_EQ(adjust("X3", "grant", 5, "soon").status, 400);
  EXPECT_EQ(code(adjust("X4", "grant", 5, "2026-11-21")), "expired_at_once");
  EXPECT_EQ(loyalty.get("/loyalty/v1/members/M-1").status, 404);
}

}  // namespace
}  // namespace crossfoot::sandbox
