#include "store/commit_queue.h"

#include <utility>

#include "store/api/faults.h"

namespace crossfoot::store {

void CommitQueue::push(Unit unit, Store::Committed done) {
  const Lane lane = unit.lane;
  {
    const std::lock_guard lock(inbox_mutex_);
    if (!closed_) {
      inbox_.push(lane, Item{std::move(unit), std::move(done), {}});
      depth_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  }
  UnitResult result{.outcome = Outcome::failed,
                    .fault = closed_fault("commit", "the data store is closed")};
  home_.post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

void CommitQueue::close() {
  const std::lock_guard lock(inbox_mutex_);
  closed_ = true;
}

bool CommitQueue::gather() {
  const std::lock_guard lock(inbox_mutex_);
  gathered_.take_all(inbox_);
  return closed_;
}

void CommitQueue::set_all(std::span<Item> items, Outcome outcome, const Fault& fault) {
  for (Item& item : items) {
    item.result = {};
    item.result.outcome = outcome;
    item.result.fault = fault;
  }
}

void CommitQueue::answer(std::vector<Item> group) {
  depth_.fetch_sub(group.size(), std::memory_order_relaxed);
  struct Answer {
    Store::Committed done;
    UnitResult result;
  };
  std::vector<Answer> answers;
  answers.reserve(group.size());
  for (Item& item : group) answers.push_back({std::move(item.done), std::move(item.result)});
  home_.post([answers = std::move(answers)]() mutable {
    for (Answer& each : answers) each.done(std::move(each.result));
  });
}

}  // namespace crossfoot::store
