// Goal: bad input of every kind is refused as a problem that says where and why, and is kept.
#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::sale;
using test::World;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t found = text.find(what);
  EXPECT_NE(found, std::string::npos) << what;
  return text.replace(found, what.size(), with);
}

struct Bad {
  std::string name;
  std::string body;
  int status = 400;
  std::string code;
  std::string pointer;  ///< of the first error; empty: not looked at
};

std::string many_lines(int count) {
  std::string lines;
  for (int i = 1; i <= count; ++i) {
    lines += (i == 1 ? "" : ",") + std::string(R"({"line":)") + std::to_string(i) +
             R"(,"article":"A","quantity":"1","unit_price":"1"})";
  }
  const std::string whole = sale(1);
  const std::size_t from = whole.find("[{");
  return whole.substr(0, from + 1) + lines + "]}";
}

std::vector<Bad> bad_bodies() {
  const std::string good = sale(1);
  return {
      {"empty", "", 400, "CF-1001", ""},
      {"truncated", good.substr(0, good.size() / 2), 400, "CF-1001", ""},
      {"trailing", good + " {}", 400, "CF-1002", ""},
      {"two values", good + good, 400, "CF-1002", ""},
      {"not an object", "[1,2]", 400, "CF-1201", ""},
      {"wrong type", replaced(good, R"("shop":"DE-001")", R"("shop":7)"), 400, "CF-1201", "/shop"},
      {"lines are no array", replaced(good, R"("lines":[)", R"("lines":{"a":[)") + "}", 400,
       "CF-1201", "/lines"},
      {"duplicate key", replaced(good, R"("kind")", R"("kind":"sale","kind")"), 400, "CF-1006",
       "/kind"},
      {"NaN", replaced(good, R"("quantity":"2")", R"("quantity":NaN)"), 400, "CF-1001", ""},
      {"huge number", replaced(good, R"("quantity":"2")", R"("quantity":1e400)"), 400, "", ""},
      {"huge decimal",
       replaced(good, R"("quantity":"2")", R"("quantity":")" + std::string(400, '9') + "\""), 400,
       "", "/lines/0/quantity"},
      {"a number for a decimal", replaced(good, R"("quantity":"2")", R"("quantity":2)"), 400,
       "CF-1207", "/lines/0/quantity"},
      {"a string of 1 MB", replaced(good, "DE-001", std::string(1 << 20, 'x')), 400, "CF-1214",
       "/shop"},
      {"depth 10,000", std::string(10'000, '[') + std::string(10'000, ']'), 400, "CF-1004", ""},
      {"depth inside",
       replaced(good, R"("kind")",
                R"("x":)" + std::string(10'000, '[') + std::string(10'000, ']') + R"(,"kind")"),
       400, "CF-1004", ""},
      {"too many lines", many_lines(20'001), 400, "CF-1213", "/lines"},
      {"100,000 lines", many_lines(100'000), 413, "CF-1005", ""},
      {"invalid UTF-8", replaced(good, "TOY-1", "TOY\xff"), 400, "CF-1003", ""},
      {"U+0000", replaced(good, "TOY-1", R"(TOY\u0000)"), 400, "CF-1007", "/lines/0/article"},
      {"unknown currency", replaced(good, "EUR", "QQQ"), 400, "CF-1209", "/currency"},
      {"old date", replaced(good, "2026-11-21", "1999-12-31"), 400, "CF-1210", "/business_date"},
      {"future date", replaced(good, "2026-11-21T10:03:04+01:00", "2126-11-21T10:03:04Z"), 400,
       "CF-1210", "/occurred_at"},
      {"no such day", replaced(good, "2026-11-21", "2026-02-30"), 400, "", "/business_date"},
      {"no zone", replaced(good, "10:03:04+01:00", "10:03:04"), 400, "CF-1204", "/occurred_at"},
      {"no identity", replaced(good, R"("sequence":"1",)", ""), 400, "CF-1211", ""},
      {"unknown word", replaced(good, R"("kind":"sale")", R"("kind":"gift")"), 400, "CF-1206",
       "/kind"},
      {"missing field", replaced(good, R"("currency":"EUR",)", ""), 400, "CF-1202", "/currency"},
      {"other version", replaced(good, R"("kind")", R"("version":9,"kind")"), 400, "CF-1212",
       "/version"},
      {"half a cent",
       replaced(good, R"("unit_price":"19.99")", R"("unit_price":"19.99","discount":"0.005")"), 400,
       "", "/lines/0/discount"},
  };
}

TEST(Refusals, EveryKindOfBadBodyIsAProblemWithItsPlace) {
  World world;
  for (const Bad& bad : bad_bodies()) {
    SCOPED_TRACE(bad.name);
    const auto answer = world.post_sale(bad.body);
    EXPECT_EQ(answer.status, bad.status) << answer.body.substr(0, 500);
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    const std::string code = at(answer.body, "/code");
    if (!bad.code.empty()) {
      EXPECT_EQ(code, bad.code) << answer.body.substr(0, 500);
    }
    EXPECT_EQ(at(answer.body, "/type"), "/errors/" + code);
    EXPECT_EQ(at(answer.body, "/status"), std::to_string(bad.status));
    EXPECT_EQ(at(answer.body, "/retryable"), "false");
    EXPECT_EQ(at(answer.body, "/correlation_id"), answer.header("x-correlation-id"));
    if (!bad.pointer.empty()) {
      EXPECT_EQ(at(answer.body, "/errors/0/pointer"), bad.pointer);
    }
    EXPECT_EQ(world.get("/errors/" + code).status, 200);
    EXPECT_LT(answer.body.size(), 8'000U) << "a problem does not repeat what it refuses";
  }
  EXPECT_EQ(world.post_sale(sale(1)).status, 202) << "and the server is well";
}

TEST(Refusals, WhatWasReadableIsKeptWithoutItsSecrets) {
  World world;
  const std::string body =
      replaced(sale(77), R"("quantity":"2")", R"("quantity":2,"card":"4111111111111111")");
  const auto refused = world.post_sale(body, {{"X-Correlation-Id", "till-9"}});
  ASSERT_EQ(refused.status, 400);
  EXPECT_EQ(world.post_sale(body).status, 400) << "the same bytes are kept once";
  const auto page = world.get("/v1/transactions?state=invalid");
  ASSERT_EQ(page.status, 200);
  EXPECT_EQ(at(page.body, "/items/0/state"), "invalid");
  EXPECT_EQ(at(page.body, "/items/0/shop"), "DE-001");
  EXPECT_EQ(at(page.body, "/items/0/register"), "3");
  EXPECT_EQ(at(page.body, "/items/0/sequence"), "77");
  EXPECT_EQ(at(page.body, "/items/0/code"), "CF-1207");
  EXPECT_EQ(at(page.body, "/items/0/correlation_id"), "till-9");
  EXPECT_EQ(at(page.body, "/items/0/kind"), "null");
  EXPECT_EQ(at(page.body, "/items/1"), "<none>");
  const auto id = parse_id(at(page.body, "/items/0/id"));
  ASSERT_TRUE(id.has_value());
  std::string kept;
  bool read = false;
  world.data_store().read(
      [&](store::Reader& reader) { kept = reader.load_message(*id).value().value().body; },
      [&] { read = true; });
  world.run_until([&] { return read; });
  EXPECT_NE(kept.find("************1111"), std::string::npos);
  EXPECT_EQ(kept.find("4111111111111111"), std::string::npos);
  EXPECT_EQ(at(world.get("/v1/overview").body, "/invalid"), "1");
}

TEST(Refusals, UnknownFieldsFollowThePolicy) {
  const std::string body = replaced(sale(1), R"("kind")", R"("colour":"red","kind")");
  World lenient;
  const auto taken = lenient.post_sale(body);
  EXPECT_EQ(taken.status, 202);
  EXPECT_EQ(at(taken.body, "/ignored/0"), "/colour");
  World strict({.unknown_fields = contract::UnknownFields::strict});
  const auto refused = strict.post_sale(body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(at(refused.body, "/code"), "CF-1208");
  EXPECT_EQ(at(refused.body, "/errors/0/pointer"), "/colour");
}

TEST(Refusals, RequestsThatAreNotForUsAreAnsweredInProblems) {
  World world;
  const auto nowhere = world.get("/v2/transactions");
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_EQ(at(nowhere.body, "/code"), "CF-2404");
  EXPECT_EQ(world.get("/v1/transactions/not-an-id").status, 404);
  EXPECT_EQ(world.get("/v1/transactions/00000000000000000000000001").status, 404);
  EXPECT_EQ(world.get("/v1/transactions/00000000000000000000000001/timeline").status, 404);
  EXPECT_EQ(world.get("/errors/CF-9999").status, 404);
  world.send(runtime::Method::put, "/v1/transactions", {}, "x");
  const auto method = world.last();
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("allow"), "POST, GET, HEAD");
  EXPECT_EQ(at(method.body, "/code"), "CF-2405");
  world.send(runtime::Method::options, "/v1/transactions");
  EXPECT_EQ(world.last().status, 204);
  for (const char* type : {"text/plain", "application/json; charset=iso-8859-1"}) {
    world.send(runtime::Method::post, "/v1/transactions", {{"Content-Type", type}}, sale(1));
    EXPECT_EQ(world.last().status, 415) << type;
  }
  world.send(runtime::Method::post, "/v1/transactions", {}, sale(1));
  EXPECT_EQ(world.last().status, 415);
  EXPECT_EQ(world.post_sale(sale(1), {{"Content-Encoding", "gzip"}}).status, 415);
  const auto picture = world.get("/v1/overview", {{"Accept", "image/png, text/*;q=0.5"}});
  EXPECT_EQ(picture.status, 406);
  EXPECT_EQ(at(picture.body, "/status"), "406");
  EXPECT_EQ(world.get("/v1/overview", {{"Accept", "application/*"}}).status, 200);
  EXPECT_EQ(world.get("/v1/transactions%3Astates").status, 405) << "escapes are read";
  EXPECT_EQ(world.get("/v1/%zz").status, 400);
}

TEST(Refusals, QueryParametersAreCheckedByName) {
  World world;
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"colour=red", "?colour"},        {"limit=0", "?limit"},
      {"limit=501", "?limit"},          {"limit=5x", "?limit"},
      {"limit=5&limit=6", "?limit"},    {"state=lost", "?state"},
      {"after=zzz", "?after"},          {"business_date=21.11.2026", "?business_date"},
      {"shop=DE-001", "?business_date"}};
  for (const auto& [query, pointer] : bad) {
    const auto answer = world.get("/v1/transactions?" + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(at(answer.body, "/code"), "CF-2400") << query;
    EXPECT_EQ(at(answer.body, "/errors/0/pointer"), pointer) << query;
  }
  EXPECT_EQ(world.get("/v1/overview?x=1").status, 400);
  EXPECT_EQ(world.get("/v1/breaks?class=odd").status, 400);
}

TEST(Refusals, WhatNeverReachesAHandlerIsAProblemToo) {
  World world;
  const std::string head = "POST /v1/transactions HTTP/1.1\r\nHost: x\r\n";
  const std::vector<std::pair<std::string, std::string>> bad = {
      {head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"},
      {head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {head + "Content-Length: five\r\n\r\n", "400"},
      {head + "Content-Length: 99999999999\r\n\r\n", "413"},
      {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", "505"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + std::string(20'000, 'a') + "\r\n\r\n", "431"}};
  for (const auto& [bytes, status] : bad) {
    const std::string received = world.raw(bytes);
    EXPECT_EQ(received.substr(0, 13), "HTTP/1.1 " + status + " ") << bytes.substr(0, 100);
    EXPECT_NE(received.find("application/problem+json"), std::string::npos) << received;
    const std::size_t body = received.find("\r\n\r\n");
    EXPECT_EQ(at(received.substr(body + 4), "/status"), status) << received;
  }
  // Without a length there is no body, and no body is no JSON.
  const std::string none =
      world.raw(head + "Content-Type: application/json\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(none.substr(0, 13), "HTTP/1.1 400 ");
  EXPECT_NE(none.find("CF-1001"), std::string::npos) << none;
}

TEST(Refusals, BodiesOfOperationsAreCheckedToo) {
  World world;
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "CF-1001"},
      {"[]", "CF-1201"},
      {"{}", "CF-1202"},
      {R"({"ids":7})", "CF-1201"},
      {R"({"ids":[7]})", "CF-1201"},
      {R"({"ids":[],"ids":[]})", "CF-1006"},
      {R"({"ids":[],"colour":1})", "CF-1208"},
      {R"({"ids":[]} x)", "CF-1001"},
      {"{\"ids\":[\"\xff\"]}", "CF-1003"},
      {R"({"ids":)" + std::string(100, '[') + std::string(100, ']') + "}", "CF-1004"}};
  for (const auto& [body, code] : bad) {
    const auto answer = world.post("/v1/transactions:states", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(at(answer.body, "/code"), code) << body;
  }
  std::string many = R"({"ids":["x")";
  for (int i = 0; i < 1000; ++i) many += R"(,"x")";
  EXPECT_EQ(at(world.post("/v1/transactions:states", many + "]}").body, "/code"), "CF-1213");
}

}  // namespace
}  // namespace crossfoot::edge
