#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "store/test_folder.h"

namespace crossfoot::store {

/// For tests: a relay before a PostgreSQL server's Unix socket that cuts the line at a chosen
/// request. It follows the protocol's messages, so that the moment is certain. A request is what a
/// client sends up to a Sync, or its start-up; its answer ends with ReadyForQuery.
class PostgresProxy {
 public:
  enum class Cut : std::uint8_t {
    before_request,  ///< the server hears nothing of it
    before_answer,   ///< the server has carried it out, the client hears nothing
    within_answer    ///< all but the end of the answer arrives
  };

  /// `server`: the folder of the server's socket.
  explicit PostgresProxy(const std::string& server)
      : server_(server + socket_name), listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = address_of(folder_.file("") + (socket_name + 1));
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener_, 16) != 0) {
      throw std::runtime_error("the relay cannot listen");
    }
    thread_ = std::thread([this] { relay(); });
  }
  ~PostgresProxy() {
    const std::uint64_t one = 1;
    if (write(stop_, &one, sizeof(one)) == sizeof(one)) thread_.join();
    for (Line& line : lines_) hang_up(line);
    close(listener_);
    close(stop_);
  }
  PostgresProxy(const PostgresProxy&) = delete;
  PostgresProxy& operator=(const PostgresProxy&) = delete;

  [[nodiscard]] std::string url(const std::string& database) const {
    return "host=" + folder_.file("") + " user=postgres dbname=" + database;
  }
  /// The n-th request from now, counted from 1 over all lines, loses its line. n = 0: none does.
  void cut(Cut how, std::uint64_t n) {
    how_ = how;
    requests_ = answers_ = 0;
    struck_ = false;
    n_ = n;
  }
  [[nodiscard]] bool struck() const { return struck_; }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }

 private:
  static constexpr const char* socket_name = "/.s.PGSQL.5432";

  /// One direction of a line, cut into messages: a type (not for the start-up), a length, a body.
  struct Stream {
    int from = -1;
    int to = -1;
    bool untyped = false;      ///< the next message is the start-up
    std::string pending = {};  ///< bytes that are not forwarded yet
  };
  struct Line {
    Stream up;    ///< client to server
    Stream down;  ///< server to client
  };

  static sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) throw std::runtime_error("socket path too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
  }

  void relay() {
    for (;;) {
      std::vector<pollfd> waiting{{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const Line& line : lines_) {
        waiting.push_back({line.up.from, POLLIN, 0});
        waiting.push_back({line.down.from, POLLIN, 0});
      }
      if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
      if (waiting[0].revents != 0) return;
      std::size_t at = 2;
      for (auto line = lines_.begin(); line != lines_.end(); at += 2) {
        const bool up = waiting[at].revents == 0 || forward(line->up, true);
        const bool down = up && (waiting[at + 1].revents == 0 || forward(line->down, false));
        if (up && down) {
          ++line;
          continue;
        }
        hang_up(*line);
        line = lines_.erase(line);
      }
      if (waiting[1].revents != 0) answer_call();
    }
  }

  void answer_call() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(server_);
    Line line{.up = {client, server, true}, .down = {server, client}};
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      return hang_up(line);
    }
    lines_.push_back(std::move(line));
  }

  static void hang_up(Line& line) {
    close(line.up.from);
    close(line.down.from);
  }

  /// False when the line has ended or is cut.
  bool forward(Stream& stream, bool is_up) {
    char bytes[65536];
    const ssize_t size = read(stream.from, bytes, sizeof(bytes));
    if (size <= 0) return false;
    stream.pending.append(bytes, static_cast<std::size_t>(size));
    for (;;) {
      const std::size_t head = stream.untyped ? 0 : 1;
      const std::string& all = stream.pending;
      if (all.size() < head + 4) return true;
      std::uint32_t length = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        length = (length << 8) | static_cast<std::uint8_t>(all[head + i]);
      }
      if (all.size() < head + length) return true;
      const char type = stream.untyped ? 'S' : all[0];
      if (!(is_up ? pass_up(type) : pass_down(type))) return false;
      const std::string_view message = std::string_view(all).substr(0, head + length);
      if (!send_all(stream.to, message)) return false;
      stream.pending.erase(0, message.size());
      stream.untyped = false;
    }
  }

  bool pass_up(char type) {
    if (how_ == Cut::before_request && requests_ + 1 == n_) return strike();
    if (type == 'S') ++requests_;
    return true;
  }
  bool pass_down(char type) {
    if (how_ == Cut::before_answer && answers_ + 1 == n_) return strike();
    if (type != 'Z') return true;
    if (how_ == Cut::within_answer && answers_ + 1 == n_) return strike();
    ++answers_;
    return true;
  }
  bool strike() {
    struck_ = true;
    n_ = 0;
    return false;
  }

  static bool send_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  TestFolder folder_;
  std::string server_;
  int listener_;
  int stop_ = eventfd(0, EFD_CLOEXEC);
  std::list<Line> lines_;
  std::atomic<Cut> how_{Cut::before_request};
  std::atomic<std::uint64_t> n_{0};
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> answers_{0};
  std::atomic<bool> struck_{false};
  std::thread thread_;
};

}  // namespace crossfoot::store
