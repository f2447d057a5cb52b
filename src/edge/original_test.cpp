// Goal: what is kept of a refused original can be found again and holds no card number or address.
#include <gtest/gtest.h>

#include "contract/utf8.h"
#include "edge/original.h"

namespace crossfoot::edge {
namespace {

constexpr std::size_t plenty = 64 * 1024;

TEST(Original, CardNumbersAndAddressesAreMasked) {
  EXPECT_EQ(redact(R"({"card":"4111111111111111"})", plenty), R"({"card":"************1111"})");
  EXPECT_EQ(redact("4111 1111 1111 1111, 5500-0000-0000-0004", plenty),
            "**** **** **** 1111, ****-****-****-0004");
  EXPECT_EQ(redact("4111111111111112", plenty), "4111111111111112") << "not a card number";
  EXPECT_EQ(redact("123456789012", plenty), "123456789012");
  EXPECT_EQ(redact("to ann.bee+x@example.com", plenty), "to *********@example.com");
}

TEST(Original, TheTextIsBoundedAndAlwaysText) {
  EXPECT_EQ(redact("abc\xc3\xa9", 4), "abc") << "no half characters";
  EXPECT_EQ(redact(std::string("a\0b", 3), plenty), "a b");
  EXPECT_TRUE(contract::is_utf8(redact("caf\xe9 \xff", plenty)));
  EXPECT_EQ(redact(std::string(100, 'x'), 10).size(), 10U);
}

TEST(Original, TheIdentityIsFoundInBrokenText) {
  const auto row = refused_message(
      R"( {"original":{"shop":"WRONG","sequence":"0"}, "shop" : "DE-001","register":"3",)"
      R"("sequence":"12\"34","business_date":"2026-11-21","currency":"EUR","lines":[{"shop":"NO")",
      plenty);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->shop, "DE-001");
  EXPECT_EQ(row->register_name, "3");
  EXPECT_EQ(row->sequence, R"(12\"34)");
  EXPECT_EQ(row->business_date, parse_business_date("2026-11-21"));
  EXPECT_EQ(row->currency, "EUR");
}

TEST(Original, WhatIsNoObjectIsNotKept) {
  for (const std::string_view body : {"", "  ", "[1]", "hello", "\xff\xfe{"}) {
    EXPECT_FALSE(refused_message(body, plenty).has_value()) << body;
  }
  EXPECT_TRUE(refused_message("{", plenty).has_value());
  EXPECT_TRUE(refused_message("{\"", plenty).has_value());
  EXPECT_TRUE(refused_message("{\"a\\", plenty).has_value());
  EXPECT_TRUE(refused_message("{]]]\"shop\":\"", plenty).has_value());
}

}  // namespace
}  // namespace crossfoot::edge
