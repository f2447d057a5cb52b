// Goal: "compatible" is a proof: no document of the one version is refused by the other. What
// breaks is named at its place, and what cannot be decided is never passed in silence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>

#include "contract/json_writer.h"
#include "contract/registry/compatibility.h"

namespace crossfoot::contract::registry {
namespace {

using schema::JsonDocument;
using schema::Schema;
using schema::SchemaOptions;
using testing::ElementsAre;

Schema compiled(const std::string& text) {
  SchemaOptions options;
  options.assert_formats = true;
  auto schema = Schema::compile(text, options);
  EXPECT_TRUE(schema.has_value()) << text << (schema ? "" : schema.error().cause);
  return std::move(*schema);
}

std::string line(const Change& change) {
  return std::string(to_string(change.severity)) + " " + change.instance + " " + change.keyword;
}

std::vector<std::string> changes(const std::string& older, const std::string& newer,
                                 CompareOptions options = {}) {
  std::vector<std::string> lines;
  for (const Change& one : compare_versions(compiled(older), compiled(newer), options).changes) {
    lines.push_back(line(one));
  }
  return lines;
}

struct Case {
  const char* name;
  const char* older;
  const char* newer;
  const char* backward;  ///< the first finding; empty: proven
  const char* forward;
};

constexpr Case cases[] = {
    {"nothing", R"({"type":"object"})", R"({"type":"object"})", "", ""},
    {"new required member", R"({"type":"object"})", R"({"type":"object","required":["a"]})",
     "breaking /a required", ""},
    {"no longer required", R"({"required":["a","b"]})", R"({"required":["b"]})", "",
     "breaking /a required"},
    {"optional member of a closed object",
     R"({"properties":{"a":{"type":"string"}},"additionalProperties":false})",
     R"({"properties":{"a":{"type":"string"},"b":{"type":"string"}},"additionalProperties":false})",
     "", "breaking /b additionalProperties"},
    {"optional member of an open object", R"({"properties":{"a":{"type":"string"}}})",
     R"({"properties":{"a":{"type":"string"},"b":{"type":"string"}}})", "breaking /b properties",
     ""},
    {"member that takes anything in an open object", R"({"properties":{}})",
     R"({"properties":{"b":{}}})", "", ""},
    {"closed", R"({"properties":{"a":true}})",
     R"({"properties":{"a":true},"additionalProperties":false})",
     "breaking /* additionalProperties", ""},
    {"type narrowed", R"({"type":["string","null"]})", R"({"type":"string"})", "breaking  type",
     ""},
    {"whole numbers are numbers", R"({"type":"integer"})", R"({"type":"number"})", "",
     "breaking  type"},
    {"type changed", R"({"properties":{"a":{"type":"number"}}})",
     R"({"properties":{"a":{"type":"string"}}})", "breaking /a type", "breaking /a type"},
    {"value added", R"({"enum":["a","b"]})", R"({"enum":["a","b","c"]})", "", "breaking  enum"},
    {"value removed", R"({"enum":["a","b"]})", R"({"enum":["a"]})", "breaking  enum", ""},
    {"values for the first time", R"({"type":"string"})", R"({"enum":["a"]})", "breaking  enum",
     ""},
    {"values fit the pattern", R"({"enum":["ab","ac"]})", R"({"type":"string","pattern":"^a"})", "",
     "breaking  enum"},
    {"const widened", R"({"const":1})", R"({"enum":[1,2]})", "", "breaking  const"},
    {"const changed", R"({"const":1})", R"({"const":2})", "breaking  const", "breaking  const"},
    {"lower bound raised", R"({"type":"number","minimum":1})", R"({"type":"number","minimum":2})",
     "breaking  minimum", ""},
    {"exclusive bound", R"({"type":"number","exclusiveMinimum":1})",
     R"({"type":"number","minimum":1})", "", "breaking  exclusiveMinimum"},
    {"upper bound", R"({"type":"number","maximum":10})", R"({"type":"number","maximum":9})",
     "breaking  maximum", ""},
    {"bounds of another type", R"({"type":"string"})", R"({"type":"string","maximum":9})", "", ""},
    {"steps", R"({"type":"integer","multipleOf":6})", R"({"type":"integer","multipleOf":3})", "",
     "breaking  multipleOf"},
    {"whole steps", R"({"type":"integer"})", R"({"type":"number","multipleOf":0.5})", "",
     "breaking  type"},
    {"length", R"({"type":"string","maxLength":10})", R"({"type":"string","maxLength":9})",
     "breaking  maxLength", ""},
    {"pattern changed", R"({"type":"string","pattern":"^a"})",
     R"({"type":"string","pattern":"^ab"})", "undecided  pattern", "undecided  pattern"},
    {"pattern added", R"({"type":"string"})", R"({"type":"string","pattern":"^ab"})",
     "breaking  pattern", ""},
    {"format changed", R"({"type":"string","format":"date"})",
     R"({"type":"string","format":"date-time"})", "breaking  format", "breaking  format"},
    {"items", R"({"type":"array","items":{"type":"integer"}})",
     R"({"type":"array","items":{"type":"string"}})", "breaking /* type", "breaking /* type"},
    {"fewer items", R"({"type":"array","minItems":1})", R"({"type":"array","minItems":2})",
     "breaking  minItems", ""},
    {"items repeat", R"({"type":"array"})", R"({"type":"array","uniqueItems":true})",
     "breaking  uniqueItems", ""},
    {"tuple", R"({"type":"array","prefixItems":[{"type":"string"}],"items":false})",
     R"({"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":false})", "",
     "breaking /1 "},
    {"reference followed", R"({"$ref":"#/$defs/m","$defs":{"m":{"type":"string","maxLength":5}}})",
     R"({"type":"string","maxLength":6})", "", "breaking  maxLength"},
    {"recursive",
     R"({"$ref":"#/$defs/t","$defs":{"t":{"type":"object","properties":{"n":{"$ref":"#/$defs/t"},
        "a":{"type":"integer"}},"additionalProperties":false}}})",
     R"({"$ref":"#/$defs/t","$defs":{"t":{"type":"object","properties":{"n":{"$ref":"#/$defs/t"},
        "a":{"type":"number"}},"additionalProperties":false}}})",
     "", "breaking /a type"},
    {"another branch", R"({"anyOf":[{"type":"string"}]})",
     R"({"anyOf":[{"type":"string"},{"type":"integer"}]})", "", "breaking  anyOf"},
    {"told apart by a constant",
     R"({"type":"object","oneOf":[{"required":["k"],"properties":{"k":{"const":"a"}}}]})",
     R"({"type":"object","oneOf":[{"required":["k"],"properties":{"k":{"const":"a"}}},
        {"required":["k"],"properties":{"k":{"const":"b"}}}]})",
     "", "breaking  oneOf"},
    {"branches that may overlap", R"({"oneOf":[{"required":["a"]}]})",
     R"({"oneOf":[{"required":["a"]},{"required":["b"]}]})", "undecided  oneOf", "breaking  oneOf"},
    {"condition kept", R"({"if":{"required":["a"]},"then":{"required":["b","c"]}})",
     R"({"if":{"required":["a"]},"then":{"required":["b"]}})", "", "breaking /c required"},
    {"condition added", R"({"type":"object"})",
     R"({"type":"object","if":{"required":["a"]},"then":{"required":["b"]}})", "undecided  if", ""},
    {"exclusion added", R"({"type":"string"})", R"({"type":"string","not":{"const":"x"}})",
     "undecided  not", ""},
    {"exclusion of another type", R"({"type":"string"})", R"({"type":"string","not":{"const":1}})",
     "", ""},
    {"closed by what is left over",
     R"({"allOf":[{"properties":{"h":true}}],"properties":{"a":{"type":"string"}},"unevaluatedProperties":false})",
     R"({"allOf":[{"properties":{"h":true}}],"properties":{"a":{"type":"string"},"b":{"type":"string"}},"unevaluatedProperties":false})",
     "", "breaking /b unevaluatedProperties"},
    {"names", R"({"propertyNames":{"maxLength":3}})", R"({"propertyNames":{"maxLength":4}})", "",
     "breaking  propertyNames"},
    {"members by pattern", R"({"patternProperties":{"^x":{"type":"string"}}})",
     R"({"patternProperties":{"^x":{"type":["string","null"]}}})", "",
     "breaking /* patternProperties"},
    {"dependent member", R"({"dependentRequired":{"a":["b"]}})", R"({"properties":{"a":true}})", "",
     "breaking  dependentRequired"},
    {"dynamic", R"({"$dynamicAnchor":"n","items":{"$dynamicRef":"#n"}})",
     R"({"$dynamicAnchor":"n","items":{"$dynamicRef":"#n"}})", "undecided  $dynamicRef",
     "undecided  $dynamicRef"},
    {"larger null set", R"({"type":"null"})", R"({"enum":[null,"x"]})", "", "breaking  type"},
    {"default", R"({"properties":{"a":{"default":1}}})", R"({"properties":{"a":{"default":2}}})",
     "warning /a default", "warning /a default"},
    {"no longer described", R"({"properties":{"a":true}})", R"({"properties":{}})",
     "warning /a properties", "warning /a properties"},
};

