#include "store/memory/memory_store.h"

#include <algorithm>
#include <utility>

#include "store/api/faults.h"
#include "store/memory/memory_reader.h"

namespace crossfoot::store {

MemoryStore::MemoryStore(MemoryDisk& disk, runtime::Scheduler& home, MemoryOptions options)
    : disk_(disk), home_(home), options_(options) {
  opened_ = {.incarnation = ++disk_.durable_.incarnation,
             .last_recorded_at = disk_.durable_.last_recorded_at,
             .schema_version = 1};
}

std::optional<Fault> MemoryStore::refusal() const {
  if (refused_by_) return refused_by_;
  if (closed_) return closed_fault("data store", "it is closed");
  // Another store was opened over the same disk: this one is fenced.
  if (disk_.durable_.incarnation != opened_.incarnation) {
    return locked_fault("data store", "another process has opened it");
  }
  return std::nullopt;
}

void MemoryStore::commit(Unit unit, Committed done) {
  if (std::optional<Fault> refused = refusal()) {
    home_.post([alive = std::weak_ptr<bool>(alive_), done = std::move(done),
                fault = std::move(*refused)]() mutable {
      if (alive.expired()) return;
      done({.outcome = Outcome::failed, .fault = std::move(fault)});
    });
    return;
  }
  const Lane lane = unit.lane;
  queue_.push(lane, {std::move(unit), std::move(done)});
  begin_commit();
}

void MemoryStore::begin_commit() {
  if (begin_posted_ || !committing_.empty() || queue_.size() == 0) return;
  begin_posted_ = true;
  home_.post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    begin_posted_ = false;
    if (!committing_.empty() || queue_.size() == 0) return;
    committing_ = take_group();
    home_.after(options_.commit_latency, [this, alive] {
      if (!alive.expired()) end_commit();
    });
  });
}

std::vector<MemoryStore::Item> MemoryStore::take_group() {
  std::vector<Item> group;
  while (group.size() < options_.units_per_commit_max) {
    std::optional<Item> item = queue_.next(true);
    if (!item) break;
    group.push_back(std::move(*item));
  }
  return group;
}

void MemoryStore::end_commit() {
  if (committing_.empty()) return;  // close() was faster
  std::optional<CommitFault> fault;
  if (!faults_.empty()) {
    fault = faults_.front();
    faults_.pop_front();
  }
  finish(std::exchange(committing_, {}), fault);
  if (!refused_by_) {
    begin_commit();
    return;
  }
  while (queue_.size() > 0) finish(take_group(), std::nullopt);
}

void MemoryStore::finish(std::vector<Item> group, std::optional<CommitFault> fault) {
  struct Answer {
    Committed done;
    UnitResult result;
  };
  std::vector<Answer> answers;
  const std::optional<Fault> refused = closed_ ? std::nullopt : refusal();
  for (Item& item : group) {
    UnitResult result;
    if (refused) {
      result = {.outcome = Outcome::failed, .fault = *refused};
    } else if (fault == CommitFault::failed) {
      result = {.outcome = Outcome::failed,
                .fault = unavailable_fault("commit", "a fault on request")};
    } else {
      if (fault != CommitFault::unclear_lost) result = disk_.durable_.apply(item.unit);
      if (fault) {
        result = {.outcome = Outcome::unknown, .fault = unclear_fault("commit", "on request")};
      }
    }
    answers.push_back({std::move(item.done), std::move(result)});
  }
  if (!refused) ++stats_.commits;
  stats_.units += group.size();
  if (fault && *fault != CommitFault::failed) {
    refused_by_ = closed_fault("data store", "refused until reopened after an unclear commit");
  }
  home_.post([alive = std::weak_ptr<bool>(alive_), answers = std::move(answers)]() mutable {
    for (Answer& each : answers) {
      if (alive.expired()) return;
      each.done(std::move(each.result));
    }
  });
}

void MemoryStore::read(Work work, Done done) {
  home_.post([this, alive = std::weak_ptr<bool>(alive_), work = std::move(work),
              done = std::move(done)]() mutable {
    if (alive.expired()) return;
    memory::MemoryReader reader(disk_.durable_, refusal());
    work(reader);
    home_.post([alive, work = std::move(work), done = std::move(done)]() mutable {
      if (!alive.expired()) done();
    });
  });
}

Result<TargetNumber> MemoryStore::target_number(std::string_view name) {
  if (std::optional<Fault> refused = refusal()) return fail(std::move(*refused));
  auto& targets = disk_.durable_.targets;
  if (const auto at = targets.find(name); at != targets.end()) return at->second;
  const auto number = static_cast<TargetNumber>(targets.size() + 1);
  targets.emplace(std::string(name), number);
  return number;
}

StoreStats MemoryStore::stats() const {
  return stats_;
}

void MemoryStore::close() {
  if (closed_) return;
  if (!refused_by_) {
    if (!committing_.empty()) finish(std::exchange(committing_, {}), std::nullopt);
    while (queue_.size() > 0) finish(take_group(), std::nullopt);
  }
  closed_ = true;
}

void MemoryStore::crash(InFlight in_flight) {
  if (in_flight == InFlight::applied && !refusal()) {
    for (Item& item : committing_) (void)disk_.durable_.apply(item.unit);
  }
  alive_.reset();
  committing_.clear();
  queue_ = {};
  refused_by_ = closed_fault("data store", "the process has died");
}

}  // namespace crossfoot::store
