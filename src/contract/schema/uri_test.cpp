// Goal: references resolve as RFC 3986 says, its own examples (section 5.4) included.
#include "contract/schema/uri.h"

#include <gtest/gtest.h>

namespace crossfoot::contract::schema {
namespace {

TEST(Uri, ResolvesTheExamplesOfTheStandard) {
  const std::vector<std::pair<std::string_view, std::string_view>> table = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {";x", "http://a/b/c/;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
  };
  for (const auto& [reference, expected] : table) {
    EXPECT_EQ(resolve_uri("http://a/b/c/d;p?q", reference), expected) << reference;
  }
}

TEST(Uri, ResolvesWithoutASchemeToo) {
  EXPECT_EQ(resolve_uri("", "/schemas/a.json"), "/schemas/a.json");
  EXPECT_EQ(resolve_uri("/schemas/a.json", "b.json#/x"), "/schemas/b.json");
  EXPECT_EQ(resolve_uri("", "a.json"), "a.json");
  EXPECT_EQ(resolve_uri("urn:uuid:1", "#/a"), "urn:uuid:1");
  EXPECT_EQ(resolve_uri("http://a", "b"), "http://a/b");
}

TEST(Uri, DecodesEscapes) {
  EXPECT_EQ(percent_decode("a%2Fb%25"), "a/b%");
  EXPECT_EQ(percent_decode("%C3%A9"), "é");
  EXPECT_EQ(percent_decode("%f"), std::nullopt);
  EXPECT_EQ(percent_decode("%gg"), std::nullopt);
  EXPECT_EQ(percent_decode("%ff"), std::nullopt);
}

}  // namespace
}  // namespace crossfoot::contract::schema
