#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "store/api/rows.h"

namespace crossfoot::store {

/// How many units of a lane are taken in one round, most urgent first. Every lane with work gets
/// its share of each round: checkout goes first, bulk takes the remainder and is never starved.
inline constexpr std::array<std::uint32_t, lane_count> lane_weights{32, 16, 8, 4, 2};

/// True for the lanes that stop first when the log is over its hard limit.
[[nodiscard]] constexpr bool is_bulk(Lane lane) {
  return lane == Lane::replay || lane == Lane::batch;
}

/// First in, first out within a lane; between lanes by weight. One thread.
template <class T>
class LaneQueue {
 public:
  void push(Lane lane, T item) {
    queues_[static_cast<std::size_t>(lane)].push_back(std::move(item));
    ++size_;
  }
  void take_all(LaneQueue& from) {
    for (std::size_t i = 0; i < lane_count; ++i) {
      if (queues_[i].empty()) {
        queues_[i].swap(from.queues_[i]);
        continue;
      }
      for (T& item : from.queues_[i]) queues_[i].push_back(std::move(item));
      from.queues_[i].clear();
    }
    size_ += from.size_;
    from.size_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// The next item; nothing when no lane that may go has one.
  std::optional<T> next(bool bulk_allowed) {
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < lane_count; ++i) {
        if (queues_[i].empty() || credit_[i] == 0) continue;
        if (!bulk_allowed && is_bulk(static_cast<Lane>(i))) continue;
        --credit_[i];
        --size_;
        std::optional<T> item(std::move(queues_[i].front()));
        queues_[i].pop_front();
        return item;
      }
      credit_ = lane_weights;
    }
    return std::nullopt;
  }

 private:
  std::array<std::deque<T>, lane_count> queues_;
  std::array<std::uint32_t, lane_count> credit_ = lane_weights;
  std::size_t size_ = 0;
};

}  // namespace crossfoot::store
