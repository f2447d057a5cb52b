// What a sale costs in the data store: one accept unit (two keys, message with 1.2 KB body, flow,
// journal row, four counters) and two later units (flow update, journal row, counter), at group
// commit. store_bench FOLDER [--page-size N] [--sales N] [--stored N,N,N] [--in-flight N]
// [--cache-mb N] [--log-mb N] [--rest-kb N]
// [--postgres CONNECTION-STRING]: of an empty database; the columns of files then stay empty.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "runtime/asio_scheduler.h"
#include "runtime/random.h"
#include "store/api/home.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace {

using namespace crossfoot;

struct Settings {
  std::string folder;
  std::string postgres;  ///< connection string; empty: SQLite
  std::uint32_t page_size = 4096;
  std::uint64_t sales = 100'000;
  std::uint64_t in_flight = 192;
  std::uint64_t cache_mb = 0;  ///< of the writer; 0: the store's default
  std::uint64_t log_mb = 0;    ///< from here on the log is written back; 0: the store's default
  std::uint64_t rest_kb = 0;   ///< of the log, written back by the writer; 0: the store's default
  std::vector<std::uint64_t> stored{0, 100'000, 1'000'000};
};

struct Usage {
  Duration wall{0};
  double process_cpu = 0;  ///< microseconds
  double writer_cpu = 0;
  double checkpoint_cpu = 0;
  std::uint64_t written = 0;  ///< bytes handed to the disk
};

double thread_cpu(std::string_view name) {
  double sum = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string comm;
    std::getline(std::ifstream(task.path() / "comm"), comm);
    if (comm != name) continue;
    double nanos = 0;
    std::ifstream(task.path() / "schedstat") >> nanos;
    sum += nanos / 1000;
  }
  return sum;
}

Usage usage_now(const runtime::Scheduler& clock) {
  Usage usage;
  usage.wall = clock.monotonic();
  rusage self{};
  getrusage(RUSAGE_SELF, &self);
  const auto micros = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  usage.process_cpu = micros(self.ru_utime) + micros(self.ru_stime);
  usage.writer_cpu = thread_cpu("cf-writer");
  usage.checkpoint_cpu = thread_cpu("cf-checkpoint");
  std::ifstream io("/proc/self/io");
  for (std::string word; io >> word;) {
    if (word == "write_bytes:") io >> usage.written;
  }
  return usage;
}

/// Drives sales through the store: each is accepted, then changed twice.
class Load {
 public:
  Load(boost::asio::io_context& context, runtime::AsioScheduler& scheduler, store::Store& store,
       std::uint64_t seed)
      : context_(context),
        scheduler_(scheduler),
        store_(store),
        random_(seed),
        ids_(store.opened().incarnation) {}

  /// Closed loop: so many sales, so many of them under way; spread over `days` from `first_day`.
  void run(std::uint64_t sales, std::uint64_t in_flight, std::int32_t first_day,
           std::int32_t days) {
    first_day_ = first_day;
    days_ = days;
    left_ = sales;
    finished_ = 0;
    for (std::uint64_t i = 0; i < in_flight && left_ > 0; ++i) begin_sale();
    while (finished_ < sales) context_.run_one();
  }

  /// Open loop: sales begin at this rate, whatever the store does; latencies of all commits.
  std::vector<std::int64_t> run_at(std::uint64_t sales, double micros_between, std::int32_t day) {
    first_day_ = day;
    days_ = 1;
    left_ = 0;
    finished_ = 0;
    latencies_.clear();
    measure_ = true;
    const Duration started = scheduler_.monotonic();
    std::uint64_t begun = 0;
    std::function<void()> tick = [&] {
      const auto elapsed = static_cast<double>((scheduler_.monotonic() - started).count());
      const auto wanted = std::min(sales, static_cast<std::uint64_t>(elapsed / micros_between) + 1);
      for (; begun < wanted; ++begun) sale(++number_);
      if (begun < sales) scheduler_.after(Duration{500}, [&] { tick(); });
    };
    tick();
    while (finished_ < sales) context_.run_one();
    measure_ = false;
    std::ranges::sort(latencies_);
    return latencies_;
  }

