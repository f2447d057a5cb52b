#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/http_parse.h"
#include "runtime/http_server.h"
#include "runtime/tls.h"

namespace crossfoot::runtime {

/// Asio's types without the type-erased executor: cheaper on the hot path.
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

class ServerConnection;

/// What the connections of one server share. Shard thread only.
struct ServerState {
  HttpServerLimits limits;
  HttpHandler handler;
  HttpRefusal refusal;
  HttpServer::Stats stats;
  std::shared_ptr<const TlsContext> tls;  ///< null: in clear
  std::string date;                       ///< the Date header, renewed by the sweep
  Duration now{0};        ///< monotonic, renewed by the sweep: late by one period at most
  Duration period{0};     ///< between two sweeps
  bool stopping = false;  ///< every response closes its connection
  std::vector<ServerConnection*> connections;
  boost::asio::steady_timer* drained = nullptr;  ///< cancelled when the last connection is gone
};

/// One accepted connection: reads, calls the handler, answers, in order. All its time-outs are one
/// deadline that the server's sweep compares, so a request arms no timer.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  /// `tls`: over this socket; null: in clear.
  ServerConnection(std::shared_ptr<ServerState> state, Socket socket,
                   std::unique_ptr<TlsStream> tls, std::string client);
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  /// Runs until the connection is closed. `overloaded`: answers 503 to whatever comes.
  static boost::asio::awaitable<void> serve(std::shared_ptr<ServerConnection> self,
                                            bool overloaded);

  /// Called by the sweep: ends a wait that took too long.
  void check_deadline();
  /// Ends the connection if no request is being received or handled.
  void close_if_idle();
  /// Ends the connection at once and asks a running handler to give up.
  void abort();

  [[nodiscard]] boost::asio::cancellation_signal& cancellation() { return cancellation_; }

 private:
  enum class Wait : std::uint8_t { none, idle, header, body, write, drain };

  [[nodiscard]] ParseStep parse();
  [[nodiscard]] ParseStep refuse(int status, std::string_view cause);
  [[nodiscard]] ParseStep read_failed();
  void release_body();
  void await_bytes();
  void await_until(Wait wait, Duration timeout);
  [[nodiscard]] bool may_wait();
  [[nodiscard]] HttpResponse answer_exception(std::string_view what);
  [[nodiscard]] bool next_request();
  /// True when everything has left already; else `rest_` says what has not.
  [[nodiscard]] bool write(const HttpResponse& response, bool to_head);
  /// What is in `rest_`, as far as it goes now.
  std::size_t write_some(boost::system::error_code& error);
  void advance(std::size_t count);
  boost::asio::awaitable<void> wait_for(TlsStream::Need need, boost::system::error_code& error);
  boost::asio::awaitable<std::size_t> read_tls(std::span<char> room,
                                               boost::system::error_code& error);
  boost::asio::awaitable<void> write_rest_tls();
  boost::asio::awaitable<void> write_rest();
  boost::asio::awaitable<void> refuse_and_drain();
  boost::asio::awaitable<void> drain();
  void close();

  std::shared_ptr<ServerState> state_;
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
  TlsStream::Need write_need_ = TlsStream::Need::nothing;
  std::string client_;
  std::string client_certificate_;
  RequestParser parser_;
  boost::asio::cancellation_signal cancellation_;
  std::string out_;
  std::array<boost::asio::const_buffer, 2> rest_;
  ParseRefusal refusal_;
  Duration deadline_{0};
  Duration body_since_{0};
  std::size_t index_ = 0;           ///< in ServerState::connections
  std::size_t body_accounted_ = 0;  ///< of ServerState::stats.body_bytes_in_flight
  Wait wait_ = Wait::none;
  bool late_ = false;  ///< the sweep has cancelled the read
  bool closed_ = false;
  bool last_ = false;       ///< the response under way closes the connection
  bool continued_ = false;  ///< 100 Continue was sent for this request
};

}  // namespace crossfoot::runtime
