#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/invariant.h"

namespace crossfoot::runtime {

/// What a full queue does with one more item.
enum class WhenFull : std::uint8_t {
  refuse,       ///< the producer keeps it and is told
  shed_oldest,  ///< the oldest waiting item is dropped and handed back to the producer
  wait,         ///< the producer keeps it and is called once when there is room again
};

enum class Push : std::uint8_t { accepted, refused, shed, waiting, closed };

/// Messages between shards: any thread pushes, one shard takes. It never blocks a thread: `wait`
/// means that the producer leaves a callback, which usually posts to its own scheduler.
template <class T>
class BoundedQueue {
 public:
  using Callback = std::move_only_function<void()>;

  struct Outcome {
    Push push = Push::accepted;
    std::optional<T> returned;  ///< the item not taken, or the one that was shed
  };
  struct Stats {
    std::size_t size = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t shed = 0;
  };

  /// `wake` is called on the pushing thread when the empty queue gets its first item: it posts the
  /// consumer's drain. It must not push into this queue.
  BoundedQueue(std::size_t capacity, WhenFull when_full, std::move_only_function<void()> wake)
      : capacity_(capacity), when_full_(when_full), wake_(std::move(wake)) {
    INVARIANT(capacity > 0, "a queue has room for an item");
  }
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  /// `on_room` is kept only for Push::waiting; it runs once, on the consumer's thread (or the one
  /// that closes), and then the producer pushes again.
  [[nodiscard]] Outcome push(T item, Callback on_room = {}) {
    Outcome outcome;
    bool first = false;
    {
      const std::scoped_lock lock(mutex_);
      if (closed_) return {Push::closed, std::move(item)};
      if (items_.size() >= capacity_) {
        if (when_full_ == WhenFull::refuse || (when_full_ == WhenFull::wait && !on_room)) {
          ++refused_;
          return {Push::refused, std::move(item)};
        }
        if (when_full_ == WhenFull::wait) {
          producers_.push_back(std::move(on_room));
          return {Push::waiting, std::move(item)};
        }
        outcome = {Push::shed, std::move(items_.front())};
        items_.pop_front();
        ++shed_;
      }
      first = items_.empty();
      items_.push_back(std::move(item));
      ++accepted_;
    }
    if (first) wake_();
    return outcome;
  }

  /// Up to `count` items in the order of pushing; empty when there is none. Consumer only. When it
  /// leaves items behind, the consumer comes again by itself.
  [[nodiscard]] std::vector<T> take(std::size_t count) {
    std::vector<T> taken;
    std::vector<Callback> producers;
    {
      const std::scoped_lock lock(mutex_);
      taken.reserve(std::min(count, items_.size()));
      while (taken.size() < count && !items_.empty()) {
        taken.push_back(std::move(items_.front()));
        items_.pop_front();
      }
      // As many as there is room for: a woken crowd would only be told to wait again.
      std::size_t room = capacity_ - items_.size();
      for (; room > 0 && !producers_.empty(); --room) {
        producers.push_back(std::move(producers_.front()));
        producers_.pop_front();
      }
    }
    for (Callback& producer : producers) producer();
    return taken;
  }

  /// Refuses further items and calls every waiting producer; what is inside can still be taken.
  void close() {
    std::deque<Callback> producers;
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
      producers.swap(producers_);
    }
    for (Callback& producer : producers) producer();
  }

  [[nodiscard]] Stats stats() const {
    const std::scoped_lock lock(mutex_);
    return {items_.size(), accepted_, refused_, shed_};
  }

 private:
  const std::size_t capacity_;
  const WhenFull when_full_;
  std::move_only_function<void()> wake_;
  mutable std::mutex mutex_;
  std::deque<T> items_;
  std::deque<Callback> producers_;
  bool closed_ = false;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t shed_ = 0;
};

}  // namespace crossfoot::runtime
