#include "observe/run.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace crossfoot::observe {

namespace {

std::pair<Side, std::string_view> place_of(const Stray& stray) {
  return {stray.side, stray.item.reference};
}

}  // namespace

Run::Run(runtime::Scheduler& scheduler, StoreAccess& data_store, BookSource& books,
         const ledger::Programme& programme, const ledger::ZoneLookup& zones,
         const ReconcilerOptions& options, Report report)
    : scheduler_(scheduler),
      data_store_(data_store),
      books_(books),
      options_(options),
      channel_(programme, zones, {options.erp, options.loyalty}),
      report_(std::move(report)),
      targets_{Target{.name = options.erp, .side = Side::erp},
               Target{.name = options.loyalty, .side = Side::loyalty}} {}

std::string Run::interrupted_json(const Report& report) {
  return report.json(RunState::failed, "it was interrupted before it was done; start another one");
}

void Run::start(std::move_only_function<void()> finished) {
  finished_ = std::move(finished);
  options_.page = std::clamp<std::size_t>(options_.page, 1, page_max);
  for (Target& target : targets_) {
    target.readable = books_.can_list(target.name);
    if (!target.readable) report_.unverified_targets.insert(target.name);
  }
  for (std::int32_t day = report_.from.days; day <= report_.to.days; ++day) {
    days_.push_back({.date = {day}});
  }
  next_day();
}

void Run::next_day() {
  if (at_ == days_.size()) return days_done();
  as_of_ = scheduler_.now();
  for (Target& target : targets_) {
    target.book = {};
    target.listed = {};
  }
  list(0);
}

void Run::list(std::size_t index) {
  if (index == targets_.size()) return compare_channel(Id{});
  Target& target = targets_[index];
  if (!target.readable) return list(index + 1);
  books_.list(
      target.name, days_[at_].date,
      [self = shared_from_this(), &target](const std::vector<connector::BookItem>& items) {
        for (const connector::BookItem& item : items) {
          if (!target.put_aside) return;
          target.put_aside = target.book.add(item);
          target.listed.add_observed(target.side, item);
        }
      },
      [self = shared_from_this(), &target, index](const Status& listed) {
        if (self->abandoned_) return;
        if (!target.put_aside) return self->fail_with(target.put_aside.error());
        if (!listed) {
          // What cannot be read back is unverified, from here on; it is not asked again.
          target.readable = false;
          target.book = {};
          target.listed = {};
          self->report_.unverified_targets.insert(target.name);
        }
        if (!self->days_[self->at_].outside) self->report_.add(target.listed);
        self->list(index + 1);
      });
}

void Run::read_page(PageWork work, std::function<void(Page)> then) {
  auto page = std::make_shared<Page>();
  const Instant asked = scheduler_.now();
  data_store_.read(
      [self = shared_from_this(), page, work = std::move(work)](store::Reader& reader) -> Status {
        auto made = work(reader);
        if (!made) return fail(std::move(made.error()));
        *page = std::move(*made);
        return {};
      },
      [self = shared_from_this(), page, asked, then = std::move(then)](const Status& status) {
        if (self->abandoned_) return;
        if (!status) return self->fail_with(status.error());
        const Duration rest = self->scheduler_.now() - asked;
        self->scheduler_.after(rest, [self, page, then] {
          if (!self->abandoned_) then(std::move(*page));
        });
      },
      StoreAccess::tries_patient);
}

CompareOptions Run::compare_options(const Target& target) const {
  return {.side = target.side,
          .date = days_[at_].date,
          .as_of = as_of_,
          .in_flight = options_.in_flight,
          .readable = target.readable};
}

void Run::compare_channel(Id after) {
  const BusinessDate date = days_[at_].date;
  read_page(
      [this, date, after](store::Reader& reader) { return compare_page(reader, date, after); },
      [this](Page page) {
        const Id last = page.last;
        const bool more = page.more;
        take(std::move(page));
        if (more) return compare_channel(last);
        compare_left_over(0, 0);
      });
}

