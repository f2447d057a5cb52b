// CPU time for an HTTP request, server and client apart: two processes on loopback, 64 calls in
// flight, POST of 1.2 KB answered with 100 bytes.
//   http_bench [requests]
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/invariant.h"
#include "runtime/http_client.h"
#include "runtime/http_server.h"

namespace asio = boost::asio;
using namespace crossfoot;
using namespace crossfoot::runtime;

namespace {

constexpr std::size_t request_bytes = 1200;
constexpr std::size_t answer_bytes = 100;
constexpr int in_flight = 64;

double cpu_micros() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

template <class T>
void send_value(int descriptor, T value) {
  INVARIANT(::write(descriptor, &value, sizeof value) == sizeof value, "pipe");
}

template <class T>
T receive_value(int descriptor) {
  T value{};
  INVARIANT(::read(descriptor, &value, sizeof value) == sizeof value, "pipe");
  return value;
}

asio::awaitable<HttpResponse> answer(const HttpRequest& request) {
  INVARIANT(request.body.size() == request_bytes, "whole body");
  co_return HttpResponse{.status = 202, .body = std::string(answer_bytes, 'a')};
}

HttpResponse refuse(int status, std::string_view) {
  return {.status = status};
}

/// Serves until the parent says stop; then reports its CPU time.
void serve(int from_parent, int to_parent) {
  asio::io_context context{1};
  HttpServer server(context, {}, answer, refuse);
  const auto port = server.listen("127.0.0.1", 0);
  INVARIANT(port.has_value(), "a free port");
  send_value(to_parent, *port);
  asio::posix::stream_descriptor stop(context, from_parent);
  stop.async_wait(asio::posix::stream_descriptor::wait_read,
                  [&](const boost::system::error_code&) { context.stop(); });
  const double before = cpu_micros();
  context.run();
  send_value(to_parent, cpu_micros() - before);
}

struct Load {
  HttpClient& client;
  asio::io_context& context;
  int left;
  int running = 0;
  int failed = 0;

  void next() {
    if (left == 0) {
      if (running == 0) context.stop();
      return;
    }
    --left;
    ++running;
    client.call({.target = "/v1/transactions",
                 .headers = {{"content-type", "application/json"},
                             {"idempotency-key", "7ZK0123456789ABCDEF0"}},
                 .body = std::string(request_bytes, 'b')},
                [this](Result<HttpAnswer> result) {
                  --running;
                  if (!result || result->body.size() != answer_bytes) ++failed;
                  next();
                });
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int requests = argc > 1 ? std::atoi(argv[1]) : 200'000;
  std::array<int, 2> down{};
  std::array<int, 2> up{};
  INVARIANT(::pipe(down.data()) == 0 && ::pipe(up.data()) == 0, "pipes");
  const pid_t child = ::fork();
  if (child == 0) {
    serve(down[0], up[1]);
    ::_exit(0);
  }
  const auto port = receive_value<std::uint16_t>(up[0]);
  asio::io_context context{1};
  HttpClient client(context, fmt::format("http://127.0.0.1:{}", port),
                    {.connections_max = in_flight});
  Load load{.client = client, .context = context, .left = requests};
  const double before = cpu_micros();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < in_flight; ++i) load.next();
  context.run();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  const double client_cpu = cpu_micros() - before;
  send_value(down[1], 'x');
  const auto server_cpu = receive_value<double>(up[0]);
  ::waitpid(child, nullptr, 0);
  fmt::print("requests {}  failed {}  {:.0f}/s  CPU us a request: server {:.2f}  client {:.2f}\n",
             requests, load.failed, requests / wall.count(), server_cpu / requests,
             client_cpu / requests);
  return load.failed == 0 ? 0 : 1;
}
