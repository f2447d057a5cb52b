#include <gtest/gtest.h>

#include "connector/exchange.h"
#include "connector/template.h"

namespace crossfoot::connector {
namespace {

const std::vector<std::string> roots{"transaction", "arguments", "reference"};

std::string problems(const std::string& text) {
  const auto compiled = Template::compile(text, roots, "m.json");
  if (compiled) return "";
  std::string all;
  for (const PackFault& fault : compiled.error()) {
    all += std::to_string(fault.line) + ": " + fault.message + "\n";
  }
  return all;
}

struct Rendered {
  std::string out;
  std::string fault;
};

Rendered render(const std::string& text, const std::string& input) {
  const auto compiled = Template::compile(text, roots, "m.json");
  EXPECT_TRUE(compiled) << problems(text);
  if (!compiled) return {};
  simdjson::dom::parser parser;
  const auto root = parse_json(input, parser);
  EXPECT_TRUE(root) << input;
  if (!root) return {};
  Rendered rendered;
  const auto made = compiled->render(*root, rendered.out);
  if (!made) {
    EXPECT_EQ(made.error().fault_class, FaultClass::rejected);
    EXPECT_EQ(made.error().code, "CF-3111");
    rendered.fault = made.error().where + ": " + made.error().cause;
  }
  return rendered;
}

// Goal: each value form of the language yields what connectors/README.md says.
TEST(Template, RendersValues) {
  const std::string input =
      R"({"transaction":{"a":"x","n":7,"t":true,"z":null,"o":{"k":[1,2]},"q":"0.250","e":""},)"
      R"("reference":"R"})";
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"v":"${transaction.a}"})", R"({"v":"x"})"},
      {R"({"v":"${transaction.n}"})", R"({"v":7})"},
      {R"({"v":"${transaction.n | string}"})", R"({"v":"7"})"},
      {R"({"v":"${transaction.q | number}"})", R"({"v":0.250})"},
      {R"({"v":"${transaction.o}"})", R"({"v":{"k":[1,2]}})"},
      {R"({"v":"${transaction.o.k.1}"})", R"({"v":2})"},
      {R"({"v":"<${transaction.a}-${transaction.n}-${transaction.t}>"})", R"({"v":"<x-7-true>"})"},
      {R"({"v":"${transaction.no}","w":1})", R"({"w":1})"},
      {R"({"v":"${transaction.z}","w":1})", R"({"w":1})"},
      {R"({"v":"a${transaction.no}"})", R"({})"},
      {R"({"v":"${transaction.no ?? 'de}f'}"})", R"({"v":"de}f"})"},
      {R"({"v":"${transaction.e ?? 'd'}"})", R"({"v":""})"},
      {R"(["${transaction.no}",1,"${transaction.a}"])", R"([1,"x"])"},
      {R"({"$$each":"$${a}","n":null,"f":-1.5e3})", R"({"$each":"${a}","n":null,"f":-1.5e3})"},
      {R"("${reference}")", R"("R")"},
      {R"({"v":""})", R"({"v":""})"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(render(text, input).out, expected) << text;
  }
}

// Goal: loops, filters and choices; an absent list is an empty one, a loop in a loop joins.
TEST(Template, RendersLoopsAndChoices) {
  const std::string input =
      R"({"transaction":{"kind":"sale","lines":[{"n":1,"kind":"goods","parts":["a","b"]},)"
      R"({"n":2,"kind":"fee","parts":["c"]},{"n":3,"parts":[]},)"
      R"({"n":4,"kind":"goods","parts":["d"]}]}})";
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"$each":"transaction.lines","$as":"line","$do":"${line.n}"})", "[1,2,3,4]"},
      {R"({"$each":"transaction.none","$do":"${item.n}"})", "[]"},
      {R"({"$each":"transaction.lines","$as":"l","$where":{"path":"l.kind","in":["goods"]},)"
       R"("$do":["${$index}","${$first}","${$last}","${l.n}"]})",
       "[[0,true,false,1],[1,false,true,4]]"},
      {R"({"$each":"transaction.lines","$as":"l","$where":{"path":"l.kind","not_in":["goods"]},)"
       R"("$do":"${l.n}"})",
       "[2,3]"},
      {R"({"$each":"transaction.lines","$as":"l","$where":{"path":"l.kind","present":false},)"
       R"("$do":"${l.n}"})",
       "[3]"},
      {R"({"$each":"transaction.lines","$as":"l","$do":{"$each":"l.parts","$as":"p",)"
       R"("$do":"${l.n}${p}"}})",
       R"(["1a","1b","2c","4d"])"},
      {R"({"$each":"transaction.lines","$as":"l","$do":"${l.kind}"})",
       R"(["goods","fee","goods"])"},
      {R"({"v":{"$if":"transaction.member","$then":1,)"
       R"("$else":{"$if":"transaction.kind","$then":2}}})",
       R"({"v":2})"},
      {R"({"v":{"$if":{"path":"transaction.kind","in":["return"]},"$then":1}})", "{}"},
      {R"({"v":{"$switch":"transaction.kind","$cases":{"sale":"S","return":"R"},"$default":"?"}})",
       R"({"v":"S"})"},
      {R"({"v":{"$switch":"transaction.shop","$cases":{"sale":"S"}}})", "{}"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(render(text, input).out, expected) << text;
  }
}

