// Goal: a transaction that can be read is taken whole, and one that cannot names the fault's place.
#include "contract/transaction_json.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "contract/transaction_cases.h"

namespace crossfoot::contract {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ParsePolicy lenient() {
  return {.now = *parse_instant("2026-11-22T12:00:00Z")};
}
ParsePolicy strict() {
  ParsePolicy policy = lenient();
  policy.unknown_fields = UnknownFields::strict;
  return policy;
}

class BadInputs : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputs, AreRefusedWithPointerAndCode) {
  const BadInput& bad = GetParam();
  const auto parsed = parse_transaction(bad.json, bad.strict ? strict() : lenient());
  ASSERT_FALSE(parsed.has_value()) << bad.json;
  const Problem& problem = parsed.error();
  ASSERT_EQ(problem.errors.size(), 1U) << to_json(problem);
  EXPECT_EQ(problem.errors[0].pointer, bad.pointer) << to_json(problem);
  EXPECT_EQ(problem.errors[0].code, bad.code) << to_json(problem);
  EXPECT_EQ(problem.code, bad.code);
  EXPECT_EQ(problem.status, 400);
  EXPECT_FALSE(problem.errors[0].detail.empty());
}

constexpr auto case_name = [](const testing::TestParamInfo<BadInput>& at) { return at.param.name; };
INSTANTIATE_TEST_SUITE_P(Syntax, BadInputs, testing::ValuesIn(syntax_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Types, BadInputs, testing::ValuesIn(type_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Ranges, BadInputs, testing::ValuesIn(range_cases()), case_name);

TEST(TransactionJson, TakesASale) {
  const auto parsed = parse_transaction(sale(), strict());
  ASSERT_TRUE(parsed.has_value()) << to_json(parsed.error());
  const Transaction& t = parsed->transaction;
  EXPECT_EQ(t.kind, TransactionKind::sale);
  EXPECT_EQ(t.key.display(), "S1/3/2026-11-21/7");
  EXPECT_EQ(t.key.tenant, "default");
  EXPECT_EQ(to_string(t.occurred_at), "2026-11-21T09:03:04Z");
  ASSERT_EQ(t.lines.size(), 1U);
  EXPECT_EQ(t.lines[0].amount.minor, 3998);
  EXPECT_EQ(t.lines[0].discount.minor, 10);
  EXPECT_EQ(t.lines[0].tax_rate, (Decimal{19, 2}));
  EXPECT_EQ(t.tenders, std::vector({Tender{TenderKind::card, {3538, t.currency}}}));
  EXPECT_EQ(t.totals.gross, (Money{3538, t.currency}));
  EXPECT_THAT(parsed->ignored, IsEmpty());
}

TEST(TransactionJson, RoundsAComputedAmountHalfAwayFromZero) {
  const auto amount = [](std::string_view quantity, std::string_view price) {
    const std::string line = fmt::format(
        R"({{"line":1,"article":"A","quantity":"{}","unit_price":"{}"}})", quantity, price);
    std::string json = sale();
    const std::size_t begin = json.find("[{") + 1;
    json.replace(begin, json.find("}]") + 1 - begin, line);
    json.replace(json.find("sale"), 4, "accounting_adjustment");
    const auto parsed = parse_transaction(json, lenient());
    return parsed ? parsed->transaction.lines[0].amount.minor : -999'999;
  };
  EXPECT_EQ(amount("1", "0.005"), 1);
  EXPECT_EQ(amount("1", "0.0049"), 0);
  EXPECT_EQ(amount("-1", "0.005"), -1);
  EXPECT_EQ(amount("0.5", "0.03"), 2);
  EXPECT_EQ(amount("3", "-0.015"), -5);
}

TEST(TransactionJson, KeepsAStatedAmountThatDiffers) {
  const auto parsed = parse_transaction(sale(R"("unit":"EA")", R"("amount":"39.00")"), lenient());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->transaction.lines[0].amount.minor, 3900);
}

TEST(TransactionJson, DoesNotDependOnTheOrderOfFields) {
  std::string json = sale();
  json.replace(json.find(R"("currency":"EUR",)"), 17, "");
  json.replace(json.find(R"("kind":"sale",)"), 14, "");
  json.insert(json.size() - 1, R"(,"currency":"EUR","kind":"sale")");
  const auto moved = parse_transaction(json, lenient());
  ASSERT_TRUE(moved.has_value()) << to_json(moved.error());
  EXPECT_EQ(moved->transaction, parse_transaction(sale(), lenient())->transaction);
}

TEST(TransactionJson, RecordsIgnoredFields) {
  const auto parsed =
      parse_transaction(sale(R"("region":"DE")", R"("colour":{"a":1},"x/y":2)"), lenient());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_THAT(parsed->ignored, ElementsAre("/colour", "/x~1y"));
}

TEST(TransactionJson, CollectsFaultsAndStopsAtTwenty) {
  std::string json = sale("\"EUR\"", "\"EURO\"");
  json.replace(json.find("\"DE\""), 4, "\"D\"");
  const auto two = parse_transaction(json, lenient());
  ASSERT_FALSE(two.has_value());
  EXPECT_EQ(two.error().code, error_code::invalid_transaction);
  EXPECT_EQ(two.error().errors.size(), 2U);

  std::string lines;
  for (int i = 0; i < 30; ++i) lines += "{},";
  const auto many = parse_transaction(sale("\"lines\":[", "\"lines\":[" + lines), lenient());
  ASSERT_FALSE(many.has_value());
  EXPECT_EQ(many.error().errors.size(), 20U);
  EXPECT_EQ(many.error().code, error_code::required_field);
}

TEST(TransactionJson, KeepsTheLimits) {
  TransactionParser parser;
  ParsePolicy policy = lenient();
  // Depth counts the transaction's own object: 31 arrays inside it are 32 levels.
  EXPECT_TRUE(parser.parse(nested(31), policy).has_value());
  policy.limits.lines_max = 2;
  const std::string two = sale("\"lines\":[", "\"lines\":[" + line_json("2") + ",");
  const std::string three =
      sale("\"lines\":[", "\"lines\":[" + line_json("2") + "," + line_json("2") + ",");
  EXPECT_TRUE(parser.parse(two, policy).has_value());
  const auto over = parser.parse(three, policy);
  ASSERT_FALSE(over.has_value());
  EXPECT_EQ(over.error().code, error_code::too_many_lines);
  EXPECT_EQ(over.error().errors[0].pointer, "/lines");
  policy.limits.bytes_max = sale().size() - 1;
  const auto large = parser.parse(sale(), policy);
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, error_code::transaction_too_large);
  EXPECT_EQ(large.error().status, 413);
}

