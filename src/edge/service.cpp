#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/points_adjustment.h"
#include "edge/adjustment_request.h"
#include "edge/api.h"
#include "edge/body.h"
#include "edge/views.h"

/// The service desk: points by hand, with a second person where the policy wants one
/// (docs/adr/0024, docs/guides/customer_service.md).
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::JsonWriter;
using flow::AcceptAnswer;
using runtime::HttpResponse;
using Presence = BodyReader::Presence;

std::string adjustment_location(Id id) {
  return "/process/v1/customer-service/adjustments/" + to_string(id);
}

Fault no_adjustment() {
  return {.code = std::string(code::not_found),
          .fault_class = FaultClass::not_found,
          .where = "adjustments",
          .cause = "there is no adjustment with this id"};
}

std::string_view word_of(const flow::Flow& flow) {
  const flow::Leg* approve = flow.first_of(flow::LegKind::approve);
  if (approve != nullptr && approve->state == flow::LegState::cancelled) return "refused";
  if (approve != nullptr && approve->state == flow::LegState::parked) {
    return "waiting_for_approval";
  }
  switch (flow::state_of(flow)) {
    case flow::FlowState::open:
      return "under_way";
    case flow::FlowState::done:
      return "done";
    case flow::FlowState::parked:
    case flow::FlowState::dead:
      break;
  }
  return "stuck";
}

struct Adjustment {
  store::MessageRow message;
  contract::Transaction asked;
  flow::Flow flow;
};

/// No value: there is none that the caller may see.
Result<std::optional<Adjustment>> load_adjustment(store::Reader& reader, Id id,
                                                  const CallerPtr& caller) {
  auto message = reader.load_message(id);
  if (!message) return fail(std::move(message.error()));
  if (!*message || !is_visible(caller, **message) ||
      !contract::is_adjustment_message((*message)->body)) {
    return std::nullopt;
  }
  auto asked = contract::read_adjustment_message((*message)->body);
  if (!asked) return fail(std::move(asked.error()));
  auto row = reader.load_flow(id);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return std::nullopt;
  auto flow = flow::decode_flow((*row)->state);
  if (!flow) return fail(std::move(flow.error()));
  return Adjustment{std::move(**message), std::move(*asked), std::move(*flow)};
}

void write(JsonWriter& out, const Adjustment& adjustment) {
  const contract::AdjustmentTerms& terms = *adjustment.asked.adjustment;
  const flow::Leg* stuck = flow::first_stuck(adjustment.flow);
  out.begin_object().member("id", to_string(adjustment.message.id));
  out.member("correlation_id", adjustment.message.correlation_id);
  out.member("state", word_of(adjustment.flow));
  out.member_or_null("code", stuck == nullptr ? std::string_view{} : stuck->reason);
  out.member("member", adjustment.asked.member).member("shop", adjustment.asked.shop);
  out.member("business_date", to_string(adjustment.asked.business_date));
  out.member("direction", terms.points.count < 0 ? "deduct" : "grant");
  out.member("points", std::abs(terms.points.count)).member("reason", terms.reason);
  out.member_or_null("receipt", terms.receipt);
  out.member_or_null("expires_on", terms.expires_on ? to_string(*terms.expires_on) : "");
  out.member("asked_by", terms.asked_by);
  out.member("asked_at", to_string(adjustment.asked.occurred_at));
  out.end_object();
}

Result<std::string> adjustment_json(store::Reader& reader, Id id, const CallerPtr& caller) {
  auto adjustment = load_adjustment(reader, id, caller);
  if (!adjustment) return fail(std::move(adjustment.error()));
  if (!*adjustment) return fail(no_adjustment());
  JsonWriter out;
  write(out, **adjustment);
  return out.take();
}

/// Those that wait for a second person, the oldest first.
Result<std::string> waiting_json(store::Reader& reader, Id after, std::size_t limit,
                                 const CallerPtr& caller) {
  auto rows = reader.flows_by_status(store::FlowStatus::parked,
                                     std::string(code::second_person_needed), after, limit + 1);
  if (!rows) return fail(std::move(rows.error()));
  const bool more = rows->size() > limit;
  if (more) rows->resize(limit);
  JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const store::FlowRow& row : *rows) {
    auto adjustment = load_adjustment(reader, row.id, caller);
    if (!adjustment) return fail(std::move(adjustment.error()));
    if (*adjustment) write(out, **adjustment);
  }
  out.end_array().member_or_null("next", more ? to_string(rows->back().id) : "").end_object();
  return out.take();
}

}  // namespace

