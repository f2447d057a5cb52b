#include "edge/api.h"

#include <fmt/format.h>

#include "contract/error_codes.h"
#include "edge/embedded.h"

namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::make_problem;
using contract::Problem;
using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::Method;

boost::asio::awaitable<HttpResponse> ready(HttpResponse response) {
  co_return response;
}

int status_of(FaultClass fault_class) {
  switch (fault_class) {
    case FaultClass::transient:
    case FaultClass::cancelled:
    case FaultClass::deadline:
    case FaultClass::unknown_outcome:
      return 503;
    case FaultClass::throttled:
      return 429;
    case FaultClass::rejected:
      return 400;
    case FaultClass::conflict:
      return 409;
    case FaultClass::not_found:
      return 404;
    case FaultClass::unauthorised:
    case FaultClass::corrupt:
      return 500;
  }
  return 500;
}

std::string_view code_of(int status) {
  switch (status) {
    case 408:
      return code::request_timeout;
    case 411:
      return code::length_required;
    case 413:
      return code::request_too_large;
    case 431:
      return code::headers_too_large;
    case 500:
      return code::internal_error;
    case 503:
      return code::overloaded;
    case 505:
      return code::http_version_not_supported;
    default:
      return code::malformed_request;
  }
}

HttpResponse render(const Problem& problem, std::int64_t retry_s = 1) {
  HttpResponse response;
  response.status = problem.status;
  response.content_type = contract::problem_media_type;
  response.body = contract::to_json(problem);
  if (problem.status == 503 || problem.status == 429) {
    response.headers.emplace_back("Retry-After", std::to_string(retry_s));
  }
  return response;
}

HttpResponse json(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

}  // namespace

Fault opening_fault() {
  return {.code = std::string(code::store_unavailable),
          .fault_class = FaultClass::transient,
          .where = "edge",
          .cause = "the data store is being opened"};
}

Problem problem_of(const Fault& fault) {
  const contract::ErrorInfo* info = contract::find_error(fault.code);
  Problem problem = make_problem(info == nullptr ? code::internal_error : fault.code, fault.cause);
  // Codes of what a target or a flow holds have the status of an accepted transaction.
  if (problem.status < 400) {
    problem.status = static_cast<std::uint16_t>(status_of(fault.fault_class));
    problem.retryable = problem.status == 503 || problem.status == 429;
  }
  return problem;
}

Api::Api(ApiParts parts, ApiOptions options)
    : parts_(std::move(parts)),
      options_(options),
      metrics_(std::make_shared<Metrics>(parts_.metrics)),
      console_(std::move(parts_.console)),
      random_(parts_.seed),
      till_contract_(built_in_schema("till_record")),
      client_limits_(options.client_limits),
      admission_(options.admission) {
  // The parser reads version 1 and no other.
  if (parts_.contracts != nullptr) transaction_use_ = parts_.contracts->find("transaction", "1");
}

Api::~Api() = default;

runtime::HttpHandler Api::handler() {
  return [this](const HttpRequest& request) { return serve(request); };
}

runtime::HttpRefusal Api::refusal() {
  return [this](int status, std::string_view cause) {
    metrics_->answered(status);
    // What an exception says is for the log, not for the caller.
    const bool internal = status == 500;
    if (internal && parts_.log) parts_.log->error("request.failed", "", {{"cause", cause}});
    Problem problem = make_problem(
        code_of(status), internal ? "the request could not be completed" : std::string(cause));
    problem.status = static_cast<std::uint16_t>(status);
    return render(problem);
  };
}

Api::Reply Api::serve(const HttpRequest& request) {
  Exchange exchange{.request = request};
  exchange.began = parts_.scheduler.monotonic();
  exchange.headers = read_headers(request);
  read_trace(exchange);
  metrics_->request_begins();
  HttpResponse response;
  if (std::optional<HttpResponse> refused = admit(exchange)) {
    response = std::move(*refused);
  } else {
    response = co_await dispatch(exchange);
  }
  finish(exchange, response);
  co_return response;
}

