#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>

#include "runtime/bounded_queue.h"
#include "runtime/shard.h"
#include "runtime/task_group.h"

namespace crossfoot::runtime {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

asio::awaitable<void> wait_for_ever(std::string& events) {
  asio::steady_timer never(co_await asio::this_coro::executor,
                           asio::steady_timer::time_point::max());
  events += "waits ";
  try {
    co_await never.async_wait(asio::use_awaitable);
  } catch (const std::exception&) {
    events += "cancelled ";
    throw;
  }
}

asio::awaitable<void> throw_at_once() {
  throw std::runtime_error("escaped");
  co_return;
}

asio::awaitable<void> close_and_join(TaskGroup& group, std::string& events) {
  group.close();
  co_await group.join();
  events += "joined";
}

TEST(TaskGroup, cancels_and_joins_its_tasks) {
  // Goal: close ends what waits, join returns after the last task, and nothing starts afterwards.
  asio::io_context context;
  std::string events;
  int escaped = 0;
  TaskGroup group(context, [&](const std::exception_ptr&) { ++escaped; });
  EXPECT_TRUE(group.spawn(wait_for_ever(events)));
  EXPECT_TRUE(group.spawn(wait_for_ever(events)));
  EXPECT_EQ(events, "");
  context.poll();
  EXPECT_EQ(events, "waits waits ");
  EXPECT_EQ(group.size(), 2U);
  asio::co_spawn(context, close_and_join(group, events), asio::detached);
  context.restart();
  context.run();
  EXPECT_EQ(events, "waits waits cancelled cancelled joined");
  EXPECT_EQ(group.size(), 0U);
  EXPECT_FALSE(group.spawn(wait_for_ever(events)));
  EXPECT_EQ(escaped, 0) << "a cancelled task is no fault";
}

TEST(TaskGroup, reports_exceptions_that_escape) {
  // Goal: a task's own exception reaches the group's owner.
  asio::io_context context;
  std::string seen;
  TaskGroup group(context, [&](const std::exception_ptr& escaped) {
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& exception) {
      seen = exception.what();
    }
  });
  group.spawn(throw_at_once());
  context.run();
  EXPECT_EQ(seen, "escaped");
}

TEST(Shard, runs_its_work_on_one_thread_and_stops) {
  // Goal: work runs on the shard's thread, stop cancels its tasks and reports that all have ended.
  Shard shard([](const std::exception_ptr&) {});
  shard.start();
  std::string events;
  bool on_thread = false;
  shard.run([&] {
    on_thread = shard.on_thread();
    shard.tasks().spawn(wait_for_ever(events));
  });
  shard.run([] {});
  EXPECT_TRUE(on_thread);
  EXPECT_FALSE(shard.on_thread());
  std::promise<void> timer;
  shard.run([&] { shard.scheduler().after(1ms, [&] { timer.set_value(); }); });
  timer.get_future().wait();
  EXPECT_TRUE(shard.stop(10s));
  EXPECT_EQ(events, "waits cancelled ");
  EXPECT_TRUE(shard.stop(0s));
}

TEST(BoundedQueue, wakes_the_consumer_once_and_keeps_the_order) {
  // Goal: the consumer is woken by the first item only and takes them in order.
  int wakes = 0;
  BoundedQueue<int> queue(10, WhenFull::refuse, [&] { ++wakes; });
  for (const int item : {1, 2, 3}) EXPECT_EQ(queue.push(item).push, Push::accepted);
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(queue.take(2), (std::vector{1, 2}));
  EXPECT_EQ(queue.take(9), (std::vector{3}));
  EXPECT_TRUE(queue.take(9).empty());
  EXPECT_EQ(queue.push(4).push, Push::accepted);
  EXPECT_EQ(wakes, 2);
}

TEST(BoundedQueue, refuses_when_full) {
  // Goal: the producer gets its item back and the queue is unchanged.
  BoundedQueue<std::unique_ptr<int>> queue(1, WhenFull::refuse, [] {});
  EXPECT_EQ(queue.push(std::make_unique<int>(1)).push, Push::accepted);
  auto outcome = queue.push(std::make_unique<int>(2));
  EXPECT_EQ(outcome.push, Push::refused);
  EXPECT_EQ(**outcome.returned, 2);
  EXPECT_EQ(*queue.take(5).front(), 1);
  EXPECT_EQ(queue.stats().refused, 1U);
}

TEST(BoundedQueue, sheds_the_oldest_when_full) {
  // Goal: the newest item is kept, the oldest comes back.
  BoundedQueue<int> queue(2, WhenFull::shed_oldest, [] {});
  static_cast<void>(queue.push(1));
  static_cast<void>(queue.push(2));
  const auto outcome = queue.push(3);
  EXPECT_EQ(outcome.push, Push::shed);
  EXPECT_EQ(outcome.returned, 1);
  EXPECT_EQ(queue.take(5), (std::vector{2, 3}));
  EXPECT_EQ(queue.stats().shed, 1U);
}

TEST(BoundedQueue, calls_waiting_producers_as_room_comes) {
  // Goal: as many producers as there is room for are called, in order; closing calls the rest.
  BoundedQueue<int> queue(1, WhenFull::wait, [] {});
  std::string called;
  static_cast<void>(queue.push(1));
  EXPECT_EQ(queue.push(2, [&] { called += 'a'; }).push, Push::waiting);
  EXPECT_EQ(queue.push(3, [&] { called += 'b'; }).push, Push::waiting);
  EXPECT_EQ(queue.push(4).push, Push::refused) << "without a callback nobody can wait";
  EXPECT_EQ(queue.take(1), (std::vector{1}));
  EXPECT_EQ(called, "a");
  queue.close();
  EXPECT_EQ(called, "ab");
  EXPECT_EQ(queue.push(5).push, Push::closed);
}

TEST(BoundedQueue, carries_everything_between_threads) {
  // Goal: with a producer thread that waits and a consumer shard, every item arrives once, in
  // order.
  Shard consumer([](const std::exception_ptr&) {});
  consumer.start();
  constexpr int count = 2000;
  std::vector<int> taken;
  std::promise<void> done;
  std::unique_ptr<BoundedQueue<int>> queue;
  const std::function<void()> drain = [&] {
    for (const int item : queue->take(3)) taken.push_back(item);
    if (queue->stats().size != 0) consumer.scheduler().post([&] { drain(); });
    if (taken.size() == count) done.set_value();
  };
  queue = std::make_unique<BoundedQueue<int>>(4, WhenFull::wait,
                                              [&] { consumer.scheduler().post([&] { drain(); }); });
  for (int i = 0; i < count; ++i) {
    for (;;) {
      auto room = std::make_shared<std::promise<void>>();
      const auto outcome = queue->push(i, [room] { room->set_value(); });
      if (outcome.push == Push::accepted) break;
      room->get_future().wait();
    }
  }
  done.get_future().wait();
  EXPECT_TRUE(consumer.stop(10s));
  for (int i = 0; i < count; ++i) ASSERT_EQ(taken[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace crossfoot::runtime
