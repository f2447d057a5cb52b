#include "runtime/http_client.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <deque>
#include <optional>

#include "runtime/client_connection.h"
#include "runtime/fault_codes.h"
#include "runtime/http_compose.h"

namespace crossfoot::runtime {

namespace asio = boost::asio;
using Error = boost::system::error_code;
using Endpoint = asio::ip::tcp::endpoint;

namespace {

constexpr Duration connect_pause{std::chrono::milliseconds{100}};
constexpr std::size_t head_reserve = 256;
/// Deadlines are rounded up to it, so that thousands of calls share a timer.
constexpr Duration sweep_step{std::chrono::milliseconds{4}};

Duration monotonic() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

struct BaseUrl {
  std::string authority;  ///< for the Host header
  std::string host;
  std::uint16_t port = 80;
  std::string prefix;
  bool tls = false;
};

std::optional<BaseUrl> parse_base_url(std::string_view url) {
  constexpr std::string_view clear = "http://";
  constexpr std::string_view secure = "https://";
  const bool tls = url.starts_with(secure);
  if (!tls && !url.starts_with(clear)) return std::nullopt;
  url.remove_prefix(tls ? secure.size() : clear.size());
  const std::size_t slash = std::min(url.find('/'), url.size());
  BaseUrl base{.authority = std::string(url.substr(0, slash)),
               .host = {},
               .port = static_cast<std::uint16_t>(tls ? 443 : 80),
               .prefix = std::string(url.substr(slash)),
               .tls = tls};
  while (base.prefix.ends_with('/')) base.prefix.pop_back();
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  if (!std::ranges::all_of(url, printable)) return std::nullopt;

  std::string_view host = base.authority;
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), base.port);
    if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find('@') != std::string_view::npos) return std::nullopt;
  base.host = host;
  return base;
}

/// Numbers and `localhost` need no resolver; nothing for another name.
std::vector<Endpoint> known_endpoints(const BaseUrl& base) {
  if (base.host == "localhost") {
    return {Endpoint{asio::ip::address_v4::loopback(), base.port},
            Endpoint{asio::ip::address_v6::loopback(), base.port}};
  }
  Error error;
  const asio::ip::address address = asio::ip::make_address(base.host, error);
  if (error) return {};
  return {Endpoint{address, base.port}};
}

Fault fault(std::string_view code, FaultClass fault_class, std::string cause) {
  return {.code = std::string(code),
          .fault_class = fault_class,
          .where = "HTTP call",
          .cause = std::move(cause)};
}

}  // namespace

class HttpClient::Impl final : public ConnectionOwner, public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& context, const std::string& base_url, HttpClientLimits limits,
       std::shared_ptr<const TlsContext> tls)
      : context_(context),
        limits_(limits),
        base_(parse_base_url(base_url)),
        sweep_(context),
        resolver_(context) {
    if (!base_) return;
    endpoints_ = known_endpoints(*base_);
    if (!base_->tls) return;
    if (tls == nullptr) tls = TlsContext::client({}).value_or(nullptr);
    peer_ = {std::move(tls), base_->host};
    if (peer_.context == nullptr) base_.reset();
  }

  void call(HttpCall call, Done done);
  void close();
  [[nodiscard]] Stats stats() const;

  void connected(ClientConnection& connection) override;
  void connect_failed(ClientConnection& connection, std::string cause) override;
  void released(ClientConnection& connection) override;
  void gone(ClientConnection& connection) override;
  void finish_later(Done done, Result<HttpAnswer> result) override;

 private:
  [[nodiscard]] std::optional<Fault> refusal(const HttpCall& call, std::string& head) const;
  void pump(Duration now);
  void start_on(ClientConnection& connection);
  void open();
  void resolve(std::shared_ptr<ClientConnection> connection);
  void wake_at(Duration deadline);
  void sweep();
  void expire_waiting(Duration now);
  void fail_waiting(const Fault& fault);
  void run_finished();
  [[nodiscard]] bool may_open(Duration now) const;
  [[nodiscard]] bool has_established() const { return connections_.size() > connecting_; }

  asio::io_context& context_;
  HttpClientLimits limits_;
  std::optional<BaseUrl> base_;
  std::vector<Endpoint> endpoints_;
  TlsPeer peer_;
  asio::steady_timer sweep_;
  asio::ip::tcp::resolver resolver_;
  std::deque<PendingCall> waiting_;
  std::vector<std::shared_ptr<ClientConnection>> connections_;
  std::vector<ClientConnection*> idle_;
  std::deque<std::pair<Done, Result<HttpAnswer>>> finished_;
  std::size_t connecting_ = 0;
  Duration connect_again_at_{0};
  std::optional<Duration> wake_at_;
  bool finish_posted_ = false;
  bool closed_ = false;
  std::uint64_t calls_total_ = 0;
  std::uint64_t connects_total_ = 0;
};

