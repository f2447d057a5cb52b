// Goal: errors name both places; unusable and hostile schemas and instances end in a clear fault,
// soon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/schema/schema.h"

namespace crossfoot::contract::schema {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Schema compiled(std::string text, const SchemaOptions& options = {}) {
  auto schema = Schema::compile(std::move(text), options);
  EXPECT_TRUE(schema.has_value()) << (schema ? "" : schema.error().cause);
  return std::move(*schema);
}

Result<Verdict> judged(const Schema& schema, std::string text, std::size_t errors_max = 20) {
  const auto instance = JsonDocument::parse(std::move(text));
  EXPECT_TRUE(instance.has_value());
  return schema.validate(instance->root(), errors_max);
}

TEST(Validate, NamesTheInstanceTheSchemaAndTheKeyword) {
  const Schema schema = compiled(R"({"required":["id"],"properties":{
      "a/b":{"type":"array","items":{"$ref":"#/$defs/small"}},"no":false},
      "$defs":{"small":{"type":"integer","maximum":5}}})");
  const auto verdict = judged(schema, R"({"a/b":[1,"x",9],"no":1})");
  ASSERT_TRUE(verdict.has_value());
  EXPECT_FALSE(verdict->valid);
  EXPECT_FALSE(verdict->more);
  EXPECT_THAT(
      verdict->errors,
      ElementsAre(SchemaError{"", "#/required", "required", "\"id\" is missing"},
                  SchemaError{"/a~1b/1", "#/$defs/small/type", "type",
                              "expected a whole number, found a string"},
                  SchemaError{"/a~1b/2", "#/$defs/small/maximum", "maximum",
                              "above the largest value allowed"},
                  SchemaError{"/no", "#/properties/no", "false", "nothing is allowed here"}));
}