void Api::read_trace(Exchange& exchange) {
  const bool named = is_correlation_id(exchange.headers.correlation_id);
  if (named) exchange.correlation_id = exchange.headers.correlation_id;
  if (exchange.headers.traceparent.empty()) return;
  const std::optional<TraceParent> trace = parse_traceparent(exchange.headers.traceparent);
  if (!trace) return;
  if (!named) exchange.correlation_id = trace->trace_id;
  exchange.trace =
      fmt::format("00-{}-{:016x}-{}", trace->trace_id, random_.next() | 1U, trace->flags);
}

std::optional<HttpResponse> Api::admit(Exchange& exchange) {
  const HttpRequest& request = exchange.request;
  std::string_view path = request.path;
  if (path.find('%') != std::string_view::npos) [[unlikely]] {
    exchange.decoded_path = decode_percent(path, false);
    if (!exchange.decoded_path) {
      return refuse(exchange, code::malformed_request, "the path has escapes that are no text");
    }
    path = *exchange.decoded_path;
  }
  exchange.target = match(request.method, path);
  if (exchange.target.route == nullptr) [[unlikely]] {
    if (exchange.target.allow.empty()) {
      return refuse(exchange, code::not_found, "there is nothing under this address");
    }
    HttpResponse response;
    response.status = 204;
    if (request.method != Method::options) {
      response = refuse(exchange, code::method_not_allowed,
                        "this address offers " + exchange.target.allow);
    }
    response.headers.emplace_back("Allow", exchange.target.allow);
    return response;
  }
  if (auto refused = check_access(exchange)) return refused;
  if (auto refused = check_client(exchange)) return refused;
  if (!request.query.empty()) {
    if (auto refused = check_query(exchange)) return refused;
  }
  if (auto refused = check_media(exchange)) return refused;
  return check_pressure(exchange);
}

std::optional<HttpResponse> Api::check_query(Exchange& exchange) {
  auto query = Query::parse(exchange.request.query, *exchange.target.route);
  if (!query) {
    return refuse_parameter(exchange, query.error().name, code::unknown_field,
                            std::move(query.error().detail));
  }
  exchange.query = std::move(*query);
  return std::nullopt;
}

std::optional<HttpResponse> Api::check_media(Exchange& exchange) {
  const RouteInfo& route = *exchange.target.route;
  const RequestHeaders& headers = exchange.headers;
  if (!route.consumes.empty()) {
    if (!is_media_type(headers.content_type, route.consumes)) {
      return refuse(exchange, code::unsupported_media_type,
                    fmt::format("this address reads {}", route.consumes));
    }
    if (!headers.content_encoding.empty() && headers.content_encoding != "identity") {
      return refuse(exchange, code::unsupported_media_type, "send the body without an encoding");
    }
  } else if (!exchange.request.body.empty()) {
    return refuse(exchange, code::malformed_request, "this address takes no body");
  }
  const bool anything = headers.accept.empty() || headers.accept == "*/*";
  exchange.media = anything ? route.produces[0] : negotiate(exchange.request, route);
  if (!exchange.media.empty()) return std::nullopt;
  Problem problem = make_problem(code::unsupported_media_type,
                                 fmt::format("this address answers {}", route.produces[0]));
  problem.status = 406;
  return refuse(exchange, std::move(problem));
}

