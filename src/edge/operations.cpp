#include <algorithm>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "edge/api.h"
#include "edge/body.h"
#include "edge/views.h"

namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using runtime::HttpResponse;

constexpr std::string_view moving_prefix = "moving|";
constexpr std::int32_t period_days_max = 366;

/// The earliest time at which something waits for the target, over all lanes.
Result<std::optional<Instant>> oldest_due(store::Reader& reader, store::TargetNumber target) {
  std::optional<Instant> oldest;
  for (std::size_t lane = 0; lane < store::lane_count; ++lane) {
    auto next = reader.next_due(target, static_cast<store::Lane>(lane));
    if (!next) return fail(std::move(next.error()));
    if (*next && (!oldest || **next < *oldest)) oldest = **next;
  }
  return oldest;
}

Result<std::string> overview_json(store::Reader& reader, OverviewFacts& facts) {
  auto counters = reader.counters();
  if (!counters) return fail(std::move(counters.error()));
  facts.counters = std::move(*counters);
  auto parked = reader.parked_groups(store::FlowStatus::parked);
  if (!parked) return fail(std::move(parked.error()));
  facts.parked = std::move(*parked);
  for (const auto& [name, count] : facts.counters) {
    if (!name.starts_with(moving_prefix) || count <= 0) continue;
    OverviewFacts::Waiting waiting{.target = name.substr(moving_prefix.size()), .count = count};
    const auto at = std::ranges::find_if(facts.targets, [&](const OverviewFacts::Target& target) {
      return target.status.name == waiting.target;
    });
    if (at != facts.targets.end()) {
      auto oldest = oldest_due(reader, at->status.number);
      if (!oldest) return fail(std::move(oldest.error()));
      waiting.oldest = *oldest;
      at->due = std::max<std::int64_t>(count - static_cast<std::int64_t>(at->status.in_flight), 0);
    }
    facts.waiting.push_back(std::move(waiting));
  }
  return render_overview(facts);
}

}  // namespace

Api::Reply Api::get_overview(Exchange& exchange) {
  const flow::Engine* engine = parts_.engine();
  if (engine == nullptr) co_return refuse(exchange, opening_fault());
  OverviewFacts facts;
  facts.as_of = parts_.scheduler.now();
  std::vector<ConnectorStatus> connectors;
  if (parts_.connectors != nullptr) connectors = parts_.connectors->connectors();
  for (flow::TargetStatus& status : engine->targets()) {
    const auto known = std::ranges::find(connectors, status.name, &ConnectorStatus::name);
    const std::string_view breaker = known == connectors.end() ? "closed" : known->breaker;
    facts.targets.push_back({.status = std::move(status), .breaker = breaker});
  }
  co_return co_await json_of(exchange, [facts = std::move(facts)](store::Reader& reader) mutable {
    return overview_json(reader, facts);
  });
}

Api::Reply Api::get_metrics(Exchange& exchange) {
  using Counters = std::vector<std::pair<std::string, std::int64_t>>;
  // What can be had is given: figures matter most when something is wrong.
  const Result<Counters> counters =
      co_await read<Counters>([](store::Reader& reader) { return reader.counters(); });
  if (const store::Store* data_store = parts_.data_store()) metrics_->sample(data_store->stats());
  look_at_pressure();
  metrics_->sample(admission_, pressure_);
  if (parts_.connectors != nullptr) metrics_->sample(parts_.connectors->connectors());
  if (const flow::Engine* engine = parts_.engine()) {
    const std::vector<flow::TargetStatus> targets = engine->targets();
    metrics_->sample(engine->activity(), targets);
    if (counters) metrics_->sample(*counters, targets);
  }
  HttpResponse response;
  // Prometheus names both, the newer one first; who asks for nothing gets the older one.
  const bool open_metrics =
      exchange.headers.accept.find("application/openmetrics-text") != std::string_view::npos;
  if (open_metrics) {
    response.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.body = to_open_metrics(parts_.metrics.Collect());
  } else {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = to_prometheus_text(parts_.metrics.Collect());
  }
  co_return response;
}