 private:
  void begin_sale() {
    --left_;
    sale(++number_);
  }

  Hash128 random_hash() {
    Hash128 hash;
    for (std::size_t i = 0; i < 16; i += 8) {
      const std::uint64_t word = random_.next();
      std::memcpy(hash.bytes.data() + i, &word, 8);
    }
    return hash;
  }
  std::string filled(std::size_t size) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i + 8 <= size; i += 64) {
      const std::uint64_t word = random_.next() | 0x4040404040404040;
      std::memcpy(text.data() + i, &word, 8);
    }
    return text;
  }

  void sale(std::uint64_t number) {
    const Hash128 natural = random_hash();
    const Instant now = scheduler_.now();
    const Id id = ids_.next(now, store::home_of(natural));
    const BusinessDate day{
        first_day_ + static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(days_)))};
    store::Unit unit;
    unit.keys = {{.kind = store::KeyKind::idempotency,
                  .date = {20'400},
                  .hash = random_hash(),
                  .id = id,
                  .content = natural},
                 {.kind = store::KeyKind::natural,
                  .date = day,
                  .hash = natural,
                  .id = id,
                  .content = natural}};
    unit.message = {.id = id,
                    .recorded_at = now,
                    .business_date = day,
                    .occurred_at = now,
                    .shop = fmt::format("DE-{:03}", random_.below(200)),
                    .register_name = std::string(1, static_cast<char>('1' + random_.below(5))),
                    .sequence = std::to_string(number),
                    .currency = "EUR",
                    .gross_minor = 3548,
                    .member = fmt::format("M-{}", random_.below(1'000'000)),
                    .correlation_id = to_string(id),
                    .body = filled(1200)};
    add_change(unit, id, 1);
    unit.counters.push_back({"accepted|pos", 1});
    unit.counters.push_back({"open", 1});
    unit.counters.push_back({"gross|EUR", 3548});
    commit(std::move(unit), id, 1);
  }

  void add_change(store::Unit& unit, Id id, std::uint32_t version) {
    unit.flows = {{.id = id,
                   .version = version,
                   .status = version == 3 ? store::FlowStatus::done : store::FlowStatus::open,
                   .calling = version == 2,
                   .since = scheduler_.now(),
                   .state = filled(500)}};
    unit.journal = {{.partition = id.partition(),
                     .position = 0,
                     .flow = id,
                     .at = scheduler_.now(),
                     .entry = filled(250)}};
    unit.counters = {{version == 1 ? "moving" : version == 2 ? "calls" : "done", 1}};
  }

  void commit(store::Unit unit, Id id, std::uint32_t version) {
    const Duration begun = scheduler_.monotonic();
    store_.commit(std::move(unit), [this, id, version, begun](store::UnitResult result) {
      if (result.outcome != store::Outcome::applied) {
        fmt::print(stderr, "not applied: {}\n", result.fault.cause);
        std::exit(1);
      }
      if (measure_) latencies_.push_back((scheduler_.monotonic() - begun).count());
      if (version == 3) {
        ++finished_;
        if (left_ > 0) begin_sale();
        return;
      }
      store::Unit change;
      add_change(change, id, version + 1);
      commit(std::move(change), id, version + 1);
    });
  }

  boost::asio::io_context& context_;
  runtime::AsioScheduler& scheduler_;
  store::Store& store_;
  runtime::Random random_;
  IdSource ids_;
  std::int32_t first_day_ = 0;
  std::int32_t days_ = 1;
  std::uint64_t number_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t finished_ = 0;
  bool measure_ = false;
  std::vector<std::int64_t> latencies_;
};

std::uint64_t file_bytes(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return none ? 0 : size;
}

void print_head() {
  fmt::print("{:>9} {:>7} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>7} {:>8} {:>8} {:>8} {:>8}\n",
             "stored", "wall us", "cpu us", "writer", "ckpt", "sales/s", "disk B", "written B",
             "units/c", "log MB", "p50 us", "p99 us", "max us");
}