TEST(TransactionJson, CountsCharactersNotBytes) {
  std::string text;
  for (int i = 0; i < 128; ++i) text += "ü";
  EXPECT_TRUE(parse_transaction(sale("M-1", text), lenient()).has_value());
  EXPECT_FALSE(parse_transaction(sale("M-1", text + "ü"), lenient()).has_value());
}

TEST(TransactionJson, KeepsSumsInsideExactArithmetic) {
  std::string lines;
  for (int i = 2; i < 4; ++i) {
    lines += fmt::format(
        R"({{"line":{},"article":"A","quantity":"1","unit_price":"6000000000000.00"}},)", i);
  }
  const auto parsed = parse_transaction(sale("\"lines\":[", "\"lines\":[" + lines), lenient());
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().errors[0].pointer, "/lines");
  EXPECT_EQ(parsed.error().code, error_code::out_of_range);
}

TEST(TransactionJson, ALineOriginalMayLeanOnTheTransactions) {
  std::string json = sale("\"sale\"", "\"return\"");
  json.replace(json.find(R"("unit":"EA")"), 11, R"("original":{"line":4})");
  json.insert(json.size() - 1, R"(,"original":{"channel":"ecommerce","external_id":"#1"})");
  const auto parsed = parse_transaction(json, strict());
  ASSERT_TRUE(parsed.has_value()) << to_json(parsed.error());
  const Line& line = parsed->transaction.lines[0];
  EXPECT_EQ(line.action, LineAction::returned);
  ASSERT_TRUE(line.original.has_value());
  EXPECT_EQ(line.original->line, 4U);
  EXPECT_EQ(line.original->key.display(), "ecommerce:#1");
}

TEST(TransactionJson, DropsDiscountsAndTendersOfNothing) {
  std::string json = sale("\"4.50\"", "\"0.00\"");
  json.replace(json.find("\"35.38\""), 7, "\"0\"");
  const auto parsed = parse_transaction(json, lenient());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_THAT(parsed->transaction.discounts, IsEmpty());
  EXPECT_THAT(parsed->transaction.tenders, IsEmpty());
}

TEST(TransactionJson, ReadsStoredBodiesWhateverTheDay) {
  const std::string json = sale("2026-11-21T", "2031-11-21T");
  EXPECT_FALSE(parse_transaction(json, lenient()).has_value());
  EXPECT_TRUE(parse_transaction(json, ParsePolicy::stored()).has_value());
}

TEST(TransactionJson, AParserForgetsTheMessageBefore) {
  TransactionParser parser;
  EXPECT_FALSE(parser.parse("{", lenient()).has_value());
  const std::string large = sale("\"d\"", "\"" + std::string(512, 'd') + "\"");
  std::string longer = large;
  longer.insert(1, "\"x\":\"" + std::string(100'000, 'x') + "\",");
  EXPECT_TRUE(parser.parse(longer, lenient()).has_value());
  EXPECT_EQ(parser.parse(sale(), lenient())->transaction,
            parse_transaction(sale(), lenient())->transaction);
}

}  // namespace
}  // namespace crossfoot::contract
