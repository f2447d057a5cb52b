// Goal: the loyalty stand-in sets points aside once, spends them once and frees the rest, whatever
// comes twice, too late or in the wrong order, and after a kill.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sandbox/testing.h"

namespace crossfoot::sandbox {
namespace {

using testing::Driver;
using testing::Json;
using testing::TempFolder;

class Redeeming : public ::testing::Test {
 protected:
  Redeeming() : loyalty(&open_loyalty, folder.path()) {
    EXPECT_EQ(loyalty
                  .post("/loyalty/v1/accruals",
                        R"({"reference": "A1", "member": "M-1", "shop": "DE-001",
        "business_date": "2026-11-21", "occurred_at": "2026-11-21T10:03:04+01:00", "currency": "EUR",
        "tax_mode": "inclusive", "lines": [{"line": 1, "kind": "goods", "article": "SHIRT",
        "quantity": "1", "unit_price": "100.00"}], "tenders": [{"kind": "card", "amount": "100.00"}]})")
                  .status,
              201);
  }

  Reply authorise(std::string_view reference, int points) {
    return loyalty.post("/loyalty/v1/authorisations",
                        fmt::format(R"({{"reference": "{}", "member": "M-1", "points": {},
                            "hold_seconds": 60}})",
                                    reference, points));
  }
  Reply capture(std::string_view reference, std::string_view hold, int points) {
    return loyalty.post(
        "/loyalty/v1/captures",
        fmt::format(R"({{"reference": "{}", "authorisation_reference": "{}", "points": {},
                    "shop": "DE-001", "business_date": "2026-11-21"}})",
                    reference, hold, points),
        reference);
  }
  Reply release(std::string_view reference, std::string_view hold) {
    return loyalty.post(
        "/loyalty/v1/releases",
        fmt::format(R"({{"reference": "{}", "authorisation_reference": "{}"}})", reference, hold));
  }
  std::string code(const Reply& reply) { return Json(reply.body)["/error/code"]; }
  std::string member(std::string_view field) {
    return Json(loyalty.get("/loyalty/v1/members/M-1").body)["/" + std::string(field)];
  }

  TempFolder folder;
  Driver loyalty;
};

TEST_F(Redeeming, SetsAsideOnceAndNotMoreThanIsFree) {
  EXPECT_EQ(authorise("H1", 60).status, 201);
  const Reply again = authorise("H1", 60);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(code(authorise("H1", 61)), "reference_reused");
  EXPECT_EQ(code(authorise("H2", 41)), "insufficient_points");
  EXPECT_EQ(authorise("H2", 40).status, 201);
  EXPECT_EQ(member("available"), "0");
  EXPECT_EQ(member("balance"), "100");
}

TEST_F(Redeeming, SpendsOnceAndFreesTheRest) {
  authorise("H1", 60);
  EXPECT_EQ(code(capture("C1", "H1", 61)), "capture_exceeds_hold");
  EXPECT_EQ(capture("C1", "H1", 50).status, 201);
  EXPECT_TRUE(capture("C1", "H1", 50).replayed);
  EXPECT_EQ(code(capture("C2", "H1", 10)), "hold_closed");
  EXPECT_EQ(code(release("R1", "H1")), "hold_closed");
  loyalty.reopen();
  EXPECT_EQ(member("balance"), "50");
  EXPECT_EQ(member("held"), "0");
  const Json book(loyalty.get("/loyalty/v1/transactions", "business_date=2026-11-21").body);
  EXPECT_EQ(book["/items/1/type"], "redemption");
  EXPECT_EQ(book["/items/1/points"], "50");
  EXPECT_EQ(code(capture("C2", "H1", 10)), "hold_closed");
}

TEST_F(Redeeming, AReleaseThatComesFirstForbidsTheHold) {
  EXPECT_EQ(release("R1", "H1").status, 201);
  EXPECT_EQ(code(authorise("H1", 60)), "hold_released");
  EXPECT_EQ(Json(loyalty.get("/loyalty/v1/holds", "reference=H1").body).size("/items"), 0U);
  EXPECT_EQ(Json(loyalty.get("/loyalty/v1/releases", "reference=R1").body).size("/items"), 1U);
  loyalty.reopen();
  EXPECT_EQ(code(authorise("H1", 60)), "hold_released");
}

TEST_F(Redeeming, FreesWhatNobodyTookInTime) {
  authorise("H1", 60);
  loyalty.now = loyalty.now + std::chrono::seconds{60};
  EXPECT_EQ(code(capture("C1", "H1", 60)), "hold_expired");
  EXPECT_EQ(member("available"), "100");
  EXPECT_EQ(Json(loyalty.get("/loyalty/v1/holds", "reference=H1").body)["/items/0/state"],
            "expired");
}

}  // namespace
}  // namespace crossfoot::sandbox
