#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/scheduler.h"
#include "store/api/store.h"

namespace crossfoot::store {

/// One engine under the contract suite: opens, closes and reopens a store, and lets time pass.
class StoreBed {
 public:
  virtual ~StoreBed() = default;
  /// Closes the open store, if any, and opens the same data again.
  virtual Store& reopen() = 0;
  virtual Store& store() = 0;
  /// Runs one task of the scheduler; waits for one when threads are at work.
  virtual void step() = 0;
};

struct Engine {
  std::string name;
  std::string missing;  ///< why it cannot be tested here; empty when it can
  std::function<std::unique_ptr<StoreBed>()> make;
};

/// Those of this program.
std::vector<Engine> all_engines();

inline void PrintTo(const Engine& engine, std::ostream* out) {
  *out << engine.name;
}

/// Every test of the contract runs against every engine.
class StoreContract : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (!GetParam().missing.empty()) GTEST_SKIP() << GetParam().missing;
    bed_ = GetParam().make();
  }

  Store& store() { return bed_->store(); }
  void reopen() { bed_->reopen(); }
  void run_until(const std::function<bool()>& done) {
    while (!done()) bed_->step();
  }

  /// Commits the units together; the results in their order.
  std::vector<UnitResult> commit(std::vector<Unit> units);
  UnitResult commit_one(Unit unit);
  /// Reads on a snapshot.
  template <class F>
  auto read(F work) {
    using T = decltype(work(std::declval<Reader&>()));
    std::optional<T> value;
    bool done = false;
    store().read([&](Reader& reader) { value.emplace(work(reader)); }, [&] { done = true; });
    run_until([&] { return done; });
    return std::move(*value);
  }

  /// Ids of one run: ascending, in one partition.
  Id id(std::uint64_t n, Partition partition = 7) const {
    return {(std::uint64_t{1'700'000'000'000} << 16) | (std::uint64_t{partition} << 4), n};
  }
  static Hash128 hash(std::string_view text) { return hash128(text); }

  static KeyRow natural_key(std::string_view text, Id message) {
    return {.kind = KeyKind::natural,
            .date = {20'000},
            .hash = hash(text),
            .id = message,
            .content = hash("content")};
  }
  static MessageRow message(Id id, std::string sequence = "1") {
    return {.id = id,
            .recorded_at = {1'700'000'000'000'000},
            .business_date = {20'000},
            .occurred_at = {1'699'999'999'000'000},
            .shop = "DE-001",
            .register_name = "3",
            .sequence = std::move(sequence),
            .currency = "EUR",
            .gross_minor = 3548,
            .member = "M-1",
            .correlation_id = "c-1",
            .body = "{}"};
  }
  static FlowRow flow(Id id, std::uint32_t version = 1, std::string state = "s") {
    return {.id = id, .version = version, .since = {5}, .state = std::move(state)};
  }
  static Unit flow_unit(FlowRow row) {
    Unit unit;
    unit.flows.push_back(std::move(row));
    return unit;
  }
  static Unit due_unit(DueRow row, Id place) {
    Unit unit;
    unit.places.push_back({.row = row, .place = place});
    return unit;
  }

 private:
  std::unique_ptr<StoreBed> bed_;
};

}  // namespace crossfoot::store
