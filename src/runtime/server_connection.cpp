#include "runtime/server_connection.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>

#include "runtime/http_compose.h"

namespace crossfoot::runtime {

namespace asio = boost::asio;
using Error = boost::system::error_code;

namespace {

constexpr std::size_t body_copied_max = 16 * 1024;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr Duration drain_timeout{std::chrono::seconds{1}};
constexpr std::size_t drain_bytes_max = 1024 * 1024;

/// How long so many bytes may take on top of the grace.
Duration allowance(std::size_t bytes, const HttpServerLimits& limits) {
  const std::size_t rate = std::max<std::size_t>(limits.body_bytes_per_second_min, 1);
  return std::chrono::milliseconds{bytes * 1000 / rate};
}

}  // namespace

ServerConnection::ServerConnection(std::shared_ptr<ServerState> state, Socket socket,
                                   std::unique_ptr<TlsStream> tls, std::string client)
    : state_(std::move(state)),
      socket_(std::move(socket)),
      tls_(std::move(tls)),
      client_(std::move(client)),
      parser_(state_->limits) {
  index_ = state_->connections.size();
  state_->connections.push_back(this);
  ++state_->stats.connections_open;
  ++state_->stats.connections_total;
}

ServerConnection::~ServerConnection() {
  release_body();
  --state_->stats.connections_open;
  auto& all = state_->connections;
  all[index_] = all.back();
  all[index_]->index_ = index_;
  all.pop_back();
  if (all.empty() && state_->drained != nullptr) state_->drained->cancel();
}

asio::awaitable<void> ServerConnection::serve(std::shared_ptr<ServerConnection> self,
                                              bool overloaded) {
  Error error;
  ParseStep step = overloaded ? self->refuse(503, "too many connections") : self->parse();
  for (;;) {
    while (step == ParseStep::need_more) {
      if (!self->may_wait()) co_return;
      self->await_bytes();
      const std::span<char> room = self->parser_.prepare();
      std::size_t count = 0;
      if (self->tls_ == nullptr) {
        count = co_await self->socket_.async_read_some(
            asio::buffer(room.data(), room.size()),
            asio::redirect_error(asio::use_awaitable, error));
      } else {
        count = co_await self->read_tls(room, error);
      }
      if (error) {
        step = self->read_failed();
        if (step == ParseStep::need_more) co_return;
      } else {
        self->late_ = false;
        self->parser_.commit(count);
        step = self->parse();
      }
    }
    if (step == ParseStep::refused) break;

    HttpRequest& request = self->parser_.request();
    request.client = self->client_;
    request.client_certificate = self->client_certificate_;
    HttpResponse response;
    try {
      response = co_await self->state_->handler(request);
    } catch (const std::exception& exception) {
      response = self->answer_exception(exception.what());
    } catch (...) {
      response = self->answer_exception("unknown exception");
    }
    if (self->closed_) co_return;
    if (!self->write(response, request.method == Method::head)) co_await self->write_rest();
    if (self->closed_) co_return;
    if (!self->next_request()) co_return co_await self->drain();
    step = self->parse();
  }
  co_await self->refuse_and_drain();
}

ParseStep ServerConnection::parse() {
  const ParseStep step = parser_.advance();
  if (step == ParseStep::refused) {
    const ParseRefusal refusal = parser_.refusal();
    return refuse(refusal.status, refusal.cause);
  }
  auto& in_flight = state_->stats.body_bytes_in_flight;
  in_flight += parser_.body_bytes() - body_accounted_;
  body_accounted_ = parser_.body_bytes();
  if (in_flight + parser_.body_bytes_expected() > state_->limits.body_bytes_in_flight_max) {
    return refuse(503, "too many bytes in flight");
  }
  if (step == ParseStep::complete) {
    wait_ = Wait::none;
    ++state_->stats.requests_total;
  }
  return step;
}

/// A refused request holds no memory while its refusal is on the way.
ParseStep ServerConnection::refuse(int status, std::string_view cause) {
  refusal_ = {status, cause};
  parser_.abandon();
  release_body();
  ++state_->stats.refused_total;
  return ParseStep::refused;
}

/// A failed read ends the connection in silence, unless a late request is owed its 408.
ParseStep ServerConnection::read_failed() {
  const bool can_answer = tls_ == nullptr || tls_->is_established();
  if (late_ && !closed_ && can_answer) {
    return refuse(408, wait_ == Wait::body ? "body too slow" : "header too slow");
  }
  close();
  return ParseStep::need_more;
}

void ServerConnection::release_body() {
  state_->stats.body_bytes_in_flight -= body_accounted_;
  body_accounted_ = 0;
}

bool ServerConnection::next_request() {
  if (last_) return false;
  release_body();
  continued_ = false;
  parser_.next();
  return true;
}

void ServerConnection::await_until(Wait wait, Duration timeout) {
  wait_ = wait;
  deadline_ = state_->now + timeout + state_->period;
}

void ServerConnection::await_bytes() {
  const HttpServerLimits& limits = state_->limits;
  if (parser_.header_done()) {
    if (wait_ != Wait::body) {
      await_until(Wait::body, limits.header_timeout);
      body_since_ = deadline_;
    }
    deadline_ = body_since_ + allowance(parser_.body_bytes(), limits);
  } else if (parser_.started() || (tls_ != nullptr && !tls_->is_established())) {
    if (wait_ != Wait::header) await_until(Wait::header, limits.header_timeout);
  } else if (wait_ != Wait::idle) {
    await_until(Wait::idle, limits.idle_timeout);
  }
}

void ServerConnection::check_deadline() {
  if (wait_ == Wait::none || state_->now < deadline_) return;
  Error ignored;
  if (wait_ == Wait::header || wait_ == Wait::body) {
    late_ = true;
    socket_.cancel(ignored);
  } else {
    close();
  }
}

void ServerConnection::close_if_idle() {
  if (wait_ == Wait::idle) close();
}

void ServerConnection::abort() {
  close();
  cancellation_.emit(asio::cancellation_type::terminal);
}

void ServerConnection::close() {
  closed_ = true;
  wait_ = Wait::none;
  Error ignored;
  socket_.close(ignored);
}

/// Before each wait for bytes: offers `100 Continue` once. False when the connection is to end.
bool ServerConnection::may_wait() {
  bool stays = !state_->stopping || parser_.started();
  if (stays && !continued_ && parser_.wants_continue()) {
    continued_ = true;
    Error error;
    rest_ = {asio::buffer(continue_line), asio::const_buffer{}};
    const std::size_t count = write_some(error);
    stays = !error && count == continue_line.size();  // a peer that reads not even this is gone
  }
  if (!stays) close();
  return stays;
}

/// A handler that was cancelled with its connection has nobody to answer.
HttpResponse ServerConnection::answer_exception(std::string_view what) {
  if (closed_) return {};
  HttpResponse response = state_->refusal(500, what);
  response.close = true;
  return response;
}

bool ServerConnection::write(const HttpResponse& response, bool to_head) {
  last_ = response.close || state_->stopping || !parser_.header_done() || !parser_.keep_alive();
  const ResponseForm form{.date = state_->date,
                          .keep_alive = !last_,
                          .http_1_0 = parser_.http_1_0(),
                          .to_head = to_head};
  out_.clear();
  compose_head(out_, response, form);
  std::string_view body;
  if (carries_body(response.status, form)) body = response.body;
  if (body.size() <= body_copied_max) {
    out_ += body;
    body = {};
  }
  rest_ = {asio::buffer(out_), asio::buffer(body)};
  Error error;
  const std::size_t count = write_some(error);
  if (error && error != asio::error::would_block) {
    close();
    return true;
  }
  advance(count);
  return rest_[0].size() + rest_[1].size() == 0;
}

std::size_t ServerConnection::write_some(Error& error) {
  if (tls_ != nullptr) return tls_->write_some(rest_, error, write_need_);
  return rest_[1].size() == 0 ? socket_.write_some(rest_[0], error)
                              : socket_.write_some(rest_, error);
}

void ServerConnection::advance(std::size_t count) {
  for (asio::const_buffer& part : rest_) {
    const std::size_t gone = std::min(count, part.size());
    part += gone;
    count -= gone;
  }
}

asio::awaitable<void> ServerConnection::wait_for(TlsStream::Need need, Error& error) {
  const auto kind = need == TlsStream::Need::writable ? Socket::wait_write : Socket::wait_read;
  co_await socket_.async_wait(kind, asio::redirect_error(asio::use_awaitable, error));
}

asio::awaitable<std::size_t> ServerConnection::read_tls(std::span<char> room, Error& error) {
  for (error.clear(); !error;) {
    const bool was_established = tls_->is_established();
    const TlsStream::Step step = tls_->read(room);
    if (!was_established && tls_->is_established()) {
      client_certificate_ = tls_->peer_digest();
      wait_ = Wait::none;
      await_bytes();
    }
    if (step.bytes > 0) co_return step.bytes;
    if (step.need != TlsStream::Need::nothing) {
      co_await wait_for(step.need, error);
    } else {
      error = step.ended ? asio::error::make_error_code(asio::error::eof)
                         : asio::error::make_error_code(asio::error::connection_reset);
    }
  }
  co_return 0;
}

asio::awaitable<void> ServerConnection::write_rest_tls() {
  Error error;
  while (!error && rest_[0].size() + rest_[1].size() > 0) {
    co_await wait_for(write_need_, error);
    if (error) break;
    advance(write_some(error));
    if (error == asio::error::would_block) error.clear();
  }
  wait_ = Wait::none;
  if (error) close();
}

/// The socket was full: waits for the peer to read. The response outlives this call.
asio::awaitable<void> ServerConnection::write_rest() {
  await_until(Wait::write, state_->limits.write_timeout +
                               allowance(rest_[0].size() + rest_[1].size(), state_->limits));
  if (tls_ != nullptr) co_return co_await write_rest_tls();
  Error error;
  co_await asio::async_write(socket_, rest_, asio::redirect_error(asio::use_awaitable, error));
  wait_ = Wait::none;
  if (error) close();
}

asio::awaitable<void> ServerConnection::refuse_and_drain() {
  HttpResponse response = state_->refusal(refusal_.status, refusal_.cause);
  response.close = true;
  wait_ = Wait::none;
  if (!write(response, false)) co_await write_rest();
  if (!closed_) co_await drain();
}

/// Closes so that the peer can read the last response: bytes of it that nobody reads would make the
/// kernel reset the connection and throw the response away.
asio::awaitable<void> ServerConnection::drain() {
  Error error;
  if (tls_ != nullptr) tls_->end();
  socket_.shutdown(Socket::shutdown_send, error);
  await_until(Wait::drain, drain_timeout);
  std::size_t drained = 0;
  while (!error && drained < drain_bytes_max) {
    out_.resize(body_copied_max);
    drained += co_await socket_.async_read_some(asio::buffer(out_),
                                                asio::redirect_error(asio::use_awaitable, error));
  }
  close();
}

}  // namespace crossfoot::runtime
