// Goal: a transaction that can be read is taken whole, and one that cannot names the fault's place.
#include "contract/transaction_json.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

std::string line_json(const std::string& number = "1") {
  return R"({"line":)" + number + R"(,"article":"A","quantity":"1","unit_price":"2.00"})";
}

/// A valid sale in which `from` is replaced once by `to`.
std::string sale(std::string_view from = {}, std::string_view to = {}) {
  std::string json =
      R"({"kind":"sale","channel":"pos","shop":"S1","register":"3","business_date":"2026-11-21",)"
      R"("sequence":"7","occurred_at":"2026-11-21T10:03:04+01:00","currency":"EUR",)"
      R"("tax_mode":"inclusive","region":"DE","member":"M-1","lines":[{"line":1,"kind":"goods",)"
      R"("article":"A","description":"d","quantity":"2","unit":"EA","unit_price":"19.99",)"
      R"("discount":"0.10","tax_code":"DE-STD","tax_rate":"0.19"}],)"
      R"("discounts":[{"amount":"4.50","reason":"coupon"}],)"
      R"("tenders":[{"kind":"card","amount":"35.38"}],"totals":{"gross":"35.38"}})";
  if (from.empty()) return json;
  const std::size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? json : json.replace(at, from.size(), to);
}

struct BadInput {
  std::string name;
  std::string json;
  std::string pointer;
  std::string_view code;
  bool strict = false;
};

std::string nested(std::size_t levels) {
  return sale(R"("region":"DE")", R"("x":)" + std::string(levels, '[') + std::string(levels, ']'));
}

std::vector<BadInput> syntax_cases() {
  namespace e = error_code;
  return {
      {"empty", "", "", e::invalid_json},
      {"cut", sale().substr(0, 200), "", e::invalid_json},
      {"nan", sale(R"("quantity":"2")", R"("quantity":NaN)"), "", e::invalid_json},
      {"infinity", sale(R"("quantity":"2")", R"("quantity":Infinity)"), "", e::invalid_json},
      {"huge_number", sale("\"line\":1", "\"line\":" + std::string(40, '9')), "", e::invalid_json},
      {"raw_control", sale("\"M-1\"", "\"M\n1\""), "", e::invalid_json},
      {"lone_surrogate", sale("\"M-1\"", R"("\ud800")"), "", e::invalid_json},
      {"single_quotes", sale("\"M-1\"", "'M-1'"), "", e::invalid_json},
      {"mark", "\xef\xbb\xbf" + sale(), "", e::invalid_json},
      {"trailing", sale() + "x", "", e::trailing_bytes},
      {"two_values", sale() + sale(), "", e::trailing_bytes},
      {"trailing_nul", sale() + std::string(1, '\0'), "", e::trailing_bytes},
      {"latin1", sale("\"d\"", "\"\xa3\""), "", e::invalid_utf8},
      {"overlong", sale("\"d\"", "\"\xc0\xaf\""), "", e::invalid_utf8},
      {"too_deep", nested(32), "", e::too_deep},
      {"duplicate_top", sale(R"("member":"M-1")", R"("member":"M-1","member":"M-2")"), "/member",
       e::duplicate_key},
      {"duplicate_line", sale(R"("unit":"EA")", R"("quantity":"3")"), "/lines/0/quantity",
       e::duplicate_key},
      {"duplicate_escaped", sale(R"("unit":"EA")", R"("quant\u0069ty":"3")"), "/lines/0/quantity",
       e::duplicate_key},
      {"duplicate_unknown", sale(R"("region":"DE")", R"("x":1,"x":2)"), "/x", e::duplicate_key},
      {"duplicate_in_unknown", sale(R"("region":"DE")", R"("x":{"a/b":1,"a/b":2})"), "/x/a~1b",
       e::duplicate_key},
      {"nul", sale("\"M-1\"", R"("M\u0000")"), "/member", e::nul_character},
      {"nul_word", sale("\"card\"", R"("card\u0000")"), "/tenders/0/kind", e::nul_character},
      {"nul_in_unknown", sale(R"("region":"DE")", R"("x":["\u0000"])"), "/x/0", e::nul_character},
  };
}

