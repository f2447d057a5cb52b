#include <gtest/gtest.h>

#include "connector/jq_mapping.h"

namespace crossfoot::connector {
namespace {

std::string run(std::string_view program, std::string_view input, JqLimits limits = {}) {
  const auto mapping = JqMapping::compile(program, limits);
  EXPECT_TRUE(mapping) << (mapping ? "" : mapping.error().message);
  if (!mapping) return {};
  std::string out;
  const auto made = mapping->run(input, out);
  if (made) return out;
  EXPECT_EQ(made.error().fault_class, FaultClass::rejected);
  EXPECT_EQ(made.error().code, "CF-3111");
  return "fault: " + made.error().cause;
}

// Goal: a program maps, and may be run again after a success and after an error.
TEST(JqMapping, MapsAndStaysUsable) {
  const auto mapping = JqMapping::compile("{r: .reference, n: (.lines | length)}");
  ASSERT_TRUE(mapping);
  for (int i = 0; i < 3; ++i) {
    std::string out;
    ASSERT_TRUE(mapping->run(R"({"reference":"R","lines":[1,2]})", out));
    EXPECT_EQ(out, R"({"r":"R","n":2})");
    EXPECT_FALSE(mapping->run(R"({"lines":true})", out));
  }
  EXPECT_EQ(run(".a + \"\\(.b)\"", R"({"a":"x\"","b":"\u00e4"})"), "\"x\\\"ä\"");
}

// Goal: errors, no value, several values and passed limits are rejections.
TEST(JqMapping, RejectsWhatIsNotOneValue) {
  EXPECT_EQ(run("error(\"no member\")", "{}"), "fault: no member");
  EXPECT_EQ(run("empty", "{}"), "fault: the program yields nothing");
  EXPECT_EQ(run("1, 2", "{}"), "fault: the program yields more than one value");
  EXPECT_EQ(run(".", "{"), "fault: the input is not JSON");
  EXPECT_EQ(run(".", R"("12345678")", {.input_bytes_max = 4}),
            "fault: the input is over its limit");
  EXPECT_EQ(run("[., .]", R"("12345678")", {.output_bytes_max = 12}),
            "fault: the request grows over its limit");
  EXPECT_NE(run(".a.b", R"({"a":1})").find("Cannot index number"), std::string::npos);
}

// Goal: what may not end, reaches outside or aborts the process is refused with its line.
TEST(JqMapping, RefusesProgramsThatMayNotEnd) {
  const auto refusal = [](std::string_view program) -> std::string {
    const auto mapping = JqMapping::compile(program);
    return mapping ? "" : std::to_string(mapping.error().line) + ": " + mapping.error().message;
  };
  EXPECT_EQ(refusal(".a\n| until(. > 1; .)"), "2: 'until' may run without bound");
  EXPECT_EQ(refusal("[range(3)]"), "1: 'range' may run without bound");
  EXPECT_EQ(refusal("\"\\(\"\\([repeat(1)])\")\""), "1: 'repeat' may run without bound");
  EXPECT_EQ(refusal("def f(g): def h: g; h | f(g); f(.)"),
            "1: 'f' calls itself and may run without bound");
  EXPECT_EQ(refusal("$ENV.HOME"), "1: '$ENV' reaches outside of the mapping's input");
  EXPECT_EQ(refusal("input"), "1: 'input' reaches outside of the mapping's input");
  EXPECT_NE(refusal("[1] | implode"), "");
  EXPECT_NE(refusal(".a |"), "");
  // The same words as data, fields, comments and names of members are fine.
  EXPECT_EQ(refusal("# until\n{range: .while, \"repeat\": \"input\"} | .env"), "");
  EXPECT_EQ(refusal("def twice(g): g | g; def f: twice(. + 1); f"), "");
}

}  // namespace
}  // namespace crossfoot::connector