/// What can be said about a call before anything is tried.
std::optional<Fault> HttpClient::Impl::refusal(const HttpCall& call, std::string& head) const {
  if (closed_) return fault(code::pool_closed, FaultClass::cancelled, "the client is closed");
  if (!base_) return fault(code::call_malformed, FaultClass::rejected, "malformed base URL");
  head.reserve(head_reserve);
  if (!compose_call(head, call, base_->prefix, base_->authority)) {
    return fault(code::call_malformed, FaultClass::rejected, "malformed target or header");
  }
  if (call.deadline <= Duration{0}) {
    return fault(code::deadline_waiting, FaultClass::deadline, "no time was left");
  }
  if (waiting_.size() >= limits_.calls_waiting_max) {
    return fault(code::pool_full, FaultClass::transient, "too many calls wait for a connection");
  }
  return std::nullopt;
}

void HttpClient::Impl::call(HttpCall call, Done done) {
  ++calls_total_;
  std::string head;
  if (std::optional<Fault> refused = refusal(call, head)) {
    return finish_later(std::move(done), fail(std::move(*refused)));
  }
  const Duration now = monotonic();
  const Duration deadline = now + call.deadline;
  waiting_.push_back({std::move(call), std::move(head), std::move(done), deadline});
  wake_at(deadline);
  pump(now);
}

/// Brings waiting calls, first come first, and connections together.
void HttpClient::Impl::pump(Duration now) {
  while (!waiting_.empty() && !closed_) {
    if (!idle_.empty()) {
      ClientConnection& connection = *idle_.back();
      idle_.pop_back();
      start_on(connection);
    } else if (may_open(now)) {
      open();
    } else {
      return;
    }
  }
}

/// Gives the first waiting call to a connection. Where the peer has closed, no byte of the call has
/// left, and it takes the next connection instead; only a new one that fails at once fails the
/// call, or a peer that drops every connection would be tried for ever.
void HttpClient::Impl::start_on(ClientConnection& connection) {
  PendingCall& first = waiting_.front();
  if (connection.is_quiet() && connection.start(first)) {
    connection.deadline = first.deadline;
    waiting_.pop_front();
    return;
  }
  if (connection.is_fresh()) {
    finish_later(std::move(first.done),
                 fail(fault(code::connect_failed, FaultClass::transient,
                            "the peer closed the connection before the call was written")));
    waiting_.pop_front();
  }
  connection.close("closed by the peer while idle");
}

/// After a failed attempt the calls wait for the connections that live, if there is one.
bool HttpClient::Impl::may_open(Duration now) const {
  if (connections_.size() >= limits_.connections_max || connecting_ >= waiting_.size())
    return false;
  return !has_established() || now >= connect_again_at_;
}

void HttpClient::Impl::open() {
  auto connection =
      std::make_shared<ClientConnection>(context_, *this, limits_.answer_bytes_max, peer_);
  connections_.push_back(connection);
  ++connecting_;
  ++connects_total_;
  connection->deadline = monotonic() + limits_.connect_timeout;
  wake_at(connection->deadline);
  if (endpoints_.empty()) {
    resolve(std::move(connection));
  } else {
    connection->connect(endpoints_);
  }
}

void HttpClient::Impl::resolve(std::shared_ptr<ClientConnection> connection) {
  resolver_.async_resolve(base_->host, std::to_string(base_->port),
                          [self = shared_from_this(), connection = std::move(connection)](
                              Error error, asio::ip::tcp::resolver::results_type results) {
                            if (connection->state() != ClientConnection::State::connecting) return;
                            if (error) return self->connect_failed(*connection, error.message());
                            std::vector<Endpoint> endpoints;
                            for (const auto& result : results)
                              endpoints.push_back(result.endpoint());
                            connection->connect(std::move(endpoints));
                          });
}

void HttpClient::Impl::connected(ClientConnection& connection) {
  --connecting_;
  released(connection);
}