TEST(Compatibility, NamesTheFirstChange) {
  for (const Case& one : cases) {
    const auto first = [&](CompareOptions options) {
      const auto all = changes(one.older, one.newer, options);
      return all.empty() ? std::string() : all.front();
    };
    EXPECT_EQ(first({.backward = true, .forward = false}), one.backward) << one.name;
    EXPECT_EQ(first({.backward = false, .forward = true}), one.forward) << one.name;
  }
}

TEST(Compatibility, TellsWhereAndWhy) {
  const auto result =
      compare_versions(compiled(R"({"properties":{"lines":{"items":{"$ref":"#/$defs/line"}}},
        "$defs":{"line":{"type":"object","properties":{"kind":{"enum":["a","b"]}}}}})"),
                       compiled(R"({"properties":{"lines":{"items":{"$ref":"#/$defs/line"}}},
        "$defs":{"line":{"type":"object","required":["sku"],"properties":{"kind":{"enum":["a"]}}}}})"));
  EXPECT_FALSE(result.compatible());
  EXPECT_THAT(
      result.changes,
      ElementsAre(
          Change{Severity::breaking, Direction::backward, "/lines/*/sku", "#/$defs/line/required",
                 "required", "\"sku\" is required in the newer version, not in the older one"},
          Change{Severity::breaking, Direction::backward, "/lines/*/kind",
                 "#/$defs/line/properties/kind/enum", "enum",
                 "\"b\" is allowed by the older version and not by the newer one"}));
}

