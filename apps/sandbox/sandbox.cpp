#include "sandbox/sandbox.h"

#include <fmt/core.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "runtime/asio_scheduler.h"
#include "runtime/http_server.h"
#include "sandbox/erp_system.h"
#include "sandbox/loyalty_system.h"
#include "sandbox/service.h"

namespace crossfoot::sandbox {

namespace asio = boost::asio;

namespace {

constexpr Duration stop_grace{std::chrono::seconds{2}};
constexpr std::size_t body_bytes_max = 8 * 1024 * 1024;

int failed(const Fault& fault) {
  fmt::print(stderr, "crossfoot-sandbox: {}: {}\n", fault.where, fault.cause);
  return 1;
}

asio::awaitable<void> stop_all(runtime::HttpServer& server, Service& service,
                               asio::io_context& context) {
  service.stop();
  co_await server.stop(stop_grace);
  context.stop();
}

int run(const SandboxOptions& options, Result<std::unique_ptr<System>> system) {
  if (!system) return failed(system.error());
  if (options.parent_pid_death) {
    const pid_t parent = ::getppid();
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) return 0;  // the parent went before it could be watched
  }
  asio::io_context context(1);
  const runtime::AsioScheduler clock(context);
  Service service(context, clock, std::move(*system), options.seed);
  runtime::HttpServerLimits limits;
  limits.body_bytes_max = body_bytes_max;
  runtime::HttpServer server(
      context, limits,
      [&service](const runtime::HttpRequest& request) { return service.serve(request); },
      &Service::refuse);
  const auto port = server.listen(options.address, options.port);
  if (!port) return failed(port.error());
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) asio::co_spawn(context, stop_all(server, service, context), asio::detached);
  });
  fmt::print("listening {}:{}\n", options.address, *port);
  std::fflush(stdout);
  context.run();
  return 0;
}

Result<Programme> read_programme(const std::string& path) {
  if (path.empty()) return Programme{};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return fail(Fault{.code = "sandbox.programme",
                      .fault_class = FaultClass::not_found,
                      .where = path,
                      .cause = "cannot be read"});
  }
  return parse_programme(text.view());
}

}  // namespace

Result<std::unique_ptr<System>> open_erp(const SandboxOptions& options) {
  auto books = ErpBooks::open(options.data);
  if (!books) return fail(std::move(books.error()));
  return std::make_unique<ErpSystem>(std::move(*books));
}

Result<std::unique_ptr<System>> open_loyalty(const SandboxOptions& options) {
  auto programme = read_programme(options.programme);
  if (!programme) return fail(std::move(programme.error()));
  auto books = LoyaltyBooks::open(options.data);
  if (!books) return fail(std::move(books.error()));
  auto members = MemberBook::open(options.data);
  if (!members) return fail(std::move(members.error()));
  return std::make_unique<LoyaltySystem>(std::move(*books), std::move(*members),
                                         std::move(*programme));
}

int run_erp(const SandboxOptions& options) {
  return run(options, open_erp(options));
}

int run_loyalty(const SandboxOptions& options) {
  return run(options, open_loyalty(options));
}

}  // namespace crossfoot::sandbox
