#include "runtime/http_client.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

#include "runtime/shard.h"
#include "runtime/test_peer.h"

namespace crossfoot::runtime {
namespace {

using namespace std::chrono_literals;
using test::Listener;
using test::Peer;

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nX-Name: v\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view get_end = "\r\n\r\n";

/// A client on a shard of its own; results come as futures.
class Client {
 public:
  explicit Client(const std::string& url, HttpClientLimits limits = {}) {
    shard_.start();
    shard_.run([&] { client_ = std::make_unique<HttpClient>(shard_.context(), url, limits); });
  }
  ~Client() {
    close();
    shard_.stop(10s);
  }

  std::future<Result<HttpAnswer>> call(HttpCall call) {
    auto promise = std::make_shared<std::promise<Result<HttpAnswer>>>();
    shard_.run([&] {
      client_->call(std::move(call), [promise](Result<HttpAnswer> result) {
        promise->set_value(std::move(result));
      });
    });
    return promise->get_future();
  }
  std::future<Result<HttpAnswer>> get(Duration deadline = 10s) {
    return call({.method = Method::get, .target = "/g", .deadline = deadline});
  }
  HttpClient::Stats stats() {
    HttpClient::Stats stats;
    shard_.run([&] { stats = client_->stats(); });
    return stats;
  }
  void close() {
    shard_.run([&] { client_.reset(); });
  }
  /// On the shard's thread.
  void destroy() { client_.reset(); }
  Shard& shard() { return shard_; }
  HttpClient& client() { return *client_; }

 private:
  Shard shard_{[](const std::exception_ptr&) {}};
  std::unique_ptr<HttpClient> client_;
};

FaultClass fault_class(std::future<Result<HttpAnswer>> result) {
  const Result<HttpAnswer> value = result.get();
  EXPECT_FALSE(value.has_value());
  return value ? FaultClass::corrupt : value.error().fault_class;
}

TEST(HttpClient, sends_the_call_as_it_was_given) {
  // Goal: request line with the base's prefix, Host, headers, length and body; the answer comes
  // back with lower-case names.
  Listener listener;
  Client client(listener.url() + "/base/");
  auto result = client.call({.target = "/p?q", .headers = {{"X-A", "1"}}, .body = "body"});
  Peer server = listener.accept();
  EXPECT_EQ(server.receive_until("body"),
            "POST /base/p?q HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(listener.port()) +
                "\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nbody");
  server.send(ok);
  const Result<HttpAnswer> answer = result.get();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->header("x-name"), "v");
  EXPECT_EQ(answer->body, "ok");
}

TEST(HttpClient, uses_a_connection_again) {
  // Goal: calls one after the other share one connection; `localhost` needs no resolver.
  Listener listener;
  Client client("http://localhost:" + std::to_string(listener.port()));
  auto first = client.get();
  Peer server = listener.accept();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(server.receive_until(get_end).empty());
    server.send(ok);
    EXPECT_TRUE(first.get().has_value());
    if (i < 2) first = client.get();
  }
  const HttpClient::Stats stats = client.stats();
  EXPECT_EQ(stats.connects_total, 1U);
  EXPECT_EQ(stats.connections_open, 1U);
  EXPECT_EQ(stats.calls_total, 3U);
  EXPECT_EQ(stats.calls_in_flight, 0U);
}

TEST(HttpClient, reads_chunks_interim_answers_head_and_answers_that_end_with_the_connection) {
  // Goal: every framing of an answer is understood on real sockets.
  Listener listener;
  Client client(listener.url());
  auto result = client.get();
  Peer server = listener.accept();
  server.receive_until(get_end);
  server.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n");
  server.send("\r\n2\r\nab\r\n");
  server.send("1\r\nc\r\n0\r\n\r\n");
  EXPECT_EQ(result.get()->body, "abc");
  result = client.call({.method = Method::head, .target = "/"});
  server.receive_until(get_end);
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(result.get()->status, 200);
  result = client.get();
  server.receive_until(get_end);
  server.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end");
  server.close();
  EXPECT_EQ(result.get()->body, "to the end");
  EXPECT_EQ(client.stats().connections_open, 0U);
}

TEST(HttpClient, calls_transient_what_never_left) {
  // Goal: a refused connection fails every waiting call as transient: nothing was sent.
  Listener listener;
  const std::string url = listener.url();
  listener.close();
  Client client(url, {.connections_max = 1});
  auto first = client.get();
  auto second = client.get();
  EXPECT_EQ(fault_class(std::move(first)), FaultClass::transient);
  EXPECT_EQ(fault_class(std::move(second)), FaultClass::transient);
  EXPECT_EQ(client.stats().calls_waiting, 0U);
}

