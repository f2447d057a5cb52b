#include "runtime/shard.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>

#include "base/invariant.h"

namespace crossfoot::runtime {

namespace asio = boost::asio;

Shard::Shard(TaskGroup::OnEscape on_escape)
    : tasks_(context_, std::move(on_escape)), work_(context_.get_executor()) {}

Shard::~Shard() {
  stop(Duration{0});
}

void Shard::start() {
  INVARIANT(!thread_.joinable(), "a shard starts once");
  thread_ = std::thread([this] { context_.run(); });
}

bool Shard::stop(Duration grace) {
  if (!thread_.joinable()) return true;
  INVARIANT(!on_thread(), "a shard is stopped from outside");
  auto ended = std::make_shared<std::promise<void>>();
  std::future<void> joined = ended->get_future();
  asio::post(context_, [this, ended] {
    tasks_.close();
    asio::co_spawn(context_, tasks_.join(),
                   [ended](const std::exception_ptr&) { ended->set_value(); });
  });
  const bool all = joined.wait_for(grace) == std::future_status::ready;
  work_.reset();
  context_.stop();
  thread_.join();
  return all;
}

void Shard::run(std::function<void()> function) {
  INVARIANT(!on_thread(), "a shard does not wait for itself");
  std::packaged_task<void()> task(std::move(function));
  std::future<void> done = task.get_future();
  asio::post(context_, std::move(task));
  done.get();
}

}  // namespace crossfoot::runtime
