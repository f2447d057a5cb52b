#include "runtime/client_connection.h"

#include <sys/socket.h>

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
  state_ = State::idle;
  read();
  owner_->connected(*this);
}

bool ClientConnection::is_quiet() {
  if (looked_) return true;
  char byte = 0;
  const ssize_t count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool ClientConnection::start(PendingCall& call) {
  rest_ = {asio::buffer(call.head), asio::buffer(call.call.body)};
  Error error;
  std::size_t count = socket_.write_some(rest_, error);
  if (error && error != asio::error::would_block) return false;

  call_ = std::move(call);
  // Short strings have moved with their owner.
  rest_ = {asio::buffer(call_.head), asio::buffer(call_.call.body)};
  for (asio::const_buffer& part : rest_) {
    const std::size_t gone = std::min(count, part.size());
    part += gone;
    count -= gone;
  }
  state_ = State::busy;
  ++calls_;
  parser_.expect(call_.call.method == Method::head);
  writing_ = rest_[0].size() + rest_[1].size() != 0;
  if (writing_) write_rest();
  return true;
}

/// A failed write is told by the read: the peer may have answered before it stopped to listen.
void ClientConnection::write_rest() {
  asio::async_write(socket_, rest_, [self = shared_from_this()](Error error, std::size_t) {
    if (!error) self->writing_ = false;
  });
}

void ClientConnection::read() {
  const std::span<char> room = parser_.prepare();
  socket_.async_read_some(
      asio::buffer(room.data(), room.size()),
      [self = shared_from_this()](Error error, std::size_t count) { self->on_read(error, count); });
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
  socket_.close(ignored);
  if (before == State::busy) {
    owner_->finish_later(std::move(call_.done), fail(unknown_outcome(cause)));
  }
  owner_->gone(*this);
}

}  // namespace crossfoot::runtime
