// Goal: the registry is served as it is described, a version that ends says so in every answer, and
// whoever still uses it is counted by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/api_world.h"

namespace crossfoot::edge::test {
namespace {

using testing::HasSubstr;

std::string header(const runtime::HttpAnswer& answer, std::string_view name) {
  return std::string(answer.header(name));
}

Result<std::unique_ptr<ContractBook>> ending_book(prometheus::Registry& metrics) {
  return ContractBook::load(
      {"registry.json", "transaction.json"},
      [](const std::string& file) -> Result<std::string> {
        if (file == "registry.json") return R"({"documents":{}})";
        if (file == "s.json") return R"({"type":"object"})";
        return R"({"contract":"transaction","kind":"entity","title":"T","description":"D",
          "owner":{"team":"A","contact":"b"},"classification":"personal","versions":[
          {"version":"1.0.0","state":"deprecated","schema":"s.json","deprecated_at":"2026-12-01",
           "sunset_at":"2027-06-01"},{"version":"2.0.0","state":"active","schema":"s.json"}],
          "consumers":[{"name":"tills","version":"1.0.0","contact":"c"}],
          "field_owners":{"/a":"erp"}})";
      },
      metrics, Instant{1'795'000'000'000'000});
}

TEST(Contracts, TheBuiltInRegistryIsServed) {
  World world;
  const std::string list = world.get("/v1/contracts").body;
  EXPECT_THAT(list, HasSubstr(R"("contract":"transaction")"));
  EXPECT_THAT(list, HasSubstr(R"("contract":"price")"));
  const auto one = world.get("/v1/contracts/transaction");
  EXPECT_EQ(at(one.body, "/owner/team"), "Retail integration");
  EXPECT_EQ(at(one.body, "/versions/0/schema"), "/v1/contracts/transaction/versions/1.0.0");
  const auto schema = world.get("/v1/contracts/transaction/versions/1");
  EXPECT_EQ(schema.status, 200);
  EXPECT_EQ(header(schema, "content-type"), "application/schema+json");
  EXPECT_EQ(header(schema, "deprecation"), "");
  EXPECT_EQ(at(schema.body, "/$id"), "/schemas/transaction/v1.json");
  for (const char* path : {"/v1/contracts/nothing", "/v1/contracts/nothing/consumers",
                           "/v1/contracts/price/versions/7", "/v1/contracts/price/versions/1.0"}) {
    const auto answer = world.get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(at(answer.body, "/code"), "CF-7011") << path;
  }
}

TEST(Contracts, AVersionThatEndsSaysSo) {
  World world({}, {}, ending_book);
  const auto schema = world.get("/v1/contracts/transaction/versions/1.0.0");
  EXPECT_EQ(header(schema, "deprecation"), "@1796083200");
  EXPECT_EQ(header(schema, "sunset"), "Tue, 01 Jun 2027 00:00:00 GMT");
  EXPECT_EQ(header(schema, "link"),
            R"(</v1/contracts/transaction>; rel="deprecation", )"
            R"(</v1/contracts/transaction/versions/2.0.0>; rel="successor-version")");
  EXPECT_EQ(header(world.get("/v1/contracts/transaction/versions/2"), "deprecation"), "");
  const auto accepted = world.post_sale(sale(1));
  EXPECT_EQ(accepted.status, 202);
  EXPECT_EQ(header(accepted, "deprecation"), "@1796083200");
  const auto refused = world.post_sale("{}");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(header(refused, "sunset"), "Tue, 01 Jun 2027 00:00:00 GMT");
}

TEST(Contracts, CallersAreCountedByName) {
  World world;
  world.post_sale(sale(1), {{"User-Agent", "till/7"}});
  world.post_sale(sale(2), {{"User-Agent", "till/7"}});
  const std::string known = world.get("/v1/contracts/transaction/consumers").body;
  EXPECT_EQ(at(known, "/contract"), "transaction");
  EXPECT_EQ(at(known, "/callers/0/caller"), "agent:till/7");
  EXPECT_THAT(known, HasSubstr(R"("version":"1.0.0","calls":2)"));
  EXPECT_THAT(
      world.get("/metrics").body,
      HasSubstr(
          R"(crossfoot_contract_calls_total{caller="agent:till/7",contract="transaction",version="1.0.0"} 2)"));
}

TEST(Contracts, AKnownCallerIsCountedUnderItsName) {
  World world({}, {}, built_in_book, whom_the_header_names);
  const World::Headers who{{"X-Test-Principal", "kiosk"}, {"User-Agent", "till/7"}};
  world.post_sale(sale(1), who);
  const std::string known = world.get("/v1/contracts/transaction/consumers", who).body;
  EXPECT_EQ(at(known, "/callers/0/caller"), "principal:kiosk");
}

TEST(Contracts, TooManyCallersAreCountedTogether) {
  prometheus::Registry metrics;
  const auto book = ContractBook::built_in(metrics, Instant{});
  ASSERT_TRUE(book.has_value());
  ContractBook::Use& use = *(*book)->find("transaction", "1");
  for (std::size_t i = 0; i < ContractBook::callers_max + 5; ++i) {
    (*book)->called(use, "agent:" + std::to_string(i), Instant{1});
  }
  EXPECT_EQ(use.callers.size(), ContractBook::callers_max + 1);
  EXPECT_EQ(use.callers.find("others")->second.calls, 5U);
}

}  // namespace
}  // namespace crossfoot::edge::test