TEST(Compatibility, AdditionsToOpenObjectsMayBeTolerated) {
  const char* older = R"({"type":"object","properties":{"a":{"type":"string"}}})";
  const char* newer =
      R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}})";
  const auto tolerant =
      compare_versions(compiled(older), compiled(newer), {.tolerate_additions = true});
  EXPECT_TRUE(tolerant.compatible());
  ASSERT_EQ(tolerant.changes.size(), 1U);
  EXPECT_EQ(line(tolerant.changes[0]), "warning /b properties");
}

TEST(Compatibility, GivesUpInsteadOfGuessing) {
  const char* older = R"({"properties":{"a":{"properties":{"b":{"maxLength":1}}}}})";
  const char* newer = R"({"properties":{"a":{"properties":{"b":{"maxLength":2}}}}})";
  EXPECT_TRUE(compare_versions(compiled(older), compiled(newer)).compatible());
  EXPECT_FALSE(compare_versions(compiled(older), compiled(newer), {.steps_max = 2}).compatible());
}

SchemaOptions published() {
  SchemaOptions options;
  options.assert_formats = true;
  options.fetch = [](const std::string& uri) -> Result<std::string> {
    std::ifstream in("api" + uri);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  };
  return options;
}

TEST(Compatibility, ThePublishedTransactionIsEqualToItselfAndNotToItsMutants) {
  const std::string text = *published().fetch("/schemas/transaction/v1.json");
  const auto transaction = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    if (!from.empty()) changed.replace(changed.find(from), from.size(), to);
    auto schema = Schema::compile(changed, published());
    EXPECT_TRUE(schema.has_value());
    return std::move(*schema);
  };
  const Schema original = transaction("", "");
  EXPECT_TRUE(compare_versions(original, original, {.forward = true}).changes.empty());
  const std::array<std::array<std::string_view, 3>, 3> mutants{{
      {R"("tax_mode"],)", R"("tax_mode", "member"],)", "breaking /member required"},
      {R"("inclusive", "exclusive", )", R"("inclusive", )", "breaking /tax_mode enum"},
      {R"("line": {"type": "integer", "minimum": 1, "maximum": 20000, )",
       R"("line": {"type": "integer", "minimum": 1, "maximum": 9, )",
       "breaking /lines/*/line maximum"},
  }};
  for (const auto& [from, to, expected] : mutants) {
    const auto result = compare_versions(original, transaction(from, to));
    ASSERT_FALSE(result.changes.empty()) << expected;
    EXPECT_EQ(line(result.changes[0]), expected);
    EXPECT_EQ(result.changes.size(), 1U) << expected;
  }
}

// --- Laws -----------------------------------------------------------------------------------

/// A small random schema over few names and values, so that two of them meet often.
class SchemaMaker {
 public:
  explicit SchemaMaker(std::uint64_t seed) : state_(seed * 2 + 1) {}

