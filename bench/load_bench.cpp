// The whole product under load on one machine: server, two downstream stubs and this load generator
// are separate processes. Prints one table. Usage: load_bench CROSSFOOT PACKS [SALES] [CONNECTIONS]
// [RATE] [SETTINGS] RATE 0 (default) sends as fast as answers come; else that many sales a second,
// open loop. SETTINGS: more of the configuration, as YAML.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "runtime/asio_scheduler.h"
#include "runtime/files.h"
#include "runtime/http_client.h"
#include "runtime/http_server.h"
#include "runtime/process.h"

namespace crossfoot {
namespace {

using runtime::HttpAnswer;

std::int64_t number(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return -1;
  std::int64_t value = -1;
  const char* from = text.data() + at + name.size();
  std::from_chars(from, text.data() + text.size(), value);
  return value;
}

/// A target that acknowledges everything at once, in a process of its own.
[[noreturn]] void run_stub(int port_pipe) {
  boost::asio::io_context context{1};
  std::uint64_t count = 0;
  runtime::HttpServer server(
      context, {},
      [&count](
          const runtime::HttpRequest& request) -> boost::asio::awaitable<runtime::HttpResponse> {
        runtime::HttpResponse response;
        response.status = 201;
        const bool accrual = request.path.find("accruals") != std::string_view::npos;
        response.body = accrual ? fmt::format(R"({{"id":"A-{}","points":113,"lines":[]}})", ++count)
                                : fmt::format(R"({{"id":"P-{}","state":"posted"}})", ++count);
        co_return response;
      },
      [](int status, std::string_view) {
        runtime::HttpResponse response;
        response.status = status;
        return response;
      });
  const auto port = server.listen("127.0.0.1", 0);
  const std::uint16_t value = port ? *port : 0;
  if (write(port_pipe, &value, sizeof value) != sizeof value) _exit(1);
  context.run();
  _exit(0);
}

std::pair<pid_t, std::uint16_t> start_stub() {
  int ends[2];
  if (pipe(ends) != 0) std::exit(2);
  const pid_t child = fork();
  if (child == 0) run_stub(ends[1]);
  std::uint16_t port = 0;
  if (read(ends[0], &port, sizeof port) != sizeof port) std::exit(2);
  return {child, port};
}

/// A sale of six lines, about 1.2 KB.
std::string sale(std::uint64_t n) {
  std::string lines;
  for (int line = 1; line <= 6; ++line) {
    lines += fmt::format(
        R"({}{{"line":{},"kind":"goods","article":"ART-{:05}","description":"Article number {}",)"
        R"("quantity":"1","unit":"EA","unit_price":"19.99","tax_code":"DE-STD","tax_rate":"0.19"}})",
        line == 1 ? "" : ",", line, (n * 7 + static_cast<std::uint64_t>(line)) % 99'999, line);
  }
  return fmt::format(
      R"({{"kind":"sale","channel":"pos","shop":"DE-{:03}","register":"{}","business_date":"2026-11-21",)"
      R"("sequence":"{}","occurred_at":"2026-11-21T10:03:04+01:00","currency":"EUR",)"
      R"("tax_mode":"inclusive","region":"DE","member":"M-{}","lines":[{}],)"
      R"("tenders":[{{"kind":"card","amount":"119.94"}}]}})",
      n % 300, n % 8, n, (n * 2654435761U) % 1'000'003, lines);
}

struct Usage {
  double cpu_s = 0;
  std::int64_t rss_kb = 0;
  std::int64_t written = 0;
};

Usage usage_of(pid_t pid) {
  Usage usage;
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  text = text.substr(text.rfind(')') + 2);
  std::vector<std::string> fields;
  for (std::size_t at = 0; at != std::string::npos && fields.size() < 20;) {
    const auto end = text.find(' ', at);
    fields.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? end : end + 1;
  }
  usage.cpu_s =
      (std::stod(fields[11]) + std::stod(fields[12])) / static_cast<double>(sysconf(_SC_CLK_TCK));
  for (const auto& [file, name, out] :
       {std::tuple{"status", "VmHWM:", &usage.rss_kb}, {"io", "write_bytes: ", &usage.written}}) {
    std::ifstream source(fmt::format("/proc/{}/{}", pid, file));
    const std::string all((std::istreambuf_iterator<char>(source)), {});
    const auto at = all.find(name);
    if (at == std::string::npos) continue;
    *out = std::stoll(all.substr(at + std::string_view(name).size()));
  }
  return usage;
}

class Load {
 public:
  Load(std::string url, std::uint64_t first, std::uint64_t sales, std::size_t connections,
       std::uint64_t rate)
      : client_(context_, std::move(url),
                {.connections_max = connections, .idle_timeout = std::chrono::seconds{60}}),
        next_(first),
        end_(first + sales),
        connections_(connections),
        rate_(rate) {}

  /// Sends all sales; answers the seconds until the last was accepted.
  double run() {
    began_ = now();
    if (rate_ == 0) {
      for (std::size_t i = 0; i < connections_; ++i) send();
    } else {
      pace();
    }
    context_.run();
    return static_cast<double>((now() - began_).count()) / 1e6;
  }

  std::string get(const std::string& target) {
    context_.restart();
    std::string body;
    client_.call({.method = runtime::Method::get, .target = target, .headers = {}, .body = {}},
                 [&](Result<HttpAnswer> answer) {
                   if (answer) body = std::move(answer->body);
                   context_.stop();
                 });
    context_.run();
    return body;
  }

  double micros(double share) {
    if (latencies_.empty()) return 0;
    std::ranges::sort(latencies_);
    const auto at = static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1));
    return static_cast<double>(latencies_[at]);
  }
  std::uint64_t refused = 0;

