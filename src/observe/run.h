#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "observe/book_source.h"
#include "observe/channel_reader.h"
#include "observe/day_book.h"
#include "observe/reconciler.h"
#include "observe/report.h"
#include "observe/store_access.h"

namespace crossfoot::observe {

/// One reconciliation: day by day, first the targets' books, which are put aside, then the
/// channel's messages page by page, each compared with what the books hold of it, so that whatever
/// a book holds has its message already. Memory holds one page, a day's totals, 16 bytes of each
/// entry of a day's books, and of all days what was not met (up to `leftovers_max`). When something
/// was not met, the neighbouring days are read too. The shard's thread only gathers results:
/// reading and comparing happen on the data store's readers, and between two pages the run rests as
/// long as the last one took, so that whoever else reads gets through.
class Run : public std::enable_shared_from_this<Run> {
 public:
  static constexpr std::size_t leftovers_max = 100'000;
  static constexpr std::int32_t days_beside = 3;
  static constexpr std::size_t documents_per_unit = 100;
  static constexpr std::size_t page_max = 1000;  ///< of the data store
  static constexpr std::size_t per_turn = 500;   ///< totals or breaks added in one go on the shard

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
    DayBook book;  ///< of the present day
    Tally listed;  ///< the same
    Status put_aside;
  };
  /// What a page of the channel's messages, or of what was left over in a book, has shown.
  struct Page {
    std::uint64_t receipts = 0;
    Id last;
    std::size_t left_at = 0;
    bool more = false;
    Tally tally;
    std::vector<Break> breaks;
    std::vector<Unmet> unmet;
    std::vector<Stray> strays;
    std::vector<std::size_t> recognised;  ///< of the strays that were kept; one break each
    std::vector<Overtaken> overtaken;
    std::vector<std::pair<Hash128, ReversalId>> in_turn;
    ControlTotals control;
    std::size_t compared = 0;  ///< totals of the day
  };
  struct Leftovers;
  using PageWork = std::function<Result<Page>(store::Reader&)>;

  void next_day();
  void list(std::size_t target);
  void read_page(PageWork work, std::function<void(Page)> then);
  void compare_channel(Id after);
  [[nodiscard]] Result<Page> compare_page(store::Reader& reader, BusinessDate date, Id after);
  void compare_left_over(std::size_t target, std::size_t at);
  void fold(DayComparison day, Page& page) const;
  void take(Page page);
  void count_totals();
  void end_day();
  void keep(Unmet unmet);
  void days_done();
  void settle_leftovers();
  void seek_strays(std::size_t day, Id after);
  [[nodiscard]] Result<Page> recognise(store::Reader& reader, BusinessDate date, Id after);
  void add_strays();
  void add_breaks(std::shared_ptr<Leftovers> left, std::size_t from, std::function<void()> then);
  void add(Settlement settled);
  void store_breaks(std::size_t from);
  void finish(RunState state, std::string detail);
  void fail_with(const Fault& fault);
  [[nodiscard]] CompareOptions compare_options(const Target& target) const;

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
  Instant as_of_;       ///< of the present day
  DayControl control_;  ///< the same
  std::vector<Unmet> unmet_;
  std::vector<Stray> strays_;  ///< while they are sought: in order of side and reference
  std::vector<bool> recognised_;
  std::vector<Overtaken> overtaken_;
  std::set<std::pair<Hash128, ReversalId>> in_turn_;
};

}  // namespace crossfoot::observe