// Goal: a hostile value can neither leave its string nor be read as a template.
TEST(Template, KeepsHostileValuesAsData) {
  const std::string hostile =
      "\\\",\\\"admin\\\":true,\\\"x\\\":\\\"\\\\ \\u0000\\u001f ${reference} {\\\"$each\\\":1}";
  const std::string input = R"({"transaction":{"a":")" + hostile + R"("},"reference":"R"})";
  simdjson::dom::parser parser;
  const auto source = parse_json(input, parser);
  ASSERT_TRUE(source);
  const std::string raw = *find_text(*source, "/transaction/a");
  const std::string out = render(R"({"v":"${transaction.a}","w":"<${transaction.a}>"})", input).out;
  simdjson::dom::parser again;
  const auto made = parse_json(out, again);
  ASSERT_TRUE(made) << out;
  EXPECT_EQ(made->get_object().value_unsafe().size(), 2U);
  EXPECT_EQ(find_text(*made, "/v"), raw);
  EXPECT_EQ(find_text(*made, "/w"), "<" + raw + ">");
}

// Goal: a value that is needed and absent, or of the wrong kind, is a rejection, not a bad request.
TEST(Template, RejectsWhatCannotBeMapped) {
  const std::string input = R"({"transaction":{"a":"x","o":{}}})";
  EXPECT_EQ(render(R"({"v":"${transaction.member!}"})", input).fault,
            "mapping: ${transaction.member}: is needed and absent");
  EXPECT_EQ(render(R"({"v":"a${transaction.o}"})", input).fault,
            "mapping: ${transaction.o}: is a list or an object inside a text");
  EXPECT_EQ(render(R"({"v":"${transaction.a | number}"})", input).fault,
            "mapping: ${transaction.a}: is not a number");
  EXPECT_EQ(render(R"({"v":{"$each":"transaction.a","$do":1}})", input).fault,
            "mapping: 'transaction.a' is not a list");
  EXPECT_EQ(render(R"("${transaction.no}")", input).fault, "mapping: the template yields nothing");
}

// Goal: every fault of a template is reported at once, each with its line.
TEST(Template, ReportsCompileFaultsWithLines) {
  EXPECT_EQ(
      problems("{\n \"a\": \"${trans.x}\",\n \"b\": \"${transaction.a\",\n"
               " \"c\": {\"$loop\": 1},\n \"d\": {\"$each\": \"transaction.lines\"},\n"
               " \"e\": \"${transaction.a | upper}\",\n \"f\": \"${$index}\",\n"
               " \"g\": \"${transaction.a ?? d}\",\n \"g\": {\"$if\": \"transaction.a\"}\n}"),
      "2: 'trans' is not known here; known are transaction, arguments, reference\n"
      "3: a placeholder is not closed\n"
      "4: '$loop' starts nothing known; there are $each, $if and $switch, and $$ starts a name "
      "with a dollar sign\n"
      "5: $each needs $do\n"
      "6: filter 'upper' is not known; there are number and string\n"
      "7: '$index' is known only inside a loop\n"
      "8: a default stands in single quotes: ${path ?? 'default'}\n"
      "9: member 'g' is there twice\n"
      "9: $if needs $then\n");
  EXPECT_EQ(
      problems(R"({"a": {"$each":"transaction.x","$do":1,"$where":{"path":"item.k","is":1}}})"),
      "1: 'is' is not known here\n");
  EXPECT_NE(problems("{\"a\": unquoted}"), "");
  EXPECT_NE(problems("{\"a\": \n\"b\""), "");
  EXPECT_NE(problems(R"({"a":"${transaction..b}"})"), "");
  EXPECT_NE(problems(R"({"a":"${transaction.b!} ${transaction.b! ?? 'x'}"})"), "");
}

// Goal: paths and headers cannot be broken out of.
TEST(TextTemplate, EncodesAndRefuses) {
  simdjson::dom::parser parser;
  const auto input = parse_json(
      R"({"reference":"a/b?c#ä %","transaction":{"dots":"..","crlf":"a\r\nX: y","empty":""}})",
      parser);
  ASSERT_TRUE(input);
  const Scope scope{*input, {}};
  const auto made = [&](const std::string& text, TextTemplate::Encoding encoding) -> std::string {
    const auto compiled = TextTemplate::compile(text, {roots, {}});
    EXPECT_TRUE(compiled);
    std::string out;
    const auto present = compiled->render(scope, encoding, out);
    if (!present) return "fault";
    return *present ? out : "absent";
  };
  using Encoding = TextTemplate::Encoding;
  EXPECT_EQ(made("/x/${reference}/y", Encoding::path), "/x/a%2Fb%3Fc%23%C3%A4%20%25/y");
  EXPECT_EQ(made("${reference}", Encoding::query), "a%2Fb%3Fc%23%C3%A4%20%25");
  EXPECT_EQ(made("/x/${transaction.dots}", Encoding::path), "fault");
  EXPECT_EQ(made("/x/${transaction.empty}", Encoding::path), "fault");
  EXPECT_EQ(made("${transaction.crlf}", Encoding::plain), "fault");
  EXPECT_EQ(made("/x/${transaction.none}", Encoding::path), "absent");
  EXPECT_EQ(made("v ${reference}", Encoding::plain), "v a/b?c#ä %");
}

}  // namespace
}  // namespace crossfoot::connector
