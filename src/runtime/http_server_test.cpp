#include "runtime/http_server.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <memory>
#include <stdexcept>

#include "runtime/shard.h"
#include "runtime/test_peer.h"

namespace crossfoot::runtime {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::Peer;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

/// A server on a shard of its own. Its handler echoes; `/wait` answers when the gate is opened,
/// `/throw` throws, `/big` answers 32 MB.
class Server {
 public:
  explicit Server(HttpServerLimits limits = {}) {
    shard_.start();
    shard_.run([&] {
      gate_ = std::make_unique<asio::steady_timer>(shard_.context(),
                                                   asio::steady_timer::time_point::max());
      server_ = std::make_unique<HttpServer>(
          shard_.context(), limits, [this](const HttpRequest& request) { return handle(request); },
          [](int status, std::string_view cause) {
            return HttpResponse{.status = status, .body = "refused: " + std::string(cause)};
          });
      port_ = server_->listen("127.0.0.1", 0).value();
    });
  }
  ~Server() {
    stop(0us).wait();
    shard_.run([&] { server_.reset(); });
    shard_.stop(10s);
  }

  Peer connect() { return Peer::connect(port_); }
  std::future<void> stop(Duration grace) {
    return asio::co_spawn(shard_.context(), server_->stop(grace), asio::use_future);
  }
  void open_gate() {
    shard_.run([&] { gate_->cancel(); });
  }
  HttpServer::Stats stats() {
    HttpServer::Stats stats;
    shard_.run([&] { stats = server_->stats(); });
    return stats;
  }
  std::future<void> entered() { return entered_.get_future(); }
  std::future<void> cancelled() { return cancelled_.get_future(); }

 private:
  asio::awaitable<HttpResponse> handle(const HttpRequest& request) {
    if (request.path == "/throw") throw std::runtime_error("the handler's own words");
    if (request.path == "/wait") co_await wait_for_gate();
    if (request.path == "/big") co_return HttpResponse{.body = std::string(32 << 20, 'b')};
    HttpResponse response{.body = std::to_string(static_cast<int>(request.method)) + " " +
                                  std::string(request.target) + " " + std::string(request.body)};
    if (request.path == "/header") response.headers = {{"X-Echo", "a\r\nSet-Cookie: b"}};
    if (request.path == "/close") response.close = true;
    co_return response;
  }
  asio::awaitable<void> wait_for_gate() {
    entered_.set_value();
    boost::system::error_code error;
    co_await gate_->async_wait(asio::redirect_error(asio::use_awaitable, error));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) cancelled_.set_value();
  }

  Shard shard_{[](const std::exception_ptr&) {}};
  std::unique_ptr<asio::steady_timer> gate_;
  std::unique_ptr<HttpServer> server_;
  std::promise<void> entered_;
  std::promise<void> cancelled_;
  std::uint16_t port_ = 0;
};

TEST(HttpServer, keeps_a_connection_for_many_requests) {
  // Goal: requests follow each other on one connection, and the server counts them.
  Server server;
  Peer peer = server.connect();
  for (const std::string_view body : {"one", "", "three"}) {
    peer.send(post("/x?y", body));
    const auto answer = peer.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "2 /x?y " + std::string(body));
    EXPECT_EQ(answer->header("content-type"), "application/json");
    EXPECT_EQ(answer->header("date").size(), 29U);
    EXPECT_EQ(answer->header("server"), "");
  }
  const HttpServer::Stats stats = server.stats();
  EXPECT_EQ(stats.requests_total, 3U);
  EXPECT_EQ(stats.connections_total, 1U);
  EXPECT_EQ(stats.refused_total, 0U);
  EXPECT_EQ(stats.body_bytes_in_flight, 0U);
}

TEST(HttpServer, answers_pipelined_requests_in_order) {
  // Goal: a later request does not overtake one whose handler is slow.
  Server server;
  Peer peer = server.connect();
  peer.send(post("/wait", "") + post("/second", "b") + post("/third", "c"));
  server.entered().wait();
  server.open_gate();
  EXPECT_EQ(peer.answer()->body, "2 /wait ");
  EXPECT_EQ(peer.answer()->body, "2 /second b");
  EXPECT_EQ(peer.answer()->body, "2 /third c");
}

