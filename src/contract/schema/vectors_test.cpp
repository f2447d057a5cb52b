// Goal: every keyword of JSON Schema 2020-12 judges as the specification says; also where the
// official test suite is not at hand.
#include <gtest/gtest.h>

#include "contract/schema/schema.h"

namespace crossfoot::contract::schema {
namespace {

struct Vector {
  std::string schema;
  std::vector<std::string> valid;
  std::vector<std::string> invalid;
};

void run(const std::vector<Vector>& table, const SchemaOptions& options = {}) {
  for (const Vector& vector : table) {
    const auto schema = Schema::compile(vector.schema, options);
    ASSERT_TRUE(schema.has_value())
        << vector.schema << schema.error().where << ": " << schema.error().cause;
    const auto judge = [&](const std::string& text, bool expected) {
      const auto instance = JsonDocument::parse(text);
      ASSERT_TRUE(instance.has_value()) << text;
      for (const std::size_t errors_max : {1UL, 20UL}) {
        const auto verdict = schema->validate(instance->root(), errors_max);
        ASSERT_TRUE(verdict.has_value()) << verdict.error().cause;
        EXPECT_EQ(verdict->valid, expected) << vector.schema << " on " << text;
        EXPECT_EQ(verdict->errors.empty(), expected) << vector.schema << " on " << text;
      }
    };
    for (const std::string& text : vector.valid) judge(text, true);
    for (const std::string& text : vector.invalid) judge(text, false);
  }
}

TEST(SchemaVectors, AnyValue) {
  run({
      {"true", {"1", "null"}, {}},
      {"false", {}, {"1", "{}"}},
      {"{}", {"1"}, {}},
      {R"({"type":"integer"})",
       {"1", "1.0", "1e3", "-0", "1e300"},
       {"1.5", "\"1\"", "true", "1e-1"}},
      {R"({"type":"number"})", {"1", "1.5"}, {"\"1\"", "false"}},
      {R"({"type":["string","null"]})", {"\"\"", "null"}, {"0", "[]", "{}"}},
      {R"({"type":"object"})", {"{}"}, {"[]"}},
      {R"({"type":"array"})", {"[]"}, {"{}"}},
      {R"({"type":"boolean"})", {"true"}, {"0", "null"}},
      {R"({"enum":[1,"a",{"x":[1.0]}]})", {"1.0", "\"a\"", R"({"x":[1]})"}, {"2", "\"b\"", "true"}},
      {R"({"const":0})", {"0", "-0.0", "0e9"}, {"false", "null", "\"\"", "1"}},
      {R"({"const":{"a":1,"b":2}})", {R"({"b":2,"a":1.0})"}, {R"({"a":1})", "[1,2]"}},
  });
}

TEST(SchemaVectors, NumbersExactly) {
  run({
      {R"({"minimum":0.1})", {"0.1", "0.10", "1", "\"x\""}, {"0.09999999999999999999999", "-5"}},
      {R"({"maximum":9007199254740993})", {"9007199254740993"}, {"9007199254740994"}},
      {R"({"exclusiveMinimum":1e400})", {"1.1e400"}, {"1e400", "9e399"}},
      {R"({"exclusiveMaximum":-1.5})", {"-1.51"}, {"-1.5", "0"}},
      {R"({"multipleOf":0.01})", {"0.07", "4.35", "1e308", "0"}, {"0.005", "1e-3"}},
      {R"({"multipleOf":12345678901234567890123})",
       {"24691357802469135780246", "0"},
       {"24691357802469135780247"}},
  });
}

TEST(SchemaVectors, Texts) {
  run({
      {R"({"minLength":2,"maxLength":3})", {"\"ab\"", "\"é€😀\"", "1"}, {"\"a\"", "\"abcd\""}},
      {R"({"maxLength":2.0})", {"\"😀😀\""}, {"\"aaa\""}},
      {R"({"pattern":"^\\p{Lu}[a-z]*$"})", {"\"Éa\"", "5"}, {"\"éa\"", "\"\""}},
      {R"({"format":"date"})", {"\"no date\"", "7"}, {}},
  });
  run({{R"({"format":"date"})", {"\"2026-11-21\"", "7"}, {"\"no date\""}},
       {R"({"format":"colour"})", {"\"red\""}, {}}},
      {.assert_formats = true});
}

TEST(SchemaVectors, Arrays) {
  run({
      {R"({"items":{"type":"integer"}})", {"[]", "[1,2]", "{}"}, {"[1,\"a\"]"}},
      {R"({"prefixItems":[{"type":"integer"},true],"items":false})",
       {"[]", "[1]", "[1,\"a\"]"},
       {"[\"a\"]", "[1,2,3]"}},
      {R"({"minItems":1,"maxItems":2})", {"[1]", "\"x\""}, {"[]", "[1,2,3]"}},
      {R"({"uniqueItems":true})",
       {"[]", "[1,true,\"1\",[1],{\"a\":1}]", "[[1,2],[2,1]]"},
       {"[1,1.0]", R"([{"a":1,"b":2},{"b":2,"a":1}])", "[[0],[1],[0.0]]"}},
      {R"({"uniqueItems":false})", {"[1,1]"}, {}},
      {R"({"contains":{"const":1}})", {"[2,1]", "{}"}, {"[]", "[2]"}},
      {R"({"contains":{"const":1},"minContains":2,"maxContains":3})",
       {"[1,1]", "[1,2,1,1]"},
       {"[1]", "[1,1,1,1]"}},
      {R"({"contains":{"const":1},"minContains":0})", {"[]", "[2]"}, {}},
      {R"({"minContains":2})", {"[]"}, {}},
  });
}

TEST(SchemaVectors, Objects) {
  run({
      {R"({"required":["a","b"]})", {R"({"a":1,"b":null})", "[]"}, {R"({"a":1})", "{}"}},
      {R"({"minProperties":1,"maxProperties":2})",
       {R"({"a":1})"},
       {"{}", R"({"a":1,"b":2,"c":3})"}},
      {R"({"properties":{"a":{"type":"string"},"b":false}})",
       {"{}", R"({"a":"x","c":1})"},
       {R"({"a":1})", R"({"b":1})"}},
      {R"({"patternProperties":{"^x":{"type":"integer"},"y$":{"minimum":5}}})",
       {R"({"xy":5,"z":""})"},
       {R"({"xa":"1"})", R"({"xy":4})"}},
      {R"({"properties":{"a":true},"patternProperties":{"^x":true},"additionalProperties":false})",
       {R"({"a":1,"xa":2})"},
       {R"({"b":1})"}},
      {R"({"additionalProperties":{"type":"integer"}})", {R"({"a":1})"}, {R"({"a":"1"})"}},
      {R"({"propertyNames":{"maxLength":2}})", {R"({"ab":1})", "7"}, {R"({"abc":1})"}},
      {R"({"dependentRequired":{"a":["b"]}})", {R"({"b":1})", R"({"a":1,"b":1})"}, {R"({"a":1})"}},
      {R"({"dependentSchemas":{"a":{"maxProperties":1}}})",
       {R"({"a":1})", R"({"b":1,"c":2})"},
       {R"({"a":1,"b":1})"}},
  });
}

TEST(SchemaVectors, Combinations) {
  run({
      {R"({"allOf":[{"minimum":1},{"maximum":3}]})", {"2"}, {"0", "4"}},
      {R"({"anyOf":[{"minimum":3},{"maximum":1}]})", {"0", "4"}, {"2"}},
      {R"({"oneOf":[{"minimum":1},{"maximum":3}]})", {"0", "4"}, {"2"}},
      {R"({"oneOf":[{"type":"string"},{"type":"null"}]})", {"null"}, {"2"}},
      {R"({"not":{"type":"string"}})", {"1"}, {"\"a\""}},
      {R"({"not":{"not":{"minimum":1}}})", {"1"}, {"0"}},
      {R"({"if":{"minimum":5},"then":{"multipleOf":5},"else":{"multipleOf":2}})",
       {"10", "2"},
       {"7", "3"}},
      {R"({"then":false,"else":false})", {"1"}, {}},
      {R"({"if":{"const":1},"then":false})", {"2"}, {"1"}},
  });
}

TEST(SchemaVectors, Unevaluated) {
  run({
      {R"({"properties":{"a":true},"unevaluatedProperties":false})",
       {R"({"a":1})"},
       {R"({"b":1})"}},
      {R"({"allOf":[{"properties":{"a":true}},{"patternProperties":{"^b":true}}],
           "unevaluatedProperties":false})",
       {R"({"a":1,"bb":2})"},
       {R"({"a":1,"c":2})"}},
      {R"({"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":true}}],
           "unevaluatedProperties":false})",
       {R"({"a":1,"b":2})", R"({"b":2})"},
       {R"({"a":2,"b":2})"}},
      {R"({"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":true}},
           "else":{"properties":{"c":true}},"unevaluatedProperties":false})",
       {R"({"a":1,"b":1})", R"({"c":1})"},
       {R"({"a":1,"c":1})", R"({"b":1})"}},
      {R"({"$ref":"#/$defs/x","unevaluatedProperties":false,"$defs":{"x":{"properties":{"a":true}}}})",
       {R"({"a":1})"},
       {R"({"b":1})"}},
      {R"({"not":{"properties":{"a":{"const":1}},"required":["a"]},"unevaluatedProperties":false})",
       {"{}"},
       {R"({"a":2})"}},
      {R"({"dependentSchemas":{"a":{"properties":{"a":true,"b":true}}},"unevaluatedProperties":false})",
       {R"({"a":1,"b":1})"},
       {R"({"b":1})"}},
      {R"({"allOf":[{"unevaluatedProperties":true}],"unevaluatedProperties":false})",
       {R"({"a":1})"},
       {}},
      {R"({"allOf":[{"additionalProperties":true}],"unevaluatedProperties":false})",
       {R"({"a":1})"},
       {}},
      {R"({"unevaluatedProperties":{"type":"integer"}})", {R"({"a":1})"}, {R"({"a":""})"}},
      {R"({"prefixItems":[true],"unevaluatedItems":false})", {"[1]", "[]"}, {"[1,2]"}},
      {R"({"allOf":[{"prefixItems":[true,true]}],"prefixItems":[true],"unevaluatedItems":false})",
       {"[1,2]"},
       {"[1,2,3]"}},
      {R"({"contains":{"const":1},"unevaluatedItems":{"const":2}})", {"[1,2,1]"}, {"[1,3]"}},
      {R"({"items":true,"unevaluatedItems":false})", {"[1,2]"}, {}},
      {R"({"anyOf":[{"prefixItems":[{"const":1}]},{"prefixItems":[true,{"const":2}]}],
           "unevaluatedItems":false})",
       {"[1]", "[1,2]", "[0,2]"},
       {"[0,3]", "[1,3]"}},
  });
}