 private:
  static Duration now() {
    return std::chrono::duration_cast<Duration>(
        std::chrono::steady_clock::now().time_since_epoch());
  }

  void pace() {
    const auto due = static_cast<std::uint64_t>((now() - began_).count()) * rate_ / 1'000'000;
    while (sent_ < due && next_ < end_) send();
    if (next_ < end_) scheduler_.after(Duration{500}, [this] { pace(); });
  }

  void send() {
    if (next_ >= end_) return;
    ++sent_;
    const Duration at = now();
    client_.call({.method = runtime::Method::post,
                  .target = "/v1/transactions",
                  .headers = {{"Content-Type", "application/json"}},
                  .body = sale(next_++)},
                 [this, at](Result<HttpAnswer> answer) {
                   latencies_.push_back((now() - at).count());
                   if (!answer || answer->status != 202) ++refused;
                   if (rate_ == 0) send();
                   if (latencies_.size() == sent_ && next_ >= end_) context_.stop();
                 });
  }

  boost::asio::io_context context_{1};
  runtime::AsioScheduler scheduler_{context_};
  runtime::HttpClient client_;
  std::uint64_t next_;
  std::uint64_t end_;
  std::size_t connections_;
  std::uint64_t rate_;
  std::uint64_t sent_ = 0;
  Duration began_{0};
  std::vector<std::int64_t> latencies_;
};

std::uint64_t size_of(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

int run(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "load_bench CROSSFOOT PACKS [SALES] [CONNECTIONS] [RATE] [SETTINGS]\n");
    return 2;
  }
  const std::uint64_t sales = argc > 3 ? std::stoull(argv[3]) : 60'000;
  const std::size_t connections = argc > 4 ? std::stoull(argv[4]) : 64;
  const std::uint64_t rate = argc > 5 ? std::stoull(argv[5]) : 0;
  const auto [erp, erp_port] = start_stub();
  const auto [loyalty, loyalty_port] = start_stub();
  auto folder = runtime::TempDir::make("crossfoot-bench");
  if (!folder) return 2;
  const std::filesystem::path root = folder->path();
  std::ofstream(root / "programme.json")
      << R"({"programme":"default","version":1,"currency":"EUR","earn":{"points_per_unit":"1",)"
      << R"("rounding":"floor","base":"gross","stacking":"multiplicative","line_kinds":["goods"],)"
      << R"("excluded_tenders":[]},"rates":[],"tiers":[],"campaigns":[],"zones":{"DE":"Europe/Berlin"}})";
  std::ofstream(root / "crossfoot.yaml") << fmt::format(
      "listen: {{port: 0}}\ndata: {{folder: data}}\nprogramme: programme.json\n"
      "log: {{level: error}}\n{3}\nconnectors:\n"
      "  - {{name: erp, pack: {0}/sandbox-erp, base_url: \"http://127.0.0.1:{1}\"}}\n"
      "  - {{name: loyalty, pack: {0}/sandbox-loyalty, base_url: \"http://127.0.0.1:{2}\"}}\n",
      std::filesystem::absolute(argv[2]).string(), erp_port, loyalty_port, argc > 6 ? argv[6] : "");
  auto server = runtime::Process::spawn(
      {.arguments = {argv[1], "serve", "--config", (root / "crossfoot.yaml").string()},
       .environment = {},
       .folder = {},
       .error_file = root / "server.log"});
  if (!server) return 2;
  const auto line = server->read_line(std::chrono::seconds{20});
  if (!line || !line->starts_with("listening ")) return 2;
  const std::string url = line->substr(10);

  Load load(url, 1, sales, connections, rate);
  const Usage before = usage_of(server->pid());
  const auto began = std::chrono::steady_clock::now();
  const double accepted_s = load.run();
  const auto wanted = static_cast<std::int64_t>(sales - load.refused);
  while (number(load.get("/v1/overview"), R"("done":)") < wanted) {
    usleep(20'000);
    if (std::chrono::steady_clock::now() - began > std::chrono::minutes{20}) break;
  }
  const double completed_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const Usage after = usage_of(server->pid());
  const auto count = static_cast<double>(sales);
  fmt::print(
      "| sales | connections | rate | accepted/s | completed/s | CPU µs a sale (server) | "
      "accept p50 ms | p99 | p99.9 | max | peak RSS MB | stored B a sale | written B a sale "
      "| refused |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  fmt::print(
      "| {} | {} | {} | {:.0f} | {:.0f} | {:.0f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {} | "
      "{:.0f} | {:.0f} | {} |\n",
      sales, connections, rate, count / accepted_s, count / completed_s,
      (after.cpu_s - before.cpu_s) * 1e6 / count, load.micros(0.5) / 1e3, load.micros(0.99) / 1e3,
      load.micros(0.999) / 1e3, load.micros(1.0) / 1e3, after.rss_kb / 1024,
      static_cast<double>(size_of(root / "data")) / count,
      static_cast<double>(after.written - before.written) / count, load.refused);
  (void)server->stop(std::chrono::seconds{10});
  for (const pid_t stub : {erp, loyalty}) {
    kill(stub, SIGKILL);
    waitpid(stub, nullptr, 0);
  }
  return 0;
}

}  // namespace
}  // namespace crossfoot

int main(int argc, char** argv) {
  return crossfoot::run(argc, argv);
}
