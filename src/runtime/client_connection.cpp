#include "runtime/client_connection.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

#include "runtime/fault_codes.h"

namespace crossfoot::runtime {

namespace asio = boost::asio;

namespace {

Fault unknown_outcome(std::string_view cause) {
  return {.code = std::string(code::outcome_unknown),
          .fault_class = FaultClass::unknown_outcome,
          .where = "HTTP call",
          .cause = std::string(cause)};
}

asio::socket_base::wait_type wait_kind(TlsStream::Need need) {
  return need == TlsStream::Need::writable ? asio::socket_base::wait_write
                                           : asio::socket_base::wait_read;
}

}  // namespace

void ClientConnection::connect(std::vector<asio::ip::tcp::endpoint> endpoints) {
  endpoints_ = std::move(endpoints);
  try_endpoint(0);
}

void ClientConnection::try_endpoint(std::size_t index) {
  socket_.async_connect(endpoints_[index], [self = shared_from_this(), index](Error error) {
    if (self->state_ != State::connecting) return;
    if (!error) return self->on_connected();
    Error ignored;
    self->socket_.close(ignored);
    if (index + 1 < self->endpoints_.size()) return self->try_endpoint(index + 1);
    self->owner_->connect_failed(*self, error.message());
  });
}

void ClientConnection::on_connected() {
  Error error;
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  socket_.non_blocking(true, error);
  if (error) return owner_->connect_failed(*this, error.message());
  if (peer_.context == nullptr) return established();
  tls_ = std::make_unique<TlsStream>(*peer_.context, socket_.native_handle(), peer_.host);
  handshake();
}

void ClientConnection::handshake() {
  const TlsStream::Step step = tls_->handshake();
  if (step.need == TlsStream::Need::nothing) {
    if (step.fault.empty() && !step.ended) return established();
    return owner_->connect_failed(*this, "TLS: " + step.fault);
  }
  socket_.async_wait(wait_kind(step.need), [self = shared_from_this()](Error error) {
    if (self->state_ != State::connecting) return;
    if (error) return self->owner_->connect_failed(*self, error.message());
    self->handshake();
  });
}

void ClientConnection::established() {
  state_ = State::idle;
  read();
  owner_->connected(*this);
}

bool ClientConnection::is_quiet() {
  if (tls_ != nullptr) return tls_->is_quiet();
  if (looked_) return true;
  char byte = 0;
  const ssize_t count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool ClientConnection::start(PendingCall& call) {
  rest_ = {asio::buffer(call.head), asio::buffer(call.call.body)};
  Error error;
  const std::size_t count = write_some(error);
  if (error && error != asio::error::would_block) return false;

  call_ = std::move(call);
  // Short strings have moved with their owner.
  rest_ = {asio::buffer(call_.head), asio::buffer(call_.call.body)};
  advance(count);
  state_ = State::busy;
  ++calls_;
  parser_.expect(call_.call.method == Method::head);
  writing_ = rest_[0].size() + rest_[1].size() != 0;
  if (writing_) write_rest();
  return true;
}

std::size_t ClientConnection::write_some(Error& error) {
  return tls_ != nullptr ? tls_->write_some(rest_, error, write_need_)
                         : socket_.write_some(rest_, error);
}

void ClientConnection::advance(std::size_t count) {
  for (asio::const_buffer& part : rest_) {
    const std::size_t gone = std::min(count, part.size());
    part += gone;
    count -= gone;
  }
}

/// A failed write is told by the read: the peer may have answered before it stopped to listen.
void ClientConnection::write_rest() {
  if (tls_ != nullptr) return write_rest_tls();
  asio::async_write(socket_, rest_, [self = shared_from_this()](Error error, std::size_t) {
    if (!error) self->writing_ = false;
  });
}

void ClientConnection::write_rest_tls() {
  socket_.async_wait(wait_kind(write_need_), [self = shared_from_this()](Error error) {
    if (error || self->state_ != State::busy) return;
    self->advance(self->write_some(error));
    self->writing_ = self->rest_[0].size() + self->rest_[1].size() != 0;
    if (self->writing_ && error == asio::error::would_block) self->write_rest_tls();
  });
}

void ClientConnection::read() {
  if (tls_ != nullptr) return read_tls();
  const std::span<char> room = parser_.prepare();
  socket_.async_read_some(
      asio::buffer(room.data(), room.size()),
      [self = shared_from_this()](Error error, std::size_t count) { self->on_read(error, count); });
}

/// Never in this very call: who asks for bytes goes on before they are handled.
void ClientConnection::read_tls() {
  auto later = [self = shared_from_this()](Error error) { self->on_readable(error); };
  if (tls_->has_pending()) {
    asio::post(socket_.get_executor(), [later = std::move(later)]() mutable { later({}); });
  } else {
    socket_.async_wait(Socket::wait_read, std::move(later));
  }
}

void ClientConnection::on_readable(Error error) {
  if (state_ == State::closed) return;
  if (error) return on_read(error, 0);
  const TlsStream::Step step = tls_->read(parser_.prepare());
  if (step.bytes > 0) return on_read({}, step.bytes);
  if (step.need == TlsStream::Need::nothing) {
    return on_read(step.ended ? asio::error::make_error_code(asio::error::eof)
                              : asio::error::make_error_code(asio::error::connection_reset),
                   0);
  }
  // The peer has sent what is TLS's own, such as a ticket.
  socket_.async_wait(wait_kind(step.need),
                     [self = shared_from_this()](Error failed) { self->on_readable(failed); });
}

void ClientConnection::on_read(Error error, std::size_t count) {
  if (state_ == State::closed) return;
  if (state_ == State::idle) return close("closed by the peer while idle");
  ParseStep step = ParseStep::refused;
  if (!error) {
    parser_.commit(count);
    step = parser_.advance();
  } else if (error == asio::error::eof) {
    step = parser_.end();
  } else {
    return close(error.message());
  }
  if (step == ParseStep::need_more) return read();
  if (step == ParseStep::refused) return close(parser_.cause());
  finish();
}

/// Everything of this object is in order before `done` runs: it may start calls or end the client.
void ClientConnection::finish() {
  HttpClient::Done done = std::move(call_.done);
  HttpAnswer answer = parser_.take();
  const bool stays = parser_.reusable() && !writing_;
  state_ = State::idle;
  if (stays) {
    read();  // looks at once whether bytes or the end have come
    looked_ = true;
    owner_->released(*this);
  } else {
    close("not kept");
  }
  done(std::move(answer));
  looked_ = false;
}

void ClientConnection::close(std::string_view cause) {
  if (state_ == State::closed) return;
  const std::shared_ptr<ClientConnection> self = shared_from_this();
  const State before = std::exchange(state_, State::closed);
  Error ignored;
  if (tls_ != nullptr) tls_->end();
  socket_.close(ignored);
  if (before == State::busy) {
    owner_->finish_later(std::move(call_.done), fail(unknown_outcome(cause)));
  }
  owner_->gone(*this);
}

}  // namespace crossfoot::runtime
