#include "runtime/http_parse.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace crossfoot::runtime {
namespace {

constexpr HttpServerLimits small{
    .header_bytes_max = 512, .headers_max = 8, .target_bytes_max = 64, .body_bytes_max = 1000};

TEST(RequestParser, gives_every_part_of_a_request) {
  // Goal: method, target, path, query, headers in lower case, and body come out as they were sent.
  RequestParser parser(small);
  ASSERT_EQ(parser.feed("POST /a%20b?x=1&y HTTP/1.1\r\nHost: h\r\nX-Thing:  v w \r\n"
                        "Content-Length: 5\r\n\r\nhello"),
            ParseStep::complete);
  const HttpRequest& request = parser.request();
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.target, "/a%20b?x=1&y");
  EXPECT_EQ(request.path, "/a%20b");
  EXPECT_EQ(request.query, "x=1&y");
  EXPECT_EQ(request.header("x-thing"), "v w");
  EXPECT_EQ(request.header("absent"), "");
  EXPECT_EQ(request.body, "hello");
  EXPECT_TRUE(parser.keep_alive());
}

TEST(RequestParser, finds_requests_wherever_the_bytes_are_cut) {
  // Goal: three pipelined requests, one of them chunked, give the same at every pair of cuts.
  const std::string stream =
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=\"y\"\r\nabc\r\n0a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
      "PUT /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nzz";
  const std::vector<std::string> expected{"/1:", "/2:abc0123456789", "/3:zz"};
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); second += 7) {
      RequestParser parser(small);
      std::vector<std::string> seen;
      const std::string_view whole = stream;
      for (const std::string_view part :
           {whole.substr(0, first), whole.substr(first, second - first), whole.substr(second)}) {
        ParseStep step = parser.feed(part);
        while (step == ParseStep::complete) {
          const HttpRequest& request = parser.request();
          EXPECT_EQ(request.header("trailer"), "");
          seen.push_back(std::string(request.target) + ":" + std::string(request.body));
          parser.next();
          step = parser.advance();
        }
        ASSERT_EQ(step, ParseStep::need_more) << first << " " << second;
      }
      ASSERT_EQ(seen, expected) << first << " " << second;
    }
  }
}

TEST(RequestParser, reads_a_chunked_body_byte_by_byte) {
  // Goal: the smallest possible pieces, also inside the last chunk, neither abort nor lose bytes.
  const std::string stream =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
  RequestParser parser(small);
  for (std::size_t i = 0; i + 1 < stream.size(); ++i) {
    ASSERT_EQ(parser.feed(stream.substr(i, 1)), ParseStep::need_more) << i;
  }
  ASSERT_EQ(parser.feed(stream.substr(stream.size() - 1)), ParseStep::complete);
  EXPECT_EQ(parser.request().body, "a");
}

TEST(RequestParser, keeps_chunk_framing_out_of_memory) {
  // Goal: a body of one-byte chunks is held at its own size, so the limit means what it says.
  RequestParser parser(small);
  ASSERT_EQ(parser.feed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ParseStep::need_more);
  for (int i = 0; i < 999; ++i) {
    ASSERT_EQ(parser.feed("1\r\nb\r\n"), ParseStep::need_more);
  }
  EXPECT_EQ(parser.feed("0\r\n\r\n"), ParseStep::complete);
  EXPECT_EQ(parser.request().body, std::string(999, 'b'));
}

TEST(RequestParser, understands_every_target_form_it_serves) {
  // Goal: absolute targets give their path, `*` stays, a lone authority keeps the root.
  const auto path_of = [](const std::string& target) {
    RequestParser parser(small);
    EXPECT_EQ(parser.feed("OPTIONS " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"),
              ParseStep::complete);
    const HttpRequest& request = parser.request();
    return std::string(request.path) + "|" + std::string(request.query);
  };
  EXPECT_EQ(path_of("/a?b"), "/a|b");
  EXPECT_EQ(path_of("*"), "*|");
  EXPECT_EQ(path_of("http://h/a?b"), "/a|b");
  EXPECT_EQ(path_of("http://h"), "/|");
  EXPECT_EQ(path_of("http://h?b"), "/|b");
}

struct Malformed {
  std::string what;
  std::string bytes;
  int status;
};

std::string with(const std::string& headers) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n\r\n";
}

