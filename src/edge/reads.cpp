#include <charconv>

#include "contract/error_codes.h"
#include "contract/stored_message.h"
#include "edge/api.h"
#include "edge/body.h"
#include "edge/views.h"

namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::JsonWriter;
using runtime::HttpResponse;

constexpr std::size_t ids_max = 1'000;
constexpr std::size_t limit_max = 500;
constexpr std::size_t limit_default = 50;
/// Messages that one page looks through at most: the data store reads so many at once.
constexpr std::size_t sieved_max = 999;

Fault not_found() {
  return {.code = std::string(code::not_found),
          .fault_class = FaultClass::not_found,
          .where = "transactions",
          .cause = "there is no transaction with this id"};
}

struct Stored {
  store::MessageRow message;
  std::optional<flow::Flow> flow;
};

Result<std::optional<Stored>> load(store::Reader& reader, Id id, const CallerPtr& caller) {
  auto message = reader.load_message(id);
  if (!message) return fail(std::move(message.error()));
  if (!*message || !is_visible(caller, **message)) return std::nullopt;
  Stored stored{.message = std::move(**message)};
  auto row = reader.load_flow(id);
  if (!row) return fail(std::move(row.error()));
  if (*row) {
    auto flow = flow::decode_flow((*row)->state);
    if (!flow) return fail(std::move(flow.error()));
    stored.flow = std::move(*flow);
  }
  return stored;
}

Result<std::string> state_json(store::Reader& reader, Id id, const CallerPtr& caller) {
  auto stored = load(reader, id, caller);
  if (!stored) return fail(std::move(stored.error()));
  if (!*stored) return fail(not_found());
  std::vector<ReceiptSlice> slices;
  if ((*stored)->flow && !(*stored)->message.shop.empty()) {
    auto found = slices_of(reader, (*stored)->message, (*stored)->flow->tenant);
    if (!found) return fail(std::move(found.error()));
    slices = std::move(*found);
  }
  JsonWriter out;
  out.reserve(2048);
  write_transaction(out, (*stored)->message, (*stored)->flow ? &*(*stored)->flow : nullptr, slices);
  return out.take();
}

Result<std::string> timeline_json(store::Reader& reader, Id id, const CallerPtr& caller) {
  auto stored = load(reader, id, caller);
  if (!stored) return fail(std::move(stored.error()));
  if (!*stored) return fail(not_found());
  std::vector<flow::JournalEntry> entries;
  if ((*stored)->flow) {
    auto rows = reader.journal_at(id.partition(), (*stored)->flow->journal);
    if (!rows) return fail(std::move(rows.error()));
    for (const store::JournalRow& row : *rows) {
      if (row.flow != id) continue;
      auto entry = flow::decode_journal(row.entry);
      if (!entry) return fail(std::move(entry.error()));
      entries.push_back(std::move(*entry));
    }
  }
  JsonWriter out;
  write_timeline(out, (*stored)->message, (*stored)->flow ? &*(*stored)->flow : nullptr, entries);
  return out.take();
}

Result<std::string> states_json(store::Reader& reader, const std::vector<std::optional<Id>>& ids,
                                const CallerPtr& caller) {
  JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const std::optional<Id>& id : ids) {
    Result<std::optional<Stored>> stored = std::optional<Stored>{};
    if (id) stored = load(reader, *id, caller);
    if (!stored) return fail(std::move(stored.error()));
    if (*stored) {
      write_transaction(out, (*stored)->message, (*stored)->flow ? &*(*stored)->flow : nullptr);
    } else {
      out.null();
    }
  }
  out.end_array().end_object();
  return out.take();
}

/// What no index of the data store finds: it is looked for among the messages of one day.
struct Sieve {
  std::string member;
  std::optional<Decimal> gross;  ///< in the major unit, whatever the currency

  [[nodiscard]] bool is_open() const { return member.empty() && !gross; }
  [[nodiscard]] bool lets_through(const store::MessageRow& message) const {
    if (!member.empty() && message.member != member) return false;
    if (!gross) return true;
    const auto currency = find_currency(message.currency);
    return currency &&
           Decimal{message.gross_minor, static_cast<std::uint8_t>(currency->exponent())} == *gross;
  }
};

/// With a sieve, or of a limited caller, a page may be short, or empty with a `next`.
Result<std::string> page_json(store::Reader& reader, store::MessageQuery query, const Sieve& sieve,
                              const CallerPtr& caller) {
  const std::size_t limit = query.limit;
  query.limit = (sieve.is_open() ? limit : sieved_max) + 1;
  const bool with_body = caller != nullptr && !caller->regions.empty();
  auto messages = reader.messages(query, with_body);
  if (!messages) return fail(std::move(messages.error()));
  bool more = messages->size() == query.limit;
  if (more) messages->pop_back();
  Id last;
  std::size_t written = 0;
  JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const store::MessageRow& message : *messages) {
    if (written == limit) {
      more = true;
      break;
    }
    last = message.id;
    if (!sieve.lets_through(message) || !is_visible(caller, message)) continue;
    auto flow = reader.load_flow(message.id);
    if (!flow) return fail(std::move(flow.error()));
    write_list_item(out, message, *flow ? &**flow : nullptr);
    ++written;
  }
  out.end_array();
  out.member_or_null("next", more ? to_string(last) : "");
  out.end_object();
  return out.take();
}

}  // namespace