TEST(HttpClient, calls_deadline_what_waited_too_long_for_a_connection) {
  // Goal: a call behind a busy connection ends with `deadline`, sends nothing, and does not disturb
  // the call before it.
  Listener listener;
  Client client(listener.url(), {.connections_max = 1});
  auto busy = client.get();
  Peer server = listener.accept();
  server.receive_until(get_end);
  auto late = client.call({.target = "/late", .deadline = 10ms});
  EXPECT_EQ(fault_class(std::move(late)), FaultClass::deadline);
  server.send(ok);
  EXPECT_TRUE(busy.get().has_value());
  auto next = client.get();
  EXPECT_TRUE(server.receive_until(get_end).starts_with("GET /g "));
  server.send(ok);
  EXPECT_TRUE(next.get().has_value());
  EXPECT_EQ(fault_class(client.get(0ms)), FaultClass::deadline);
}

TEST(HttpClient, serves_waiting_calls_first_come_first) {
  // Goal: calls reach the peer in the order in which they were made.
  Listener listener;
  Client client(listener.url(), {.connections_max = 1});
  std::vector<std::future<Result<HttpAnswer>>> results;
  for (const char* target : {"/1", "/2", "/3"}) {
    results.push_back(client.call({.method = Method::get, .target = target}));
  }
  Peer server = listener.accept();
  for (const std::string target : {"/1", "/2", "/3"}) {
    EXPECT_TRUE(server.receive_until(get_end).starts_with("GET " + target + " "));
    server.send(ok);
  }
  for (auto& result : results) EXPECT_TRUE(result.get().has_value());
}

