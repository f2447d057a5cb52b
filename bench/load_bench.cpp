// The whole product under load on one machine: server, two downstream stubs and this load generator
// are separate processes. Prints one table. `usage_text` below says how it is called.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <chrono>
#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
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

volatile std::sig_atomic_t stub_is_down = 0;

/// The text between a member's quotes: bodies here are made by this program and its packs.
std::string_view member_of(std::string_view json, std::string_view name) {
  const auto at = json.find(name);
  if (at == std::string_view::npos) return {};
  const auto from = at + name.size();
  return json.substr(from, json.find('"', from) - from);
}

/// A target in a process of its own: it acknowledges everything at once and answers 503 between
/// SIGUSR1 and SIGUSR2. Where it keeps a book, a reconciliation finds there what it acknowledged.
class Stub {
 public:
  explicit Stub(bool keeps_book) : keeps_book_(keeps_book) {}

  runtime::HttpResponse answer(const runtime::HttpRequest& request) {
    runtime::HttpResponse response;
    if (request.method == runtime::Method::get) {
      response.status = 200;
      response.body = page(request.query);
      return response;
    }
    response.status = stub_is_down != 0 ? 503 : 201;
    if (stub_is_down != 0) return response;
    const std::string_view body = request.body;
    const std::string_view reference = member_of(body, R"("reference":")");
    const std::string_view shop = member_of(body, R"("shop":")");
    const bool accrual = request.path.find("accruals") != std::string_view::npos;
    const std::size_t id = ++count_;
    // What every sale of this load comes to.
    constexpr std::string_view common =
        R"({{"id":"{}","reference":"{}","shop":"{}","business_date":"2026-11-21","currency":"EUR",{}}})";
    if (accrual) {
      response.body = fmt::format(R"({{"id":"A-{}","points":119,"lines":[]}})", id);
      if (keeps_book_) {
        book_.push_back(fmt::format(common, id, reference, shop,
                                    fmt::format(R"("type":"accrual","points":119,"member":"{}")",
                                                member_of(body, R"("member":")"))));
      }
    } else {
      response.body = fmt::format(R"({{"id":"P-{}","state":"posted"}})", id);
      if (keeps_book_) {
        book_.push_back(fmt::format(
            common, id, reference, shop,
            R"("state":"posted","type":"posting","kind":"sale","net":"100.80","tax":"19.14",)"
            R"("gross":"119.94","taxes":[{"tax_code":"DE-STD","net":"100.80","tax":"19.14"}],)"
            R"("tenders":[{"kind":"card","amount":"119.94"}])"));
      }
    }
    return response;
  }

 private:
  std::string page(std::string_view query) const {
    constexpr std::size_t items_max = 500;
    const std::size_t from =
        static_cast<std::size_t>(std::max<std::int64_t>(0, number(query, "after=")));
    const std::size_t until = std::min(book_.size(), from + items_max);
    const bool day = query.find("business_date=2026-11-21") != std::string_view::npos;
    std::string text = R"({"items":[)";
    for (std::size_t i = from; day && i < until; ++i) {
      if (i > from) text += ',';
      text += book_[i];
    }
    text += ']';
    if (day && until < book_.size()) text += fmt::format(R"(,"next":"{}")", until);
    return text + '}';
  }

  bool keeps_book_;
  std::size_t count_ = 0;
  std::deque<std::string> book_;
};

[[noreturn]] void run_stub(int port_pipe, bool down, bool keeps_book) {
  stub_is_down = down ? 1 : 0;
  std::signal(SIGUSR1, [](int) { stub_is_down = 1; });
  std::signal(SIGUSR2, [](int) { stub_is_down = 0; });
  boost::asio::io_context context{1};
  Stub stub(keeps_book);
  runtime::HttpServer server(
      context, {},
      [&stub](const runtime::HttpRequest& request)
          -> boost::asio::awaitable<runtime::HttpResponse> { co_return stub.answer(request); },
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

/// A stub's process: it ends with this value.
class StubProcess {
 public:
  StubProcess(bool down, bool keeps_book) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe for a stub");
    pid_ = fork();
    if (pid_ == 0) run_stub(ends[1], down, keeps_book);
    const bool told = read(ends[0], &port_, sizeof port_) == sizeof port_;
    close(ends[0]);
    close(ends[1]);
    if (told) return;
    end();
    throw std::runtime_error("a stub does not start");
  }
  ~StubProcess() { end(); }
  StubProcess(const StubProcess&) = delete;
  StubProcess& operator=(const StubProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void come_back() const { kill(pid_, SIGUSR2); }

 private:
  void end() const {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

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

struct Options {
  std::string crossfoot;
  std::string packs;
  std::uint64_t sales = 60'000;
  std::uint64_t stored = 0;
  std::size_t connections = 64;
  std::uint64_t rate = 0;
  std::string settings;
  bool backlog = false;
  bool watch = false;
};

constexpr std::string_view usage_text =
    "load_bench CROSSFOOT PACKS [--sales N] [--connections N] [--rate N] [--stored N] [--watch]\n"
    "                           [--backlog] [--settings YAML]\n"
    "  --rate      sales a second, open loop; 0: as fast as answers come\n"
    "  --stored    so many sales are carried before the measured ones\n"
    "  --watch     a console refreshes each second and a reconciliation of the day always runs\n"
    "  --backlog   the loyalty platform is down while the sales come; then the server is started\n"
    "              again, the platform comes back and the backlog drains\n";

std::optional<Options> options_of(int argc, char** argv) {
  if (argc < 3) return std::nullopt;
  Options options{.crossfoot = argv[1], .packs = std::filesystem::absolute(argv[2]).string()};
  for (int i = 3; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--backlog" || name == "--watch") {
      (name == "--watch" ? options.watch : options.backlog) = true;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    const std::string value = argv[++i];
    if (name == "--settings") {
      options.settings = value;
    } else if (name == "--sales") {
      options.sales = std::stoull(value);
    } else if (name == "--connections") {
      options.connections = std::stoull(value);
    } else if (name == "--rate") {
      options.rate = std::stoull(value);
    } else if (name == "--stored") {
      options.stored = std::stoull(value);
    } else {
      return std::nullopt;
    }
  }
  return options;
}

/// The product and what stands around it, below one folder that goes with it.
class World {
 public:
  explicit World(const Options& options)
      : options_(options), erp_(false, options.watch), loyalty_(options.backlog, options.watch) {
    auto folder = runtime::TempDir::make("crossfoot-bench");
    if (!folder) throw std::runtime_error(folder.error().cause);
    folder_.emplace(std::move(*folder));
    root_ = folder_->path();
    std::ofstream(root_ / "programme.json")
        << R"({"programme":"default","version":1,"currency":"EUR","earn":{"points_per_unit":"1",)"
        << R"("rounding":"floor","base":"gross","stacking":"multiplicative","line_kinds":["goods"],)"
        << R"("excluded_tenders":[]},"rates":[],"tiers":[],"campaigns":[],"zones":{"DE":"Europe/Berlin"}})";
    std::ofstream(root_ / "crossfoot.yaml") << fmt::format(
        "listen: {{port: 0}}\ndata: {{folder: data}}\nprogramme: programme.json\n"
        "log: {{level: error}}\n{3}\nconnectors:\n"
        "  - {{name: erp, pack: {0}/sandbox-erp, base_url: \"http://127.0.0.1:{1}\"}}\n"
        "  - {{name: loyalty, pack: {0}/sandbox-loyalty, base_url: \"http://127.0.0.1:{2}\"}}\n",
        options.packs, erp_.port(), loyalty_.port(), options.settings);
    start();
  }
  ~World() { stop(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void start() {
    auto server = runtime::Process::spawn({.arguments = {options_.crossfoot, "serve", "--config",
                                                         (root_ / "crossfoot.yaml").string()},
                                           .environment = {},
                                           .folder = {},
                                           .error_file = root_ / "server.log"});
    if (!server) throw std::runtime_error(server.error().cause);
    server_.emplace(std::move(*server));
    const auto line = server_->read_line(std::chrono::seconds{60});
    if (!line || !line->starts_with("listening ")) {
      std::ifstream log(root_ / "server.log");
      throw std::runtime_error("the server does not start: " +
                               std::string(std::istreambuf_iterator<char>(log), {}));
    }
    url_ = line->substr(10);
  }
  void stop() { (void)server_->stop(std::chrono::seconds{30}); }
  void loyalty_comes_back() const { loyalty_.come_back(); }

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] Usage usage() const { return usage_of(server_->pid()); }
  [[nodiscard]] std::uint64_t stored_bytes() const { return size_of(root_ / "data"); }

 private:
  const Options& options_;
  StubProcess erp_;
  StubProcess loyalty_;
  std::optional<runtime::TempDir> folder_;
  std::filesystem::path root_;
  std::optional<runtime::Process> server_;
  std::string url_;
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

/// A small client of its own: asks one thing after the other.
class Asker {
 public:
  explicit Asker(std::string url) : client_(context_, std::move(url), {.connections_max = 1}) {}

  std::string ask(runtime::Method method, const std::string& target, std::string body = {}) {
    context_.restart();
    std::string answered;
    std::vector<std::pair<std::string, std::string>> headers;
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    client_.call({.method = method,
                  .target = target,
                  .headers = std::move(headers),
                  .body = std::move(body),
                  .deadline = std::chrono::seconds{60}},
                 [&](Result<HttpAnswer> answer) {
                   if (answer) answered = std::move(answer->body);
                   context_.stop();
                 });
    context_.run();
    return answered;
  }
  std::int64_t done() { return number(ask(runtime::Method::get, "/v1/overview"), R"("done":)"); }

 private:
  boost::asio::io_context context_{1};
  runtime::HttpClient client_;
};

/// A person's console and finance's reconciliation, beside the load.
class Watchers {
 public:
  explicit Watchers(const std::string& url)
      : console_([this, url] { refresh(url); }), finance_([this, url] { reconcile(url); }) {}
  ~Watchers() { stop(); }
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  void stop() {
    stopping_ = true;
    if (console_.joinable()) console_.join();
    if (finance_.joinable()) finance_.join();
  }

  // To be read when stopped.
  std::uint64_t refreshes = 0;
  std::uint64_t reconciliations = 0;  ///< done
  std::string last_items;

 private:
  void refresh(const std::string& url) {
    Asker asker(url);
    while (!stopping_) {
      for (const char* page :
           {"/v1/overview", "/v1/transactions?limit=50", "/v1/dead-letters:groups",
            "/v1/dead-letters?limit=50", "/v1/reconciliations"}) {
        (void)asker.ask(runtime::Method::get, page);
      }
      ++refreshes;
      usleep(1'000'000);
    }
  }
  void reconcile(const std::string& url) {
    Asker asker(url);
    while (!stopping_) {
      const std::string begun = asker.ask(runtime::Method::post, "/v1/reconciliations",
                                          R"({"from":"2026-11-21","to":"2026-11-21"})");
      const std::string id(member_of(begun, R"("id":")"));
      std::string report = begun;
      while (!id.empty() && !stopping_ &&
             report.find(R"("state":"running")") != std::string::npos) {
        usleep(100'000);
        report = asker.ask(runtime::Method::get, "/v1/reconciliations/" + id);
      }
      if (report.find(R"("state":"done")") == std::string::npos) {
        last_items = report;
        continue;
      }
      ++reconciliations;
      last_items = report.substr(report.find(R"("items")"), 100);
    }
  }

  std::atomic<bool> stopping_ = false;
  std::thread console_;
  std::thread finance_;
};

bool wait_done(Asker& asker, std::int64_t wanted, std::chrono::minutes most) {
  const auto began = Clock::now();
  while (asker.done() < wanted) {
    if (Clock::now() - began > most) return false;
    usleep(20'000);
  }
  return true;
}

int run_sales(const Options& options) {
  World world(options);
  Asker asker(world.url());
  if (options.stored > 0) {
    Load before(world.url(), 1, options.stored, options.connections, 0);
    before.run();
    if (!wait_done(asker, static_cast<std::int64_t>(options.stored), std::chrono::minutes{40})) {
      return 1;
    }
  }
  const std::uint64_t stored_before = world.stored_bytes();
  const Usage before = world.usage();
  const auto began = Clock::now();
  Load load(world.url(), options.stored + 1, options.sales, options.connections, options.rate);
  double accepted_s = 0;
  {
    std::optional<Watchers> watchers;
    if (options.watch) watchers.emplace(world.url());
    accepted_s = load.run();
    if (watchers) {
      watchers->stop();
      fmt::print("console refreshed {} times, {} reconciliations done, the last: {}\n",
                 watchers->refreshes, watchers->reconciliations, watchers->last_items);
    }
  }
  const auto wanted = static_cast<std::int64_t>(options.stored + options.sales - load.refused);
  const bool all = wait_done(asker, wanted, std::chrono::minutes{20});
  const double completed_s = seconds_since(began);
  const Usage after = world.usage();
  const auto count = static_cast<double>(options.sales);
  fmt::print(
      "| stored before | sales | connections | rate | accepted/s | completed/s | CPU µs a sale "
      "(server) | accept p50 ms | p99 | p99.9 | max | peak RSS MB | stored B a sale | written B a "
      "sale | refused |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  fmt::print(
      "| {} | {} | {} | {} | {:.0f} | {:.0f} | {:.0f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {} | "
      "{:.0f} | {:.0f} | {} |\n",
      options.stored, options.sales, options.connections, options.rate, count / accepted_s,
      count / completed_s, (after.cpu_s - before.cpu_s) * 1e6 / count, load.micros(0.5) / 1e3,
      load.micros(0.99) / 1e3, load.micros(0.999) / 1e3, load.micros(1.0) / 1e3,
      after.rss_kb / 1024,
      (static_cast<double>(world.stored_bytes()) - static_cast<double>(stored_before)) / count,
      static_cast<double>(after.written - before.written) / count, load.refused);
  return all ? 0 : 1;
}

int run_backlog(const Options& options) {
  World world(options);
  Load load(world.url(), 1, options.sales, options.connections, options.rate);
  const double accepted_s = load.run();
  const Usage full = world.usage();
  fmt::print("taken in: {} sales, {:.0f}/s, {} refused, peak RSS {} MB\n", options.sales,
             static_cast<double>(options.sales) / accepted_s, load.refused, full.rss_kb / 1024);
  world.stop();
  const auto restarted = Clock::now();
  world.start();
  Asker asker(world.url());
  while (asker.ask(runtime::Method::get, "/healthz/ready").find("ready") == std::string::npos) {
    usleep(2'000);
  }
  fmt::print("ready again after {:.2f} s\n", seconds_since(restarted));
  const auto wanted = static_cast<std::int64_t>(options.sales - load.refused);
  const std::int64_t from = asker.done();
  world.loyalty_comes_back();
  const auto began = Clock::now();
  const Usage before = world.usage();
  double last_s = 0;
  constexpr int slices = 10;
  fmt::print("| drained | in the slice, a second | peak RSS MB |\n|---|---|---|\n");
  for (int slice = 1; slice <= slices; ++slice) {
    const std::int64_t goal = from + (wanted - from) * slice / slices;
    if (!wait_done(asker, goal, std::chrono::minutes{30})) return 1;
    const double now_s = seconds_since(began);
    fmt::print("| {} | {:.0f} | {} |\n", goal,
               static_cast<double>((wanted - from) / slices) / (now_s - last_s),
               world.usage().rss_kb / 1024);
    std::fflush(stdout);
    last_s = now_s;
  }
  fmt::print("CPU µs a drained sale: {:.0f}\n",
             (world.usage().cpu_s - before.cpu_s) * 1e6 / static_cast<double>(wanted - from));
  return 0;
}

int run(int argc, char** argv) {
  const std::optional<Options> options = options_of(argc, argv);
  if (!options) {
    fmt::print(stderr, "{}", usage_text);
    return 2;
  }
  try {
    return options->backlog ? run_backlog(*options) : run_sales(*options);
  } catch (const std::runtime_error& fault) {
    fmt::print(stderr, "{}\n", fault.what());
    return 2;
  }
}

}  // namespace
}  // namespace crossfoot

int main(int argc, char** argv) {
  return crossfoot::run(argc, argv);
}
