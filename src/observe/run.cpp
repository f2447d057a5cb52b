#include "observe/run.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace crossfoot::observe {

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
  expected_.clear();
  for (Target& target : targets_) target.items.clear();
  list(0);
}

void Run::list(std::size_t index) {
  if (index == targets_.size()) {
    return read_channel(Id{}, [this] { compare(); });
  }
  Target& target = targets_[index];
  if (!target.readable) return list(index + 1);
  books_.list(
      target.name, days_[at_].date,
      [self = shared_from_this(), &target](std::vector<connector::BookItem> items) {
        std::ranges::move(items, std::back_inserter(target.items));
      },
      [self = shared_from_this(), &target, index](const Status& listed) {
        if (self->abandoned_) return;
        if (!listed) {
          // What cannot be read back is unverified, from here on; it is not asked again.
          target.readable = false;
          target.items.clear();
          self->report_.unverified_targets.insert(target.name);
        }
        self->list(index + 1);
      });
}

void Run::read_channel(Id after, std::function<void()> then) {
  const BusinessDate date = days_[at_].date;
  const auto work = [self = shared_from_this(), date, after](store::Reader& reader) -> Status {
    auto page = self->channel_.read(reader, date, after, self->options_.page);
    if (!page) return fail(std::move(page.error()));
    self->page_ = std::move(*page);
    return {};
  };
  data_store_.read(
      work,
      [self = shared_from_this(), then = std::move(then)](const Status& status) {
        if (self->abandoned_) return;
        if (!status) return self->fail_with(status.error());
        self->take_page(then);
      },
      StoreAccess::tries_patient);
}

void Run::take_page(std::function<void()> then) {
  std::ranges::move(page_.items, std::back_inserter(expected_));
  if (!days_[at_].outside) report_.receipts += page_.receipts;
  if (page_.more) return read_channel(page_.last, std::move(then));
  then();
}

void Run::compare() {
  const auto loyalty = std::ranges::partition(
      expected_, [](const ExpectedItem& item) { return item.side != Side::loyalty; });
  std::vector<ExpectedItem> second(std::make_move_iterator(loyalty.begin()),
                                   std::make_move_iterator(loyalty.end()));
  expected_.erase(loyalty.begin(), loyalty.end());
  compare(targets_[0], std::exchange(expected_, {}));
  compare(targets_[1], std::move(second));
  if (!days_[at_].outside) ++report_.days_done;
  ++at_;
  next_day();
}

void Run::compare(Target& target, std::vector<ExpectedItem> expected) {
  const bool outside = days_[at_].outside;
  if (!outside) {
    for (const connector::BookItem& item : target.items) report_.add_observed(target.side, item);
  }
  DayComparison day = compare_day(std::move(expected), std::exchange(target.items, {}),
                                  {.side = target.side,
                                   .date = days_[at_].date,
                                   .as_of = as_of_,
                                   .in_flight = options_.in_flight,
                                   .readable = target.readable});
  for (Unmet& unmet : day.unmet) {
    unmet.outside = outside;
    keep(std::move(unmet));
  }
  for (Stray& stray : day.strays) {
    stray.outside = outside;
    if (strays_.size() < leftovers_max) {
      strays_.push_back(std::move(stray));
    } else if (!outside) {
      report_.add_stray(break_of_stray(stray, nullptr));
    }
  }
  for (Overtaken& overtaken : day.overtaken) {
    overtaken.outside = outside;
    overtaken_.push_back(std::move(overtaken));
  }
  if (in_turn_.size() < leftovers_max) in_turn_.insert(day.in_turn.begin(), day.in_turn.end());
  if (outside) return;
  for (const Judged& judged : day.judged) report_.add(judged);
  for (Break& found : day.breaks) report_.add(std::move(found));
  report_.add(day.control);
  if (overtaken_.size() >= leftovers_max)
    take(settle_order(std::exchange(overtaken_, {}), in_turn_));
}

void Run::take(Settlement settled) {
  for (const Judged& judged : settled.judged) report_.add(judged);
  for (Break& found : settled.breaks) report_.add(std::move(found));
}

void Run::keep(Unmet unmet) {
  if (unmet_.size() < leftovers_max) return unmet_.push_back(std::move(unmet));
  std::vector<Unmet> alone;
  alone.push_back(std::move(unmet));
  take(settle(std::move(alone), {}));
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

void Run::settle_leftovers() {
  std::vector<Unmet> open;
  for (Unmet& unmet : unmet_) {
    const Target& target = targets_[unmet.item.side == Side::loyalty ? 1 : 0];
    if (target.readable) {
      open.push_back(std::move(unmet));
    } else if (!unmet.outside) {
      // A day of its target could not be read: it may be there.
      report_.add(Judged{ItemOutcome::unverified, std::move(unmet.item), false});
    }
  }
  unmet_.clear();
  take(settle_order(std::exchange(overtaken_, {}), in_turn_));
  Settlement settled = settle(std::move(open), std::exchange(strays_, {}));
  strays_ = std::move(settled.strays);
  take(std::move(settled));
  seek_strays(0);
}

void Run::seek_strays(std::size_t day) {
  const bool any = std::ranges::any_of(
      strays_, [](const Stray& stray) { return !stray.item.reference.empty(); });
  if (day == days_.size() || !any) {
    for (const Stray& stray : strays_) report_.add_stray(break_of_stray(stray, nullptr));
    strays_.clear();
    return store_breaks(0);
  }
  at_ = day;
  expected_.clear();
  page_ = {};
  const std::uint64_t receipts = report_.receipts;
  read_channel(Id{}, [this, day, receipts] {
    report_.receipts = receipts;
    recognise();
    seek_strays(day + 1);
  });
}

void Run::recognise() {
  std::map<std::pair<Side, std::string_view>, const ExpectedItem*> known;
  for (const ExpectedItem& item : expected_) {
    if (!item.reference.empty())
      known.emplace(std::pair{item.side, std::string_view(item.reference)}, &item);
  }
  std::erase_if(strays_, [&](const Stray& stray) {
    const auto at = known.find({stray.side, stray.item.reference});
    if (at == known.end()) return false;
    report_.add_stray(break_of_stray(stray, at->second));
    return true;
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