TEST(HttpClient, does_not_know_the_outcome_once_a_byte_has_left) {
  // Goal: a peer that closes before reading, after reading, inside the answer, or answers nonsense
  // or too much leaves the outcome unknown, and nothing is sent a second time.
  struct Case {
    std::string_view what;
    bool reads;
    std::string answer;
  };
  for (const Case& fault : {
           Case{"before reading", false, ""},
           Case{"after reading", true, ""},
           Case{"inside the status line", true, "HTTP/1.1 2"},
           Case{"inside the body", true, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"},
           Case{"inside a chunk", true,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
           Case{"nonsense", true, "nonsense\r\n\r\n"},
           Case{"too much", true, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"},
       }) {
    Listener listener;
    Client client(listener.url(), {.answer_bytes_max = 1000});
    auto result = client.call({.target = "/", .body = "x"});
    Peer server = listener.accept();
    ASSERT_TRUE(server.await_readable());
    if (fault.reads) server.receive_until("x");
    server.send(fault.answer);
    server.close();
    EXPECT_EQ(fault_class(std::move(result)), FaultClass::unknown_outcome) << fault.what;
    EXPECT_EQ(client.stats().connects_total, 1U) << fault.what;
    EXPECT_EQ(client.stats().connections_open, 0U) << fault.what;
  }
}

TEST(HttpClient, gives_up_at_the_deadline_and_drops_the_connection) {
  // Goal: after the deadline the outcome is unknown, and a late answer can reach no later call.
  Listener listener;
  Client client(listener.url());
  auto result = client.get(10ms);
  Peer server = listener.accept();
  server.receive_until(get_end);
  EXPECT_EQ(fault_class(std::move(result)), FaultClass::unknown_outcome);
  EXPECT_TRUE(server.ended());
  server.send(ok);
  auto next = client.get();
  Peer second = listener.accept();
  second.receive_until(get_end);
  second.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(next.get()->status, 201);
}

TEST(HttpClient, replaces_an_idle_connection_that_the_peer_has_closed) {
  // Goal: a kept connection that is closed, or on which unasked bytes came, is not written to; the
  // call goes over a new one without a fault.
  for (const std::string_view last_words : {"", "HTTP/1.1 408 Request Timeout\r\n\r\n"}) {
    Listener listener;
    Client client(listener.url());
    auto first = client.get();
    Peer server = listener.accept();
    server.receive_until(get_end);
    server.send(ok);
    EXPECT_TRUE(first.get().has_value());
    server.send(last_words);
    server.close();
    auto second = client.get();
    Peer replacement = listener.accept();
    replacement.receive_until(get_end);
    replacement.send(ok);
    EXPECT_TRUE(second.get().has_value());
    EXPECT_EQ(client.stats().connects_total, 2U);
  }
}

TEST(HttpClient, closes_connections_that_nobody_uses) {
  // Goal: an idle connection ends at its time-out.
  Listener listener;
  Client client(listener.url(), {.idle_timeout = 10ms});
  auto first = client.get();
  Peer server = listener.accept();
  server.receive_until(get_end);
  server.send(ok);
  EXPECT_TRUE(first.get().has_value());
  EXPECT_TRUE(server.ended());
}

TEST(HttpClient, takes_an_answer_that_comes_before_the_call_was_written) {
  // Goal: a peer that refuses a large body at once and closes is heard.
  Listener listener;
  Client client(listener.url());
  auto result = client.call({.target = "/", .body = std::string(32 << 20, 'x')});
  Peer server = listener.accept();
  ASSERT_TRUE(server.await_readable());
  server.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(result.get()->status, 413);
  EXPECT_EQ(client.stats().connections_open, 0U);
}

TEST(HttpClient, rejects_calls_that_would_break_the_framing) {
  // Goal: line ends in headers, framing headers and malformed targets never reach the wire.
  Listener listener;
  Client client(listener.url());
  for (const HttpCall& call : {
           HttpCall{.target = "/", .headers = {{"X", "a\r\nY: b"}}},
           HttpCall{.target = "/", .headers = {{"X Y", "a"}}},
           HttpCall{.target = "/", .headers = {{"content-length", "1"}}},
           HttpCall{.target = "/", .headers = {{"Transfer-Encoding", "chunked"}}},
           HttpCall{.target = "no slash"},
           HttpCall{.target = "/a b"},
       }) {
    EXPECT_EQ(fault_class(client.call(call)), FaultClass::rejected);
  }
  EXPECT_EQ(client.stats().connects_total, 0U);
  Client lost("ftp://127.0.0.1/");
  EXPECT_EQ(fault_class(lost.get()), FaultClass::rejected);
}

TEST(HttpClient, limits_the_calls_that_wait) {
  // Goal: beyond the limit a call fails at once as transient.
  Listener listener;
  Client client(listener.url(), {.connections_max = 1, .calls_waiting_max = 1});
  auto busy = client.get();
  Peer server = listener.accept();
  server.receive_until(get_end);
  auto waiting = client.get();
  EXPECT_EQ(fault_class(client.get()), FaultClass::transient);
  server.send(ok);
  server.receive_until(get_end);
  server.send(ok);
  EXPECT_TRUE(busy.get().has_value());
  EXPECT_TRUE(waiting.get().has_value());
}

TEST(HttpClient, answers_every_call_before_it_is_gone) {
  // Goal: the destructor ends what is in flight as unknown and what waits as cancelled.
  Listener listener;
  Client client(listener.url(), {.connections_max = 1});
  auto in_flight = client.get();
  Peer server = listener.accept();
  server.receive_until(get_end);
  auto waiting = client.get();
  client.close();
  ASSERT_EQ(in_flight.wait_for(0s), std::future_status::ready);
  ASSERT_EQ(waiting.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(fault_class(std::move(in_flight)), FaultClass::unknown_outcome);
  EXPECT_EQ(fault_class(std::move(waiting)), FaultClass::cancelled);
}

TEST(HttpClient, never_answers_inside_the_call) {
  // Goal: `done` runs after `call` has returned, also for a fault that is known at once, and may
  // start another call.
  Listener listener;
  Client client(listener.url());
  std::promise<bool> answered;
  client.shard().run([&] {
    auto inside = std::make_shared<bool>(true);
    client.client().call({.target = "no slash"}, [&, inside](const Result<HttpAnswer>&) {
      client.client().call({.target = "no slash either"},
                           [&, was_inside = *inside](const Result<HttpAnswer>&) {
                             answered.set_value(!was_inside);
                           });
    });
    *inside = false;
  });
  EXPECT_TRUE(answered.get_future().get());
}

TEST(HttpClient, may_be_destroyed_by_an_answer) {
  // Goal: the client may end inside `done`; another call in flight is then answered as unknown.
  Listener listener;
  Client client(listener.url());
  auto other = client.get();
  Peer first = listener.accept();
  first.receive_until(get_end);
  std::promise<int> answered;
  client.shard().run([&] {
    client.client().call({.target = "/last"}, [&](Result<HttpAnswer> result) {
      client.destroy();
      answered.set_value(result ? result->status : 0);
    });
  });
  Peer second = listener.accept();
  second.receive_until(get_end);
  second.send(ok);
  EXPECT_EQ(answered.get_future().get(), 200);
  EXPECT_EQ(fault_class(std::move(other)), FaultClass::unknown_outcome);
  EXPECT_TRUE(second.ended());
}

}  // namespace
}  // namespace crossfoot::runtime
