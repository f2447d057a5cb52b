#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <vector>

#include "runtime/http_client.h"
#include "runtime/http_parse.h"
#include "runtime/tls.h"

namespace crossfoot::runtime {

/// Whom the connections of a pool speak to, when they speak TLS.
struct TlsPeer {
  std::shared_ptr<const TlsContext> context;  ///< null: in clear
  std::string host;                           ///< that it must prove to be
};

/// A call that has been taken on, with its deadline on the monotonic clock.
struct PendingCall {
  HttpCall call;
  std::string head;  ///< request line and headers, ready to send
  HttpClient::Done done;
  Duration deadline{0};
};

class ClientConnection;

/// What a connection tells its pool. Shard thread only.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void connected(ClientConnection& connection) = 0;
  virtual void connect_failed(ClientConnection& connection, std::string cause) = 0;
  /// It can carry the next call.
  virtual void released(ClientConnection& connection) = 0;
  /// It is gone; an unfinished call was answered or handed back before.
  virtual void gone(ClientConnection& connection) = 0;
  /// `done` is to run soon, outside this call.
  virtual void finish_later(HttpClient::Done done, Result<HttpAnswer> result) = 0;
};

/// One connection of the pool. Exactly one read is pending while it is open, also while it is idle:
/// so a peer that closes is noticed, and the answer needs no further wait.
class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  enum class State : std::uint8_t { connecting, idle, busy, closed };

  ClientConnection(boost::asio::io_context& context, ConnectionOwner& owner,
                   std::size_t answer_bytes_max, TlsPeer peer)
      : owner_(&owner), socket_(context), peer_(std::move(peer)), parser_(answer_bytes_max) {}
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  /// Tries the endpoints in order.
  void connect(std::vector<boost::asio::ip::tcp::endpoint> endpoints);
  /// Asks the kernel: neither closed by the peer nor with bytes that nobody asked for.
  [[nodiscard]] bool is_quiet();
  /// Writes the call. False when the socket took no byte of it: `call` is untouched
  /// and the connection must be closed.
  [[nodiscard]] bool start(PendingCall& call);
  /// Ends it; a call under way is answered with `unknown_outcome` and the cause.
  void close(std::string_view cause);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_fresh() const { return calls_ == 0; }

  Duration deadline{0};  ///< of what its state waits for, set by the pool

 private:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;
  using Error = boost::system::error_code;

  void try_endpoint(std::size_t index);
  void on_connected();
  void handshake();
  void established();
  void read();
  void read_tls();
  void on_readable(Error error);
  std::size_t write_some(Error& error);
  void advance(std::size_t count);
  void on_read(Error error, std::size_t count);
  void write_rest();
  void write_rest_tls();
  void finish();

  ConnectionOwner* owner_;
  Socket socket_;
  TlsPeer peer_;
  std::unique_ptr<TlsStream> tls_;
  TlsStream::Need write_need_ = TlsStream::Need::nothing;
  AnswerParser parser_;
  State state_ = State::connecting;
  std::vector<boost::asio::ip::tcp::endpoint> endpoints_;
  PendingCall call_;
  std::array<boost::asio::const_buffer, 2> rest_;
  std::uint64_t calls_ = 0;
  bool writing_ = false;
  bool looked_ = false;  ///< in this very turn a read found nothing waiting
};

}  // namespace crossfoot::runtime
