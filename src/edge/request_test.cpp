// Goal: what a request says besides its body is read as the standards say, and nothing else is.
#include <gtest/gtest.h>

#include <vector>

#include "edge/request.h"

namespace crossfoot::edge {
namespace {

using runtime::Method;

TEST(Request, PathsLeadToRoutesAndMethodsThatAreMissingAreNamed) {
  const Match plain = match(Method::post, "/v1/transactions");
  ASSERT_NE(plain.route, nullptr);
  EXPECT_EQ(plain.route->id, Route::post_transaction);
  const Match leg = match(Method::post, "/v1/transactions/ABC/legs/12/release");
  ASSERT_NE(leg.route, nullptr);
  EXPECT_EQ(leg.route->id, Route::release_leg);
  EXPECT_EQ(leg.parameters[0], "ABC");
  EXPECT_EQ(leg.parameters[1], "12");
  EXPECT_EQ(match(Method::head, "/v1/overview").route->id, Route::get_overview);
  EXPECT_EQ(match(Method::put, "/v1/transactions").allow, "POST, GET, HEAD");
  for (const std::string_view path : {"/", "/v1", "/v1/transactions/", "/v1/transactionsX",
                                      "/v1/transactions/A/legs//release", "/v1/overview/"}) {
    const Match none = match(Method::get, path);
    EXPECT_EQ(none.route, nullptr) << path;
    EXPECT_TRUE(none.allow.empty()) << path;
  }
}

TEST(Request, TheConsoleTakesWholePaths) {
  EXPECT_EQ(match(Method::get, "/console/assets/a.js").parameters[0], "assets/a.js");
  EXPECT_EQ(match(Method::get, "/console/").parameters[0], "");
  ASSERT_NE(match(Method::get, "/console").route, nullptr);
  EXPECT_EQ(match(Method::get, "/consoles").route, nullptr);
}

TEST(Request, IdempotencyKeysComeQuotedOrBare) {
  EXPECT_EQ(parse_idempotency_key("abc-1"), "abc-1");
  EXPECT_EQ(parse_idempotency_key("\"abc 1\""), "abc 1");
  EXPECT_EQ(parse_idempotency_key(R"("a\"b\\c")"), "a\"b\\c");
  for (const std::string_view bad :
       {"", "\"\"", "\"open", "\"a\"b", "a b", "a\"b", "\"a\\n\"", "\"a\tb\"", "k\xc3\xa9y"}) {
    EXPECT_FALSE(parse_idempotency_key(bad).has_value()) << bad;
  }
  EXPECT_TRUE(parse_idempotency_key(std::string(255, 'k')).has_value());
  EXPECT_FALSE(parse_idempotency_key(std::string(256, 'k')).has_value());
}

TEST(Request, TraceParentsAreReadStrictlyAndLaterVersionsLeniently) {
  const std::string valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  ASSERT_TRUE(parse_traceparent(valid).has_value());
  EXPECT_EQ(parse_traceparent(valid)->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(parse_traceparent(valid)->flags, "01");
  std::string later = valid;
  later.replace(0, 2, "01");
  EXPECT_TRUE(parse_traceparent(later + "-what-comes").has_value());
  const std::vector<std::string> bad = {"",
                                        valid + "-more",
                                        later + "x",
                                        "ff" + valid.substr(2),
                                        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                        valid.substr(1)};
  for (const std::string& text : bad) EXPECT_FALSE(parse_traceparent(text).has_value()) << text;
}

TEST(Request, QueriesHoldDeclaredNamesOnce) {
  const RouteInfo& route = *match(Method::get, "/v1/transactions").route;
  const auto query = Query::parse("shop=DE%2D001+x&&limit=5&register=", route);
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(*query->find("shop"), "DE-001 x");
  EXPECT_EQ(*query->find("limit"), "5");
  EXPECT_EQ(query->find("register"), nullptr) << "empty is absent";
  for (const std::string_view bad :
       {"colour=red", "shop=a&shop=b", "shop=%zz", "shop=%", "=x", "shop=%00", "shop=%ff"}) {
    EXPECT_FALSE(Query::parse(bad, route).has_value()) << bad;
  }
}

TEST(Request, MediaTypesAndAcceptAreMatched) {
  EXPECT_TRUE(is_media_type("Application/JSON; charset=UTF-8", "application/json"));
  EXPECT_FALSE(is_media_type("application/json; charset=latin1", "application/json"));
  EXPECT_FALSE(is_media_type("", "application/json"));
  const RouteInfo& metrics = *match(Method::get, "/metrics").route;
  const auto chosen = [&](std::vector<std::string_view> accepts) {
    runtime::HttpRequest request;
    for (const std::string_view accept : accepts) request.headers.emplace_back("accept", accept);
    return negotiate(request, metrics);
  };
  EXPECT_EQ(chosen({}), "text/plain");
  EXPECT_EQ(chosen({"application/openmetrics-text;version=1.0.0"}), "application/openmetrics-text");
  EXPECT_EQ(chosen({"image/png", "text/*;q=0.5"}), "text/plain");
  EXPECT_EQ(chosen({"text/plain;q=0, */*;q=0.0"}), "");
  EXPECT_EQ(chosen({"image/png"}), "");
}

TEST(Request, CorrelationIdsAreShortAndSafe) {
  EXPECT_TRUE(is_correlation_id("till-3:2026.11_a"));
  EXPECT_TRUE(is_correlation_id(std::string(64, 'a')));
  for (const std::string_view bad : {"", "a b", "a\nb", "<x>", "\xc3\xa9"}) {
    EXPECT_FALSE(is_correlation_id(bad)) << bad;
  }
  EXPECT_FALSE(is_correlation_id(std::string(65, 'a')));
}

}  // namespace
}  // namespace crossfoot::edge
