// Goal: JSON is read exactly or refused with its place; numbers are compared by their decimal
// value.
#include "contract/schema/json.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace crossfoot::contract::schema {
namespace {

JsonDocument parsed(std::string text) {
  auto document = JsonDocument::parse(std::move(text));
  EXPECT_TRUE(document.has_value()) << (document ? "" : document.error().cause);
  return std::move(*document);
}

struct Refused {
  std::string text;
  std::string code;
  std::string where;
};

TEST(Json, RefusesWhatIsNoJsonAndSaysWhere) {
  const std::vector<Refused> table = {
      {"", "CF-1001", "1:1"},
      {"nul", "CF-1001", "1:1"},
      {"NaN", "CF-1001", "1:1"},
      {"[1,]", "CF-1001", "1:4"},
      {"[1 2]", "CF-1001", "1:4"},
      {"{\"a\":1,\n\"b\"}", "CF-1001", "2:4"},
      {"{\"a\":1,}", "CF-1001", "1:8"},
      {"{a:1}", "CF-1001", "1:2"},
      {"01", "CF-1001", "1:3"},
      {"1.", "CF-1001", "1:3"},
      {".5", "CF-1001", "1:1"},
      {"+1", "CF-1001", "1:1"},
      {"1e", "CF-1001", "1:3"},
      {"1e1000000001", "CF-1001", "1:13"},
      {"-", "CF-1001", "1:2"},
      {"\"a", "CF-1001", "1:3"},
      {"\"\t\"", "CF-1001", "1:2"},
      {R"("\q")", "CF-1001", "1:4"},
      {R"("\u12g4")", "CF-1001", "1:6"},
      {R"("\ud800")", "CF-1001", "1:8"},
      {R"("\ud800\u0041")", "CF-1001", "1:14"},
      {R"("\udc00")", "CF-1001", "1:8"},
      {"1 2", "CF-1002", "1:3"},
      {"{}{}", "CF-1002", "1:3"},
      {"\xef\xbb\xbf{}", "CF-1001", "1:1"},
      {"\"\xff\"", "CF-1003", "1:1"},
      {R"({"a":1,"b":2,"\u0061":3})", "CF-1006", "1:25"},
      {std::string(257, '['), "CF-1004", "1:257"},
      {std::string(1001, '7'), "CF-1001", "1:1002"},
  };
  for (const Refused& bad : table) {
    const auto document = JsonDocument::parse(bad.text);
    ASSERT_FALSE(document.has_value()) << bad.text;
    EXPECT_EQ(document.error().code, bad.code) << bad.text;
    EXPECT_EQ(document.error().where, bad.where) << bad.text;
    EXPECT_FALSE(document.error().cause.empty());
  }
}

TEST(Json, KeepsItsLimits) {
  EXPECT_TRUE(JsonDocument::parse(std::string(256, '[') + std::string(256, ']')).has_value());
  EXPECT_EQ(JsonDocument::parse("[1,2]", {.bytes_max = 4}).error().code, "CF-7001");
  EXPECT_EQ(JsonDocument::parse("[1,2]", {.values_max = 2}).error().code, "CF-7001");
  EXPECT_TRUE(JsonDocument::parse("[1,2]", {.values_max = 3}).has_value());
}

TEST(Json, ReadsTextsAndFindsMembers) {
  const auto document =
      parsed(R"( {"b":"\"\\\/\b\f\n\r\té\u20ac\ud83d\ude00","aa":[null,true,false],"":{}} )");
  const Json& root = document.root();
  ASSERT_NE(root.find("b"), nullptr);
  EXPECT_EQ(root.find("b")->text(), "\"\\/\b\f\n\r\té€😀");
  EXPECT_EQ(root.find("aa")->size(), 3U);
  EXPECT_TRUE(root.find("")->is(JsonKind::object));
  EXPECT_EQ(root.find("a"), nullptr);
  EXPECT_EQ(root.members()[0].name, "b");
}

TEST(Json, ComparesByValueWhateverTheText) {
  const auto same = [](std::string a, std::string b) {
    const auto left = parsed(std::move(a));
    const auto right = parsed(std::move(b));
    return compare(left.root(), right.root()) == 0;
  };
  EXPECT_TRUE(same("1", "1.0"));
  EXPECT_TRUE(same("100", "1e2"));
  EXPECT_TRUE(same("0.10", "1E-1"));
  EXPECT_TRUE(same("-0", "0.0e5"));
  EXPECT_TRUE(same(R"({"a":1,"b":[2.0]})", R"({"b":[2],"a":1.0})"));
  EXPECT_FALSE(same("[1,2]", "[2,1]"));
  EXPECT_FALSE(same("1", "true"));
  EXPECT_FALSE(same("0", "false"));
  EXPECT_FALSE(same("9007199254740993", "9007199254740992"));
  EXPECT_FALSE(same("0.1", "0.1000000000000000055511151231257827"));
  EXPECT_FALSE(same(R"({"a":1})", R"({"a":1,"b":2})"));
}

bool multiple(std::string value, std::string unit) {
  const auto left = parsed(std::move(value));
  const auto right = parsed(std::move(unit));
  return is_multiple(left.root().number(), right.root().number());
}

TEST(Json, DividesExactly) {
  EXPECT_TRUE(multiple("0.3", "0.1"));
  EXPECT_TRUE(multiple("1e308", "0.5"));
  EXPECT_FALSE(multiple("1e308", "0.123456789"));
  EXPECT_TRUE(multiple("1e999999999", "7e-999999999") == false);
  EXPECT_TRUE(multiple("123456789012345678901234567890", "1234567890123456789012345678.90"));
  EXPECT_FALSE(multiple("123456789012345678901234567891", "12345678901234567890123456789"));
  EXPECT_TRUE(multiple("0", "12345678901234567890123"));
  EXPECT_FALSE(multiple("0.00751", "0.0001"));
  EXPECT_TRUE(multiple("-4.5", "1.5"));
}

RC_GTEST_PROP(JsonNumbers, OrderAndDivisionAgreeWithWholeNumbers, ()) {
  const auto a = *rc::gen::inRange<std::int64_t>(-1'000'000'000'000, 1'000'000'000'000);
  const auto b = *rc::gen::inRange<std::int64_t>(1, 100'000);
  const auto left = parsed(std::to_string(a) + "e-3");
  const auto right = parsed(std::to_string(b) + "e-3");
  const Number x = left.root().number();
  const Number y = right.root().number();
  RC_ASSERT((x <=> y) == (a <=> b));
  RC_ASSERT(is_multiple(x, y) == (a % b == 0));
  RC_ASSERT(x.is_whole() == (a % 1000 == 0));
}

TEST(JsonPath, EscapesItsTokens) {
  const JsonPath root;
  const JsonPath a{&root, "a/b~c"};
  const JsonPath b{&a, {}, 3};
  EXPECT_EQ(root.pointer(), "");
  EXPECT_EQ(b.pointer(), "/a~1b~0c/3");
}

}  // namespace
}  // namespace crossfoot::contract::schema