  std::uint64_t below(std::uint64_t bound) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state_ >> 33) % bound;
  }

  std::string schema(int depth) {
    if (below(20) == 0) return below(3) == 0 ? "false" : "true";
    JsonWriter out;
    out.begin_object();
    const auto rules = 1 + below(4);
    std::vector<std::string> used;
    for (std::uint64_t i = 0; i < rules; ++i) rule(out, depth, used);
    if (depth == 4) {
      out.key("$defs").begin_object().key("d").raw(schema(2)).end_object();
    }
    out.end_object();
    return out.take();
  }

  std::string instance(int depth) {
    switch (below(depth > 0 ? 9 : 6)) {
      case 0:
        return std::to_string(below(5));
      case 1:
        return std::to_string(below(4)) + ".5";
      case 2:
        return below(2) == 0 ? "null" : "true";
      case 3:
      case 4:
        return text();
      case 5:
      case 6: {
        std::string out = "[";
        for (std::uint64_t i = below(4); i > 0; --i) {
          out += instance(depth - 1);
          if (i > 1) out += ",";
        }
        return out + "]";
      }
      default: {
        std::string out = "{";
        for (const char* name : {"a", "b", "xa", "c"}) {
          if (below(2) == 0) continue;
          if (out.size() > 1) out += ",";
          out += std::string("\"") + name + "\":" + instance(depth - 1);
        }
        return out + "}";
      }
    }
  }

 private:
  std::string text() {
    static constexpr std::array<const char*, 5> texts{"\"\"", "\"a\"", "\"ab\"", "\"2026-01-02\"",
                                                      "\"xyz\""};
    return texts[below(texts.size())];
  }

  std::string name() {
    static constexpr std::array<const char*, 4> names{"a", "b", "xa", "c"};
    return names[below(names.size())];
  }

  std::string list(int depth) {
    std::string out = "[";
    for (std::uint64_t i = 1 + below(2); i > 0; --i) {
      out += schema(depth - 1);
      if (i > 1) out += ",";
    }
    return out + "]";
  }

  std::string properties(int depth) {
    std::string out = "{";
    const std::string first = name();
    out += "\"" + first + "\":" + schema(depth - 1);
    const std::string second = name();
    if (second != first) out += ",\"" + second + "\":" + schema(depth - 1);
    return out + "}";
  }

  void rule(JsonWriter& out, int depth, std::vector<std::string>& used) {
    static constexpr std::array<const char*, 34> keywords{"type",
                                                          "type",
                                                          "enum",
                                                          "const",
                                                          "minimum",
                                                          "maximum",
                                                          "exclusiveMinimum",
                                                          "multipleOf",
                                                          "minLength",
                                                          "maxLength",
                                                          "pattern",
                                                          "format",
                                                          "required",
                                                          "properties",
                                                          "properties",
                                                          "additionalProperties",
                                                          "patternProperties",
                                                          "propertyNames",
                                                          "minProperties",
                                                          "dependentRequired",
                                                          "items",
                                                          "prefixItems",
                                                          "contains",
                                                          "minItems",
                                                          "maxItems",
                                                          "uniqueItems",
                                                          "allOf",
                                                          "anyOf",
                                                          "oneOf",
                                                          "not",
                                                          "if",
                                                          "unevaluatedProperties",
                                                          "unevaluatedItems",
                                                          "$ref"};
    const std::string keyword = keywords[below(depth > 0 ? keywords.size() : 13)];
    if (std::ranges::find(used, keyword) != used.end()) return;
    used.push_back(keyword);
    const auto is = [&](auto... any) { return ((keyword == any) || ...); };
    if (is("if")) {
      out.key("if").raw(schema(depth - 1)).key("then").raw(schema(depth - 1));
      if (below(2) == 0) out.key("else").raw(schema(depth - 1));
      return;
    }
    if (is("contains") && below(2) == 0) out.member("minContains", below(3));
    if (is("contains") && below(3) == 0) out.member("maxContains", below(3));
    out.key(keyword);
    if (is("type")) {
      static constexpr std::array<const char*, 8> types{
          R"("object")",          R"("string")", R"("integer")",
          R"("number")",          R"("array")",  R"(["object","string"])",
          R"(["string","null"])", R"("boolean")"};
      out.raw(types[below(types.size())]);
    } else if (is("enum")) {
      out.raw("[" + instance(1) + "," + instance(0) + "]");
    } else if (is("const")) {
      out.raw(instance(1));
    } else if (is("pattern")) {
      out.raw(below(2) == 0 ? R"("^a")" : R"("b$")");
    } else if (is("format")) {
      out.raw(below(2) == 0 ? R"("date")" : R"("email")");
    } else if (is("multipleOf")) {
      out.raw(std::to_string(1 + below(3)));
    } else if (is("required")) {
      out.raw("[\"" + name() + "\"]");
    } else if (is("dependentRequired")) {
      out.raw("{\"" + name() + "\":[\"" + name() + "\"]}");
    } else if (is("properties")) {
      out.raw(properties(depth));
    } else if (is("patternProperties")) {
      out.raw("{\"^x\":" + schema(depth - 1) + "}");
    } else if (is("allOf", "anyOf", "oneOf", "prefixItems")) {
      out.raw(list(depth));
    } else if (is("uniqueItems")) {
      out.raw("true");
    } else if (is("$ref")) {
      // Only into a member: a reference to the same place would judge for ever.
      out.raw("\"#/$defs/d\"");
    } else if (is("additionalProperties", "propertyNames", "items", "contains", "not",
                  "unevaluatedProperties", "unevaluatedItems")) {
      out.raw(below(3) == 0 ? "false" : schema(depth - 1));
    } else {
      out.raw(std::to_string(below(4)));
    }
  }

  std::uint64_t state_;
};

