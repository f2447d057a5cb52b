#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace crossfoot::runtime {

class TlsContext;

enum class Method : std::uint8_t { get, head, post, put, patch, delete_, options, other };

/// A request as received. Views stay valid until the handler's coroutine has returned.
struct HttpRequest {
  Method method = Method::get;
  std::string_view target;  ///< path and query as sent
  std::string_view path;    ///< percent-encoding left as it is
  std::string_view query;   ///< without the question mark
  std::string_view body;
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< names in lower case
  std::string_view client;  ///< peer address, for logs and limits
  /// SHA-256 of the certificate that the peer has shown and that is believed, in hex; else empty.
  std::string_view client_certificate;

  /// The first value of a header, empty when absent; `name` in lower case.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";  ///< static storage
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool close = false;  ///< close the connection after this response
};

/// Called on the shard's thread, once for each well-formed request within the limits.
using HttpHandler = std::function<boost::asio::awaitable<HttpResponse>(const HttpRequest& request)>;

/// Answers what never reaches the handler (malformed 400, too large 413/431, slow 408, overload
/// 503, unsupported version 505): the edge gives its problem documents here.
using HttpRefusal = std::function<HttpResponse(int status, std::string_view cause)>;

struct HttpServerLimits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t headers_max = 64;
  std::size_t target_bytes_max = 4 * 1024;
  std::size_t body_bytes_max = 64 * 1024 * 1024;
  std::size_t body_bytes_in_flight_max = 256 * 1024 * 1024;  ///< over all connections
  std::size_t connections_max = 4096;
  Duration header_timeout{std::chrono::seconds{10}};
  Duration idle_timeout{std::chrono::seconds{60}};
  Duration write_timeout{std::chrono::seconds{30}};
  /// A body must arrive at least this fast on average after a grace of header_timeout.
  std::size_t body_bytes_per_second_min = 1024;
};

/// HTTP/1.1 server: one acceptor and its connections on one io_context. Keep-alive, pipelined
/// requests answered in order, chunked and Content-Length bodies, `Expect: 100-continue`. Messages
/// with conflicting or repeated Content-Length, Content-Length beside Transfer-Encoding, obs-fold,
/// or bare LF in headers are refused and the connection closed (request smuggling). Shard thread
/// only. Time-outs fire up to a quarter of the shortest of them late (at least 15 ms).
class HttpServer {
 public:
  HttpServer(boost::asio::io_context& context, HttpServerLimits limits, HttpHandler handler,
             HttpRefusal refusal);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and starts to accept. Port 0 takes a free one. Answers the bound port.
  [[nodiscard]] Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);
  /// Later connections speak TLS by this context, so that a certificate is renewed without a
  /// restart; null: in clear.
  void use_tls(std::shared_ptr<const TlsContext> context);

  /// Refuses new connections, lets running requests finish for at most `grace`, then closes all and
  /// cancels the handlers that still run (asio's terminal cancellation); waits one more second for
  /// them to notice. The server outlives the returned coroutine.
  [[nodiscard]] boost::asio::awaitable<void> stop(Duration grace);

  struct Stats {
    std::uint64_t connections_open = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t requests_total = 0;
    std::uint64_t refused_total = 0;
    std::uint64_t body_bytes_in_flight = 0;
  };
  [[nodiscard]] Stats stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace crossfoot::runtime
