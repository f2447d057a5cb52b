// Goal: the published schema of transactions takes exactly what the parser takes, but for the few
// rules that JSON Schema cannot state.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "contract/fields.h"
#include "contract/schema/schema.h"
#include "contract/transaction_cases.h"
#include "contract/transaction_json.h"

namespace crossfoot::contract {
namespace {

using schema::JsonDocument;
using schema::JsonLimits;
using schema::Schema;

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// What the schema's reader and the schema say together.
class Agreement : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto compiled = Schema::compile(read_text("api/schemas/transaction/v1.json"));
    ASSERT_TRUE(compiled.has_value()) << compiled.error().where << compiled.error().cause;
    schema_ = new Schema(std::move(*compiled));
  }
  static void TearDownTestSuite() { delete schema_; }

  static bool schema_takes(const std::string& json) {
    const ParseLimits limits;
    const auto document = JsonDocument::parse(
        json, JsonLimits{.bytes_max = limits.bytes_max, .depth_max = limits.depth_max});
    if (!document) return false;
    const auto verdict = schema_->validate(document->root());
    EXPECT_TRUE(verdict.has_value()) << verdict.error().cause;
    return verdict && verdict->valid;
  }
  static bool parser_takes(const std::string& json) {
    static TransactionParser parser;
    return parser.parse(json, ParsePolicy::stored()).has_value();
  }
  /// Whether both take it.
  static bool agree(const std::string& json) {
    const bool taken = parser_takes(json);
    EXPECT_EQ(schema_takes(json), taken) << json;
    return taken;
  }

  static inline Schema* schema_ = nullptr;
};

/// Rules beyond a schema: the clock, products and sums, equality across entries, numbers beyond 64
/// bits where the field is not known, and the strictness that a source's policy adds.
const std::set<std::string> beyond_a_schema = {"late",        "late_time", "huge_product",
                                               "same_number", "unknown",   "unknown_in_line"};

TEST_F(Agreement, WhatTheParserRefusesTheSchemaRefuses) {
  std::size_t seen = 0;
  for (const auto& table : {syntax_cases(), type_cases(), range_cases()}) {
    for (const BadInput& bad : table) {
      const bool beyond = beyond_a_schema.contains(bad.name);
      EXPECT_EQ(schema_takes(bad.json), beyond) << bad.name << ": " << bad.json;
      seen += beyond ? 1U : 0U;
    }
  }
  EXPECT_EQ(seen, beyond_a_schema.size());
}

/// Values of every type, and texts that some field takes and another does not.
const std::vector<std::string>& values() {
  static const std::vector<std::string> all = {
      "null",
      "true",
      "false",
      "0",
      "1",
      "2",
      "-1",
      "1.5",
      "20000",
      "20001",
      "4294967295",
      "4294967296",
      "9223372036854775807",
      "9223372036854775808",
      "{}",
      "[]",
      "[{}]",
      "[1]",
      R"({"line":1})",
      R"({"line":0})",
      R"({"channel":"pos","external_id":"x"})",
      R"({"channel":"pos","external_id":"x","line":1})",
      R"({"channel":"fax","external_id":"x"})",
      R"({"channel":"pos","external_id":"x","shop":5})",
      R"({"shop":"S","register":"1","business_date":"2026-11-21","sequence":"2"})",
      R"({"shop":"S","register":"1","business_date":"2026-11-21","sequence":"2","line":3})",
      R"({"shop":"S","register":"1","business_date":"2026-11-31","sequence":"2","line":3})",
      R"({"shop":"S","register":"1","business_date":"2026-11-21","sequence":"2","channel":5})",
      R"({"gross":"1.00","net":"-1","tax":"0"})",
      R"({"gross":"1.005"})",
      R"({"gross":1})",
      R"([{"amount":"1.00","reason":"r"}])",
      R"([{"amount":"1.005"}])",
      R"([{"reason":"r"}])",
      R"([{"kind":"cash","amount":"0"}])",
      R"([{"kind":"cash","amount":"-0.00"}])",
      R"([{"kind":"cash","amount":"1.000"}])",
      R"([{"kind":"cash","amount":"1.0000000000"}])",
      R"([{"line":1,"article":"A","quantity":"1","unit_price":"1"}])",
      R"("")",
      R"("a")",
      R"("\u0000")",
      R"("S1")",
      R"("0")",
      R"("-0")",
      R"("0.00")",
      R"("-0.0")",
      R"("1")",
      R"("-1")",
      R"("01")",
      R"("1.")",
      R"(".5")",
      R"("1e3")",
      R"("+1")",
      R"(" 1")",
      R"("1.5")",
      R"("1.50")",
      R"("1.500")",
      R"("1.005")",
      R"("1.0000000")",
      R"("1.0000001")",
      R"("0.000001")",
      R"("0.0000001")",
      R"("0.000000001")",
      R"("0.0000000001")",
      R"("10")",
      R"("10.0")",
      R"("10.1")",
      R"("11")",
      R"("-0.000000001")",
      R"("sale")",
      R"("return")",
      R"("exchange")",
      R"("void")",
      R"("stock_adjustment")",
      R"("accounting_adjustment")",
      R"("Sale")",
      R"("pos")",
      R"("ecommerce")",
      R"("fax")",
      R"("sold")",
      R"("returned")",
      R"("goods")",
      R"("voucher")",
      R"("inclusive")",
      R"("not_in_source")",
      R"("EUR")",
      R"("JPY")",
      R"("KWD")",
      R"("CLF")",
      R"("XXX")",
      R"("eur")",
      R"("DE")",
      R"("US-CA")",
      R"("US-")",
      R"("US-CALI")",
      R"("de")",
      R"("D")",
      R"("2026-11-21")",
      R"("2026-02-29")",
      R"("2024-02-29")",
      R"("2000-02-29")",
      R"("2100-02-29")",
      R"("2026-06-31")",
      R"("2026-13-01")",
      R"("1999-12-31")",
      R"("2026-1-1")",
      R"("9999-12-31")",
      R"("2026-11-21T10:03:04Z")",
      R"("2026-11-21t10:03:04z")",
      R"("2026-11-21 10:03:04Z")",
      R"("2026-11-21T10:03:04")",
      R"("2026-11-21T10:03:04+01:00")",
      R"("2026-11-21T10:03:04.123456789Z")",
      R"("2026-11-21T10:03:04.1234567890Z")",
      R"("2026-11-21T10:03:60Z")",
      R"("2026-11-21T24:00:00Z")",
      R"("2026-11-21T10:03:04+24:00")",
      R"("2026-02-30T10:03:04Z")",
      R"("1999-11-21T10:03:04Z")",
      "\"" + std::string(128, 'x') + "\"",
      "\"" + std::string(129, 'x') + "\"",
      "\"" + std::string(512, 'x') + "\"",
      "\"" + std::string(513, 'x') + "\"",
      R"({"deep":["\u0000"]})",
      R"({"deep":["a"]})"};
  return all;
}