Result<Run::Page> Run::compare_page(store::Reader& reader, BusinessDate date, Id after) {
  auto read = channel_.read(reader, date, after, options_.page);
  if (!read) return fail(std::move(read.error()));
  Page page;
  page.receipts = read->receipts;
  page.last = read->last;
  page.more = read->more;
  for (Target& target : targets_) {
    std::vector<ExpectedItem> expected;
    for (ExpectedItem& item : read->items) {
      const bool loyalty = item.side == Side::loyalty;
      if (loyalty == (target.side == Side::loyalty)) expected.push_back(std::move(item));
    }
    std::vector<std::string_view> references;
    for (const ExpectedItem& item : expected) references.push_back(item.reference);
    auto observed = target.book.find(references);
    if (!observed) return fail(std::move(observed.error()));
    fold(compare_day(std::move(expected), std::move(*observed), compare_options(target)), page);
  }
  return page;
}

void Run::compare_left_over(std::size_t index, std::size_t at) {
  if (index == targets_.size()) return count_totals();
  Target& target = targets_[index];
  if (!target.readable || target.book.size() == 0) return compare_left_over(index + 1, 0);
  read_page(
      [this, &target, at](store::Reader&) -> Result<Page> {
        Page page;
        page.left_at = at;
        auto left = target.book.left_over(page.left_at, options_.page);
        if (!left) return fail(std::move(left.error()));
        page.more = left->size() == options_.page;
        fold(compare_day({}, std::move(*left), compare_options(target)), page);
        return page;
      },
      [this, index](Page page) {
        const std::size_t next = page.left_at;
        const bool more = page.more;
        take(std::move(page));
        if (more) return compare_left_over(index, next);
        compare_left_over(index + 1, 0);
      });
}

void Run::fold(DayComparison day, Page& page) const {
  const bool outside = days_[at_].outside;
  for (Unmet& unmet : day.unmet) {
    unmet.outside = outside;
    page.unmet.push_back(std::move(unmet));
  }
  for (Stray& stray : day.strays) {
    stray.outside = outside;
    page.strays.push_back(std::move(stray));
  }
  for (Overtaken& overtaken : day.overtaken) {
    overtaken.outside = outside;
    page.overtaken.push_back(std::move(overtaken));
  }
  std::ranges::move(day.in_turn, std::back_inserter(page.in_turn));
  if (outside) return;
  for (const Judged& judged : day.judged) page.tally.add(judged);
  std::ranges::move(day.breaks, std::back_inserter(page.breaks));
  page.control += std::move(day.control);
}

void Run::take(Page page) {
  if (!days_[at_].outside) report_.receipts += page.receipts;
  report_.add(page.tally);
  for (Break& found : page.breaks) report_.add(std::move(found));
  control_.add(std::move(page.control));
  for (Unmet& unmet : page.unmet) keep(std::move(unmet));
  for (Stray& stray : page.strays) {
    if (strays_.size() < leftovers_max) {
      strays_.push_back(std::move(stray));
    } else if (!stray.outside) {
      Tally one;
      one.add_stray();
      report_.add(one);
      report_.add(break_of_stray(stray, nullptr));
    }
  }
  if (in_turn_.size() < leftovers_max) in_turn_.insert(page.in_turn.begin(), page.in_turn.end());
  std::ranges::move(page.overtaken, std::back_inserter(overtaken_));
  if (overtaken_.size() < leftovers_max) return;
  add(settle_order(std::exchange(overtaken_, {}), in_turn_));
}

void Run::add(Settlement settled) {
  Tally tally;
  for (const Judged& judged : settled.judged) tally.add(judged);
  report_.add(tally);
  for (Break& found : settled.breaks) report_.add(std::move(found));
}