/// One keyword of the text changed, dropped or put in: neighbours that are often compatible.
std::string mutated(const std::string& text, SchemaMaker& maker) {
  std::string changed = text;
  std::vector<std::size_t> digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] >= '0' && text[i] <= '9' && i > 0 && text[i - 1] == ':') digits.push_back(i);
  }
  if (!digits.empty() && maker.below(2) == 0) {
    char& digit = changed[digits[maker.below(digits.size())]];
    digit = static_cast<char>('1' + (digit - '0' + static_cast<int>(maker.below(3))) % 4);
    return changed;
  }
  const auto inner = changed.find("{", 1);
  if (inner == std::string::npos) return maker.schema(2);
  if (maker.below(2) == 0) return R"({"anyOf":[)" + maker.schema(1) + "," + text + "]}";
  return R"({"allOf":[)" + maker.schema(1) + "," + text + "]}";
}

struct Tally {
  std::size_t compatible = 0;
  std::size_t met = 0;  ///< documents that the writer's schema allows
};

/// Fails when a proof is refuted by a document.
void check_law(std::uint64_t seed, Tally& tally) {
  SchemaMaker maker(seed);
  const std::string older = maker.schema(4);
  const std::string newer = maker.below(4) == 0 ? maker.schema(4) : mutated(older, maker);
  const auto compile = [](const std::string& text) {
    SchemaOptions options;
    options.assert_formats = true;
    return Schema::compile(text, options);
  };
  const auto old_schema = compile(older);
  const auto new_schema = compile(newer);
  if (!old_schema || !new_schema) return;  // a mutation may cut a reference off
  for (const bool backward : {true, false}) {
    const auto result =
        compare_versions(*old_schema, *new_schema, {.backward = backward, .forward = !backward});
    if (!result.compatible()) continue;
    ++tally.compatible;
    for (int i = 0; i < 40; ++i) {
      const std::string text = maker.instance(3);
      const auto document = JsonDocument::parse(text);
      const auto written = (backward ? old_schema : new_schema)->validate(document->root(), 1);
      if (!written || !written->valid) continue;
      ++tally.met;
      const auto read = (backward ? new_schema : old_schema)->validate(document->root(), 1);
      EXPECT_TRUE(!read || read->valid)
          << "seed " << seed << (backward ? " backward" : " forward") << "\nolder " << older
          << "\nnewer " << newer << "\ndocument " << text;
    }
  }
}

TEST(Compatibility, AProofIsNeverRefutedByADocument) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 20'000 && !testing::Test::HasFailure(); ++seed) {
    check_law(seed, tally);
  }
  // The law would be empty if nothing were proven, or no document allowed.
  EXPECT_GT(tally.compatible, 2'000U);
  EXPECT_GT(tally.met, 20'000U);
  RecordProperty("compatible", static_cast<int>(tally.compatible));
  RecordProperty("met", static_cast<int>(tally.met));
}

TEST(Compatibility, EverySchemaIsCompatibleWithItself) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    const std::string text = SchemaMaker(seed).schema(4);
    const auto once = Schema::compile(text);
    if (!once) continue;
    EXPECT_TRUE(changes(text, text, {.forward = true}).empty()) << text;
  }
}

}  // namespace
}  // namespace crossfoot::contract::registry
