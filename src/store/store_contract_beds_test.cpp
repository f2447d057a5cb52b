// Goal: the engines that the contract suite runs against, and how each one is opened again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>

#include "runtime/asio_scheduler.h"
#include "runtime/sim_scheduler.h"
#include "store/memory/memory_store.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres_server.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store_contract.h"
#include "store/test_folder.h"

namespace crossfoot::store {

std::vector<UnitResult> StoreContract::commit(std::vector<Unit> units) {
  std::vector<UnitResult> results(units.size());
  std::size_t answered = 0;
  for (std::size_t i = 0; i < units.size(); ++i) {
    store().commit(std::move(units[i]), [&results, &answered, i](UnitResult result) {
      results[i] = std::move(result);
      ++answered;
    });
  }
  EXPECT_EQ(answered, 0U) << "completions never run inside the call";
  run_until([&] { return answered == results.size(); });
  return results;
}

UnitResult StoreContract::commit_one(Unit unit) {
  std::vector<Unit> units;
  units.push_back(std::move(unit));
  return std::move(commit(std::move(units)).front());
}

namespace {

constexpr Instant start{1'700'000'000'000'000};

class MemoryBed final : public StoreBed {
 public:
  MemoryBed() { MemoryBed::reopen(); }
  Store& reopen() override {
    if (store_) store_->close();
    while (scheduler_.step()) {
    }
    store_.reset();
    store_ = std::make_unique<MemoryStore>(disk_, scheduler_);
    return *store_;
  }
  Store& store() override { return *store_; }
  void step() override { ASSERT_TRUE(scheduler_.step()) << "nothing left to wait for"; }

 private:
  runtime::SimScheduler scheduler_{start};
  MemoryDisk disk_;
  std::unique_ptr<MemoryStore> store_;
};

class InlineSqliteBed final : public StoreBed {
 public:
  InlineSqliteBed() { InlineSqliteBed::reopen(); }
  Store& reopen() override {
    if (store_) store_->close();
    while (scheduler_.step()) {
    }
    store_.reset();
    // So few new keys and till entries gather that most tests see some of them move.
    auto opened = open_sqlite({.path = folder_.file("store.db"),
                               .home = &scheduler_,
                               .gathered_max = 4,
                               .inline_execution = true});
    if (!opened) throw std::runtime_error(opened.error().cause);
    store_ = std::move(*opened);
    return *store_;
  }
  Store& store() override { return *store_; }
  void step() override { ASSERT_TRUE(scheduler_.step()) << "nothing left to wait for"; }

 private:
  TestFolder folder_;
  runtime::SimScheduler scheduler_{start};
  std::unique_ptr<Store> store_;
};

class ThreadedSqliteBed final : public StoreBed {
 public:
  ThreadedSqliteBed() { ThreadedSqliteBed::reopen(); }
  Store& reopen() override {
    if (store_) store_->close();
    context_.poll();
    store_.reset();
    auto opened = open_sqlite({.path = folder_.file("store.db"), .home = &scheduler_});
    if (!opened) throw std::runtime_error(opened.error().cause);
    store_ = std::move(*opened);
    return *store_;
  }
  Store& store() override { return *store_; }
  void step() override { context_.run_one(); }

 private:
  TestFolder folder_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  runtime::AsioScheduler scheduler_{context_};
  std::unique_ptr<Store> store_;
};

/// One server for the whole program; every test has a database of its own, copied from one that
/// has the schema already.
class PostgresBed final : public StoreBed {
 public:
  PostgresBed() : url_(server().url(server().create_database(with_schema()))) {
    PostgresBed::reopen();
  }
  Store& reopen() override {
    if (store_) store_->close();
    context_.poll();
    store_.reset();
    auto opened = open_postgres({.url = url_, .home = &scheduler_});
    if (!opened) throw std::runtime_error(opened.error().cause);
    store_ = std::move(*opened);
    return *store_;
  }
  Store& store() override { return *store_; }
  void step() override { context_.run_one(); }

 private:
  static PostgresServer& server() {
    static PostgresServer only;
    return only;
  }
  static const std::string& with_schema() {
    static const std::string name = [] {
      const std::string fresh = server().create_database();
      boost::asio::io_context context;
      runtime::AsioScheduler scheduler(context);
      auto opened = open_postgres({.url = server().url(fresh), .home = &scheduler});
      if (!opened) throw std::runtime_error(opened.error().cause);
      (*opened)->close();
      return fresh;
    }();
    return name;
  }

  std::string url_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  runtime::AsioScheduler scheduler_{context_};
  std::unique_ptr<Store> store_;
};

template <class Bed>
Engine engine(std::string name) {
  return {std::move(name), {}, [] { return std::make_unique<Bed>(); }};
}

Engine postgres_engine() {
  Engine found = engine<PostgresBed>("postgres");
  found.missing = PostgresServer::missing();
  return found;
}

}  // namespace

std::vector<Engine> all_engines() {
  return {engine<MemoryBed>("memory"), engine<InlineSqliteBed>("sqlite_inline"),
          engine<ThreadedSqliteBed>("sqlite_threads"), postgres_engine()};
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreContract, testing::ValuesIn(all_engines()),
                         [](const auto& info) { return info.param.name; });

}  // namespace crossfoot::store
