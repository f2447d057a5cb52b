#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "runtime/descriptor.h"
#include "runtime/http_parse.h"

namespace crossfoot::runtime::test {

/// The other side of a connection in a test: a blocking loopback socket that waits for events for
/// at most ten seconds and never for time to pass.
class Peer {
 public:
  explicit Peer(Descriptor socket) : socket_(std::move(socket)) {}

  static Peer connect(std::uint16_t port) {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    const int result =
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    INVARIANT(result == 0, "loopback connect");
    return Peer(std::move(socket));
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  /// Bytes are there to be read, or the end.
  bool await_readable() {
    pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 10'000) == 1;
  }

  /// What comes next; empty at the end and on a reset.
  std::string receive() {
    std::string bytes(64 * 1024, '\0');
    const ssize_t count =
        await_readable() ? ::recv(socket_.get(), bytes.data(), bytes.size(), 0) : 0;
    bytes.resize(static_cast<std::size_t>(count > 0 ? count : 0));
    return bytes;
  }

  /// Reads until `end` has come; what was read so far when the connection ends first.
  std::string receive_until(std::string_view end) {
    std::string all;
    while (!all.ends_with(end)) {
      const std::string more = receive();
      if (more.empty()) break;
      all += more;
    }
    return all;
  }

  /// The next answer of a server; nothing when the connection ends first.
  std::optional<HttpAnswer> answer(bool to_head = false) {
    answers_.expect(to_head);
    ParseStep step = answers_.advance();
    while (step == ParseStep::need_more) {
      const std::string bytes = receive();
      if (bytes.empty()) return std::nullopt;
      step = answers_.feed(bytes);
    }
    if (step == ParseStep::refused) return std::nullopt;
    return answers_.take();
  }

  /// The other side has closed, in order or not, and nothing more has come.
  bool ended() { return await_readable() && receive().empty(); }

  void close() { socket_.reset(); }

 private:
  Descriptor socket_;
  AnswerParser answers_{64 * 1024 * 1024};
};

/// A listening loopback socket on a free port.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Peer::loopback(0);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    INVARIANT(::bind(socket_.get(), raw, size) == 0, "bind");
    INVARIANT(::listen(socket_.get(), 16) == 0, "listen");
    INVARIANT(::getsockname(socket_.get(), raw, &size) == 0, "name");
    port_ = ntohs(address.sin_port);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  Peer accept() { return Peer(Descriptor(::accept(socket_.get(), nullptr, nullptr))); }
  void close() { socket_.reset(); }

 private:
  Descriptor socket_;
  std::uint16_t port_ = 0;
};

}  // namespace crossfoot::runtime::test