TEST(SchemaVectors, References) {
  run({
      {R"({"$defs":{"a":{"type":"integer"}},"properties":{"x":{"$ref":"#/$defs/a"}}})",
       {R"({"x":1})"},
       {R"({"x":""})"}},
      {R"({"$ref":"#/$defs/a~1b%25~0","$defs":{"a/b%~":{"const":1}}})", {"1"}, {"2"}},
      {R"({"$ref":"#here","$defs":{"x":{"$anchor":"here","const":1}}})", {"1"}, {"2"}},
      {R"({"$ref":"#/$defs/x","maximum":3,"$defs":{"x":{"minimum":1}}})", {"2"}, {"0", "4"}},
      {R"({"properties":{"next":{"$ref":"#"}},"additionalProperties":false})",
       {R"({"next":{"next":{}}})"},
       {R"({"next":{"other":{}}})"}},
      {R"({"$id":"http://x.example/a/","$ref":"b","$defs":{"y":{"$id":"b","$ref":"#/$defs/z",
           "$defs":{"z":{"const":1}}}}})",
       {"1"},
       {"2"}},
      {R"({"$id":"http://x.example/a","$ref":"/b#t","$defs":{"y":{"$id":"b","$defs":{"z":
           {"$anchor":"t","const":1}}}}})",
       {"1"},
       {"2"}},
      {R"({"$id":"urn:example:a","$ref":"urn:example:a#/$defs/x","$defs":{"x":{"const":1}}})",
       {"1"},
       {"2"}},
      {R"({"$ref":"#/unknown/x","unknown":{"x":{"const":1}}})", {"1"}, {"2"}},
      {R"({"const":{"$ref":"#/nowhere"},"enum":[{"$ref":"#/nowhere"}]})",
       {R"({"$ref":"#/nowhere"})"},
       {"1"}},
      {R"({"$ref":"https://json-schema.org/draft/2020-12/schema"})",
       {R"({"type":"string","properties":{"a":{"minLength":1}}})", "true"},
       {R"({"minLength":-1})", R"({"properties":{"a":{"type":"text"}}})", "1"}},
  });
}

