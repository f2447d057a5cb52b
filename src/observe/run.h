#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "observe/book_source.h"
#include "observe/channel_reader.h"
#include "observe/reconciler.h"
#include "observe/report.h"
#include "observe/store_access.h"

namespace crossfoot::observe {

/// One reconciliation: day by day, first the targets' books, then the channel's messages, so that
/// whatever a book holds has its message already. Memory holds one day's items, and of all days
/// what was not met (up to `leftovers_max`). When something was not met, the neighbouring days are
/// read too. Shard thread; reading happens on the data store's own.
class Run : public std::enable_shared_from_this<Run> {
 public:
  static constexpr std::size_t leftovers_max = 100'000;
  static constexpr std::int32_t days_beside = 3;
  static constexpr std::size_t documents_per_unit = 100;
  static constexpr std::size_t page_max = 1000;  ///< of the data store

  Run(runtime::Scheduler& scheduler, StoreAccess& data_store, BookSource& books,
      const ledger::Programme& programme, const ledger::ZoneLookup& zones,
      const ReconcilerOptions& options, Report report);

  /// `finished` is called once, later: everything is stored, or it failed; the report says which.
  void start(std::move_only_function<void()> finished);
  /// Nothing is called after this.
  void abandon() { abandoned_ = true; }

  [[nodiscard]] const Report& report() const { return report_; }
  /// The stored form of the report while it runs: what a restart finds.
  [[nodiscard]] static std::string interrupted_json(const Report& report);

 private:
  struct Day {
    BusinessDate date;
    bool outside = false;
  };
  struct Target {
    std::string name;
    Side side = Side::erp;
    bool readable = false;
    std::vector<connector::BookItem> items;  ///< of the present day
  };

  void next_day();
  void list(std::size_t target);
  void read_channel(Id after, std::function<void()> then);
  void take_page(std::function<void()> then);
  void compare();
  void compare(Target& target, std::vector<ExpectedItem> expected);
  void keep(Unmet unmet);
  void take(Settlement settled);
  void days_done();
  void settle_leftovers();
  void seek_strays(std::size_t day);
  void recognise();
  void store_breaks(std::size_t from);
  void finish(RunState state, std::string detail);
  void fail_with(const Fault& fault);

  runtime::Scheduler& scheduler_;
  StoreAccess& data_store_;
  BookSource& books_;
  ReconcilerOptions options_;
  ChannelReader channel_;
  Report report_;
  std::move_only_function<void()> finished_;
  bool abandoned_ = false;

  std::array<Target, 2> targets_;
  std::vector<Day> days_;
  std::size_t at_ = 0;
  bool looked_beside_ = false;
  Instant as_of_;  ///< of the present day
  ChannelPage page_;
  std::vector<ExpectedItem> expected_;  ///< of the present day
  std::vector<Unmet> unmet_;
  std::vector<Stray> strays_;
  std::vector<Overtaken> overtaken_;
  std::set<std::pair<Hash128, Id>> in_turn_;
};

}  // namespace crossfoot::observe