/// Objects with `FIELD` where one more member goes.
std::vector<std::string> frames() {
  const std::string head =
      R"("shop":"S1","occurred_at":"2026-11-21T10:03:04Z","business_date":"2026-11-21",)"
      R"("tax_mode":"inclusive","channel":"pos",)";
  const auto line = [](std::string_view more) {
    return fmt::format(R"({{"line":1,"article":"A","quantity":"1","unit_price":"2"{}}})", more);
  };
  std::vector<std::string> all;
  for (const std::string_view kind :
       {"sale", "return", "exchange", "void", "stock_adjustment", "accounting_adjustment"}) {
    const std::string start = fmt::format(
        R"({{"kind":"{}","register":"1","sequence":"2","currency":"EUR",{})", kind, head);
    const std::string action = kind == "exchange" ? R"(,"action":"sold")" : "";
    all.push_back(start + R"("lines":[)" + line(action) + "],FIELD}");
    all.push_back(start + R"("lines":[)" + line(action + ",FIELD") + "]}");
    all.push_back(start + R"("original":{"channel":"pos","external_id":"y"},"lines":[)" +
                  line(action + ",FIELD") + "]}");
    all.push_back(start + "FIELD}");
  }
  for (const std::string_view currency : {"JPY", "KWD", "CLF"}) {
    const std::string start =
        fmt::format(R"({{"kind":"sale","external_id":"2","currency":"{}",{})", currency, head);
    all.push_back(start + R"("lines":[)" + line("") + "],FIELD}");
    all.push_back(start + R"("lines":[)" + line(",FIELD") + "]}");
  }
  return all;
}

TEST_F(Agreement, EveryFieldWithEveryValue) {
  std::set<std::string_view> names(fields::top_names.begin(), fields::top_names.end());
  names.insert(fields::line_names.begin(), fields::line_names.end());
  names.insert("colour");
  std::size_t taken = 0;
  std::size_t refused = 0;
  for (const std::string& frame : frames()) {
    const std::size_t at = frame.find("FIELD");
    for (const std::string_view name : names) {
      for (const std::string& value : values()) {
        std::string json = frame;
        ++(agree(json.replace(at, 5, fmt::format("\"{}\":{}", name, value))) ? taken : refused);
      }
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(taken, 10'000U);
  EXPECT_GT(refused, 10'000U);
}

TEST_F(Agreement, EveryCurrency) {
  // All codes of three capitals: known to both or to neither, with the same places.
  std::string code = "AAA";
  std::size_t known = 0;
  for (code[0] = 'A'; code[0] <= 'Z'; ++code[0]) {
    for (code[1] = 'A'; code[1] <= 'Z'; ++code[1]) {
      for (code[2] = 'A'; code[2] <= 'Z'; ++code[2]) {
        const std::string json = sale("\"EUR\"", "\"" + code + "\"");
        if (!find_currency(code)) {
          EXPECT_FALSE(schema_takes(json)) << code;
          continue;
        }
        ++known;
        for (const std::string_view amount : {"4", "4.1", "4.12", "4.123", "4.1234", "4.12345"}) {
          std::string with = json;
          agree(with.replace(with.find("4.50"), 4, amount));
        }
      }
    }
  }
  EXPECT_GT(known, 100U);
}

}  // namespace
}  // namespace crossfoot::contract