Api::Reply Api::dispatch(Exchange& exchange) {
  switch (exchange.target.route->id) {
    case Route::post_transaction:
      return post_transaction(exchange);
    case Route::post_authorisation:
      return post_authorisation(exchange);
    case Route::validate_basket:
      return validate_basket(exchange);
    case Route::get_balance:
      return get_balance(exchange);
    case Route::get_authorisation:
      return get_authorisation(exchange);
    case Route::capture_authorisation:
      return capture_authorisation(exchange);
    case Route::void_authorisation:
      return void_authorisation(exchange);
    case Route::post_adjustment:
      return post_adjustment(exchange);
    case Route::list_adjustments:
      return list_adjustments(exchange);
    case Route::get_adjustment:
      return get_adjustment(exchange);
    case Route::approve_adjustment:
      return judge_adjustment(exchange, true);
    case Route::refuse_adjustment:
      return judge_adjustment(exchange, false);
    case Route::post_redemption_void:
      return post_redemption_void(exchange);
    case Route::post_batch:
      return post_batch(exchange);
    case Route::post_till_record:
      return post_till_record(exchange);
    case Route::post_till_records:
      return post_till_records(exchange);
    case Route::get_store_day:
      return get_store_day(exchange);
    case Route::list_store_days:
      return list_store_days(exchange);
    case Route::get_slice:
      return get_slice(exchange);
    case Route::close_store_day:
      return close_store_day(exchange);
    case Route::post_states:
      return post_states(exchange);
    case Route::list_transactions:
      return list_transactions(exchange);
    case Route::get_transaction:
      return get_transaction(exchange);
    case Route::get_timeline:
      return get_timeline(exchange);
    case Route::get_explanation:
      return get_explanation(exchange);
    case Route::release_leg:
      return release_leg(exchange);
    case Route::discard_held:
      return discard_held(exchange);
    case Route::release_held:
      return release_held(exchange);
    case Route::edit_transaction:
      return edit_transaction(exchange);
    case Route::replace_held:
      return replace_held(exchange);
    case Route::discard_leg:
      return discard_leg(exchange);
    case Route::confirm_leg:
      return confirm_leg(exchange);
    case Route::resend_leg:
      return resend_leg(exchange);
    case Route::list_dead_letters:
      return list_dead_letters(exchange);
    case Route::list_dead_letter_groups:
      return list_dead_letter_groups(exchange);
    case Route::start_replay:
      return start_replay(exchange);
    case Route::cancel_replay:
      return cancel_replay(exchange);
    case Route::get_replay:
      return get_replay(exchange);
    case Route::list_replays:
      return list_replays(exchange);
    case Route::list_pauses:
      return list_pauses(exchange);
    case Route::start_pause:
      return start_pause(exchange);
    case Route::end_pause:
      return end_pause(exchange);
    case Route::get_overview:
      return get_overview(exchange);
    case Route::start_reconciliation:
      return start_reconciliation(exchange);
    case Route::list_reconciliations:
      return list_reconciliations(exchange);
    case Route::get_reconciliation:
      return get_reconciliation(exchange);
    case Route::list_breaks:
      return list_breaks(exchange);
    case Route::list_connectors:
      return list_connectors(exchange);
    case Route::force_breaker:
      return force_breaker(exchange);
    case Route::list_contracts:
      return list_contracts(exchange);
    case Route::get_contract:
      return get_contract(exchange, false);
    case Route::list_contract_consumers:
      return get_contract(exchange, true);
    case Route::get_contract_version:
      return get_contract_version(exchange);
    case Route::post_record:
      return post_record(exchange);
    case Route::post_records:
      return post_records(exchange);
    case Route::list_records:
      return list_records(exchange);
    case Route::get_record:
      return get_record(exchange);
    case Route::list_record_versions:
      return list_record_versions(exchange);
    case Route::list_record_proposals:
      return list_record_proposals(exchange);
    case Route::accept_proposal:
      return judge_proposal(exchange, true);
    case Route::reject_proposal:
      return judge_proposal(exchange, false);
    case Route::look_up_price:
      return look_up_price(exchange);
    case Route::list_unresolved:
      return list_unresolved(exchange);
    case Route::get_profile:
      return get_profile(exchange);
    case Route::merge_customers:
      return change_profile(exchange, flow::ProfileOrder::Kind::merge);
    case Route::unmerge_customer:
      return change_profile(exchange, flow::ProfileOrder::Kind::unmerge);
    case Route::erase_customer:
      return change_profile(exchange, flow::ProfileOrder::Kind::erase);
    case Route::note_consent:
      return change_profile(exchange, flow::ProfileOrder::Kind::consent);
    case Route::get_field_ownership:
      return get_field_ownership(exchange);
    case Route::get_metrics:
      return get_metrics(exchange);
    case Route::get_openapi:
      return ready(json(std::string(openapi_document())));
    case Route::get_error_page:
      return ready(error_code_page(exchange));
    case Route::get_live:
      return ready(json(R"({"status":"live"})"));
    case Route::get_ready:
      return ready(readiness(exchange));
    case Route::get_console:
      return ready(console_file(exchange));
  }
  return ready(refuse(exchange, code::internal_error, "a route without a handler"));
}

