#include "runtime/http_server.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/invariant.h"
#include "runtime/fault_codes.h"
#include "runtime/http_compose.h"
#include "runtime/server_connection.h"

namespace crossfoot::runtime {

namespace asio = boost::asio;
using Error = boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

namespace {

constexpr Duration sweep_period_min{std::chrono::milliseconds{5}};
constexpr Duration sweep_period_max{std::chrono::milliseconds{250}};
constexpr Duration accept_pause{std::chrono::milliseconds{20}};
/// So many connections beyond the limit are told so; further ones are just closed.
constexpr std::size_t overload_answers_max = 64;

Duration sweep_period(const HttpServerLimits& limits) {
  const Duration shortest =
      std::min({limits.header_timeout, limits.idle_timeout, limits.write_timeout});
  return std::clamp(shortest / 8, sweep_period_min, sweep_period_max);
}

/// Leaves no pointer to the timer behind, also when the coroutine is destroyed as it waits.
class DrainedTimer {
 public:
  DrainedTimer(ServerState& state, asio::steady_timer& timer) : state_(state) {
    state_.drained = &timer;
  }
  ~DrainedTimer() { state_.drained = nullptr; }
  DrainedTimer(const DrainedTimer&) = delete;
  DrainedTimer& operator=(const DrainedTimer&) = delete;

 private:
  ServerState& state_;
};

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& context, HttpServerLimits limits, HttpHandler handler, HttpRefusal refusal)
      : context_(context), acceptor_(context), sweep_(context) {
    state->period = sweep_period(limits);
    state->limits = limits;
    state->handler = std::move(handler);
    state->refusal = std::move(refusal);
  }

  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);
  void close();
  static asio::awaitable<void> stop(std::shared_ptr<Impl> self, Duration grace);

  std::shared_ptr<ServerState> state = std::make_shared<ServerState>();

 private:
  static asio::awaitable<void> accept(std::shared_ptr<Impl> self);
  void admit(Socket socket);
  void sweep();
  void tick();
  void abort_all();

  asio::io_context& context_;
  Acceptor acceptor_;
  asio::steady_timer sweep_;
  bool closed_ = false;
  std::int64_t date_second_ = 0;
};

Result<std::uint16_t> HttpServer::Impl::listen(const std::string& address, std::uint16_t port) {
  INVARIANT(!acceptor_.is_open(), "a server listens once");
  Error error;
  const asio::ip::address ip = asio::ip::make_address(address, error);
  const asio::ip::tcp::endpoint endpoint{ip, port};
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    Error ignored;
    acceptor_.close(ignored);
    return fail({.code = std::string(code::listen_failed),
                 .fault_class = FaultClass::transient,
                 .where = "listen on " + address + ":" + std::to_string(port),
                 .cause = error.message()});
  }
  tick();
  sweep();
  // co_spawn's completion handler: the loop ends only when the acceptor is closed.
  asio::co_spawn(context_, accept(shared_from_this()), [](std::exception_ptr) {});
  return acceptor_.local_endpoint().port();
}

asio::awaitable<void> HttpServer::Impl::accept(std::shared_ptr<Impl> self) {
  while (self->acceptor_.is_open()) {
    Error error;
    Socket socket(self->context_);
    co_await self->acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (!self->acceptor_.is_open()) co_return;
    if (!error) {
      self->admit(std::move(socket));
      continue;
    }
    // Out of descriptors, or a connection that was gone before it was taken: not ours to end on.
    asio::steady_timer pause(self->context_, accept_pause);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

void HttpServer::Impl::admit(Socket socket) {
  const std::size_t open = state->connections.size();
  const std::size_t most = state->limits.connections_max;
  Error error;
  const asio::ip::tcp::endpoint peer = socket.remote_endpoint(error);
  if (error || open >= most + overload_answers_max) return;
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  if (error) return;
  auto tls = state->tls == nullptr
                 ? nullptr
                 : std::make_unique<TlsStream>(*state->tls, socket.native_handle());
  auto connection = std::make_shared<ServerConnection>(state, std::move(socket), std::move(tls),
                                                       peer.address().to_string());
  ServerConnection& started = *connection;
  asio::co_spawn(
      context_, ServerConnection::serve(std::move(connection), open >= most),
      asio::bind_cancellation_slot(started.cancellation().slot(), [](std::exception_ptr) {}));
}

void HttpServer::Impl::tick() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(wall).count();
  if (second != date_second_) state->date = http_date({second * 1'000'000});
  date_second_ = second;
  state->now =
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

void HttpServer::Impl::sweep() {
  sweep_.expires_after(state->period);
  sweep_.async_wait([self = shared_from_this()](Error error) {
    if (error || self->closed_) return;
    self->tick();
    for (ServerConnection* connection : self->state->connections) connection->check_deadline();
    self->sweep();
  });
}

/// Holds the connections: one that gives up on the spot must not change the list under the loop.
void HttpServer::Impl::abort_all() {
  std::vector<std::shared_ptr<ServerConnection>> all;
  for (ServerConnection* connection : state->connections) {
    all.push_back(connection->shared_from_this());
  }
  for (const auto& connection : all) connection->abort();
}

void HttpServer::Impl::close() {
  closed_ = true;
  Error ignored;
  acceptor_.close(ignored);
  sweep_.cancel();
  abort_all();
}

asio::awaitable<void> HttpServer::Impl::stop(std::shared_ptr<Impl> self, Duration grace) {
  ServerState& state = *self->state;
  Error error;
  state.stopping = true;
  self->acceptor_.close(error);
  for (ServerConnection* connection : state.connections) connection->close_if_idle();
  // First the running requests' grace; then the handlers' turn to notice that they are cancelled.
  for (const Duration wait : {grace, Duration{std::chrono::seconds{1}}}) {
    if (state.connections.empty()) break;
    asio::steady_timer drained(self->context_, wait);
    const DrainedTimer registered(state, drained);
    co_await drained.async_wait(asio::redirect_error(asio::use_awaitable, error));
    self->abort_all();
  }
  self->close();
}

HttpServer::HttpServer(asio::io_context& context, HttpServerLimits limits, HttpHandler handler,
                       HttpRefusal refusal)
    : impl_(std::make_shared<Impl>(context, limits, std::move(handler), std::move(refusal))) {}

HttpServer::~HttpServer() {
  impl_->close();
}

Result<std::uint16_t> HttpServer::listen(const std::string& address, std::uint16_t port) {
  return impl_->listen(address, port);
}

void HttpServer::use_tls(std::shared_ptr<const TlsContext> context) {
  impl_->state->tls = std::move(context);
}

asio::awaitable<void> HttpServer::stop(Duration grace) {
  return Impl::stop(impl_, grace);
}

HttpServer::Stats HttpServer::stats() const {
  return impl_->state->stats;
}

}  // namespace crossfoot::runtime