TEST(SchemaVectors, DynamicReferences) {
  const std::string tree = R"({"$id":"http://x.example/tree","$dynamicAnchor":"node",
      "properties":{"value":true,"children":{"items":{"$dynamicRef":"#node"}}}})";
  SchemaOptions options;
  options.fetch = [&](const std::string& uri) -> Result<std::string> {
    if (uri == "http://x.example/tree") return tree;
    return fail({.code = "CF-7003", .cause = "no such document"});
  };
  run({{R"({"$id":"http://x.example/strict","$dynamicAnchor":"node","$ref":"tree",
            "unevaluatedProperties":false})",
        {R"({"children":[{"value":1}]})"},
        {R"({"children":[{"valeu":1}]})", R"({"other":1})"}},
       {R"({"$ref":"http://x.example/tree"})", {R"({"children":[{"valeu":1}]})"}, {}}},
      options);
  run({{R"({"$dynamicRef":"#a","$defs":{"x":{"$anchor":"a","const":1}}})", {"1"}, {"2"}},
       {R"({"$dynamicRef":"#/$defs/x","$defs":{"x":{"$dynamicAnchor":"a","const":1}}})",
        {"1"},
        {"2"}},
       {R"({"$id":"http://x.example/r","$ref":"list","$defs":{"strings":{"$dynamicAnchor":"item",
            "type":"string"},"list":{"$id":"list","items":{"$dynamicRef":"#item"},
            "$defs":{"any":{"$dynamicAnchor":"item"}}}}})",
        {"[\"a\"]"},
        {"[1]"}}});
}

