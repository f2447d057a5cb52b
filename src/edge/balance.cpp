#include "contract/json_writer.h"
#include "edge/api.h"

/// What a member may count on at the till (docs/guides/checkout.md).
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::JsonWriter;
using flow::BalanceView;
using runtime::HttpResponse;

constexpr std::size_t member_bytes_max = 100;
constexpr std::string_view default_tenant = "default";

std::string_view to_string(BalanceView::Source source) {
  switch (source) {
    case BalanceView::Source::live:
      return "live";
    case BalanceView::Source::last_known:
      return "last_known";
    case BalanceView::Source::none:
      break;
  }
  return "none";
}

/// `exact`: the platform said so just now and nothing is in doubt.
std::string_view confidence_of(const BalanceView& view) {
  if (view.source == BalanceView::Source::none) return "none";
  if (view.source == BalanceView::Source::last_known) return "low";
  return view.in_doubt.count == 0 && view.reversals == 0 ? "exact" : "high";
}

std::string render(const std::string& member, const BalanceView& view) {
  const bool known = view.source != BalanceView::Source::none;
  JsonWriter out;
  out.begin_object().member("member", member);
  const Points provisional = view.platform + view.pending - view.held;
  for (const auto& [name, points] :
       {std::pair{"balance", view.platform}, std::pair{"provisional", provisional}}) {
    if (known) {
      out.member(name, points.count);
    } else {
      out.key(name).null();
    }
  }
  out.member("source", to_string(view.source)).member("confidence", confidence_of(view));
  out.member_or_null("as_of", known ? crossfoot::to_string(view.as_of) : std::string());
  out.member("pending", view.pending.count).member("in_doubt", view.in_doubt.count);
  out.member("accruals_under_way", view.accruals);
  out.member("reversals_under_way", view.reversals);
  out.member("held", view.held.count).end_object();
  return out.take();
}

}  // namespace

Api::Reply Api::get_balance(Exchange& exchange) {
  const std::string member(exchange.target.parameters[0]);
  const std::string* tenant = exchange.query.find("tenant");
  if (member.empty() || member.size() > member_bytes_max) {
    co_return refuse(exchange, code::not_found, "a member's name has 1 to 100 bytes");
  }
  auto view = co_await ask_engine<BalanceView>(
      [&member, tenant = std::string(tenant ? *tenant : default_tenant),
       patience = options_.question_deadline](flow::Engine& engine,
                                              Once<Result<BalanceView>> done) {
        engine.balance(
            tenant, member, patience,
            [done = std::move(done)](BalanceView given) mutable { done(std::move(given)); });
      });
  if (!view) co_return refuse(exchange, view.error());
  HttpResponse response;
  response.body = render(member, *view);
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

}  // namespace crossfoot::edge
