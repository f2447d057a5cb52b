#include "connector/classify.h"

#include <gtest/gtest.h>

#include "connector/exchange.h"

namespace crossfoot::connector {
namespace {

using std::chrono::milliseconds;

constexpr Instant now{1'795'219'200'000'000};  // 2026-11-21T00:00:00Z

std::optional<Fault> judge(int status, std::string body = "{}",
                           std::vector<std::pair<std::string, std::string>> headers = {},
                           std::vector<ErrorRule> operation = {},
                           std::vector<ErrorRule> pack = {}) {
  simdjson::dom::parser parser;
  const runtime::HttpAnswer answer{status, std::move(headers), body};
  return classify(operation, pack, answer, parse_json(body, parser), now);
}

// Goal: without rules, the status decides as the table in classify.h says.
TEST(Classify, DefaultsByStatus) {
  const std::vector<std::pair<int, FaultClass>> table{
      {302, FaultClass::rejected},        {400, FaultClass::rejected},
      {401, FaultClass::unauthorised},    {403, FaultClass::unauthorised},
      {404, FaultClass::rejected},        {405, FaultClass::rejected},
      {408, FaultClass::throttled},       {409, FaultClass::conflict},
      {413, FaultClass::rejected},        {415, FaultClass::rejected},
      {418, FaultClass::rejected},        {422, FaultClass::rejected},
      {425, FaultClass::throttled},       {429, FaultClass::throttled},
      {500, FaultClass::unknown_outcome}, {502, FaultClass::unknown_outcome},
      {503, FaultClass::unknown_outcome}, {504, FaultClass::unknown_outcome},
      {599, FaultClass::unknown_outcome}, {100, FaultClass::unknown_outcome}};
  for (const auto& [status, expected] : table) {
    const auto fault = judge(status);
    ASSERT_TRUE(fault) << status;
    EXPECT_EQ(fault->fault_class, expected) << status;
    EXPECT_EQ(fault->code, target_code(expected)) << status;
  }
  EXPECT_FALSE(judge(200));
  EXPECT_FALSE(judge(204));
}

// Goal: rules decide by status and body, an operation's before its pack's, the first that matches.
TEST(Classify, RulesComeFirst) {
  const ErrorRule busy{
      409, 409, Match{"/error/code", {"busy"}}, FaultClass::throttled, "", milliseconds{50}};
  const ErrorRule outage{500, 599, std::nullopt, FaultClass::transient, "CF-9999", milliseconds{0}};
  const ErrorRule error_in_200{
      200, 200, Match{"/ok", {"false"}}, FaultClass::rejected, "", milliseconds{0}};
  const std::vector<ErrorRule> pack{busy, outage, error_in_200};
  EXPECT_EQ(judge(409, R"({"error":{"code":"busy"}})", {}, {}, pack)->retry_after.count(), 50);
  EXPECT_EQ(judge(409, R"({"error":{"code":"other"}})", {}, {}, pack)->fault_class,
            FaultClass::conflict);
  EXPECT_EQ(judge(409, "not json", {}, {}, pack)->fault_class, FaultClass::conflict);
  EXPECT_EQ(judge(503, "", {}, {}, pack)->fault_class, FaultClass::transient);
  EXPECT_EQ(judge(503, "", {}, {}, pack)->code, "CF-9999");
  EXPECT_EQ(judge(200, R"({"ok":false})", {}, {}, pack)->fault_class, FaultClass::rejected);
  EXPECT_FALSE(judge(200, R"({"ok":true})", {}, {}, pack));
  const ErrorRule own{503, 503, std::nullopt, FaultClass::rejected, "", milliseconds{0}};
  EXPECT_EQ(judge(503, "", {}, {own}, pack)->fault_class, FaultClass::rejected);
}

// Goal: Retry-After is read in both forms and bounded; nonsense falls back to a second.
TEST(Classify, ReadsRetryAfter) {
  EXPECT_EQ(judge(429)->retry_after, milliseconds{1000});
  EXPECT_EQ(judge(429, "{}", {{"retry-after", "7"}})->retry_after, milliseconds{7000});
  EXPECT_EQ(judge(429, "{}", {{"retry-after", "soon"}})->retry_after, milliseconds{1000});
  EXPECT_EQ(parse_retry_after("Sat, 21 Nov 2026 00:00:30 GMT", now), milliseconds{30'000});
  EXPECT_EQ(parse_retry_after("Fri, 20 Nov 2026 00:00:30 GMT", now), milliseconds{0});
  EXPECT_EQ(parse_retry_after("99999999999999999999", now), milliseconds{24 * 3600 * 1000});
  EXPECT_EQ(parse_retry_after("Sat, 21 Foo 2026 00:00:30 GMT", now), std::nullopt);
  EXPECT_EQ(parse_retry_after("-1", now), std::nullopt);
  EXPECT_EQ(parse_retry_after("", now), std::nullopt);
}

// Goal: the vendor's own words are kept, cut between characters.
TEST(Classify, KeepsTheVendorsWords) {
  EXPECT_EQ(judge(422, R"({"error":{"code":"closed","message":"period 10"}})")->cause,
            "HTTP 422: closed: period 10");
  EXPECT_EQ(judge(422, R"({"errors":[{"code":7}]})")->cause, "HTTP 422: 7");
  EXPECT_EQ(judge(422, "<html>")->cause, "HTTP 422");
  std::string long_text(199, 'a');
  for (int i = 0; i < 50; ++i) long_text += "ä";
  const std::string cause = judge(422, R"({"message":")" + long_text + R"("})")->cause;
  EXPECT_EQ(cause, "HTTP 422: " + std::string(199, 'a') + "…");
}

}  // namespace
}  // namespace crossfoot::connector
