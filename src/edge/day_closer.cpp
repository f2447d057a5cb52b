#include "edge/day_closer.h"

#include <fmt/format.h>

#include "contract/error_codes.h"
#include "edge/api.h"
#include "flow/engine/records.h"

namespace crossfoot::edge {

namespace {

/// As often as others may have closed the same day first.
constexpr int tries_max = 5;

struct Attempt {
  StoreDayService& service;
  std::function<flow::Engine*()> engine;
  StoreDayService::CloseOrder order;
  std::string correlation_id;
  CloseDone done;
  int tries = 0;
};

void attempt(std::shared_ptr<Attempt> one);

flow::AcceptRequest request_of(const contract::StoreDayClose& close,
                               const std::string& correlation_id) {
  auto stage = std::make_shared<flow::RecordStage>();
  stage->said = fmt::format("slice {} by {}: {}", close.slice, close.by, close.reason);
  flow::AcceptRequest request;
  request.transaction =
      std::make_shared<const contract::Transaction>(contract::store_day_close_transaction(close));
  request.body = std::make_shared<const std::string>(contract::store_day_close_message(close));
  request.content = hash128(*request.body);
  request.correlation_id = correlation_id;
  request.lane = flow::Lane::settlement;
  request.record = std::move(stage);
  return request;
}

void accept(const std::shared_ptr<Attempt>& one, contract::StoreDayClose close) {
  flow::Engine* engine = one->engine();
  if (engine == nullptr) return one->done(std::unexpected(problem_of(opening_fault())));
  flow::AcceptRequest request = request_of(close, one->correlation_id);
  engine->accept(std::move(request), [one, close = std::move(close)](flow::AcceptAnswer answer) {
    using Kind = flow::AcceptAnswer::Kind;
    if (answer.kind == Kind::accepted) return one->done(Closed{answer.id, close});
    // Somebody else has taken this slice: what is left makes the next one, or nothing.
    if (answer.kind == Kind::replayed && ++one->tries < tries_max) return attempt(one);
    one->done(
        std::unexpected(problem_of(answer.fault.code.empty() ? opening_fault() : answer.fault)));
  });
}

void attempt(std::shared_ptr<Attempt> one) {
  StoreDayService& service = one->service;
  service.prepare(one->order,
                  [one](std::expected<contract::StoreDayClose, contract::Problem> close) {
                    if (!close) return one->done(std::unexpected(std::move(close.error())));
                    accept(one, std::move(*close));
                  });
}

}  // namespace

void close_day(StoreDayService& service, std::function<flow::Engine*()> engine,
               StoreDayService::CloseOrder order, std::string correlation_id, CloseDone done) {
  attempt(std::make_shared<Attempt>(Attempt{service, std::move(engine), std::move(order),
                                            std::move(correlation_id), std::move(done)}));
}

DayCloser::DayCloser(runtime::Scheduler& scheduler, StoreDayService& service,
                     std::function<flow::Engine*()> engine, runtime::Logger log)
    : scheduler_(scheduler), service_(service), engine_(std::move(engine)), log_(std::move(log)) {}

DayCloser::~DayCloser() {
  *alive_ = false;
}

void DayCloser::start() {
  scheduler_.after(pause, [this, alive = alive_] {
    if (*alive) look();
  });
}

void DayCloser::look() {
  start();
  service_.due([this, alive = alive_](std::vector<StoreDayService::Name> days) {
    if (!*alive) return;
    for (StoreDayService::Name& day : days) close(std::move(day));
  });
}

void DayCloser::close(StoreDayService::Name day) {
  StoreDayService::CloseOrder order{.day = day,
                                    .by = "policy",
                                    .reason = "the time after its last Z-report is over",
                                    .in_spite_of_findings = false,
                                    .visible = {}};
  close_day(
      service_, engine_, std::move(order), {},
      [this, alive = alive_, day](std::expected<Closed, contract::Problem> closed) {
        if (!*alive) return;
        if (closed) {
          return log_.info("store_day.closed", to_string(closed->id),
                           {{"shop", day.shop}, {"date", to_string(day.date)}});
        }
        log_.warning(
            "store_day.not_closed", {},
            {{"shop", day.shop}, {"date", to_string(day.date)}, {"code", closed.error().code}});
      });
}

}  // namespace crossfoot::edge