void Run::keep(Unmet unmet) {
  if (unmet_.size() < leftovers_max) return unmet_.push_back(std::move(unmet));
  std::vector<Unmet> alone;
  alone.push_back(std::move(unmet));
  add(settle(std::move(alone), {}));
}

void Run::count_totals() {
  read_page(
      [this](store::Reader&) -> Result<Page> {
        Page page;
        page.compared = control_.count_compared();
        // Here too: the pages of a file that goes take their time.
        for (Target& target : targets_) target.book = {};
        return page;
      },
      [this](const Page& page) {
        report_.add_control(page.compared, {});
        end_day();
      });
}

void Run::end_day() {
  report_.add_control(0, control_.take_differences(per_turn));
  if (!control_.empty()) {
    scheduler_.post([self = shared_from_this()] {
      if (!self->abandoned_) self->end_day();
    });
    return;
  }
  control_ = {};
  if (!days_[at_].outside) ++report_.days_done;
  ++at_;
  next_day();
}

void Run::days_done() {
  const bool lacking = !strays_.empty() || !overtaken_.empty() ||
                       std::ranges::any_of(unmet_, [](const Unmet& unmet) {
                         return unmet.alone == ItemOutcome::broken;
                       });
  if (looked_beside_ || !lacking) return settle_leftovers();
  looked_beside_ = true;
  for (std::int32_t away = 1; away <= days_beside; ++away) {
    days_.push_back({.date = {report_.from.days - away}, .outside = true});
    days_.push_back({.date = {report_.to.days + away}, .outside = true});
  }
  next_day();
}

/// Handed to a reader's thread and back.
struct Run::Leftovers {
  std::vector<Unmet> unmet;
  std::vector<Stray> strays;
  std::vector<Overtaken> overtaken;
  Tally tally;
  std::vector<Break> breaks;
  bool settled = false;  ///< once is enough, though a question to the store may be put again

  void settle(const std::array<bool, 2>& readable,
              const std::set<std::pair<Hash128, ReversalId>>& in_turn) {
    if (std::exchange(settled, true)) return;
    std::vector<Unmet> open;
    for (Unmet& each : unmet) {
      if (readable[each.item.side == Side::loyalty ? 1 : 0]) {
        open.push_back(std::move(each));
      } else if (!each.outside) {
        // A day of its target could not be read: it may be there.
        tally.add(Judged{ItemOutcome::unverified, std::move(each.item), false});
      }
    }
    unmet = {};
    add(settle_order(std::exchange(overtaken, {}), in_turn));
    Settlement across = observe::settle(std::move(open), std::exchange(strays, {}));
    strays = std::move(across.strays);
    std::ranges::sort(strays, {}, place_of);
    add(std::move(across));
  }

  /// Nobody knows of what is left.
  void give_up(const std::vector<bool>& recognised) {
    if (std::exchange(settled, true)) return;
    for (std::size_t i = 0; i < strays.size(); ++i) {
      if (recognised[i]) continue;
      breaks.push_back(break_of_stray(strays[i], nullptr));
      tally.add_stray();
    }
  }

 private:
  void add(Settlement made) {
    for (const Judged& judged : made.judged) tally.add(judged);
    std::ranges::move(made.breaks, std::back_inserter(breaks));
  }
};

void Run::settle_leftovers() {
  auto left = std::make_shared<Leftovers>();
  left->unmet = std::exchange(unmet_, {});
  left->strays = std::exchange(strays_, {});
  left->overtaken = std::exchange(overtaken_, {});
  read_page(
      [this, left](store::Reader&) -> Result<Page> {
        left->settle({targets_[0].readable, targets_[1].readable}, in_turn_);
        return Page{};
      },
      [this, left](const Page&) {
        strays_ = std::move(left->strays);
        recognised_.assign(strays_.size(), false);
        report_.add(left->tally);
        add_breaks(left, 0, [this] { seek_strays(0, Id{}); });
      });
}

