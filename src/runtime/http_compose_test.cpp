#include "runtime/http_compose.h"

#include <gtest/gtest.h>

namespace crossfoot::runtime {
namespace {

TEST(HttpDate, has_the_form_of_the_standard) {
  // Goal: RFC 9110's own example, the epoch and a leap day.
  EXPECT_EQ(http_date({784111777'000'000}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date({0}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date({1709164800'999'999}), "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST(ComposeHead, states_length_and_type_where_they_belong) {
  // Goal: a body has both, an empty one a length only, 204 and 304 neither.
  const auto head = [](int status, const std::string& body) {
    std::string out;
    compose_head(out, {.status = status, .body = body}, {.date = "D"});
    return out;
  };
  EXPECT_EQ(head(200, "abc"),
            "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: application/json\r\n"
            "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(head(202, ""), "HTTP/1.1 202 Accepted\r\nDate: D\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(head(204, ""), "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
  EXPECT_EQ(head(304, ""), "HTTP/1.1 304 Not Modified\r\nDate: D\r\n\r\n");
  EXPECT_TRUE(head(299, "").starts_with("HTTP/1.1 299 Status\r\n"));
}

TEST(CarriesBody, follows_status_and_method) {
  // Goal: no body after HEAD, 204 and 304.
  EXPECT_TRUE(carries_body(200, {}));
  EXPECT_TRUE(carries_body(500, {}));
  EXPECT_FALSE(carries_body(200, {.to_head = true}));
  EXPECT_FALSE(carries_body(204, {}));
  EXPECT_FALSE(carries_body(304, {}));
}

TEST(ComposeCall, states_a_length_only_where_a_body_may_be) {
  // Goal: GET has no Content-Length, an empty POST says 0.
  std::string out;
  ASSERT_TRUE(compose_call(out, {.method = Method::get, .target = "/a"}, "", "h:1"));
  EXPECT_EQ(out, "GET /a HTTP/1.1\r\nHost: h:1\r\n\r\n");
  out.clear();
  ASSERT_TRUE(compose_call(out, {.method = Method::delete_, .target = "/a"}, "/p", "h"));
  EXPECT_EQ(out, "DELETE /p/a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace crossfoot::runtime
