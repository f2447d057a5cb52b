// Goal: the price that is asked: the most particular of each kind, the lowest of the kinds.
#include "contract/record/price.h"

#include <gtest/gtest.h>

namespace crossfoot::contract::record {
namespace {

PriceOffer offer(const std::string& kind, const std::string& amount, const std::string& rest = "") {
  return {.key = kind + amount,
          .version = 1,
          .body = R"({"article":"TOY-1","kind":")" + kind + R"(","price":{"amount":")" + amount +
                  R"(","currency":"EUR"},"unit":"EA","tax_mode":"inclusive")" + rest + "}"};
}

std::string ask(const std::vector<PriceOffer>& offers, const PriceQuestion& question) {
  const auto price = find_price(offers, question);
  return price ? to_string(price->amount) + " " + price->kind : "none";
}

TEST(PriceLookup, TakesTheMostParticularOfAKind) {
  const std::vector<PriceOffer> offers{offer("regular", "9.99"),
                                       offer("regular", "9.50", R"(,"region":"DE")"),
                                       offer("regular", "9.70", R"(,"region":"DE-BE")"),
                                       offer("regular", "9.90", R"(,"shops":["DE-001"])"),
                                       offer("regular", "8.00", R"(,"channels":["mobile"])")};
  EXPECT_EQ(ask(offers, {}), "9.99 regular");
  EXPECT_EQ(ask(offers, {.region = "FR"}), "9.99 regular");
  EXPECT_EQ(ask(offers, {.region = "DE"}), "9.50 regular");
  EXPECT_EQ(ask(offers, {.region = "DE-BY"}), "9.50 regular");
  EXPECT_EQ(ask(offers, {.region = "DE-BE"}), "9.70 regular");
  EXPECT_EQ(ask(offers, {.shop = "DE-001", .region = "DE-BE"}), "9.90 regular");
  EXPECT_EQ(ask(offers, {.channel = "mobile"}), "8.00 regular");
}

TEST(PriceLookup, TakesTheLowestOfTheKindsButNoStaffPrice) {
  const std::vector<PriceOffer> offers{offer("regular", "9.99"), offer("promotional", "7.99"),
                                       offer("staff", "1.00"),
                                       offer("clearance", "8.50", R"(,"price_list":"B2B")")};
  const auto price = find_price(offers, {});
  ASSERT_TRUE(price.has_value());
  EXPECT_EQ(to_string(price->amount), "7.99");
  EXPECT_EQ(to_string(*price->regular), "9.99");
  EXPECT_EQ(ask(offers, {.price_list = "B2B"}), "8.50 clearance");
  EXPECT_EQ(ask({offer("staff", "1.00")}, {}), "none");
}

TEST(PriceLookup, TiersCountFromTheirQuantity) {
  const std::vector<PriceOffer> offers{
      offer("regular", "10",
            R"(,"tiers":[{"quantity_from":"10","price":{"amount":"8","currency":)"
            R"("EUR"}},{"quantity_from":"3","price":{"amount":"9","currency":)"
            R"("EUR"}}])")};
  EXPECT_EQ(ask(offers, {.quantity = {2, 0}}), "10 regular");
  EXPECT_EQ(ask(offers, {.quantity = {3, 0}}), "9 regular");
  EXPECT_EQ(ask(offers, {.quantity = {100, 1}}), "8 regular");
}

}  // namespace
}  // namespace crossfoot::contract::record