TEST(HttpServer, takes_chunked_and_large_bodies) {
  // Goal: a chunked body and one of 3 MB, sent in pieces, arrive whole.
  Server server;
  Peer peer = server.connect();
  peer.send("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  peer.send("lo\r\n0\r\n\r\n");
  EXPECT_EQ(peer.answer()->body, "2 /c hello");
  const std::string large(3 << 20, 'x');
  peer.send(post("/l", large));
  EXPECT_EQ(peer.answer()->body, "2 /l " + large);
}

TEST(HttpServer, passes_every_method_to_the_handler) {
  // Goal: HEAD has headers only, OPTIONS and unknown methods are the handler's business.
  Server server;
  Peer peer = server.connect();
  peer.send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto head = peer.answer(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-length"), "5");  // of "1 /h "
  EXPECT_EQ(head->body, "");
  peer.send("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(peer.answer()->body, "6 * ");
  peer.send("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(peer.answer()->body, "7 /pot ");
}

TEST(HttpServer, closes_when_either_side_says_so) {
  // Goal: HTTP/1.0, `Connection: close` and the handler's wish each end the connection in order.
  Server server;
  for (const std::string_view request :
       {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET /close HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    Peer peer = server.connect();
    peer.send(request);
    const auto answer = peer.answer();
    ASSERT_TRUE(answer) << request;
    EXPECT_EQ(answer->header("connection"), "close") << request;
    EXPECT_TRUE(peer.ended()) << request;
  }
  Peer peer = server.connect();
  peer.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(peer.answer()->header("connection"), "keep-alive");
  peer.send(get);
  EXPECT_TRUE(peer.answer());
}

TEST(HttpServer, invites_the_body_that_waits_for_it) {
  // Goal: `Expect: 100-continue` is answered before the body, once, and not when it is too large.
  Server server({.body_bytes_max = 10});
  Peer peer = server.connect();
  peer.send("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(peer.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("ok");
  EXPECT_EQ(peer.answer()->body, "2 /e ok");
  peer.send("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(peer.answer()->status, 413);
  EXPECT_TRUE(peer.ended());
}

TEST(HttpServer, refuses_and_closes) {
  // Goal: what the parser refuses is answered by the refusal, counted, and the connection closed,
  // also when more bytes were sent than anybody reads.
  Server server({.header_bytes_max = 512, .body_bytes_max = 1000});
  struct Case {
    std::string bytes;
    int status;
  };
  for (const Case& refused : {
           Case{"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
           Case{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                400},
           Case{"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505},
           Case{"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(600, 'x') + "\r\n\r\n", 431},
           Case{post("/", std::string(200'000, 'x')), 413},
       }) {
    Peer peer = server.connect();
    peer.send(refused.bytes);
    const auto answer = peer.answer();
    ASSERT_TRUE(answer) << refused.bytes.substr(0, 80);
    EXPECT_EQ(answer->status, refused.status);
    EXPECT_TRUE(answer->body.starts_with("refused: "));
    EXPECT_EQ(answer->header("connection"), "close");
    EXPECT_TRUE(peer.ended());
  }
  EXPECT_EQ(server.stats().refused_total, 5U);
  EXPECT_EQ(server.stats().requests_total, 0U);
}

TEST(HttpServer, answers_what_was_good_before_a_refusal) {
  // Goal: a malformed request does not take the pipelined one before it along.
  Server server;
  Peer peer = server.connect();
  peer.send(std::string(get) + "nonsense\r\n\r\n" + std::string(get));
  EXPECT_EQ(peer.answer()->status, 200);
  EXPECT_EQ(peer.answer()->status, 400);
  EXPECT_TRUE(peer.ended());
}

TEST(HttpServer, limits_bytes_over_all_connections) {
  // Goal: bodies that would exceed the common limit are refused with 503, and room comes back.
  Server server({.body_bytes_in_flight_max = 1000});
  Peer first = server.connect();
  first.send(post("/wait", std::string(600, 'x')));
  server.entered().wait();
  EXPECT_EQ(server.stats().body_bytes_in_flight, 600U);
  Peer second = server.connect();
  second.send(post("/", std::string(600, 'x')));
  EXPECT_EQ(second.answer()->status, 503);
  EXPECT_TRUE(second.ended());
  server.open_gate();
  EXPECT_EQ(first.answer()->status, 200);
  first.send(post("/", std::string(600, 'x')));
  EXPECT_EQ(first.answer()->status, 200);
}

TEST(HttpServer, limits_connections) {
  // Goal: a connection beyond the limit is told 503, and a place that comes free can be taken.
  Server server({.connections_max = 1});
  {
    Peer first = server.connect();
    first.send(get);
    EXPECT_EQ(first.answer()->status, 200);
    Peer second = server.connect();
    EXPECT_EQ(second.answer()->status, 503);
    EXPECT_TRUE(second.ended());
  }
  for (;;) {  // until the server has noticed that both are gone
    Peer third = server.connect();
    third.send(get);
    const auto answer = third.answer();
    if (answer && answer->status == 200) break;
  }
}

TEST(HttpServer, does_not_wait_for_slow_senders) {
  // Goal: a slow header and a slow body get 408, an idle connection is closed without a word.
  Server server({.header_timeout = 20ms, .idle_timeout = 20ms});
  Peer header = server.connect();
  header.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_EQ(header.answer()->status, 408);
  EXPECT_TRUE(header.ended());
  Peer body = server.connect();
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na");
  const auto answer = body.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_EQ(answer->body, "refused: body too slow");
  Peer idle = server.connect();
  EXPECT_EQ(idle.receive(), "");
  EXPECT_EQ(server.stats().refused_total, 2U);
}

TEST(HttpServer, does_not_wait_for_slow_readers) {
  // Goal: a peer that does not read its answer loses the connection at the write time-out.
  Server server({.write_timeout = 20ms, .body_bytes_per_second_min = 1UL << 40});
  Peer peer = server.connect();
  peer.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
  while (server.stats().requests_total == 0 || server.stats().connections_open != 0) {
  }
  EXPECT_FALSE(peer.answer());  // the tail was never sent
}

TEST(HttpServer, sends_large_answers_whole) {
  // Goal: an answer larger than the socket's buffer arrives complete, and the connection stays.
  Server server;
  Peer peer = server.connect();
  peer.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(get));
  EXPECT_EQ(peer.answer()->body.size(), 32U << 20);
  EXPECT_EQ(peer.answer()->status, 200);
}

TEST(HttpServer, survives_a_handler_that_throws) {
  // Goal: an exception becomes a 500 by way of the refusal; the server goes on.
  Server server;
  Peer peer = server.connect();
  peer.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = peer.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body, "refused: the handler's own words");
  EXPECT_TRUE(peer.ended());
  Peer next = server.connect();
  next.send(get);
  EXPECT_EQ(next.answer()->status, 200);
}

TEST(HttpServer, keeps_line_ends_out_of_headers) {
  // Goal: a header value cannot start another header.
  Server server;
  Peer peer = server.connect();
  peer.send("GET /header HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = peer.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("x-echo"), "a  Set-Cookie: b");
  EXPECT_EQ(answer->header("set-cookie"), "");
}

TEST(HttpServer, bears_a_peer_that_leaves_at_any_point) {
  // Goal: a connection closed inside header, body or answer disturbs nobody.
  Server server;
  for (const std::string_view bytes :
       {"", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab",
        "GET /big HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    Peer peer = server.connect();
    peer.send(bytes);
    peer.close();
  }
  Peer peer = server.connect();
  peer.send(get);
  EXPECT_EQ(peer.answer()->status, 200);
}

TEST(HttpServer, finishes_running_requests_when_it_stops) {
  // Goal: stop closes idle connections, lets a running request end, and tells it to close.
  Server server;
  Peer idle = server.connect();
  idle.send(get);
  EXPECT_TRUE(idle.answer());
  Peer busy = server.connect();
  busy.send(post("/wait", ""));
  server.entered().wait();
  std::future<void> stopped = server.stop(10s);
  EXPECT_TRUE(idle.ended());
  server.open_gate();
  const auto answer = busy.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "2 /wait ");
  EXPECT_EQ(answer->header("connection"), "close");
  busy.close();
  stopped.wait();
  EXPECT_EQ(server.stats().connections_open, 0U);
}

TEST(HttpServer, cancels_what_outlasts_the_grace) {
  // Goal: after the grace the connection is closed and its handler told to give up.
  Server server;
  Peer busy = server.connect();
  busy.send(post("/wait", ""));
  server.entered().wait();
  std::future<void> cancelled = server.cancelled();
  server.stop(1ms).wait();
  EXPECT_TRUE(busy.ended());
  EXPECT_EQ(cancelled.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(server.stats().connections_open, 0U);
}

TEST(HttpServer, says_why_it_cannot_listen) {
  // Goal: a taken port and a malformed address are faults, not aborts.
  asio::io_context context;
  test::Listener taken;
  const auto answer = [](const HttpRequest&) -> asio::awaitable<HttpResponse> {
    co_return HttpResponse{};
  };
  const auto refusal = [](int, std::string_view) { return HttpResponse{}; };
  HttpServer server(context, {}, answer, refusal);
  EXPECT_EQ(server.listen("127.0.0.1", taken.port()).error().fault_class, FaultClass::transient);
  EXPECT_FALSE(server.listen("not an address", 0));
}

}  // namespace
}  // namespace crossfoot::runtime
