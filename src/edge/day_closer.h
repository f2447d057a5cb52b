#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "contract/problem.h"
#include "edge/store_day_service.h"
#include "flow/engine/engine.h"
#include "runtime/log.h"
#include "runtime/scheduler.h"

namespace crossfoot::edge {

struct Closed {
  Id id;  ///< of the message that is the close
  contract::StoreDayClose close;
};
using CloseDone = std::move_only_function<void(std::expected<Closed, contract::Problem>)>;

/// Closes a day: the slice is prepared from what is stored and accepted as a message under its own
/// name, so that of two that close at once one takes the slice and the other looks again. Answers
/// after the commit. Shard thread; service and engine outlive what is under way, or its answer is
/// dropped.
void close_day(StoreDayService& service, std::function<flow::Engine*()> engine,
               StoreDayService::CloseOrder order, std::string correlation_id, CloseDone done);

/// Closes the days that the policy wants closed, looking once a minute. Shard thread.
class DayCloser {
 public:
  static constexpr Duration pause = std::chrono::minutes{1};

  DayCloser(runtime::Scheduler& scheduler, StoreDayService& service,
            std::function<flow::Engine*()> engine, runtime::Logger log);
  ~DayCloser();
  DayCloser(const DayCloser&) = delete;
  DayCloser& operator=(const DayCloser&) = delete;

  void start();

 private:
  void look();
  void close(StoreDayService::Name day);

  runtime::Scheduler& scheduler_;
  StoreDayService& service_;
  std::function<flow::Engine*()> engine_;
  runtime::Logger log_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace crossfoot::edge
