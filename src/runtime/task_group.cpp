#include "runtime/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <list>
#include <vector>

namespace crossfoot::runtime {

namespace asio = boost::asio;

namespace {

bool is_cancellation(const std::exception_ptr& escaped) {
  try {
    std::rethrow_exception(escaped);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

struct TaskGroup::State {
  using Signals = std::list<asio::cancellation_signal>;

  State(asio::io_context& context_in, OnEscape on_escape_in)
      : context(context_in),
        on_escape(std::move(on_escape_in)),
        empty(context_in, asio::steady_timer::time_point::max()) {}

  void end(Signals::iterator task, const std::exception_ptr& escaped) {
    tasks.erase(task);
    if (tasks.empty()) empty.cancel();
    if (escaped && !(closed && is_cancellation(escaped))) on_escape(escaped);
  }

  asio::io_context& context;
  OnEscape on_escape;
  Signals tasks;
  bool closed = false;
  asio::steady_timer empty;  ///< never expires; cancelled when the last task has ended
};

TaskGroup::TaskGroup(asio::io_context& context, OnEscape on_escape)
    : state_(std::make_shared<State>(context, std::move(on_escape))) {}

TaskGroup::~TaskGroup() {
  close();
}

bool TaskGroup::spawn(asio::awaitable<void> task) {
  if (state_->closed) return false;
  const auto entry = state_->tasks.emplace(state_->tasks.end());
  asio::co_spawn(state_->context, std::move(task),
                 asio::bind_cancellation_slot(
                     entry->slot(), [state = state_, entry](const std::exception_ptr& escaped) {
                       state->end(entry, escaped);
                     }));
  return true;
}

void TaskGroup::close() {
  if (std::exchange(state_->closed, true)) return;
  // A task may end on the spot and take its entry away: go by pointers, look before each.
  std::vector<asio::cancellation_signal*> running;
  for (asio::cancellation_signal& signal : state_->tasks) running.push_back(&signal);
  for (asio::cancellation_signal* signal : running) {
    const auto same = [signal](const asio::cancellation_signal& other) { return &other == signal; };
    if (std::ranges::any_of(state_->tasks, same)) {
      signal->emit(asio::cancellation_type::terminal);
    }
  }
}

asio::awaitable<void> TaskGroup::join() {
  const std::shared_ptr<State> state = state_;
  while (!state->tasks.empty()) {
    boost::system::error_code cancelled;
    co_await state->empty.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

std::size_t TaskGroup::size() const {
  return state_->tasks.size();
}

}  // namespace crossfoot::runtime
