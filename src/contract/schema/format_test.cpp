// Goal: each format takes what its standard gives and refuses what lies just beside it.
#include "contract/schema/format.h"

#include <gtest/gtest.h>

namespace crossfoot::contract::schema {
namespace {

struct Format {
  std::string_view name;
  std::vector<std::string_view> good;
  std::vector<std::string_view> bad;
};

const std::vector<Format>& formats() {
  static const std::vector<Format> table = {
      {"date",
       {"2026-11-21", "2024-02-29", "2000-02-29", "0000-01-01"},
       {"2026-1-21", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-11-31",
        "2026-11-21Z", "20261121", "", "٢026-11-21"}},
      {"time",
       {"10:03:04Z", "10:03:04+01:00", "10:03:04.123456789z", "23:59:60Z", "00:59:60+01:00"},
       {"10:03:04", "24:00:00Z", "10:60:00Z", "10:03:61Z", "10:03:60Z", "10:03:04.Z",
        "10:03:04+24:00", "10:03:04+1:00", "10:03Z", ""}},
      {"date-time",
       {"2026-11-21T10:03:04+01:00", "2026-11-21t10:03:04z", "1998-12-31T23:59:60Z"},
       {"2026-11-21 10:03:04Z", "2026-11-21T10:03:04", "2026-02-30T10:03:04Z", "2026-11-21T"}},
      {"duration",
       {"P1Y", "P3Y6M4DT12H30M5S", "P4W", "PT0S", "P1M", "PT36H", "P1DT12H"},
       {"P", "PT", "P1", "1D", "P1DT", "P1Y2D", "PT1H2S", "P1W2D", "P1S", "P1M1Y", "P0.5D", ""}},
      {"email",
       {"a@b.c", "a.b+c@shop.example", "\"a b\"@shop.example", "a@[127.0.0.1]", "a@[IPv6:::1]"},
       {"a", "@b", "a@", ".a@b", "a.@b", "a..b@c", "a b@c", "a@b_c", "a@[1.2.3]", "ä@b.c",
        "\"a\"b\"@c"}},
      {"idn-email", {"ä@bücher.example", "a@b.c"}, {"a", "ä@", "a@-b"}},
      {"hostname",
       {"a", "shop-1.example", "1.2.3.4", "xn--bcher-kva.example"},
       {"", ".", "a.", ".a", "-a", "a-", "a_b", "ä.b", "xn--", "xn--a", "xn--zzzzzz99999999999"}},
      {"idn-hostname",
       {"bücher.example", "例え。テスト", "l·l", "a"},
       {"", "-ä", "ä-", "ä..b", "a·l",
        "\xcc\x80"
        "a",
        "ä b"}},
      {"ipv4",
       {"127.0.0.1", "255.255.255.255", "0.0.0.0"},
       {"1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", "1..2.3", "0x7f.1.1.1", ""}},
      {"ipv6",
       {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2::7:8"},
       {":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::g", "1:", ":1",
        "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0", "1:2:3:4:5:6:7:8::", ""}},
      {"uri",
       {"http://a.b/c?d=e#f", "urn:isbn:1", "mailto:a@b", "http://[::1]:80/", "http://a/%20",
        "http://u:p@h", "x:", "http://[v1.a:b]/"},
       {"//a/b", "/a", "a", "http://a b", "http://a/%2", "1http://a", "http://[::1", "http://a:b",
        "http://ä", "http://a/{b}", "http://a\\b", ":a", "http://a#b#c", ""}},
      {"uri-reference",
       {"", "a", "/a/b", "//h/p", "#f", "?q", "./a:b", "http://a"},
       {"a:b:c d", "1a:b", "\\a", "#a#b", "ä", "a%zz"}},
      {"iri", {"http://ä.b/ç?é#ü", "urn:ä"}, {"ä", "http://a b", "http://a/\xc2\x80"}},
      {"iri-reference", {"ä", "#ü", "/ç"}, {"\\ä", "ä b"}},
      {"uri-template",
       {"http://a/{b}", "{+path}/x", "{?q,page*}", "{v:3}", "", "a%20b", "{a.b}", "ä"},
       {"{", "}", "{}", "{a", "{a b}", "{v:0}", "{v:10000}", "{a,}", "{.}", "a b", "{=a}"}},
      {"json-pointer", {"", "/", "/a/0", "/~0~1", "/ä"}, {"a", "/~", "/~2", "#/a"}},
      {"relative-json-pointer",
       {"0", "1/a", "2#", "0+1", "1-2/a", "10"},
       {"", "/a", "-1", "01", "0##", "1a", "0+0", "0+"}},
      {"uuid",
       {"2eb8aa08-aa98-11ea-b4aa-73b441d16380", "00000000-0000-0000-0000-000000000000",
        "2EB8AA08-AA98-11EA-B4AA-73B441D16380"},
       {"2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638",
        "2eb8aa08-aa98-11ea-b4aa-73b441d1638g", "2eb8aa0-8aa98-11ea-b4aa-73b441d16380", ""}},
      {"regex", {"^a+$", "", "(?<n>a)\\k<n>"}, {"(", "[", "a**", "\\a", "^(abc]"}},
  };
  return table;
}

TEST(Format, TakesAndRefuses) {
  for (const Format& format : formats()) {
    const FormatCheck check = find_format(format.name);
    ASSERT_NE(check, nullptr) << format.name;
    for (const std::string_view text : format.good) {
      EXPECT_TRUE(check(text)) << format.name << " " << text;
    }
    for (const std::string_view text : format.bad) {
      EXPECT_FALSE(check(text)) << format.name << " " << text;
    }
  }
  EXPECT_EQ(find_format("colour"), nullptr);
}

}  // namespace
}  // namespace crossfoot::contract::schema