std::vector<Malformed> malformed() {
  const std::string nul(1, '\0');
  const std::string chunked = with("Transfer-Encoding: chunked");
  return {
      {"no method", " / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"no target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"relative target", "GET a/b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"authority target", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"target outside ASCII", "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"HTTP/2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"TLS hello", "\x16\x03\x01\x02", 400},
      {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: h\n\n", 400},
      {"one bare line feed", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
      {"bare carriage return", with("X: a\rY: b"), 400},
      {"folded header", with("X: a\r\n b"), 400},
      {"indented first header", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"NUL in a value", with("X: a" + nul + "b"), 400},
      {"NUL in a name", with("X" + nul + ": b"), 400},
      {"space before the colon", with("X : b"), 400},
      {"no colon", with("Xb"), 400},
      {"empty name", with(": b"), 400},
      {"equal lengths twice", with("Content-Length: 1\r\nContent-Length: 1") + "a", 400},
      {"two lengths", with("Content-Length: 1\r\nContent-Length: 2") + "ab", 400},
      {"list of lengths", with("Content-Length: 1, 1") + "a", 400},
      {"signed length", with("Content-Length: +1") + "a", 400},
      {"negative length", with("Content-Length: -1"), 400},
      {"hexadecimal length", with("Content-Length: 0x1") + "a", 400},
      {"empty length", with("Content-Length:"), 400},
      {"length over 64 bits", with("Content-Length: 18446744073709551616"), 400},
      {"length then coding", with("Content-Length: 1\r\nTransfer-Encoding: chunked"), 400},
      {"coding then length", with("Transfer-Encoding: chunked\r\nContent-Length: 1"), 400},
      {"two codings", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {"list of codings", with("Transfer-Encoding: gzip, chunked"), 501},
      {"disguised coding",
       with("Transfer-Encoding: \x0b"
            "chunked"),
       400},
      {"identity coding", with("Transfer-Encoding: identity"), 501},
      {"coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"unknown expectation", with("Expect: tea"), 417},
      {"chunk size empty", chunked + "\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk size not hexadecimal", chunked + "xy\r\nabc\r\n", 400},
      {"chunk size signed", chunked + "-1\r\nabc\r\n", 400},
      {"chunk size prefixed", chunked + "0x3\r\nabc\r\n\r\n", 400},
      {"chunk size over 64 bits", chunked + "10000000000000000\r\n", 400},
      {"chunk ends with bare line feed", chunked + "3\nabc\r\n0\r\n\r\n", 400},
      {"chunk longer than stated", chunked + "3\r\nabcd\r\n0\r\n\r\n", 400},
      {"chunk line endless", chunked + "3;" + std::string(5000, 'x'), 400},
      {"trailers endless", chunked + "0\r\nX: " + std::string(5000, 'x'), 400},
      {"trailer folded into nonsense", chunked + "0\r\nX\r\n\r\n", 400},
      {"body announced too large", with("Content-Length: 1001"), 413},
      {"chunk announced too large", chunked + "3e9\r\n", 413},
      {"header too large", with("X: " + std::string(600, 'x')), 431},
      {"header endless", "GET / HTTP/1.1\r\nX: " + std::string(600, 'x'), 431},
      {"too many headers", with("A:1\r\nB:1\r\nC:1\r\nD:1\r\nE:1\r\nF:1\r\nG:1\r\nH:1"), 431},
      {"target too long", "GET /" + std::string(64, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
  };
}

TEST(RequestParser, refuses_what_two_readers_could_read_differently) {
  // Goal: each malformed or oversize message is refused with its status, whole or byte by byte.
  for (const Malformed& message : malformed()) {
    RequestParser whole(small);
    ASSERT_EQ(whole.feed(message.bytes), ParseStep::refused) << message.what;
    EXPECT_EQ(whole.refusal().status, message.status)
        << message.what << ": " << whole.refusal().cause;
    EXPECT_FALSE(whole.refusal().cause.empty()) << message.what;

    RequestParser slow(small);
    ParseStep step = ParseStep::need_more;
    for (std::size_t i = 0; i < message.bytes.size() && step == ParseStep::need_more; ++i) {
      step = slow.feed(message.bytes.substr(i, 1));
    }
    ASSERT_EQ(step, ParseStep::refused) << message.what;
    EXPECT_EQ(slow.refusal().status, message.status) << message.what;
  }
}

TEST(RequestParser, accepts_what_is_unusual_but_plain) {
  // Goal: the refusals do not reach well-formed neighbours.
  for (const std::string& bytes : {
           std::string("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
           std::string("GET / HTTP/1.0\r\n\r\n"),
           with("Content-Length: 0"),
           with("Content-Length: 000"),
           with("X:"),
           with("X: caf\xc3\xa9"),
           with("transfer-encoding: Chunked") + "0\r\n\r\n",
           with("Content-Length: 1000") + std::string(1000, 'x'),
       }) {
    RequestParser parser(small);
    EXPECT_EQ(parser.feed(bytes), ParseStep::complete) << bytes << parser.refusal().cause;
  }
}

TEST(RequestParser, knows_who_keeps_the_connection) {
  // Goal: persistence follows version and Connection header.
  const auto keeps = [](const std::string& version, const std::string& header) {
    RequestParser parser(small);
    EXPECT_EQ(parser.feed("GET / HTTP/" + version + "\r\nHost: h\r\n" + header + "\r\n"),
              ParseStep::complete);
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST(AnswerParser, reads_every_framing) {
  // Goal: length, chunks, end of connection, no body, and interim answers give the same answer.
  const auto body_of = [](std::string_view bytes, bool to_head, bool end) {
    AnswerParser parser(1000);
    parser.expect(to_head);
    ParseStep step = ParseStep::need_more;
    for (const char& byte : bytes) step = parser.feed({&byte, 1});
    if (end) step = parser.end();
    EXPECT_EQ(step, ParseStep::complete) << bytes << parser.cause();
    return parser.take().body;
  };
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false, false), "abc");
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                    false, false),
            "abc");
  EXPECT_EQ(body_of("HTTP/1.0 200 OK\r\n\r\nabc", false, true), "abc");
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, false), "");
  EXPECT_EQ(body_of("HTTP/1.1 204 No Content\r\n\r\n", false, false), "");
  EXPECT_EQ(body_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
                    false, false),
            "abc");
}

TEST(AnswerParser, refuses_short_malformed_and_oversize_answers) {
  // Goal: nothing but a complete answer is ever taken for one.
  for (const std::string_view bytes :
       {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "garbage garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
    AnswerParser parser(1000);
    ParseStep step = parser.feed(bytes);
    if (step == ParseStep::need_more) step = parser.end();
    EXPECT_EQ(step, ParseStep::refused) << bytes;
    EXPECT_FALSE(parser.cause().empty());
  }
}

TEST(AnswerParser, says_when_the_connection_cannot_be_used_again) {
  // Goal: `Connection: close` and bytes that nobody asked for end the connection.
  const auto reusable = [](std::string_view bytes) {
    AnswerParser parser(1000);
    EXPECT_EQ(parser.feed(bytes), ParseStep::complete);
    return parser.reusable();
  };
  EXPECT_TRUE(reusable("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(reusable("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(reusable("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

}  // namespace
}  // namespace crossfoot::runtime