Api::Reply Api::relay(Exchange& exchange, std::function<void(ServiceAnswer)> ask) {
  auto slot = std::make_shared<Slot<Result<std::string>>>(home());
  ask(slot->callback());
  std::optional<Result<std::string>> answer = co_await value_of(slot);
  if (!answer) co_return refuse(exchange, opening_fault());
  if (!*answer) co_return refuse(exchange, answer->error());
  HttpResponse response;
  response.body = std::move(**answer);
  co_return response;
}

Api::Reply Api::relay_reconciliation(Exchange& exchange, std::function<void(ServiceAnswer)> ask) {
  if (parts_.reconciliations == nullptr) {
    co_return refuse(exchange, code::not_found, "this server keeps no reconciliations");
  }
  co_return co_await relay(exchange, std::move(ask));
}

Api::Reply Api::start_reconciliation(Exchange& exchange) {
  if (parts_.reconciliations == nullptr) {
    co_return refuse(exchange, code::not_found, "this server keeps no reconciliations");
  }
  BodyReader body(exchange.request.body);
  const std::optional<BusinessDate> from = body.date("from");
  const std::optional<BusinessDate> to = body.date("to");
  if (from && to && (*to < *from || to->days - from->days > period_days_max)) {
    body.fault("to", code::out_of_range, "to is not before from and at most 366 days later");
  }
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  using Started = ReconciliationService::Started;
  auto slot = std::make_shared<Slot<Result<Started>>>(home());
  parts_.reconciliations->start_reconciliation({.from = *from, .to = *to}, slot->callback());
  std::optional<Result<Started>> started = co_await value_of(slot);
  if (!started) co_return refuse(exchange, opening_fault());
  if (!*started) co_return refuse(exchange, started->error());
  HttpResponse response;
  response.status = 202;
  response.body = std::move((*started)->json);
  response.headers.emplace_back("Location", "/v1/reconciliations/" + (*started)->id);
  co_return response;
}

Api::Reply Api::list_reconciliations(Exchange& exchange) {
  const auto limit = page_limit(exchange);
  if (!limit) co_return limit.error();
  ReconciliationService::PageQuery query{.limit = *limit};
  if (const std::string* after = exchange.query.find("after")) query.after = *after;
  co_return co_await relay_reconciliation(exchange, [this, query](ServiceAnswer answer) {
    parts_.reconciliations->list(query, std::move(answer));
  });
}

Api::Reply Api::get_reconciliation(Exchange& exchange) {
  const std::string id(exchange.target.parameters[0]);
  co_return co_await relay_reconciliation(exchange, [this, id](ServiceAnswer answer) {
    parts_.reconciliations->get(id, std::move(answer));
  });
}

Api::Reply Api::list_breaks(Exchange& exchange) {
  constexpr std::array<std::string_view, 7> classes = {"missing", "duplicate", "amount",   "timing",
                                                       "rate",    "rounding",  "ownership"};
  const auto limit = page_limit(exchange);
  if (!limit) co_return limit.error();
  ReconciliationService::BreakQuery query{.limit = *limit};
  if (const std::string* text = exchange.query.find("reconciliation")) query.reconciliation = *text;
  if (const std::string* text = exchange.query.find("after")) query.after = *text;
  if (const std::string* text = exchange.query.find("class")) {
    if (std::ranges::find(classes, std::string_view(*text)) == classes.end()) {
      co_return refuse_parameter(exchange, "class", code::unknown_value,
                                 "class is none of those of a break");
    }
    query.break_class = *text;
  }
  co_return co_await relay_reconciliation(exchange, [this, query](ServiceAnswer answer) {
    parts_.reconciliations->breaks(query, std::move(answer));
  });
}

}  // namespace crossfoot::edge
