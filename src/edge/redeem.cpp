#include <algorithm>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "edge/api.h"
#include "edge/body.h"
#include "edge/redemption_request.h"
#include "edge/views.h"

/// Points as tender: authorise, capture, void (docs/adr/0018, docs/guides/checkout.md).
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::JsonWriter;
using flow::AcceptAnswer;
using flow::RedemptionState;
using flow::RedemptionView;
using runtime::HttpResponse;
using Ending = flow::Redemption::Ending;

std::string redemption_location(Id id) {
  return "/process/v1/redeem/authorisations/" + to_string(id);
}

/// 200 says what holds, 202 that the platform has not said it yet.
HttpResponse render(const RedemptionView& view, bool replayed) {
  JsonWriter out;
  out.begin_object().member("id", to_string(view.id));
  out.member("correlation_id", view.correlation_id);
  out.member("state", flow::to_string(view.state));
  out.member("member", view.member);
  out.member("points", view.redemption.points.count);
  out.member("authorised", view.redemption.authorised.count);
  out.member("captured", view.redemption.captured.count);
  out.member("granted_by", view.redemption.granted ? "policy" : "platform");
  out.member_or_null("lapses_at", view.redemption.lapses_at.micros == 0
                                      ? std::string()
                                      : to_string(view.redemption.lapses_at));
  out.member_or_null("code", view.code);
  out.end_object();
  HttpResponse response;
  response.status = flow::is_answered(view.state) ? 200 : 202;
  response.body = out.take();
  response.headers.emplace_back("Location", redemption_location(view.id));
  if (replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
  return response;
}

Fault no_redemption() {
  return {.code = std::string(code::not_found),
          .fault_class = FaultClass::not_found,
          .where = "redemption",
          .cause = "there is no redemption with this id"};
}

/// Why the till's word changed nothing; no value when it says what was decided before.
std::optional<contract::Problem> refusal_of(const RedemptionView& view,
                                            const flow::Engine::TillWord& word) {
  const auto* capture = std::get_if<flow::CaptureRequested>(&word);
  const Ending ending = view.redemption.ending;
  if (capture == nullptr) {
    if (ending == Ending::voided || ending == Ending::lapsed) return std::nullopt;
    return contract::make_problem(code::redemption_state_conflict,
                                  "its points are captured: return the receipt instead");
  }
  if (ending == Ending::captured && view.redemption.captured == capture->points) {
    return std::nullopt;
  }
  if (view.state == RedemptionState::pending) {
    return contract::make_problem(code::redemption_pending,
                                  "the loyalty platform has not answered yet");
  }
  const bool over = ending == Ending::lapsed || (view.state == RedemptionState::authorised &&
                                                 capture->points <= view.redemption.authorised);
  if (over) {
    return contract::make_problem(code::redemption_lapsed,
                                  "it was over at " + to_string(view.redemption.lapses_at));
  }
  return contract::make_problem(code::redemption_state_conflict,
                                "its state is " + std::string(flow::to_string(view.state)) +
                                    ", with " + std::to_string(view.redemption.authorised.count) +
                                    " points authorised");
}

}  // namespace

Api::Reply Api::post_authorisation(Exchange& exchange) {
  return ask_redemption(exchange, false);
}

Api::Reply Api::post_redemption_void(Exchange& exchange) {
  return ask_redemption(exchange, true);
}

Api::Reply Api::ask_redemption(Exchange& exchange, bool revoked) {
  auto key = idempotency_key(exchange);
  if (!key) co_return std::move(key.error());
  const std::string_view body = exchange.request.body;
  auto read = read_redemption(body, *key, options_.redemptions, parts_.scheduler.now());
  if (!read) co_return refuse(exchange, std::move(read.error()));
  if (auto problem = check_limits(exchange.caller.get(), *read)) {
    co_return refuse(exchange, std::move(*problem));
  }
  read->redemption->revoked = revoked;
  flow::AcceptRequest request;
  request.content = redemption_content(*read);
  request.body = std::make_shared<const std::string>(body);
  request.transaction = std::make_shared<const contract::Transaction>(std::move(*read));
  request.idempotency_key = std::move(*key);
  request.correlation_id = exchange.correlation_id;
  request.lane = flow::Lane::checkout;
  const Duration until = exchange.began + options_.authorise_deadline;
  flow::Engine* engine = parts_.engine();
  if (engine == nullptr) co_return refuse(exchange, opening_fault());
  auto slot = std::make_shared<Slot<AcceptAnswer>>(home());
  engine->accept(std::move(request), slot->callback());
  const std::optional<AcceptAnswer> answer = co_await value_of(slot);
  if (!answer) co_return refuse(exchange, opening_fault());
  switch (answer->kind) {
    case AcceptAnswer::Kind::accepted:
    case AcceptAnswer::Kind::replayed:
      break;
    case AcceptAnswer::Kind::unsupported:
      co_return refuse(exchange, code::redemption_unsupported,
                       "its connector pack has no operations for it");
    case AcceptAnswer::Kind::idempotency_conflict:
      co_return refuse(exchange, code::idempotency_key_reuse,
                       "the key was first used for " + redemption_location(answer->id));
    case AcceptAnswer::Kind::corrected:
    case AcceptAnswer::Kind::superseded:
    case AcceptAnswer::Kind::held:
    case AcceptAnswer::Kind::over_limit:
    case AcceptAnswer::Kind::unavailable:
      co_return refuse(exchange, answer->fault);
  }
  const bool replayed = answer->kind == AcceptAnswer::Kind::replayed;
  if (revoked && replayed) co_return co_await say(exchange, answer->id, flow::ReleaseRequested{});
  auto view = co_await view_redemption(answer->id, until - parts_.scheduler.monotonic());
  if (view && view->state == RedemptionState::pending && !revoked) {
    view = co_await grant_redemption(answer->id);
  }
  if (!view) co_return refuse(exchange, view.error());
  co_return told(exchange, *view, replayed);
}