/// While another connection lives, waiting calls have a way; without one, waiting is pointless.
void HttpClient::Impl::connect_failed(ClientConnection& connection, std::string cause) {
  if (!has_established()) {
    fail_waiting(fault(code::connect_failed, FaultClass::transient, "connect: " + cause));
  }
  connect_again_at_ = monotonic() + connect_pause;
  --connecting_;
  connection.close(cause);
}

void HttpClient::Impl::released(ClientConnection& connection) {
  idle_.push_back(&connection);
  const Duration now = monotonic();
  connection.deadline = now + limits_.idle_timeout;
  wake_at(connection.deadline);
  pump(now);
}

void HttpClient::Impl::gone(ClientConnection& connection) {
  std::erase(idle_, &connection);
  std::erase_if(connections_, [&](const auto& other) { return other.get() == &connection; });
  if (!closed_) pump(monotonic());
}

void HttpClient::Impl::finish_later(Done done, Result<HttpAnswer> result) {
  finished_.emplace_back(std::move(done), std::move(result));
  if (std::exchange(finish_posted_, true)) return;
  asio::post(context_, [self = shared_from_this()] {
    self->finish_posted_ = false;
    self->run_finished();
  });
}

void HttpClient::Impl::run_finished() {
  while (!finished_.empty()) {
    auto [done, result] = std::move(finished_.front());
    finished_.pop_front();
    done(std::move(result));
  }
}

/// Arms the sweep no later than this deadline, rounded up to the step.
void HttpClient::Impl::wake_at(Duration deadline) {
  const Duration at{(deadline / sweep_step + 1) * sweep_step};
  if (wake_at_ && *wake_at_ <= at) return;
  wake_at_ = at;
  sweep_.expires_at(std::chrono::steady_clock::time_point{at});
  sweep_.async_wait([self = shared_from_this()](Error error) {
    if (!error && !self->closed_) self->sweep();
  });
}

/// Ends what has waited too long and looks when to come again.
void HttpClient::Impl::sweep() {
  wake_at_.reset();
  const Duration now = monotonic();
  expire_waiting(now);
  const auto all = connections_;
  for (const auto& connection : all) {
    if (connection->deadline > now) continue;
    if (connection->state() == ClientConnection::State::connecting) {
      connect_failed(*connection, "time-out");
    } else {
      connection->close("the deadline passed before the answer was complete");
    }
  }
  for (const auto& connection : connections_) wake_at(connection->deadline);
  for (const PendingCall& call : waiting_) wake_at(call.deadline);
}

void HttpClient::Impl::expire_waiting(Duration now) {
  for (PendingCall& call : waiting_) {
    if (call.deadline > now) continue;
    finish_later(std::exchange(call.done, {}),
                 fail(fault(code::deadline_waiting, FaultClass::deadline,
                            "no connection came free in time")));
  }
  std::erase_if(waiting_, [now](const PendingCall& call) { return call.deadline <= now; });
}

void HttpClient::Impl::fail_waiting(const Fault& fault) {
  for (PendingCall& call : std::exchange(waiting_, {})) {
    finish_later(std::move(call.done), fail(fault));
  }
}

void HttpClient::Impl::close() {
  closed_ = true;
  sweep_.cancel();
  resolver_.cancel();
  const auto all = connections_;
  for (const auto& connection : all) connection->close("the client was closed");
  fail_waiting(fault(code::pool_closed, FaultClass::cancelled, "the client was closed"));
  run_finished();
}

HttpClient::Stats HttpClient::Impl::stats() const {
  const auto busy = [](const auto& connection) {
    return connection->state() == ClientConnection::State::busy;
  };
  return {.connections_open = connections_.size() - connecting_,
          .calls_in_flight = static_cast<std::uint64_t>(std::ranges::count_if(connections_, busy)),
          .calls_waiting = waiting_.size(),
          .calls_total = calls_total_,
          .connects_total = connects_total_};
}

HttpClient::HttpClient(asio::io_context& context, std::string base_url, HttpClientLimits limits,
                       std::shared_ptr<const TlsContext> tls)
    : impl_(std::make_shared<Impl>(context, base_url, limits, std::move(tls))) {}

HttpClient::~HttpClient() {
  impl_->close();
}

void HttpClient::call(HttpCall call, Done done) {
  impl_->call(std::move(call), std::move(done));
}

HttpClient::Stats HttpClient::stats() const {
  return impl_->stats();
}

}  // namespace crossfoot::runtime
