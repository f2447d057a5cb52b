#include <array>
#include <charconv>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
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

constexpr std::string_view stuck_prefix = "stuck|";

/// Where a page of dead letters goes on: the dead come first, then the parked.
struct Cursor {
  store::FlowStatus status = store::FlowStatus::dead;
  Id after;
};

std::optional<Cursor> parse_cursor(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view status = text.substr(0, dot);
  const std::optional<Id> id = parse_id(text.substr(dot + 1));
  if (!id || (status != "dead" && status != "parked")) return std::nullopt;
  return Cursor{status == "dead" ? store::FlowStatus::dead : store::FlowStatus::parked, *id};
}

struct LetterQuery {
  std::string code;
  bool dead = true;
  bool parked = true;
  Cursor from;
  std::size_t limit = 50;
};

Result<bool> write_letter(JsonWriter& out, store::Reader& reader, const store::FlowRow& row) {
  auto message = reader.load_message(row.id);
  if (!message) return fail(message.error());
  auto flow = flow::decode_flow(row.state);
  if (!flow) return fail(flow.error());
  if (!*message) return false;
  write_dead_letter(out, **message, row, *flow);
  return true;
}

Result<std::string> letters_json(store::Reader& reader, LetterQuery query) {
  JsonWriter out;
  out.begin_object().key("items").begin_array();
  std::size_t written = 0;
  std::string next;
  Cursor at = query.from;
  if (!query.dead && at.status == store::FlowStatus::dead) at = {store::FlowStatus::parked, {}};
  for (;;) {
    const bool wanted = at.status == store::FlowStatus::dead ? query.dead : query.parked;
    if (wanted) {
      auto rows = reader.flows_by_status(at.status, query.code, at.after, query.limit - written);
      if (!rows) return fail(rows.error());
      for (const store::FlowRow& row : *rows) {
        auto shown = write_letter(out, reader, row);
        if (!shown) return fail(shown.error());
        ++written;
        at.after = row.id;
      }
      if (written == query.limit) {
        next = std::string(to_string(at.status)) + "." + to_string(at.after);
        break;
      }
    }
    if (at.status == store::FlowStatus::parked) break;
    at = {store::FlowStatus::parked, {}};
  }
  out.end_array().member_or_null("next", next).end_object();
  return out.take();
}

struct Group {
  std::string state;
  std::string code;
  std::int64_t count = 0;
  std::vector<std::pair<std::string, std::int64_t>> money;
};

/// `stuck|STATE|CODE|CURRENCY|count` and `…|minor`, as the engine keeps them.
void add_counter(std::vector<Group>& groups, std::string_view name, std::int64_t value) {
  std::array<std::string_view, 5> parts;
  for (std::string_view& part : parts) {
    const std::size_t end = std::min(name.find('|'), name.size());
    part = name.substr(0, end);
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  const auto [prefix, state, group_code, currency, what] = parts;
  auto at = std::ranges::find_if(
      groups, [&](const Group& group) { return group.state == state && group.code == group_code; });
  if (at == groups.end()) {
    groups.push_back({.state = std::string(state), .code = std::string(group_code)});
    at = std::prev(groups.end());
  }
  if (what == "count") {
    at->count += value;
  } else if (!currency.empty() && value != 0) {
    at->money.emplace_back(currency, value);
  }
}

Result<std::string> groups_json(store::Reader& reader) {
  auto counters = reader.counters();
  if (!counters) return fail(counters.error());
  std::vector<Group> groups;
  for (const auto& [name, value] : *counters) {
    if (name.starts_with(stuck_prefix)) add_counter(groups, name, value);
  }
  JsonWriter out;
  out.begin_object().key("groups").begin_array();
  for (const Group& group : groups) {
    if (group.count <= 0) continue;
    const auto status = group.state == "dead" ? store::FlowStatus::dead : store::FlowStatus::parked;
    auto oldest = reader.flows_by_status(status, group.code, {}, 1);
    if (!oldest) return fail(oldest.error());
    out.begin_object().member("state", group.state).member("code", group.code);
    out.member("count", group.count);
    out.member_or_null("oldest_at", oldest->empty() ? "" : to_string(oldest->front().since));
    out.key("money");
    write_money(out, group.money);
    out.end_object();
  }
  out.end_array().end_object();
  return out.take();
}

}  // namespace

