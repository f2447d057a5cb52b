#include <fmt/format.h>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "edge/api.h"
#include "edge/body.h"

namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using runtime::HttpResponse;

/// The data store's figures take a lock, the machine's system calls.
constexpr Duration stats_again_after{std::chrono::milliseconds{20}};
constexpr Duration machine_again_after{std::chrono::seconds{1}};
constexpr std::size_t reason_bytes_max = 256;
constexpr std::size_t operation_bytes_max = 128;

/// What a request asks the server to take on; nothing when it only reads, or steers.
std::optional<AdmissionClass> class_of(Route route, std::string_view lane) {
  switch (route) {
    case Route::post_batch:
    case Route::start_reconciliation:
      return AdmissionClass::bulk;
    case Route::post_adjustment:
      return AdmissionClass::live;
    case Route::post_transaction:
      if (lane == "checkout") return AdmissionClass::checkout;
      return lane == "batch" ? AdmissionClass::bulk : AdmissionClass::live;
    case Route::post_authorisation:
    case Route::capture_authorisation:
    case Route::void_authorisation:
    case Route::post_redemption_void:
      return AdmissionClass::checkout;
    default:
      return std::nullopt;
  }
}

bool is_counted(std::string_view pattern) {
  return pattern.starts_with("/v1/") || pattern.starts_with("/process/");
}

std::string text_of(Instant at) {
  return to_string(at);
}

void render(contract::JsonWriter& out, const ConnectorStatus& connector) {
  out.begin_object().member("connector", connector.name).member("pack", connector.pack);
  out.member("pack_version", connector.pack_version).member("breaker", connector.breaker);
  out.key("quota");
  if (connector.quota_per_minute == 0) {
    out.null();
  } else {
    out.begin_object().member("per_minute", connector.quota_per_minute);
    out.member("per_minute_now", connector.rate_per_minute).end_object();
  }
  out.member_or_null("paused_until",
                     connector.paused_until ? text_of(*connector.paused_until) : std::string());
  out.key("operations").begin_array();
  for (const ConnectorStatus::Line& line : connector.lines) {
    out.begin_object().member("operation", line.operation).member("breaker", line.breaker);
    out.member("forced", line.forced).member_or_null("forced_reason", line.forced_reason);
    out.member_or_null("opened_because", std::string(line.opened_because));
    out.member("openings", line.openings);
    out.member_or_null("next_probe_at",
                       line.next_probe ? text_of(*line.next_probe) : std::string());
    out.end_object();
  }
  out.end_array().end_object();
}

}  // namespace

std::optional<HttpResponse> Api::check_client(Exchange& exchange) {
  // Health, figures and the console's files stay reachable whatever a client has used up.
  if (!client_limits_.active() || !is_counted(exchange.target.route->pattern)) {
    return std::nullopt;
  }
  // A name must not be able to look like an address.
  const std::string client = exchange.caller == nullptr ? "@" + std::string(exchange.request.client)
                                                        : "=" + exchange.caller->name;
  const Instant now{parts_.scheduler.monotonic().count()};
  exchange.limit = client_limits_.take(client, now);
  if (exchange.limit->admitted) return std::nullopt;
  metrics_->rate_limited();
  return refuse(exchange,
                contract::make_problem(code::rate_limited, "this client's requests are used up"),
                exchange.limit->retry_s);
}

std::optional<HttpResponse> Api::check_pressure(Exchange& exchange) {
  const std::string_view lane = exchange.headers.lane;
  if (!lane.empty() && lane != "checkout" && lane != "live" && lane != "batch") {
    return refuse(exchange, code::malformed_request, "X-Lane is none of checkout, live, batch");
  }
  const auto admission_class = class_of(exchange.target.route->id, lane);
  if (!admission_class) return std::nullopt;
  const auto refusal = shed(*admission_class);
  if (!refusal) return std::nullopt;
  return refuse(exchange,
                contract::make_problem(code::overloaded, fmt::format("too little is left of: {}",
                                                                     to_string(refusal->resource))),
                refusal->retry_s);
}

std::optional<Admission::Refusal> Api::shed(AdmissionClass admission_class) {
  look_at_pressure();
  const auto refusal = admission_.refusal(admission_class);
  if (refusal) metrics_->shed(admission_class);
  return refusal;
}

void Api::look_at_pressure() {
  const Duration now = parts_.scheduler.monotonic();
  if (const flow::Engine* engine = parts_.engine()) {
    pressure_.accepts = engine->activity().accepts;
  }
  if (!stats_seen_at_ || now - *stats_seen_at_ >= stats_again_after) {
    stats_seen_at_ = now;
    if (const store::Store* data_store = parts_.data_store()) {
      const store::StoreStats stats = data_store->stats();
      pressure_.queue = stats.queue_depth;
      pressure_.log_bytes = stats.log_bytes;
    }
  }
  if (parts_.machine && (!machine_asked_at_ || now - *machine_asked_at_ >= machine_again_after)) {
    machine_asked_at_ = now;
    const MachineFigures figures = parts_.machine();
    pressure_.disk_free_bytes = figures.disk_free_bytes;
    pressure_.resident_bytes = figures.resident_bytes;
  }
  admission_.look(pressure_);
}

Api::Reply Api::list_connectors(Exchange& exchange) {
  if (parts_.connectors == nullptr) {
    co_return refuse(exchange, code::not_found, "this server has no connectors");
  }
  contract::JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const ConnectorStatus& connector : parts_.connectors->connectors()) render(out, connector);
  out.end_array().end_object();
  HttpResponse response;
  response.body = out.take();
  co_return response;
}

Api::Reply Api::force_breaker(Exchange& exchange) {
  using State = ConnectorService::State;
  using Forced = ConnectorService::Forced;
  if (parts_.connectors == nullptr) {
    co_return refuse(exchange, code::not_found, "this server has no connectors");
  }
  BodyReader body(exchange.request.body);
  using Presence = BodyReader::Presence;
  const std::string state = body.text("state", reason_bytes_max, Presence::required);
  const std::string reason = body.text("reason", reason_bytes_max, Presence::required);
  const std::string operation = body.text("operation", operation_bytes_max, Presence::optional);
  ConnectorService::Order order{.connector = std::string(exchange.target.parameters[0])};
  if (state == "open") {
    order.state = State::open;
  } else if (state == "closed") {
    order.state = State::closed;
  } else if (!state.empty() && state != "auto") {
    body.fault("state", code::unknown_value, "expected open, closed or auto");
  }
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  make_correlation_id(exchange);
  order.operation = operation;
  order.reason = reason;
  order.correlation_id = exchange.correlation_id;
  const Forced forced = parts_.connectors->force(order);
  if (forced != Forced::done) {
    co_return refuse(exchange, code::not_found,
                     forced == Forced::no_connector ? "there is no such connector"
                                                    : "the connector has no such operation");
  }
  contract::JsonWriter out;
  for (const ConnectorStatus& connector : parts_.connectors->connectors()) {
    if (connector.name == order.connector) render(out, connector);
  }
  HttpResponse response;
  response.body = out.take();
  co_return response;
}

}  // namespace crossfoot::edge
