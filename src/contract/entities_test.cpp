// Goal: the published entities are usable schemas, their examples satisfy them, and what does not
// is refused at its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "contract/schema/schema.h"

namespace crossfoot::contract {
namespace {

namespace fs = std::filesystem;
using schema::Json;
using schema::JsonDocument;
using schema::Schema;
using schema::SchemaOptions;
using testing::UnorderedElementsAre;

std::string read_text(const fs::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

SchemaOptions options() {
  SchemaOptions made;
  made.assert_formats = true;
  made.fetch = [](const std::string& uri) -> Result<std::string> {
    if (!uri.starts_with("/schemas/")) return fail({.code = "CF-7003", .cause = "no file"});
    return read_text("api" + uri);
  };
  return made;
}

std::vector<std::string> entities() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator("api/schemas")) {
    if (entry.path().filename() != "common") names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

const Schema& entity(const std::string& name) {
  static std::map<std::string, Schema> known;
  const auto found = known.find(name);
  if (found != known.end()) return found->second;
  auto compiled = Schema::compile(read_text("api/schemas/" + name + "/v1.json"), options());
  EXPECT_TRUE(compiled.has_value()) << name << compiled.error().where << compiled.error().cause;
  return known.emplace(name, std::move(*compiled)).first->second;
}

JsonDocument parsed(const std::string& text) {
  auto document = JsonDocument::parse(text);
  EXPECT_TRUE(document.has_value()) << text << document.error().cause;
  return std::move(*document);
}

std::string errors_of(const schema::Verdict& verdict) {
  std::string text;
  for (const auto& error : verdict.errors) {
    text += error.instance + " " + error.keyword + " " + error.message + " " + error.schema + "\n";
  }
  return text;
}

TEST(Entities, AreAllThere) {
  EXPECT_THAT(entities(),
              UnorderedElementsAre("customer", "member_balance", "order_status", "price", "product",
                                   "promotion", "refund", "return_adjustment", "reward_event",
                                   "settlement", "stock_position", "till_record", "transaction"));
}

TEST(Entities, SatisfyTheMetaSchema) {
  const auto meta = Schema::compile(R"({"$ref":"https://json-schema.org/draft/2020-12/schema"})",
                                    {.assert_formats = true});
  ASSERT_TRUE(meta.has_value());
  for (const auto& entry : fs::directory_iterator("api/schemas")) {
    const auto document = parsed(read_text(entry.path() / "v1.json"));
    const auto verdict = meta->validate(document.root());
    ASSERT_TRUE(verdict.has_value());
    EXPECT_TRUE(verdict->valid) << entry.path() << errors_of(*verdict);
    EXPECT_EQ(document.root().find("$id")->text(),
              "/schemas/" + entry.path().filename().string() + "/v1.json");
  }
}

TEST(Entities, TakeTheirExamples) {
  for (const std::string& name : entities()) {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator("api/examples/" + name)) {
      const auto document = parsed(read_text(entry.path()));
      const auto verdict = entity(name).validate(document.root());
      ASSERT_TRUE(verdict.has_value()) << entry.path() << verdict.error().cause;
      EXPECT_TRUE(verdict->valid) << entry.path() << "\n" << errors_of(*verdict);
      ++count;
    }
    EXPECT_GT(count, 0U) << name;
  }
}

TEST(Entities, AllButTheTransactionAreClosed) {
  for (const std::string& name : entities()) {
    for (const auto& entry : fs::directory_iterator("api/examples/" + name)) {
      std::string text = read_text(entry.path());
      text.insert(text.find('{') + 1, R"("colour": "red", )");
      const auto document = parsed(text);
      const auto verdict = entity(name).validate(document.root());
      ASSERT_TRUE(verdict.has_value());
      EXPECT_EQ(verdict->valid, name == "transaction") << entry.path();
      if (!verdict->valid) EXPECT_EQ(verdict->errors[0].instance, "/colour");
    }
  }
}

TEST(Entities, KnowTheSameCurrencies) {
  const auto transaction = parsed(read_text("api/schemas/transaction/v1.json"));
  const auto common = parsed(read_text("api/schemas/common/v1.json"));
  const auto codes = [](const JsonDocument& document) {
    return document.root().find("$defs")->find("currency")->find("enum");
  };
  EXPECT_TRUE(compare(*codes(transaction), *codes(common)) == 0);
}

/// An example in which `from` is replaced once by `to`, and where it is refused.
struct CounterExample {
  std::string entity;
  std::string example;
  std::string from;
  std::string to;
  std::string pointer;
  std::string keyword;
};

const std::vector<CounterExample>& counter_examples() {
  static const std::vector<CounterExample> table = {
      {"customer", "member", R"("id": "C-20417")", R"("id": "")", "/id", "minLength"},
      {"customer", "member", R"("active")", R"("gone")", "/status", "enum"},
      {"customer", "member", "mara@post.example", "mara", "/email", "pattern"},
      {"customer", "member", "mara@post.example", "mara@po_st.example", "/email", "format"},
      {"customer", "member", "+4915112345678", "015112345678", "/phone", "pattern"},
      {"customer", "member", R"("DE-BE")", R"("Berlin")", "/region", "pattern"},
      {"customer", "member", R"("granted": false)", R"("granted": "no")", "/consents/0/granted",
       "type"},
      {"customer", "member", R"("country": "DE",)", "", "/addresses/0", "required"},
      {"customer", "member", "com.northwood.crm.shoe_size", "shoe_size", "/extensions/shoe_size",
       "propertyNames"},
      {"customer", "merged", R"("merged_into": "C-20417",)", "", "", "required"},
      {"customer", "member", R"("status": "active")", R"("status": "active", "merged_into": "C-1")",
       "/merged_into", "false"},
      {"customer", "erased", R"("region")", R"("email": "a@b.c", "region")", "/email", "false"},
      {"product", "train", "4006381333931", "40063813339", "/identifiers/0/value", "pattern"},
      {"product", "train", R"("value": "4711", "system": "pos")", R"("value": "4711")",
       "/identifiers/1", "required"},
      {"product", "train", R"("en": "Wooden)", R"("english": "Wooden)", "/descriptions/english",
       "propertyNames"},
      {"product", "train", R"("level": "class", )", "", "/hierarchies/0/path/1", "required"},
      {"product", "train", "2026-01-01T00:00:00Z", "2026-01-01", "/hierarchies/0/effective/from",
       "pattern"},
      {"product", "weighed", "\"measured\": true", "\"measured\": 1", "/measured", "type"},
      {"promotion", "weekend_toys", R"("until": "2026-11-23T00:00")",
       R"("until": "2026-11-23T00:00Z")", "/window/until", "pattern"},
      {"promotion", "weekend_toys", R"(, "until": "2026-11-23T00:00")", "", "/window", "required"},
      {"promotion", "weekend_toys", R"("factor": "3")", R"("factor": "0")", "/benefit/factor",
       "pattern"},
      {"promotion", "weekend_toys", R"(, "factor": "3")", "", "/benefit", "required"},
      {"promotion", "weekend_toys", R"("factor": "3")", R"("factor": "3", "points": "5")",
       "/benefit/points", "false"},
      {"promotion", "ten_percent", R"("percentage": "10")", R"("percentage": "101")",
       "/benefit/percentage", "pattern"},
      {"promotion", "ten_percent", R"("percentage": "10")", R"("percentage": 10)",
       "/benefit/percentage", "type"},
      {"promotion", "weekend_toys", R"("10.00", "currency": "EUR")",
       R"("10.005", "currency": "EUR")", "/condition/spend_min/amount", "pattern"},
      {"reward_event", "accrual", R"("points": "38")", R"("points": "-38")", "/points", "pattern"},
      {"reward_event", "accrual", R"("points": "38")", R"("points": 38)", "/points", "type"},
      {"reward_event", "reversal", R"( "original": "7ZK4M0Q2W8N3T6Y1B5CX",)", "", "", "required"},
      {"reward_event", "authorisation", R"(, "expires_at": "2026-11-21T10:12:50+01:00")", "", "",
       "required"},
      {"reward_event", "goodwill", R"("direction": "credit", )", "", "", "required"},
      {"reward_event", "accrual", R"("kind": "accrue",)",
       R"("kind": "accrue", "direction": "credit",)", "/direction", "false"},
      {"reward_event", "accrual", R"("sequence": "1234"})",
       R"("sequence": "1234", "external_id": "x"})", "/transaction", "oneOf"},
      {"return_adjustment", "matched", R"("quantity": "1")", R"("quantity": "-1")",
       "/lines/0/quantity", "pattern"},
      {"return_adjustment", "matched", R"("original_line": 1, )", "", "/lines/0", "required"},
      {"return_adjustment", "matched", R"("17.99", "currency": "EUR"},)",
       R"("-17.99", "currency": "EUR"},)", "/lines/0/refund/amount", "pattern"},
      {"return_adjustment", "without_receipt", R"("1200")", R"("1200.50")",
       "/lines/0/refund/amount", "pattern"},
      {"price", "regular", R"("amount": "19.99")", R"("amount": "-19.99")", "/price/amount",
       "pattern"},
      {"price", "regular", R"("amount": "19.99")", R"("amount": 19.99)", "/price/amount", "type"},
      {"price", "regular", R"("currency": "EUR")", R"("currency": "EURO")", "/price/currency",
       "enum"},
      {"price", "weekend", R"(, "until": "2026-11-23T00:00:00+01:00")", "", "/effective",
       "required"},
      {"stock_position", "shop", R"("on_hand": "-1")", R"("on_hand": "-1.0000001")", "/on_hand",
       "pattern"},
      {"stock_position", "shop", R"("reserved": "2")", R"("reserved": "-2")", "/reserved",
       "pattern"},
      {"stock_position", "shop", R"("kind": "shop")", R"("kind": "shelf")", "/location/kind",
       "enum"},
      {"settlement", "store_day", R"("slice": 1)", R"("slice": 0)", "/slice", "minimum"},
      {"settlement", "store_day", R"("sales")", R"("extensions")", "", "required"},
      {"settlement", "store_day", R"("amount": "-0.03")", R"("amount": "-0.035")",
       "/over_short/amount", "pattern"},
      {"settlement", "store_day", "\"2026-11-21\",\n  \"mode\"", "\"2026-02-29\",\n  \"mode\"",
       "/business_date", "pattern"},
      {"member_balance", "gold", R"("held": "200")", R"("held": "-200")", "/held", "pattern"},
      {"member_balance", "gold", R"("available": "1040", )", "", "", "required"},
      {"member_balance", "gold", R"("tier": {"code": "gold", )", R"("tier": {)", "/tier",
       "required"},
      {"order_status", "shipped", R"("status": "shipped", "revision")",
       R"("status": "on its way", "revision")", "/status", "enum"},
      {"order_status", "cancelled", R"(,
  "reason": {"code": "out_of_stock"})",
       "", "", "required"},
      {"order_status", "shipped", R"("lines": [1])", R"("lines": [1, 1.0])", "/shipments/0/lines",
       "uniqueItems"},
      {"refund", "goodwill",
       R"("tenders": [{"kind": "card", "amount": {"amount": "5.00", "currency": "EUR"}}])",
       R"("tenders": [])", "/tenders", "minItems"},
      {"refund", "goodwill", R"(, "external_id": "#1001")", "", "/original", "oneOf"},
      {"till_record", "no_sale", R"("sequence": "1290", )", "", "", "required"},
      {"till_record", "paid_in", R"("reason": {"code": "float"})", R"("cashier": "K")", "",
       "required"},
      {"till_record", "no_sale", R"("cashier": "K-12")",
       R"("amount": {"amount": "1.00", "currency": "EUR"})", "/amount", "false"},
      {"till_record", "till_open", R"("counted")", R"("cashier": "K", "x")", "", "required"},
      {"till_record", "till_close", R"("first_sequence": "1201", )", "", "/totals", "required"},
      {"transaction", "sale", R"("quantity": "2")", R"("quantity": 2)", "/lines/0/quantity",
       "type"},
      {"transaction", "sale", R"("currency": "EUR")", R"("currency": "XXX")", "/currency", "enum"},
      {"transaction", "void", R"("original")", R"("x")", "", "required"},
  };
  return table;
}

TEST(Entities, RefuseCounterExamplesAtTheirPlace) {
  std::map<std::string, std::size_t> count;
  for (const CounterExample& bad : counter_examples()) {
    std::string text = read_text("api/examples/" + bad.entity + "/" + bad.example + ".json");
    const std::size_t at = text.find(bad.from);
    ASSERT_NE(at, std::string::npos) << bad.entity << " " << bad.from;
    const auto document = parsed(text.replace(at, bad.from.size(), bad.to));
    const auto verdict = entity(bad.entity).validate(document.root());
    ASSERT_TRUE(verdict.has_value());
    const bool found = std::ranges::any_of(verdict->errors, [&](const auto& error) {
      return error.instance == bad.pointer && error.keyword == bad.keyword;
    });
    EXPECT_TRUE(found) << bad.entity << ": " << bad.from << " -> " << bad.to << "\n"
                       << errors_of(*verdict);
    ++count[bad.entity];
  }
  for (const std::string& name : entities()) EXPECT_GT(count[name], 1U) << name;
}

}  // namespace
}  // namespace crossfoot::contract