void Run::seek_strays(std::size_t day, Id after) {
  const bool any = std::ranges::any_of(
      strays_, [](const Stray& stray) { return !stray.item.reference.empty(); });
  if (day == days_.size() || !any) return add_strays();
  read_page([this, date = days_[day].date,
             after](store::Reader& reader) { return recognise(reader, date, after); },
            [this, day](Page page) {
              for (const std::size_t index : page.recognised) recognised_[index] = true;
              report_.add(page.tally);
              for (Break& found : page.breaks) report_.add(std::move(found));
              if (page.more) return seek_strays(day, page.last);
              seek_strays(day + 1, Id{});
            });
}

Result<Run::Page> Run::recognise(store::Reader& reader, BusinessDate date, Id after) {
  auto read = channel_.read(reader, date, after, options_.page);
  if (!read) return fail(std::move(read.error()));
  Page page;
  page.last = read->last;
  page.more = read->more;
  for (const ExpectedItem& item : read->items) {
    if (item.reference.empty()) continue;
    const std::pair<Side, std::string_view> place{item.side, item.reference};
    const auto same = std::ranges::equal_range(strays_, place, {}, place_of);
    for (const Stray& stray : same) {
      const auto index = static_cast<std::size_t>(&stray - strays_.data());
      if (recognised_[index] || std::ranges::count(page.recognised, index) != 0) continue;
      page.recognised.push_back(index);
      page.breaks.push_back(break_of_stray(stray, &item));
      page.tally.add_stray();
    }
  }
  return page;
}

void Run::add_strays() {
  auto left = std::make_shared<Leftovers>();
  left->strays = std::exchange(strays_, {});
  read_page(
      [this, left](store::Reader&) -> Result<Page> {
        left->give_up(recognised_);
        return Page{};
      },
      [this, left](const Page&) {
        report_.add(left->tally);
        add_breaks(left, 0, [this] { store_breaks(0); });
      });
}

void Run::add_breaks(std::shared_ptr<Leftovers> left, std::size_t from,
                     std::function<void()> then) {
  std::vector<Break>& breaks = left->breaks;
  const std::size_t until = std::min(breaks.size(), from + per_turn);
  for (std::size_t i = from; i < until; ++i) report_.add(std::move(breaks[i]));
  if (until == breaks.size()) return then();
  scheduler_.post([self = shared_from_this(), left, until, then = std::move(then)]() mutable {
    if (!self->abandoned_) self->add_breaks(std::move(left), until, std::move(then));
  });
}

void Run::store_breaks(std::size_t from) {
  const std::vector<Break>& breaks = report_.breaks();
  if (from == breaks.size()) return finish(RunState::done, {});
  const std::size_t until = std::min(breaks.size(), from + documents_per_unit);
  std::vector<store::DocumentRow> documents;
  for (std::size_t i = from; i < until; ++i) {
    documents.push_back(
        {"break", break_key(report_.id, i + 1), report_.break_json(breaks[i], i + 1)});
  }
  data_store_.write(std::move(documents),
                    [self = shared_from_this(), until](const Status& written) {
                      if (self->abandoned_) return;
                      if (!written) return self->fail_with(written.error());
                      self->store_breaks(until);
                    });
}

void Run::fail_with(const Fault& fault) {
  finish(RunState::failed, fault.code + ": " + fault.cause);
}

void Run::finish(RunState state, std::string detail) {
  // Only when it is stored is it done: until then the report says that it runs.
  std::vector<store::DocumentRow> documents;
  documents.push_back({"reconciliation", report_.id, report_.json(state, detail)});
  data_store_.write(std::move(documents), [self = shared_from_this(), state,
                                           detail](const Status& written) {
    if (self->abandoned_) return;
    self->report_.state = written ? state : RunState::failed;
    self->report_.detail = written ? detail : written.error().code + ": " + written.error().cause;
    self->finished_();
  });
}

}  // namespace crossfoot::observe