Api::HttpResponse Api::told(Exchange& exchange, const RedemptionView& view, bool replayed) {
  metrics_->redemption(view.state, parts_.scheduler.monotonic() - exchange.began);
  return render(view, replayed);
}

boost::asio::awaitable<Result<RedemptionView>> Api::grant_redemption(Id id) {
  auto granted = co_await ask_engine<Done>([id](flow::Engine& engine, Once<Result<Done>> done) {
    engine.grant_offline(id, [done = std::move(done)](Status) mutable { done(Done{}); });
  });
  if (!granted) co_return fail(std::move(granted.error()));
  co_return co_await view_redemption(id, Duration{0});
}

boost::asio::awaitable<Result<RedemptionView>> Api::view_redemption(Id id, Duration patience) {
  auto answer = co_await ask_engine<std::optional<RedemptionView>>(
      [id, patience](flow::Engine& engine, Once<Result<std::optional<RedemptionView>>> done) {
        engine.await_redemption(
            id, patience, [done = std::move(done)](std::optional<RedemptionView> view) mutable {
              done(std::move(view));
            });
      });
  if (!answer) co_return fail(std::move(answer.error()));
  if (!*answer) co_return fail(no_redemption());
  co_return std::move(**answer);
}

boost::asio::awaitable<Status> Api::find_redemption(Exchange& exchange, std::optional<Id> id) {
  if (!id) co_return fail(no_redemption());
  // Whether a limited caller may see it stands in the message.
  if (exchange.caller == nullptr || !exchange.caller->is_limited()) co_return Status{};
  auto visible = co_await read<bool>(
      [id = *id, caller = exchange.caller](store::Reader& reader) -> Result<bool> {
        auto message = reader.load_message(id);
        if (!message) return fail(std::move(message.error()));
        return *message && is_visible(caller, **message);
      });
  if (!visible) co_return fail(std::move(visible.error()));
  if (!*visible) co_return fail(no_redemption());
  co_return Status{};
}

Api::Reply Api::get_authorisation(Exchange& exchange) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (auto found = co_await find_redemption(exchange, id); !found) {
    co_return refuse(exchange, found.error());
  }
  auto view = co_await view_redemption(*id, Duration{0});
  if (!view) co_return refuse(exchange, view.error());
  co_return render(*view, false);
}

Api::Reply Api::capture_authorisation(Exchange& exchange) {
  BodyReader body(exchange.request.body);
  const std::int64_t points = body.required_number("points", UINT32_MAX);
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (auto found = co_await find_redemption(exchange, id); !found) {
    co_return refuse(exchange, found.error());
  }
  co_return co_await say(exchange, *id, flow::CaptureRequested{Points{points}});
}

Api::Reply Api::void_authorisation(Exchange& exchange) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (auto found = co_await find_redemption(exchange, id); !found) {
    co_return refuse(exchange, found.error());
  }
  co_return co_await say(exchange, *id, flow::ReleaseRequested{});
}

Api::Reply Api::say(Exchange& exchange, Id id, flow::Engine::TillWord word) {
  const Duration until = exchange.began + options_.authorise_deadline;
  auto view = co_await view_redemption(id, Duration{0});
  if (!view) co_return refuse(exchange, view.error());
  auto done = co_await ask_engine<Done>([id, word](flow::Engine& engine, Once<Result<Done>> told) {
    engine.redeem(id, word, [told = std::move(told)](Status status) mutable {
      told(status ? Result<Done>(Done{}) : Result<Done>(fail(std::move(status.error()))));
    });
  });
  const bool changed_nothing = !done && done.error().fault_class == FaultClass::conflict;
  if (!done && !changed_nothing) co_return refuse(exchange, done.error());
  view = co_await view_redemption(id, until - parts_.scheduler.monotonic());
  if (!view) co_return refuse(exchange, view.error());
  if (changed_nothing) {
    if (auto problem = refusal_of(*view, word)) co_return refuse(exchange, std::move(*problem));
  }
  co_return told(exchange, *view, changed_nothing);
}

}  // namespace crossfoot::edge