Api::Reply Api::instruct(Exchange& exchange,
                         std::function<flow::Engine::Instruction(std::uint16_t leg)> make) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  const std::string_view text = exchange.target.parameters[1];
  std::uint16_t leg = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, leg);
  if (!id || error != std::errc{} || at != end) {
    co_return refuse(exchange, code::not_found, "there is no such leg");
  }
  const Status done = co_await ask_engine<void>(
      [id = *id, instruction = make(leg)](flow::Engine& engine, Once<Status> answer) mutable {
        engine.instruct(id, std::move(instruction), std::move(answer));
      });
  if (!done) co_return refuse(exchange, done.error());
  const std::string location = location_of(*id);
  JsonWriter out;
  out.begin_object().member("id", to_string(*id)).member("leg", leg);
  out.member("location", location).end_object();
  HttpResponse response;
  response.status = 202;
  response.body = out.take();
  response.headers.emplace_back("Location", location);
  co_return response;
}

Api::Reply Api::release_leg(Exchange& exchange) {
  co_return co_await instruct(exchange,
                              [](std::uint16_t leg) { return flow::Released{leg, {}, {}}; });
}

Api::Reply Api::discard_leg(Exchange& exchange) {
  BodyReader body(exchange.request.body);
  const flow::Decision decision = decision_of(body, exchange.caller.get());
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  co_return co_await instruct(
      exchange, [decision](std::uint16_t leg) { return flow::Discarded{leg, decision}; });
}

Api::Reply Api::confirm_leg(Exchange& exchange) {
  BodyReader body(exchange.request.body);
  const std::string outcome = body.text("outcome", name_max, Presence::required);
  const std::string target_id = body.text("target_id", name_max, Presence::optional);
  const flow::Decision decision = decision_of(body, exchange.caller.get());
  const bool happened = outcome == "happened";
  if (!outcome.empty() && !happened && outcome != "did_not_happen") {
    body.fault("outcome", code::unknown_value, "happened or did_not_happen");
  }
  if (happened && target_id.empty()) {
    body.fault("target_id", code::required_field, "the target's id of what happened there");
  }
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  co_return co_await instruct(exchange, [happened, target_id, decision](std::uint16_t leg) {
    return flow::Confirmed{leg, happened, target_id, decision};
  });
}

Api::Reply Api::resend_leg(Exchange& exchange) {
  BodyReader body(exchange.request.body);
  const flow::Decision decision = decision_of(body, exchange.caller.get());
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  co_return co_await instruct(
      exchange, [decision](std::uint16_t leg) { return flow::Resent{leg, decision}; });
}

Api::Reply Api::list_dead_letters(Exchange& exchange) {
  const auto limit = page_limit(exchange);
  if (!limit) co_return limit.error();
  LetterQuery query;
  query.limit = *limit;
  if (const std::string* text = exchange.query.find("code")) query.code = *text;
  if (const std::string* text = exchange.query.find("state")) {
    query.dead = *text == "dead";
    query.parked = *text == "parked";
    if (!query.dead && !query.parked) {
      co_return refuse_parameter(exchange, "state", code::unknown_value, "dead or parked");
    }
  }
  if (const std::string* text = exchange.query.find("after")) {
    const std::optional<Cursor> from = parse_cursor(*text);
    if (!from) {
      co_return refuse_parameter(exchange, "after", code::invalid_format,
                                 "`next` of the page before");
    }
    query.from = *from;
  }
  co_return co_await json_of(
      exchange, [query](store::Reader& reader) { return letters_json(reader, query); });
}

Api::Reply Api::list_dead_letter_groups(Exchange& exchange) {
  co_return co_await json_of(exchange, groups_json);
}

}  // namespace crossfoot::edge
