#include <array>
#include <charconv>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "edge/api.h"
#include "edge/body.h"
#include "edge/day_closer.h"
#include "edge/decision.h"
#include "edge/views.h"

/// Store days: what came of a shop and day, and the close that makes its next slice.
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::JsonWriter;
using runtime::HttpResponse;

constexpr std::size_t days_max = 50;
constexpr std::array<std::string_view, 4> states{"open", "ready", "closed", "late"};

/// Of store days a caller sees those of its shops and regions, when it may see what tills send.
StoreDayService::Visible visible_to(const CallerPtr& caller) {
  if (caller == nullptr || !caller->is_limited()) return {};
  return [caller](std::string_view shop, std::string_view region) {
    return is_within(caller->channels, contract::to_string(contract::Channel::pos)) &&
           is_within(caller->shops, shop) && is_within(caller->regions, region);
  };
}

std::string tenant_of(const Query& query) {
  const std::string* tenant = query.find("tenant");
  return tenant == nullptr ? StoreDayService::Name{}.tenant : *tenant;
}

}  // namespace

std::expected<StoreDayService::Name, HttpResponse> Api::store_day_name(Exchange& exchange) {
  if (parts_.store_days == nullptr) {
    return std::unexpected(refuse(exchange, code::not_found, "this server keeps no store days"));
  }
  const auto date = parse_business_date(exchange.target.parameters[1]);
  if (!date) {
    return std::unexpected(
        refuse(exchange, code::not_found, "a store day is a shop and a date as YYYY-MM-DD"));
  }
  return StoreDayService::Name{tenant_of(exchange.query),
                               std::string(exchange.target.parameters[0]), *date};
}

Api::Reply Api::get_store_day(Exchange& exchange) {
  auto name = store_day_name(exchange);
  if (!name) co_return std::move(name.error());
  co_return co_await relay(exchange,
                           [this, name = *name, caller = exchange.caller](ServiceAnswer answer) {
                             parts_.store_days->get(name, visible_to(caller), std::move(answer));
                           });
}

Api::Reply Api::get_slice(Exchange& exchange) {
  auto name = store_day_name(exchange);
  if (!name) co_return std::move(name.error());
  const std::string_view text = exchange.target.parameters[2];
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || at != end || number == 0) {
    co_return refuse(exchange, code::not_found, "slices are numbered from 1");
  }
  co_return co_await relay(
      exchange, [this, name = *name, number, caller = exchange.caller](ServiceAnswer answer) {
        parts_.store_days->slice(name, number, visible_to(caller), std::move(answer));
      });
}

Api::Reply Api::list_store_days(Exchange& exchange) {
  if (parts_.store_days == nullptr) {
    co_return refuse(exchange, code::not_found, "this server keeps no store days");
  }
  const auto limit = page_limit(exchange);
  if (!limit) co_return limit.error();
  StoreDayService::PageQuery query{.tenant = tenant_of(exchange.query),
                                   .limit = std::min(*limit, days_max),
                                   .visible = visible_to(exchange.caller)};
  const std::string* date = exchange.query.find("date");
  const auto parsed = date == nullptr ? std::nullopt : parse_business_date(*date);
  if (!parsed) {
    co_return refuse_parameter(exchange, "date",
                               date == nullptr ? code::required_field : code::invalid_format,
                               "date is a day as YYYY-MM-DD");
  }
  query.date = *parsed;
  if (const std::string* region = exchange.query.find("region")) query.region = *region;
  if (const std::string* after = exchange.query.find("after")) query.after = *after;
  if (const std::string* state = exchange.query.find("state")) {
    if (std::ranges::find(states, *state) == states.end()) {
      co_return refuse_parameter(exchange, "state", code::unknown_value,
                                 "state is open, ready, closed or late");
    }
    query.state = *state;
  }
  co_return co_await relay(exchange, [this, query = std::move(query)](ServiceAnswer answer) {
    parts_.store_days->list(query, std::move(answer));
  });
}

Api::Reply Api::close_store_day(Exchange& exchange) {
  auto name = store_day_name(exchange);
  if (!name) co_return std::move(name.error());
  BodyReader body(exchange.request.body);
  const flow::Decision decision = decision_of(body, exchange.caller.get());
  StoreDayService::CloseOrder order{
      .day = std::move(*name),
      .by = decision.by,
      .reason = decision.reason,
      .in_spite_of_findings = body.boolean("in_spite_of_findings", false),
      .visible = visible_to(exchange.caller)};
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  make_correlation_id(exchange);
  using Answer = std::expected<Closed, contract::Problem>;
  auto slot = std::make_shared<Slot<Answer>>(home());
  close_day(*parts_.store_days, parts_.engine, std::move(order), exchange.correlation_id,
            slot->callback());
  std::optional<Answer> closed = co_await value_of(slot);
  if (!closed) co_return refuse(exchange, opening_fault());
  if (!*closed) co_return refuse(exchange, std::move(closed->error()));
  const contract::StoreDayClose& close = (*closed)->close;
  JsonWriter out;
  out.begin_object().member("id", to_string((*closed)->id)).member("slice", close.slice);
  out.member("shop", close.shop).member("business_date", to_string(close.date));
  out.member("added", close.added.size()).member("removed", close.removed.size());
  out.key("in_spite_of").begin_array();
  for (const std::string& each : close.in_spite_of) out.text(each);
  out.end_array().key("totals").raw(close.totals).end_object();
  HttpResponse response;
  response.status = 202;
  response.body = out.take();
  response.headers.emplace_back("Location", location_of((*closed)->id));
  co_return response;
}

}  // namespace crossfoot::edge
