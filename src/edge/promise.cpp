#include <algorithm>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "edge/api.h"

/// What a basket would earn, at the till (docs/guides/checkout.md).
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::JsonWriter;
using flow::PromiseView;
using runtime::HttpResponse;

std::string render(const std::string& member, PromiseView view) {
  JsonWriter out;
  out.begin_object().member_or_null("member", member);
  if (view.points) {
    out.member("points", view.points->count);
  } else {
    out.key("points").null();
  }
  out.key("lines").begin_array();
  std::ranges::sort(view.lines, {}, &std::pair<std::uint32_t, Points>::first);
  for (const auto& [line, points] : view.lines) {
    out.begin_object().member("line", line).member("points", points.count).end_object();
  }
  out.end_array();
  out.member("source", view.live ? "live" : "own_rules");
  out.member("confidence", view.live ? "exact" : view.points ? "low" : "none");
  out.member("as_of", to_string(view.as_of));
  out.member("programme_version", view.programme_version).end_object();
  return out.take();
}

}  // namespace

Api::Reply Api::validate_basket(Exchange& exchange) {
  const std::string_view body = exchange.request.body;
  auto parsed = parser_.parse(body, policy());
  if (!parsed) co_return refuse(exchange, std::move(parsed.error()));
  if (auto problem = check_limits(exchange.caller.get(), parsed->transaction)) {
    co_return refuse(exchange, std::move(*problem));
  }
  if (parsed->transaction.kind != contract::TransactionKind::sale) {
    co_return refuse(exchange, contract::make_problem(code::contradiction, "a basket is a sale",
                                                      {{"/kind", std::string(code::contradiction),
                                                        "only a sale earns points"}}));
  }
  auto basket = std::make_shared<const contract::Transaction>(std::move(parsed->transaction));
  make_correlation_id(exchange);
  // Without a member nobody earns, and nobody need be asked.
  const Duration patience = basket->member.empty() ? Duration{0} : options_.question_deadline;
  auto view =
      co_await ask_engine<PromiseView>([basket, body = std::make_shared<const std::string>(body),
                                        patience, correlation = exchange.correlation_id](
                                           flow::Engine& engine, Once<Result<PromiseView>> done) {
        engine.promise(
            basket, body, correlation, patience,
            [done = std::move(done)](PromiseView given) mutable { done(std::move(given)); });
      });
  if (!view) co_return refuse(exchange, view.error());
  HttpResponse response;
  response.body = render(basket->member, std::move(*view));
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

}  // namespace crossfoot::edge
