#include "store/postgres/postgres_store.h"

#include <atomic>
#include <utility>
#include <vector>

#include "base/invariant.h"
#include "store/api/faults.h"
#include "store/postgres/group_writer.h"
#include "store/postgres/reader.h"
#include "store/read_queue.h"
#include "store/worker.h"

namespace crossfoot::store {

namespace {

using namespace crossfoot::store::postgres;

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(PostgresOptions options)
      : options_(std::move(options)),
        home_(*options_.home),
        writer_(home_, newest_timeline_,
                {.url = options_.url,
                 .budget = options_.commit_budget,
                 .row_bytes_max = options_.row_bytes_max,
                 .no_loss_on_node_failure = options_.no_loss_on_node_failure}) {}
  ~PostgresStore() override { stop_threads(); }

  Status open();

  const Opened& opened() const override { return opened_; }
  void commit(Unit unit, Committed done) override;
  void read(Work work, Done done) override;
  Result<TargetNumber> target_number(std::string_view name) override;
  /// The server keeps its own log short; bulk work never has to wait for it here.
  bool under_pressure() const override { return false; }
  StoreStats stats() const override;
  void close() override;

 private:
  void stop_threads();
  bool write_step() { return writer_.run_once(); }
  bool read_step(PostgresReader& reader);
  bool inline_read_step() { return read_step(*readers_.front()); }
  /// Inline execution: runs the step as a task of home, again while it has more to do.
  void schedule(bool& scheduled, bool (PostgresStore::*step)());

  PostgresOptions options_;
  runtime::Scheduler& home_;
  Opened opened_;
  NewestTimeline newest_timeline_{0};
  GroupWriter writer_;
  std::vector<std::unique_ptr<PostgresReader>> readers_;

  ReadQueue reads_{home_};
  std::atomic<bool> closed_{false};
  bool closing_ = false;  ///< shard thread
  std::unique_ptr<Worker> write_worker_;
  std::vector<std::unique_ptr<Worker>> read_workers_;
  bool write_scheduled_ = false;
  bool read_scheduled_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Status PostgresStore::open() {
  Result<Opened> opened = writer_.open();
  if (!opened) return fail(opened.error());
  opened_ = *opened;
  if (options_.inline_execution) {
    readers_.push_back(std::make_unique<PostgresReader>(options_.url, newest_timeline_, home_));
    return {};
  }
  write_worker_ = std::make_unique<Worker>(
      "cf-writer", [this] { return writer_.run_once(); }, options_.commit_pace);
  for (std::size_t i = 0; i < options_.readers; ++i) {
    readers_.push_back(std::make_unique<PostgresReader>(options_.url, newest_timeline_, home_));
    read_workers_.push_back(std::make_unique<Worker>(
        "cf-reader", [this, each = readers_.back().get()] { return read_step(*each); }));
  }
  return {};
}

void PostgresStore::stop_threads() {
  for (const auto& worker : read_workers_) worker->stop();
  if (write_worker_) write_worker_->stop();
}

void PostgresStore::commit(Unit unit, Committed done) {
  writer_.push(std::move(unit), std::move(done));
  if (write_worker_) {
    write_worker_->wake();
  } else {
    schedule(write_scheduled_, &PostgresStore::write_step);
  }
}

void PostgresStore::read(Work work, Done done) {
  reads_.push(std::move(work), std::move(done));
  if (closing_) {
    // No thread is left: the refusal is told here, and `done` runs later as ever.
    while (read_step(*readers_.front())) {
    }
    return;
  }
  if (read_workers_.empty()) return schedule(read_scheduled_, &PostgresStore::inline_read_step);
  for (const auto& worker : read_workers_) worker->wake();
}

void PostgresStore::schedule(bool& scheduled, bool (PostgresStore::*step)()) {
  if (scheduled) return;
  scheduled = true;
  home_.post([this, &scheduled, step, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    scheduled = false;
    if ((this->*step)()) schedule(scheduled, step);
  });
}

bool PostgresStore::read_step(PostgresReader& reader) {
  return reads_.run_next(reader, closed_, writer_.refuses());
}

Result<TargetNumber> PostgresStore::target_number(std::string_view name) {
  if (closing_) return fail(closed_fault("target", "the data store is closed"));
  return writer_.target_number(name);
}

StoreStats PostgresStore::stats() const {
  return {.commits = writer_.commits(),
          .units = writer_.units(),
          .bytes_written = writer_.bytes_sent(),
          .queue_depth = writer_.queue_depth(),
          .commit_micros_max = writer_.commit_micros_max()};
}

void PostgresStore::close() {
  if (std::exchange(closing_, true)) return;
  writer_.close();
  stop_threads();
  while (writer_.run_once()) {
  }
  while (read_step(*readers_.front())) {
  }
  closed_ = true;
}

}  // namespace

Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options) {
  INVARIANT(options.home != nullptr, "completions need a scheduler");
  INVARIANT(options.readers >= 1 && options.readers <= 64, "1 to 64 readers");
  auto store = std::make_unique<PostgresStore>(std::move(options));
  if (Status opened = store->open(); !opened) return fail(opened.error());
  return store;
}

}  // namespace crossfoot::store
