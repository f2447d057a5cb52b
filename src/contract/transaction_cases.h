#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "contract/error_codes.h"

/// Transactions that the tests of the parser and of the schema share: what one takes, the other
/// takes.
namespace crossfoot::contract {

inline std::string line_json(const std::string& number = "1") {
  return R"({"line":)" + number + R"(,"article":"A","quantity":"1","unit_price":"2.00"})";
}

/// A valid sale in which `from` is replaced once by `to`.
inline std::string sale(std::string_view from = {}, std::string_view to = {}) {
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

inline std::string nested(std::size_t levels) {
  return sale(R"("region":"DE")", R"("x":)" + std::string(levels, '[') + std::string(levels, ']'));
}

inline std::vector<BadInput> syntax_cases() {
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

inline std::vector<BadInput> type_cases() {
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

inline std::vector<BadInput> range_cases() {
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

}  // namespace crossfoot::contract
