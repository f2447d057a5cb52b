#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "edge/accept_request.h"
#include "edge/api.h"
#include "edge/decision.h"
#include "edge/views.h"

/// What a person decides about held messages.
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using flow::AcceptAnswer;

}  // namespace

Api::Reply Api::discard_held(Exchange& exchange) {
  return decide_held(exchange, store::MessageState::discarded);
}

Api::Reply Api::release_held(Exchange& exchange) {
  return decide_held(exchange, store::MessageState::accepted);
}

Api::Reply Api::decide_held(Exchange& exchange, store::MessageState state) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  BodyReader body(exchange.request.body);
  const flow::Decision decision = decision_of(body, exchange.caller.get());
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  if (!id) co_return refuse(exchange, code::not_found, "there is no such transaction");
  const bool release = state == store::MessageState::accepted;
  const Status done = co_await ask_engine<void>(
      [id = *id, decision, release](flow::Engine& engine, Once<Status> answer) mutable {
        if (release) return engine.release_held(id, std::move(decision), std::move(answer));
        engine.discard_held(id, std::move(decision), std::move(answer));
      });
  if (!done) co_return refuse(exchange, done.error());
  contract::JsonWriter out;
  out.begin_object().member("id", to_string(*id));
  out.member("state", to_string(state)).end_object();
  HttpResponse response;
  response.status = 202;
  response.body = out.take();
  response.headers.emplace_back("Location", location_of(*id));
  co_return response;
}

Api::Reply Api::replace_held(Exchange& exchange) {
  return accept_instead(exchange, &flow::Engine::replace_held);
}

Api::Reply Api::edit_transaction(Exchange& exchange) {
  return accept_instead(exchange, &flow::Engine::edit);
}

Api::Reply Api::accept_instead(Exchange& exchange, Instead work) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  BodyReader body(exchange.request.body);
  const flow::Decision decision = decision_of(body, exchange.caller.get());
  const std::string text = body.object("transaction");
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  if (!id) co_return refuse(exchange, code::not_found, "there is no such transaction");
  auto parsed = parser_.parse(text, policy());
  if (!parsed) {
    for (contract::ProblemItem& item : parsed.error().errors) {
      item.pointer.insert(0, "/transaction");
    }
    co_return refuse(exchange, std::move(parsed.error()));
  }
  flow::AcceptRequest request = accept_request(std::move(parsed->transaction), text);
  request.correlation_id = exchange.correlation_id;
  const auto answer = co_await ask_engine<AcceptAnswer>(
      [id = *id, decision, work, request = std::move(request)](
          flow::Engine& engine, Once<Result<AcceptAnswer>> answered) mutable {
        (engine.*work)(id, std::move(request), std::move(decision),
                       [answered = std::move(answered)](AcceptAnswer given) mutable {
                         answered(std::move(given));
                       });
      });
  if (!answer) co_return refuse(exchange, answer.error());
  co_return accepted(exchange, *answer, parsed->ignored);
}

}  // namespace crossfoot::edge
