#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/transaction.h"
#include "edge/api.h"
#include "edge/body.h"
#include "edge/decision.h"
#include "edge/views.h"

namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using Presence = BodyReader::Presence;
using contract::JsonWriter;
using runtime::HttpResponse;
using ReplayAnswer = Once<Result<flow::ReplayJob>>;

constexpr std::uint32_t rate_max = 10'000;
constexpr std::uint32_t rate_default = 200;

std::optional<std::uint8_t> channel_of(std::string_view name) {
  for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(contract::Channel::file);
       ++number) {
    if (contract::to_string(static_cast<contract::Channel>(number)) == name) return number;
  }
  return std::nullopt;
}

/// As `receipt_key` and `order_key` of a flow's state have it.
bool is_key(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

flow::ReplayRequest request_of(BodyReader& body, const Caller* caller) {
  flow::ReplayRequest request;
  flow::ReplayFilter& filter = request.filter;
  filter.code = body.text("code", name_max, Presence::optional);
  filter.target = body.text("target", name_max, Presence::optional);
  filter.shop = body.text("shop", name_max, Presence::optional);
  filter.member = body.text("member", name_max, Presence::optional);
  filter.region = body.text("region", name_max, Presence::optional);
  filter.key = body.text("key", name_max, Presence::optional);
  if (!filter.key.empty() && !is_key(filter.key)) {
    body.fault("key", code::invalid_format, "a key is 32 hexadecimal digits");
  }
  filter.reference = body.text("reference", contract::record::key_bytes_max, Presence::optional);
  filter.from = body.optional_date("from");
  filter.to = body.optional_date("to");
  filter.dead_only = body.boolean("dead_only", false);
  const std::string channel = body.text("channel", name_max, Presence::optional);
  if (!channel.empty()) {
    filter.channel = channel_of(channel);
    if (!filter.channel) body.fault("channel", code::unknown_value, "no such channel");
  }
  request.dry_run = body.boolean("dry_run", true);
  request.by = person_of(body, caller);
  request.reason = body.text("reason", reason_max, Presence::required);
  request.flows_per_second = body.number("flows_per_second", rate_max, rate_default);
  return request;
}

std::string json_of_job(const flow::ReplayJob& job) {
  JsonWriter out;
  write_replay(out, job);
  return out.take();
}

Fault no_such_replay() {
  return {.code = std::string(code::not_found),
          .fault_class = FaultClass::not_found,
          .where = "replays",
          .cause = "there is no such replay"};
}

Result<std::string> replays_json(store::Reader& reader, std::size_t limit) {
  auto documents = reader.documents(flow::replay_documents, {}, limit, true);
  if (!documents) return fail(documents.error());
  JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const store::DocumentRow& document : *documents) {
    auto job = flow::decode_replay(document.value);
    if (!job) return fail(job.error());
    write_replay(out, *job);
  }
  out.end_array().end_object();
  return out.take();
}

std::optional<flow::PauseKind> pause_kind_of(std::string_view name) {
  for (const auto kind : {flow::PauseKind::target, flow::PauseKind::shop, flow::PauseKind::member,
                          flow::PauseKind::region, flow::PauseKind::key}) {
    if (flow::to_string(kind) == name) return kind;
  }
  return std::nullopt;
}

flow::Pause pause_of(BodyReader& body, const Caller* caller) {
  flow::Pause pause;
  const std::string kind = body.text("kind", name_max, Presence::required);
  if (const auto known = pause_kind_of(kind)) {
    pause.kind = *known;
  } else if (!kind.empty()) {
    body.fault("kind", code::unknown_value, "target, shop, member, region or key");
  }
  pause.value = body.text("value", name_max, Presence::required);
  if (pause.kind == flow::PauseKind::key && !is_key(pause.value)) {
    body.fault("value", code::invalid_format, "a key is 32 hexadecimal digits");
  }
  pause.by = person_of(body, caller);
  pause.reason = body.text("reason", reason_max, Presence::required);
  return pause;
}

std::string pauses_json(const std::vector<flow::Pause>& pauses) {
  JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const flow::Pause& pause : pauses) {
    out.begin_object().member("kind", flow::to_string(pause.kind)).member("value", pause.value);
    out.member("by", pause.by).member("reason", pause.reason);
    out.member("since", to_string(pause.since)).end_object();
  }
  out.end_array().end_object();
  return out.take();
}

}  // namespace

Api::Reply Api::start_replay(Exchange& exchange) {
  BodyReader body(exchange.request.body);
  flow::ReplayRequest request = request_of(body, exchange.caller.get());
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  const auto started = co_await ask_engine<flow::ReplayJob>(
      [request = std::move(request)](flow::Engine& engine, ReplayAnswer answer) mutable {
        engine.start_replay(std::move(request), std::move(answer));
      });
  if (!started) co_return refuse(exchange, started.error());
  HttpResponse response;
  response.status = 202;
  response.body = json_of_job(*started);
  response.headers.emplace_back("Location", "/v1/replays/" + to_string(started->id));
  co_return response;
}

Api::Reply Api::cancel_replay(Exchange& exchange) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (!id) co_return refuse(exchange, no_such_replay());
  const auto cancelled =
      co_await ask_engine<flow::ReplayJob>([id = *id](flow::Engine& engine, ReplayAnswer answer) {
        engine.cancel_replay(id, std::move(answer));
      });
  if (!cancelled) co_return refuse(exchange, cancelled.error());
  HttpResponse response;
  response.status = 202;
  response.body = json_of_job(*cancelled);
  co_return response;
}

Api::Reply Api::get_replay(Exchange& exchange) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (!id) co_return refuse(exchange, no_such_replay());
  co_return co_await json_of(exchange, [id = *id](store::Reader& reader) -> Result<std::string> {
    auto document = reader.document(flow::replay_documents, to_string(id));
    if (!document) return fail(document.error());
    if (!*document) return fail(no_such_replay());
    auto job = flow::decode_replay(**document);
    if (!job) return fail(job.error());
    return json_of_job(*job);
  });
}

Api::Reply Api::list_replays(Exchange& exchange) {
  const auto limit = page_limit(exchange);
  if (!limit) co_return limit.error();
  co_return co_await json_of(
      exchange, [limit = *limit](store::Reader& reader) { return replays_json(reader, limit); });
}

Api::Reply Api::list_pauses(Exchange& exchange) {
  const flow::Engine* engine = parts_.engine();
  if (engine == nullptr) co_return refuse(exchange, opening_fault());
  HttpResponse response;
  response.body = pauses_json(engine->pauses());
  co_return response;
}

Api::Reply Api::start_pause(Exchange& exchange) {
  BodyReader body(exchange.request.body);
  flow::Pause pause = pause_of(body, exchange.caller.get());
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  const Status paused = co_await ask_engine<void>(
      [pause = std::move(pause)](flow::Engine& engine, Once<Status> answer) mutable {
        engine.pause(std::move(pause), std::move(answer));
      });
  if (!paused) co_return refuse(exchange, paused.error());
  co_return co_await list_pauses(exchange);
}

Api::Reply Api::end_pause(Exchange& exchange) {
  BodyReader body(exchange.request.body);
  flow::Pause pause = pause_of(body, exchange.caller.get());
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  const Status ended =
      co_await ask_engine<void>([pause](flow::Engine& engine, Once<Status> answer) {
        engine.unpause(pause.kind, pause.value, pause.by + ": " + pause.reason, std::move(answer));
      });
  if (!ended) co_return refuse(exchange, ended.error());
  co_return co_await list_pauses(exchange);
}

}  // namespace crossfoot::edge