/// One row of the table: `stored` sales are there, then `settings.sales` more are measured.
void measure(const Settings& settings, Load& load, store::Store& store,
             const runtime::Scheduler& clock, std::uint64_t stored) {
  const std::string path = settings.folder + "/bench.db";
  const Usage before = usage_now(clock);
  const store::StoreStats stats_before = store.stats();
  const std::uint64_t size_before = file_bytes(path);
  load.run(settings.sales, settings.in_flight, 20'410, 1);
  const Usage after = usage_now(clock);
  const store::StoreStats stats = store.stats();
  const auto n = static_cast<double>(settings.sales);
  const double wall = static_cast<double>((after.wall - before.wall).count()) / n;
  const auto latencies = load.run_at(settings.sales / 4, 2 * wall, 20'410);
  const auto at = [&](double share) {
    return latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))];
  };
  fmt::print(
      "{:>9} {:>7.1f} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.0f} {:>9.0f} {:>9.0f} {:>7.0f} {:>8.1f} {:>8}"
      " {:>8} {:>8}\n",
      stored, wall, (after.process_cpu - before.process_cpu) / n,
      (after.writer_cpu - before.writer_cpu) / n,
      (after.checkpoint_cpu - before.checkpoint_cpu) / n, 1e6 / wall,
      static_cast<double>(file_bytes(path) - size_before) / n,
      static_cast<double>(after.written - before.written) / n,
      static_cast<double>(stats.units - stats_before.units) /
          static_cast<double>(stats.commits - stats_before.commits),
      static_cast<double>(stats.log_bytes_peak) / 1048576.0, at(0.5), at(0.99), at(1.0));
  std::fflush(stdout);
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Settings parse(int argc, char** argv) {
  Settings settings;
  settings.folder = argc > 1 ? argv[1] : ".";
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    std::string_view value = argv[i + 1];
    if (name == "--page-size") settings.page_size = static_cast<std::uint32_t>(number(value));
    if (name == "--postgres") settings.postgres = value;
    if (name == "--sales") settings.sales = number(value);
    if (name == "--in-flight") settings.in_flight = number(value);
    if (name == "--cache-mb") settings.cache_mb = number(value);
    if (name == "--log-mb") settings.log_mb = number(value);
    if (name == "--rest-kb") settings.rest_kb = number(value);
    if (name != "--stored") continue;
    settings.stored.clear();
    while (!value.empty()) {
      const std::size_t comma = std::min(value.find(','), value.size());
      settings.stored.push_back(number(value.substr(0, comma)));
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  for (const char* name : {"/bench.db", "/bench.db-wal", "/bench.db-shm"}) {
    std::filesystem::remove(settings.folder + name);
  }
  boost::asio::io_context context{1};
  const auto work = boost::asio::make_work_guard(context);
  runtime::AsioScheduler scheduler(context);
  store::SqliteOptions options{
      .path = settings.folder + "/bench.db", .home = &scheduler, .page_size = settings.page_size};
  if (settings.cache_mb > 0) {
    options.writer_cache_bytes = static_cast<std::int64_t>(settings.cache_mb) << 20;
  }
  if (settings.log_mb > 0) options.log_soft_bytes = settings.log_mb << 20;
  if (settings.rest_kb > 0) options.log_rest_bytes = settings.rest_kb << 10;
  auto opened = settings.postgres.empty()
                    ? store::open_sqlite(options)
                    : store::open_postgres({.url = settings.postgres, .home = &scheduler});
  if (!opened) {
    fmt::print(stderr, "{}\n", opened.error().cause);
    return 1;
  }
  Load load(context, scheduler, **opened, 42);
  fmt::print("page size {}, {} sales under way\n", settings.page_size, settings.in_flight);
  print_head();
  std::uint64_t stored = 0;
  for (const std::uint64_t target : settings.stored) {
    if (target > stored) load.run(target - stored, 1024, 20'400, 10);
    measure(settings, load, **opened, scheduler, target);
    stored = std::max(stored, target) + settings.sales + settings.sales / 4;
  }
  (*opened)->close();
  return 0;
}
