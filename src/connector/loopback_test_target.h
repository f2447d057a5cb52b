#pragma once

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <string>
#include <vector>

#include "connector/targets.h"
#include "runtime/asio_scheduler.h"
#include "runtime/files.h"
#include "runtime/http_server.h"

namespace crossfoot::connector {

/// What the target saw of a request.
struct SeenRequest {
  runtime::Method method;
  std::string target;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

/// A target on loopback that answers by script and keeps what it was asked.
class LoopbackTarget {
 public:
  LoopbackTarget()
      : server_(
            context, runtime::HttpServerLimits{},
            [this](const runtime::HttpRequest& request) { return handle(request); },
            [](int status, std::string_view) { return runtime::HttpResponse{.status = status}; }) {
    const auto port = server_.listen("127.0.0.1", 0);
    EXPECT_TRUE(port);
    url = "http://127.0.0.1:" + std::to_string(port.value_or(0));
  }

  void answer(int status, std::string body,
              std::vector<std::pair<std::string, std::string>> headers = {}) {
    script_.push_back({.status = status, .body = std::move(body), .headers = std::move(headers)});
  }
  /// The next request gets no answer.
  void stay_silent() { script_.push_back({.status = 0}); }

  /// Runs the shard until `done` holds.
  template <class Predicate>
  void run_until(Predicate done) {
    while (!done()) {
      if (context.stopped()) context.restart();
      ASSERT_GT(context.run_one(), 0U) << "nothing is left to wait for";
    }
  }

  [[nodiscard]] std::unique_ptr<Targets> targets(std::shared_ptr<const Pack> pack,
                                                 const SecretLookup& secrets) {
    auto made = Targets::create(context, scheduler, {{"it", std::move(pack), url}}, secrets);
    EXPECT_TRUE(made) << (made ? "" : made.error().cause);
    return made ? std::move(*made) : nullptr;
  }

  boost::asio::io_context context;
  runtime::AsioScheduler scheduler{context};
  std::string url;
  std::vector<SeenRequest> seen;

 private:
  boost::asio::awaitable<runtime::HttpResponse> handle(const runtime::HttpRequest& request) {
    SeenRequest one{request.method, std::string(request.target), std::string(request.body), {}};
    for (const auto& [name, value] : request.headers) one.headers.emplace_back(name, value);
    seen.push_back(std::move(one));
    runtime::HttpResponse response{.status = 599, .body = "the script is at its end"};
    if (!script_.empty()) {
      response = std::move(script_.front());
      script_.pop_front();
    }
    if (response.status == 0) {
      boost::asio::steady_timer silence(co_await boost::asio::this_coro::executor,
                                        std::chrono::hours{1});
      co_await silence.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_return response;
  }

  std::deque<runtime::HttpResponse> script_;
  runtime::HttpServer server_;
};

inline SecretLookup no_secrets() {
  return [](const SecretReference&) -> Result<std::string> { return std::string("unused"); };
}

/// A pack of one file.
inline std::shared_ptr<const Pack> pack_of(std::string_view yaml) {
  auto folder = runtime::TempDir::make("pack");
  EXPECT_TRUE(folder);
  EXPECT_TRUE(runtime::write_file_atomic(folder->path() / "connector.yaml", yaml));
  LoadedPack loaded = load_pack(folder->path());
  for (const PackFault& fault : loaded.faults) ADD_FAILURE() << to_string(fault);
  return loaded.pack;
}

}  // namespace crossfoot::connector