Api::Reply Api::adjustment_answer(Exchange& exchange, Id id, bool replayed) {
  Result<std::string> body =
      co_await read<std::string>([id, caller = exchange.caller](store::Reader& reader) {
        return adjustment_json(reader, id, caller);
      });
  if (!body) co_return refuse(exchange, body.error());
  HttpResponse response;
  response.status = 202;
  response.body = std::move(*body);
  response.headers.emplace_back("Location", adjustment_location(id));
  if (replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
  co_return response;
}

Api::Reply Api::post_adjustment(Exchange& exchange) {
  auto key = idempotency_key(exchange);
  if (!key) co_return std::move(key.error());
  const Caller* caller = exchange.caller.get();
  auto asked = read_adjustment(exchange.request.body, *key, options_.service,
                               caller == nullptr ? std::string_view{} : caller->name,
                               parts_.scheduler.now());
  if (!asked) co_return refuse(exchange, std::move(asked.error()));
  if (auto problem = check_limits(caller, *asked)) co_return refuse(exchange, std::move(*problem));
  const bool leads = caller == nullptr || caller->may(Permission::service_approve);
  const ServiceLimits& limits = leads ? options_.service.lead : options_.service.agent;
  contract::AdjustmentTerms& terms = *asked->adjustment;
  terms.second_person = std::abs(terms.points.count) > limits.alone.count;
  flow::AcceptRequest request;
  request.content = adjustment_content(*asked);
  request.body = std::make_shared<const std::string>(contract::adjustment_message(*asked));
  request.transaction = std::make_shared<const contract::Transaction>(std::move(*asked));
  request.idempotency_key = std::move(*key);
  request.correlation_id = exchange.correlation_id;
  auto answer = co_await ask_engine<AcceptAnswer>(
      [request = std::move(request), most = limits.a_day](flow::Engine& engine,
                                                          Once<Result<AcceptAnswer>> done) mutable {
        engine.adjust(
            std::move(request), most,
            [done = std::move(done)](AcceptAnswer told) mutable { done(std::move(told)); });
      });
  if (!answer) co_return refuse(exchange, answer.error());
  switch (answer->kind) {
    case AcceptAnswer::Kind::accepted:
    case AcceptAnswer::Kind::replayed:
      break;
    case AcceptAnswer::Kind::unsupported:
      co_return refuse(exchange, code::adjustment_unsupported,
                       "its connector pack has no operation for it");
    case AcceptAnswer::Kind::over_limit:
      co_return refuse(exchange, code::service_limit,
                       "with it, more than " + std::to_string(limits.a_day.count) +
                           " points would be moved today");
    case AcceptAnswer::Kind::idempotency_conflict:
      co_return refuse(exchange, code::idempotency_key_reuse,
                       "the name was first used for " + adjustment_location(answer->id));
    case AcceptAnswer::Kind::corrected:
    case AcceptAnswer::Kind::superseded:
    case AcceptAnswer::Kind::held:
    case AcceptAnswer::Kind::unavailable:
      co_return refuse(exchange, answer->fault);
  }
  co_return co_await adjustment_answer(exchange, answer->id,
                                       answer->kind == AcceptAnswer::Kind::replayed);
}

Api::Reply Api::get_adjustment(Exchange& exchange) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (!id) co_return refuse(exchange, no_adjustment());
  co_return co_await json_of(exchange,
                             [wanted = *id, caller = exchange.caller](store::Reader& reader) {
                               return adjustment_json(reader, wanted, caller);
                             });
}

Api::Reply Api::list_adjustments(Exchange& exchange) {
  const auto limit = page_limit(exchange);
  if (!limit) co_return limit.error();
  Id after;
  if (const std::string* text = exchange.query.find("after")) {
    const std::optional<Id> from = parse_id(*text);
    if (!from) {
      co_return refuse_parameter(exchange, "after", code::invalid_format,
                                 "`next` of the page before");
    }
    after = *from;
  }
  co_return co_await json_of(
      exchange, [after, limit = *limit, caller = exchange.caller](store::Reader& reader) {
        return waiting_json(reader, after, limit, caller);
      });
}

Api::Reply Api::judge_adjustment(Exchange& exchange, bool approved) {
  BodyReader body(exchange.request.body);
  flow::Judged judged;
  judged.approved = approved;
  judged.decision.by = exchange.caller == nullptr ? body.text("by", name_max, Presence::required)
                                                  : exchange.caller->name;
  judged.decision.reason = body.text("reason", reason_max, Presence::required);
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (!id) co_return refuse(exchange, no_adjustment());
  auto asked_by = co_await read<std::string>(
      [id = *id, caller = exchange.caller](store::Reader& reader) -> Result<std::string> {
        auto adjustment = load_adjustment(reader, id, caller);
        if (!adjustment) return fail(std::move(adjustment.error()));
        if (!*adjustment) return fail(no_adjustment());
        return (*adjustment)->asked.adjustment->asked_by;
      });
  if (!asked_by) co_return refuse(exchange, asked_by.error());
  if (*asked_by == judged.decision.by) {
    co_return refuse(exchange, code::same_person, "whoever asked does not decide about it");
  }
  const Status done = co_await ask_engine<void>(
      [id = *id, judged = std::move(judged)](flow::Engine& engine, Once<Status> answer) mutable {
        engine.judge_adjustment(id, std::move(judged), std::move(answer));
      });
  if (!done) co_return refuse(exchange, done.error());
  co_return co_await adjustment_answer(exchange, *id, false);
}

}  // namespace crossfoot::edge
