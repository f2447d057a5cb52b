#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "runtime/http_server.h"

namespace crossfoot::runtime {

struct HttpCall {
  Method method = Method::post;
  std::string target;  ///< path and query, already encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;                             ///< sent with Content-Length
  Duration deadline{std::chrono::seconds{10}};  ///< from now to the last byte of the answer
};

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;

  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HttpClientLimits {
  std::size_t connections_max = 32;
  std::size_t calls_waiting_max = 100'000;  ///< for a connection; beyond it a call is `transient`
  std::size_t answer_bytes_max = 16 * 1024 * 1024;
  Duration connect_timeout{std::chrono::seconds{2}};
  Duration idle_timeout{std::chrono::seconds{20}};
};

/// A pool of HTTP/1.1 connections to one `http://host:port` or `https://host:port`, on one
/// io_context, shard thread only. A call either ends with an answer or a Fault:
///   transient        nothing was sent (refused, connect time-out, pool closed before writing)
///   deadline         the deadline passed while the call waited for a connection: nothing was sent
///   rejected         the call or the base URL is malformed: nothing was sent
///   unknown_outcome  at least one byte may have left and no complete answer came back
/// A call is never repeated by the pool, not even on a kept connection that the peer has closed,
/// once a byte of it was handed to the socket (the engine decides what to ask).
class HttpClient {
 public:
  using Done = std::move_only_function<void(Result<HttpAnswer>)>;

  /// `base_url`: `http://127.0.0.1:9001` with an optional path prefix. `tls`: for `https`, whom to
  /// believe; null: those whom the system believes.
  HttpClient(boost::asio::io_context& context, std::string base_url, HttpClientLimits limits,
             std::shared_ptr<const TlsContext> tls = nullptr);
  /// Calls in flight are answered with `cancelled` or `unknown_outcome` before it returns.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// `done` runs on the io_context's thread, never inside this call.
  void call(HttpCall call, Done done);

  struct Stats {
    std::uint64_t connections_open = 0;
    std::uint64_t calls_in_flight = 0;
    std::uint64_t calls_waiting = 0;
    std::uint64_t calls_total = 0;
    std::uint64_t connects_total = 0;
  };
  [[nodiscard]] Stats stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace crossfoot::runtime