TEST(Validate, NamesTheDocumentOfARemoteKeyword) {
  SchemaOptions options;
  options.fetch = [](const std::string& uri) -> Result<std::string> {
    EXPECT_EQ(uri, "http://x.example/b.json");
    return R"({"$defs":{"n":{"minimum":1}}})";
  };
  options.base_uri = "http://x.example/a.json";
  const auto verdict = judged(compiled(R"({"$ref":"b.json#/$defs/n"})", options), "0");
  EXPECT_EQ(verdict->errors.at(0).schema, "http://x.example/b.json#/$defs/n/minimum");
}

TEST(Validate, BoundsItsErrors) {
  const Schema schema = compiled(R"({"items":{"type":"integer"}})");
  const auto some = judged(schema, R"(["a","b","c","d"])", 3);
  EXPECT_EQ(some->errors.size(), 3U);
  EXPECT_TRUE(some->more);
  const auto one = judged(schema, R"(["a","b","c","d"])", 1);
  EXPECT_THAT(one->errors, ElementsAre(SchemaError{"/0", "#/items/type", "type",
                                                   "expected a whole number, found a string"}));
}

struct Unusable {
  std::string schema;
  std::string code;
  std::string where;
};

TEST(Compile, RefusesWhatIsNoSchemaAndSaysWhere) {
  const std::vector<Unusable> table = {
      {"1", "CF-7002", "#"},
      {"[]", "CF-7002", "#"},
      {"{", "CF-1001", "1:2"},
      {R"({"type":"text"})", "CF-7002", "#/type"},
      {R"({"type":[]})", "CF-7002", "#/type"},
      {R"({"properties":{"a":1}})", "CF-7002", "#/properties/a"},
      {R"({"properties":[]})", "CF-7002", "#/properties"},
      {R"({"allOf":[]})", "CF-7002", "#/allOf"},
      {R"({"allOf":{}})", "CF-7002", "#/allOf"},
      {R"({"items":[true]})", "CF-7002", "#/items"},
      {R"({"required":"a"})", "CF-7002", "#/required"},
      {R"({"required":[1]})", "CF-7002", "#/required"},
      {R"({"minLength":-1})", "CF-7002", "#/minLength"},
      {R"({"minLength":1.5})", "CF-7002", "#/minLength"},
      {R"({"multipleOf":0})", "CF-7002", "#/multipleOf"},
      {R"({"multipleOf":-1})", "CF-7002", "#/multipleOf"},
      {R"({"maximum":"1"})", "CF-7002", "#/maximum"},
      {R"({"enum":1})", "CF-7002", "#/enum"},
      {R"({"pattern":"("})", "CF-7002", "#/pattern"},
      {R"({"patternProperties":{"(":true}})", "CF-7002", "#/patternProperties"},
      {R"({"uniqueItems":1})", "CF-7002", "#/uniqueItems"},
      {R"({"dependentRequired":{"a":"b"}})", "CF-7002", "#/dependentRequired"},
      {R"({"$id":"a#b"})", "CF-7002", "#"},
      {R"({"$id":1})", "CF-7002", "#"},
      {R"({"$anchor":"1a"})", "CF-7002", "#"},
      {R"({"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}})", "CF-7002", "#/$defs/b"},
      {R"({"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}})", "CF-7002", "#/$defs/b"},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#"})", "CF-7002", "#"},
      {R"({"$schema":"http://x.example/own"})", "CF-7003", "#"},
      {R"({"$ref":"#/$defs/a"})", "CF-7003", "#/$ref"},
      {R"({"$ref":"#a"})", "CF-7003", "#/$ref"},
      {R"({"$ref":"#%zz"})", "CF-7003", "#/$ref"},
      {R"({"$ref":"#/a~2"})", "CF-7003", "#/$ref"},
      {R"({"items":{"$ref":"other.json"}})", "CF-7003", "#/items/$ref"},
      {R"({"$ref":"#/x","x":7})", "CF-7002", "#/x"},
      {R"({"$ref":1})", "CF-7002", "#/$ref"},
      {R"({"$dynamicRef":"#none"})", "CF-7003", "#/$dynamicRef"},
      {R"({"format":1})", "CF-7002", "#/format"},
  };
  for (const Unusable& bad : table) {
    const auto schema = Schema::compile(bad.schema);
    ASSERT_FALSE(schema.has_value()) << bad.schema;
    EXPECT_EQ(schema.error().code, bad.code) << bad.schema << schema.error().cause;
    EXPECT_EQ(schema.error().where, bad.where) << bad.schema;
    EXPECT_FALSE(schema.error().cause.empty());
  }
}

TEST(Compile, BoundsItsSize) {
  SchemaOptions options;
  options.limits.subschemas_max = 3;
  EXPECT_TRUE(Schema::compile(R"({"allOf":[true,true]})", options).has_value());
  EXPECT_FALSE(Schema::compile(R"({"allOf":[true,true,true]})", options).has_value());
  options.limits.documents_max = 3;
  options.limits.subschemas_max = 100;
  options.fetch = [](const std::string& uri) -> Result<std::string> {
    return R"({"$ref":")" + uri + R"(x"})";
  };
  const auto endless = Schema::compile(R"({"$ref":"http://x.example/a"})", options);
  ASSERT_FALSE(endless.has_value());
  EXPECT_THAT(endless.error().cause, HasSubstr("documents"));
  EXPECT_FALSE(Schema::compile(R"({"$id":"http://x.example/)" + std::string(3'000, 'a') + "\"}")
                   .has_value());
}

TEST(Hostile, CirclesOfReferencesEnd) {
  for (const std::string_view schema :
       {R"({"$ref":"#"})", R"({"allOf":[{"$ref":"#"}]})", R"({"not":{"$ref":"#"}})",
        R"({"$dynamicAnchor":"a","$dynamicRef":"#a"})",
        R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})",
        R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", R"({"if":{"$ref":"#"}})",
        R"({"oneOf":[{"$ref":"#"},true],"unevaluatedProperties":false})"}) {
    const auto verdict = judged(compiled(std::string(schema)), "{}");
    ASSERT_FALSE(verdict.has_value()) << schema;
    EXPECT_EQ(verdict.error().code, "CF-7004") << schema;
    EXPECT_THAT(verdict.error().where, HasSubstr("#"));
  }
}

TEST(Hostile, DoublingBranchesEnd) {
  std::string text = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "{\"$ref\":\"#/$defs/d" + std::to_string(i + 1) + "\"}";
    text += "\"d" + std::to_string(i) + "\":{\"allOf\":[" + next + "," + next + "]},";
  }
  SchemaOptions options;
  options.limits.steps_max = 200'000;
  const auto verdict = judged(compiled(text + R"("d40":true}})", options), "1");
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().code, "CF-7004");
}

TEST(Hostile, TheDeepestInstanceFitsAndIsJudged) {
  const Schema schema = compiled(R"({"anyOf":[{"items":{"allOf":[{"$ref":"#"}]}}]})");
  const auto deep = judged(schema, std::string(256, '[') + "1" + std::string(256, ']'));
  // Four subschemas a level are more than the limit: a fault, and no crash.
  ASSERT_FALSE(deep.has_value());
  EXPECT_EQ(deep.error().code, "CF-7004");
  const Schema plain = compiled(R"({"items":{"$ref":"#"},"type":["array","integer"]})");
  EXPECT_TRUE(judged(plain, std::string(256, '[') + "1" + std::string(256, ']'))->valid);
  EXPECT_FALSE(judged(plain, std::string(256, '[') + "\"\"" + std::string(256, ']'))->valid);
}

TEST(Hostile, SlowPatternsEnd) {
  const Schema schema = compiled(R"({"items":{"pattern":"^(a+)+$"}})");
  const auto verdict = judged(schema, "[\"" + std::string(50, 'a') + "!\"]");
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().code, "CF-7004");
}

TEST(Hostile, ManyEqualEntriesAreSortedNotPaired) {
  std::string text = "[";
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + ",";
  EXPECT_TRUE(judged(compiled(R"({"uniqueItems":true})"), text + "-1]")->valid);
  EXPECT_FALSE(judged(compiled(R"({"uniqueItems":true})"), text + "7]")->valid);
}

TEST(Hostile, WhatIsAskedAgainAndAgainIsCharged) {
  std::string text = "[[";
  for (int i = 0; i < 5'000; ++i) text += "0,";
  text += "1],[";
  for (int i = 0; i < 5'000; ++i) text += "0,";
  text += "2]]";
  std::string schema = R"({"allOf":[{})";
  for (int i = 0; i < 1'000; ++i) schema += R"(,{"uniqueItems":true})";
  SchemaOptions options;
  options.limits.steps_max = 500'000;
  const auto verdict = judged(compiled(schema + "]}", options), text);
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().code, "CF-7004");
}

TEST(Hostile, PatternsAndIdentitiesAreBounded) {
  std::string patterns = R"({"allOf":[{})";
  for (int i = 0; i < 50; ++i) {
    patterns += R"(,{"pattern":"(?:[a-zé]{500}){2}x)" + std::to_string(i) + "\"}";
  }
  SchemaOptions options;
  EXPECT_TRUE(Schema::compile(patterns + "]}", options).has_value());
  options.limits.pattern_bytes_max = 5'000;
  const auto large = Schema::compile(patterns + "]}", options);
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, "CF-7002");
  std::string identities = R"({"allOf":[{})";
  for (int i = 0; i < 20; ++i) identities += R"(,{"$id":"a)" + std::to_string(i) + "\"}";
  EXPECT_TRUE(Schema::compile(identities + "]}").has_value());
  options.limits.resources_max = 10;
  const auto many = Schema::compile(identities + "]}", options);
  ASSERT_FALSE(many.has_value());
  EXPECT_EQ(many.error().code, "CF-7002");
}

TEST(Hostile, DeepSchemasCompile) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += R"({"not":)";
  const Schema schema = compiled(text + "true" + std::string(100, '}'));
  EXPECT_TRUE(judged(schema, "1")->valid);
  std::string deeper;
  for (int i = 0; i < 300; ++i) deeper += R"({"not":)";
  EXPECT_EQ(Schema::compile(deeper + "true" + std::string(300, '}')).error().code, "CF-1004");
}

}  // namespace
}  // namespace crossfoot::contract::schema