TEST(SchemaVectors, Vocabularies) {
  SchemaOptions options;
  options.fetch = [](const std::string& uri) -> Result<std::string> {
    const std::string prefix = R"("https://json-schema.org/draft/2020-12/vocab/)";
    const std::string head = R"({"$id":")" + uri + R"(","$vocabulary":{)" + prefix + "core\":true,";
    if (uri.ends_with("no-validation")) return head + prefix + "applicator\":true}}";
    if (uri.ends_with("formats")) return head + prefix + "format-assertion\":true}}";
    if (uri.ends_with("unknown")) return head + R"("http://x.example/vocab":true}})";
    return head + R"("http://x.example/vocab":false}})";
  };
  run({{R"({"$schema":"http://x.example/no-validation","minimum":5,"properties":{"a":false}})",
        {"1"},
        {R"({"a":1})"}},
       {R"({"$schema":"http://x.example/formats","format":"ipv4","minimum":5})",
        {"\"1.2.3.4\"", "1"},
        {"\"x\""}},
       {R"({"$schema":"http://x.example/optional","minimum":5})", {"1"}, {}}},
      options);
  const auto refused = Schema::compile(R"({"$schema":"http://x.example/unknown"})", options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "CF-7002");
}

}  // namespace
}  // namespace crossfoot::contract::schema