bool is_visible(const CallerPtr& caller, const store::MessageRow& message) {
  if (caller == nullptr || !caller->is_limited()) return true;
  const auto channel = static_cast<contract::Channel>(message.channel);
  if (!is_within(caller->channels, contract::to_string(channel)) ||
      !is_within(caller->shops, message.shop)) {
    return false;
  }
  if (caller->regions.empty()) return true;
  const auto kind = static_cast<contract::TransactionKind>(message.kind);
  if (kind == contract::TransactionKind::redemption) {
    return is_within(caller->regions, redemption_region(message.body));
  }
  const auto read = contract::read_stored_message(message.body);
  return read && is_within(caller->regions, read->region);
}

Api::Reply Api::json_of(Exchange& exchange,
                        std::move_only_function<Result<std::string>(store::Reader&)> work) {
  Result<std::string> body = co_await read<std::string>(std::move(work));
  if (!body) co_return refuse(exchange, body.error());
  HttpResponse response;
  response.body = std::move(*body);
  co_return response;
}

Api::Reply Api::get_transaction(Exchange& exchange) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (!id) co_return refuse(exchange, not_found());
  co_return co_await json_of(exchange,
                             [wanted = *id, caller = exchange.caller](store::Reader& reader) {
                               return state_json(reader, wanted, caller);
                             });
}

Api::Reply Api::get_timeline(Exchange& exchange) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (!id) co_return refuse(exchange, not_found());
  co_return co_await json_of(exchange,
                             [wanted = *id, caller = exchange.caller](store::Reader& reader) {
                               return timeline_json(reader, wanted, caller);
                             });
}

std::expected<std::size_t, HttpResponse> Api::page_limit(Exchange& exchange) {
  const std::string* text = exchange.query.find("limit");
  if (text == nullptr) return limit_default;
  std::size_t limit = 0;
  const char* end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, limit);
  if (error == std::errc{} && at == end && limit >= 1 && limit <= limit_max) return limit;
  return std::unexpected(
      refuse_parameter(exchange, "limit", code::out_of_range, "limit is a number from 1 to 500"));
}

Api::Reply Api::list_transactions(Exchange& exchange) {
  const Query& asked = exchange.query;
  const auto limit = page_limit(exchange);
  if (!limit) co_return limit.error();
  store::MessageQuery query{.limit = *limit};
  if (const std::string* text = asked.find("business_date")) {
    query.business_date = parse_business_date(*text);
    if (!query.business_date) {
      co_return refuse_parameter(exchange, "business_date", code::invalid_format,
                                 "business_date is a day as YYYY-MM-DD");
    }
  }
  Sieve sieve;
  std::string gross;
  const std::pair<std::string_view, std::string*> texts[] = {{"shop", &query.shop},
                                                             {"register", &query.register_name},
                                                             {"sequence", &query.sequence},
                                                             {"member", &sieve.member},
                                                             {"gross", &gross}};
  for (const auto& [name, into] : texts) {
    const std::string* text = asked.find(name);
    if (text == nullptr) continue;
    // Without a date there is no index that finds them.
    if (!query.business_date) {
      co_return refuse_parameter(exchange, "business_date", code::required_field,
                                 "shop, register, sequence, member and gross are looked for "
                                 "within one day");
    }
    *into = *text;
  }
  if (!gross.empty()) {
    sieve.gross = parse_decimal(gross);
    if (!sieve.gross) {
      co_return refuse_parameter(exchange, "gross", code::invalid_format,
                                 "gross is an amount like 35.48");
    }
  }
  if (const std::string* text = asked.find("state")) {
    for (const auto state : {store::MessageState::accepted, store::MessageState::held,
                             store::MessageState::invalid, store::MessageState::replaced,
                             store::MessageState::discarded, store::MessageState::superseded}) {
      if (to_string(state) == *text) query.state = state;
    }
    if (!query.state) {
      co_return refuse_parameter(
          exchange, "state", code::unknown_value,
          "state is accepted, held, invalid, replaced, discarded or superseded");
    }
  }
  if (const std::string* text = asked.find("suspected")) {
    if (*text != "true" || query.state) {
      co_return refuse_parameter(exchange, "suspected", code::unknown_value,
                                 "suspected is true, without a state");
    }
    query.state = store::MessageState::suspected;
  }
  if (const std::string* text = asked.find("after")) {
    const std::optional<Id> after = parse_id(*text);
    if (!after) {
      co_return refuse_parameter(exchange, "after", code::invalid_format,
                                 "after is the next of the page before");
    }
    query.after = *after;
  }
  co_return co_await json_of(exchange,
                             [query, sieve, caller = exchange.caller](store::Reader& reader) {
                               return page_json(reader, query, sieve, caller);
                             });
}

Api::Reply Api::post_states(Exchange& exchange) {
  BodyReader body(exchange.request.body);
  std::vector<std::optional<Id>> ids;
  body.texts("ids", ids_max, [&ids](std::string_view text) { ids.push_back(parse_id(text)); });
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  co_return co_await json_of(
      exchange, [ids = std::move(ids), caller = exchange.caller](store::Reader& reader) {
        return states_json(reader, ids, caller);
      });
}

}  // namespace crossfoot::edge