std::vector<BadInput> type_cases() {
  namespace e = error_code;
  return {
      {"array_root", "[]", "", e::wrong_type},
      {"text_root", "\"a\"", "", e::wrong_type},
      {"shop_number", sale("\"S1\"", "1"), "/shop", e::wrong_type},
      {"sequence_number", sale(R"("sequence":"7")", R"("sequence":7)"), "/sequence", e::wrong_type},
      {"member_null", sale("\"M-1\"", "null"), "/member", e::wrong_type},
      {"lines_object", sale("\"lines\":[", "\"x\":[").replace(1, 0, R"("lines":{},)"), "/lines",
       e::wrong_type},
      {"line_text", sale("\"lines\":[", "\"lines\":[\"a\","), "/lines/0", e::wrong_type},
      {"measured_text", sale(R"("unit":"EA")", R"("measured":"yes")"), "/lines/0/measured",
       e::wrong_type},
      {"line_fraction", sale("\"line\":1", "\"line\":1.5"), "/lines/0/line", e::wrong_type},
      {"no_kind", sale(R"("kind":"sale",)", ""), "/kind", e::required_field},
      {"no_shop", sale(R"("shop":"S1",)", ""), "/shop", e::required_field},
      {"no_date", sale(R"("business_date":"2026-11-21",)", ""), "/business_date",
       e::required_field},
      {"no_tax_mode", sale(R"("tax_mode":"inclusive",)", ""), "/tax_mode", e::required_field},
      {"no_article", sale(R"("article":"A",)", ""), "/lines/0/article", e::required_field},
      {"no_tender_amount", sale(R"(,"amount":"35.38")", ""), "/tenders/0/amount",
       e::required_field},
      {"void_without_original", sale("\"sale\"", "\"void\""), "/original", e::required_field},
      {"exchange_without_action", sale("\"sale\"", "\"exchange\""), "/lines/0/action",
       e::required_field},
      {"decimal_word", sale("\"19.99\"", "\"nineteen\""), "/lines/0/unit_price", e::invalid_format},
      {"decimal_exponent", sale("\"19.99\"", "\"1e3\""), "/lines/0/unit_price", e::invalid_format},
      {"decimal_comma", sale("\"19.99\"", "\"19,99\""), "/lines/0/unit_price", e::invalid_format},
      {"decimal_nan", sale("\"19.99\"", "\"NaN\""), "/lines/0/unit_price", e::invalid_format},
      {"decimal_leading_zero", sale("\"19.99\"", "\"019.99\""), "/lines/0/unit_price",
       e::invalid_format},
      {"no_such_day", sale("\"2026-11-21\"", "\"2026-02-30\""), "/business_date",
       e::invalid_format},
      {"no_zone", sale("+01:00", ""), "/occurred_at", e::invalid_format},
      {"region_word", sale("\"DE\"", "\"Germany\""), "/region", e::invalid_format},
      {"number_quantity", sale(R"("quantity":"2")", R"("quantity":2)"), "/lines/0/quantity",
       e::number_not_decimal_string},
      {"number_amount", sale("\"4.50\"", "4.50"), "/discounts/0/amount",
       e::number_not_decimal_string},
      {"number_total", sale(R"("gross":"35.38")", R"("gross":35.38)"), "/totals/gross",
       e::number_not_decimal_string},
  };
}