void Api::make_correlation_id(Exchange& exchange) {
  if (exchange.correlation_id.empty()) {
    exchange.correlation_id = to_string(Id{.high = random_.next(), .low = random_.next()});
  }
}

void Api::finish(Exchange& exchange, HttpResponse& response) {
  make_correlation_id(exchange);
  response.headers.emplace_back("X-Correlation-Id", exchange.correlation_id);
  if (exchange.limit) {
    response.headers.emplace_back("RateLimit-Policy", client_limits_.policy_field());
    response.headers.emplace_back("RateLimit", ClientLimits::limit_field(*exchange.limit));
  }
  if (exchange.life != nullptr) {
    for (const auto& [name, value] : *exchange.life) response.headers.emplace_back(name, value);
  }
  if (!exchange.trace.empty()) response.headers.emplace_back("traceparent", exchange.trace);
  metrics_->request_ends();
  metrics_->answered(response.status);
  const Duration took = parts_.scheduler.monotonic() - exchange.began;
  const RouteInfo* route = exchange.target.route;
  if (route != nullptr && route->id == Route::post_transaction) metrics_->accept_time(took);
  if (!parts_.log) return;
  // The path alone: a query may hold what does not belong into a log.
  if (response.status >= 500) {
    parts_.log->warning(
        "request.failed", exchange.correlation_id,
        {{"path", exchange.request.path}, {"status", response.status}, {"took_us", took.count()}});
  } else {
    parts_.log->debug("request", exchange.correlation_id,
                      {{"path", exchange.request.path},
                       {"status", response.status},
                       {"took_us", took.count()},
                       {"received_bytes", exchange.request.body.size()},
                       {"sent_bytes", response.body.size()},
                       {"client", exchange.request.client}});
  }
}

HttpResponse Api::refuse(Exchange& exchange, Problem problem, std::int64_t retry_s) {
  make_correlation_id(exchange);
  problem.correlation_id = exchange.correlation_id;
  return render(problem, retry_s);
}

HttpResponse Api::refuse(Exchange& exchange, std::string_view problem_code, std::string detail) {
  return refuse(exchange, make_problem(problem_code, std::move(detail)));
}

HttpResponse Api::refuse(Exchange& exchange, const Fault& fault) {
  return refuse(exchange, problem_of(fault));
}

HttpResponse Api::refuse_parameter(Exchange& exchange, std::string_view name,
                                   std::string_view problem_code, std::string detail) {
  Problem problem = make_problem(code::malformed_request, fmt::format("query: {}", detail));
  problem.errors.push_back({fmt::format("?{}", name), std::string(problem_code), detail});
  return refuse(exchange, std::move(problem));
}

HttpResponse Api::error_code_page(Exchange& exchange) {
  const std::string_view page = error_page(exchange.target.parameters[0]);
  if (page.empty()) return refuse(exchange, code::not_found, "there is no such error code");
  return {.status = 200, .content_type = "text/markdown; charset=utf-8", .body = std::string(page)};
}

HttpResponse Api::console_file(Exchange& exchange) {
  if (exchange.request.path == "/console") {
    HttpResponse response;
    response.status = 308;
    response.headers.emplace_back("Location", "/console/");
    return response;
  }
  HttpResponse response =
      console_.get(exchange.target.parameters[0], exchange.headers.if_none_match);
  if (response.status != 404) return response;
  return refuse(exchange, code::not_found, "the console has no such file");
}

HttpResponse Api::readiness(Exchange& exchange) {
  const flow::Engine* engine = parts_.engine();
  const store::Store* data_store = parts_.data_store();
  if (engine == nullptr || data_store == nullptr || !engine->ready()) {
    return refuse(exchange, code::store_unavailable, "the data store is being opened");
  }
  if (data_store->under_pressure()) {
    return refuse(exchange, code::overloaded, "the data store is behind");
  }
  look_at_pressure();
  if (const auto refusal = admission_.refusal(AdmissionClass::live)) {
    return refuse(exchange, code::overloaded,
                  fmt::format("too little is left of: {}", to_string(refusal->resource)));
  }
  return json(R"({"status":"ready"})");
}

}  // namespace crossfoot::edge
