// Goal: what the writer appends is JSON that reads back as what was given, whatever the bytes.
#include "contract/json_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <simdjson.h>

#include "contract/problem.h"
#include "contract/utf8.h"

namespace crossfoot::contract {
namespace {

TEST(JsonWriter, NestsObjectsAndArrays) {
  JsonWriter out;
  out.begin_object().member("a", 1).member("b", "x").member("c", true);
  out.key("d").begin_array().integer(-2).null().text("y").begin_object().end_object();
  out.begin_array().end_array().raw("{\"r\":1}").end_array();
  out.member_or_null("e", "").member_or_null("f", "z").member("g", std::uint64_t{UINT64_MAX});
  out.end_object();
  EXPECT_EQ(out.take(),
            R"({"a":1,"b":"x","c":true,"d":[-2,null,"y",{},[],{"r":1}],"e":null,"f":"z",)"
            R"("g":18446744073709551615})");
  EXPECT_EQ(out.view(), "");
}

TEST(JsonWriter, WritesLines) {
  JsonWriter out;
  out.begin_object().member("line", 1).end_object().newline();
  out.begin_object().member("line", 2).end_object().newline();
  EXPECT_EQ(out.view(), "{\"line\":1}\n{\"line\":2}\n");
}

TEST(JsonWriter, EscapesControlCharacters) {
  JsonWriter out;
  out.text(std::string_view("a\"\\/\n\r\t\b\x1f\0ü\x7f", 13));
  EXPECT_EQ(out.view(), "\"a\\\"\\\\/\\n\\r\\t\\u0008\\u001f\\u0000ü\x7f\"");
}

TEST(JsonWriter, ReplacesBytesThatAreNotUtf8) {
  JsonWriter out;
  out.text(
      "\xa3"
      "5 \xc3");
  EXPECT_EQ(out.view(),
            "\"\xef\xbf\xbd"
            "5 \xef\xbf\xbd\"");
}

TEST(JsonWriter, AnyBytesBecomeOneText) {
  simdjson::dom::parser parser;
  EXPECT_TRUE(rc::check("the text reads back, unchanged when it was UTF-8",
                        [&](const std::vector<std::uint8_t>& bytes) {
                          const std::string given(bytes.begin(), bytes.end());
                          JsonWriter out;
                          out.text(given);
                          std::string_view read;
                          RC_ASSERT(parser.parse(out.view().data(), out.view().size()).get(read) ==
                                    simdjson::SUCCESS);
                          RC_ASSERT(is_utf8(read));
                          if (is_utf8(given)) RC_ASSERT(read == given);
                        }));
}

TEST(Problem, IsRfc9457) {
  Problem problem = make_problem(error_code::rate_limited, "wait",
                                 {{"/a", std::string(error_code::wrong_type), "text"}});
  problem.correlation_id = "01K";
  EXPECT_EQ(to_json(problem),
            R"({"type":"/errors/CF-2429","title":"Too many requests","status":429,)"
            R"("detail":"wait","code":"CF-2429","retryable":true,"correlation_id":"01K",)"
            R"("errors":[{"pointer":"/a","code":"CF-1201","detail":"text"}]})");
}

TEST(ErrorCodes, AreFoundByCode) {
  for (const ErrorInfo& info : error_table) EXPECT_EQ(find_error(info.code), &info);
  EXPECT_EQ(find_error("CF-0000"), nullptr);
  EXPECT_EQ(find_error("CF-9999"), nullptr);
  EXPECT_EQ(find_error(""), nullptr);
  EXPECT_EQ(find_error(error_code::totals_mismatch)->status, 202);
  EXPECT_EQ(find_error(error_code::commit_unknown)->fault_class, FaultClass::unknown_outcome);
}

}  // namespace
}  // namespace crossfoot::contract