std::vector<BadInput> range_cases() {
  namespace e = error_code;
  return {
      {"zero_quantity", sale(R"("quantity":"2")", R"("quantity":"0.00")"), "/lines/0/quantity",
       e::out_of_range},
      {"negative_quantity", sale(R"("quantity":"2")", R"("quantity":"-2")"), "/lines/0/quantity",
       e::out_of_range},
      {"fine_quantity", sale(R"("quantity":"2")", R"("quantity":"0.1234567")"), "/lines/0/quantity",
       e::out_of_range},
      {"negative_price", sale("\"19.99\"", "\"-19.99\""), "/lines/0/unit_price", e::out_of_range},
      {"ten_places", sale("\"19.99\"", "\"1.0000000001\""), "/lines/0/unit_price", e::out_of_range},
      {"huge_product", sale("\"19.99\"", "\"9000000000000000\""), "/lines/0/unit_price",
       e::out_of_range},
      {"half_cent", sale("\"4.50\"", "\"4.505\""), "/discounts/0/amount", e::out_of_range},
      {"negative_tender", sale("\"35.38\"", "\"-35.38\""), "/tenders/0/amount", e::out_of_range},
      {"negative_discount", sale("\"0.10\"", "\"-0.10\""), "/lines/0/discount", e::out_of_range},
      {"tax_rate_percent", sale("\"0.19\"", "\"19\""), "/lines/0/tax_rate", e::out_of_range},
      {"line_zero", sale("\"line\":1", "\"line\":0"), "/lines/0/line", e::out_of_range},
      {"line_negative", sale("\"line\":1", "\"line\":-1"), "/lines/0/line", e::out_of_range},
      {"epoch", sale(R"("sequence")", R"("register_epoch":4294967296,"sequence")"),
       "/register_epoch", e::out_of_range},
      {"kind_word", sale("\"sale\"", "\"Sale\""), "/kind", e::unknown_value},
      {"channel_word", sale("\"pos\"", "\"fax\""), "/channel", e::unknown_value},
      {"tender_word", sale("\"card\"", "\"cheque\""), "/tenders/0/kind", e::unknown_value},
      {"currency", sale("\"EUR\"", "\"EURO\""), "/currency", e::unknown_currency},
      {"currency_case", sale("\"EUR\"", "\"eur\""), "/currency", e::unknown_currency},
      {"currency_none", sale("\"EUR\"", "\"XXX\""), "/currency", e::unknown_currency},
      {"early", sale("\"2026-11-21\"", "\"1999-12-31\""), "/business_date", e::date_out_of_range},
      {"early_time", sale("2026-11-21T10:03:04+01:00", "1999-12-31T23:59:59Z"), "/occurred_at",
       e::date_out_of_range},
      {"late", sale("\"2026-11-21\"", "\"2026-11-24\""), "/business_date", e::date_out_of_range},
      {"late_time", sale("2026-11-21T10:03:04+01:00", "2026-11-23T12:00:01Z"), "/occurred_at",
       e::date_out_of_range},
      {"no_identity",
       sale(R"("register":"3",)", "").replace(sale().find("\"sequence\"") - 15, 15, ""), "",
       e::missing_identity},
      {"no_sequence", sale(R"("sequence":"7",)", ""), "/sequence", e::missing_identity},
      {"no_register", sale(R"("register":"3",)", ""), "/register", e::missing_identity},
      {"two_identities", sale(R"("sequence")", R"("external_id":"x","sequence")"), "",
       e::missing_identity},
      {"version", sale(R"("kind":"sale")", R"("version":2,"kind":"sale")"), "/version",
       e::unsupported_version},
      {"empty_text", sale("\"M-1\"", "\"\""), "/member", e::text_length},
      {"long_text", sale("\"M-1\"", "\"" + std::string(129, 'm') + "\""), "/member",
       e::text_length},
      {"long_description", sale("\"d\"", "\"" + std::string(513, 'd') + "\""),
       "/lines/0/description", e::text_length},
      {"returned_in_sale", sale("\"line\":1", R"("line":1,"action":"returned")"), "/lines/0/action",
       e::contradiction},
      {"same_number", sale("\"lines\":[", "\"lines\":[" + line_json() + ","), "/lines/1/line",
       e::contradiction},
      {"unknown", sale(R"("region":"DE")", R"("colour":"red")"), "/colour", e::unknown_field, true},
      {"unknown_in_line", sale(R"("unit":"EA")", R"("col~our":"red")"), "/lines/0/col~0our",
       e::unknown_field, true},
  };
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
