#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/record/price.h"
#include "edge/api.h"

/// What an article costs, as of an instant, in a shop or a region.
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
namespace record = contract::record;
using contract::JsonWriter;

/// Prices of one article that hold at one instant.
constexpr std::size_t offers_max = 1000;

void write_price(JsonWriter& out, const record::Price& price, const store::RecordRow& row,
                 const store::RecordTime& time) {
  out.begin_object().member("article", row.subject).member("as_of", to_string(time.valid));
  out.member("kind", price.kind).key("price").begin_object();
  out.member("amount", to_string(price.amount)).member("currency", price.currency).end_object();
  out.member("unit", price.unit).member("tax_mode", price.tax_mode).key("regular");
  if (price.regular) {
    out.begin_object().member("amount", to_string(*price.regular));
    out.member("currency", price.currency).end_object();
  } else {
    out.null();
  }
  out.key("lowest_price_30_days");
  if (price.lowest_30) {
    out.raw(*price.lowest_30);
  } else {
    out.null();
  }
  out.member("record", row.name.key).member("version", row.version);
  out.member("valid_from", to_string(row.valid_from));
  out.member_or_null("valid_to",
                     row.valid_to == Instant::never() ? std::string() : to_string(row.valid_to));
  out.member("recorded_at", to_string(row.recorded_at)).end_object();
}

Result<std::string> price_json(store::Reader& reader, const store::RecordQuery& query,
                               const record::PriceQuestion& question) {
  const auto rows = reader.records(query);
  if (!rows) return fail(rows.error());
  std::vector<record::PriceOffer> offers;
  for (const store::RecordRow& row : *rows) offers.push_back({row.name.key, row.version, row.body});
  const auto price = record::find_price(offers, question);
  if (!price) {
    return fail({.code = std::string(code::not_found),
                 .fault_class = FaultClass::not_found,
                 .where = "prices",
                 .cause = "no price of the article held there at that time"});
  }
  JsonWriter out;
  write_price(out, *price, (*rows)[price->offer], query.at);
  return out.take();
}

}  // namespace

Api::Reply Api::look_up_price(Exchange& exchange) {
  const auto asked = [&](std::string_view name) {
    const std::string* text = exchange.query.find(name);
    return text == nullptr ? std::string() : *text;
  };
  auto time = record_time(exchange);
  if (!time) co_return std::move(time.error());
  store::RecordQuery query{.kind = "price",
                           .scope = asked("tenant").empty() ? "default" : asked("tenant"),
                           .subject = asked("article"),
                           .at = *time,
                           .limit = offers_max};
  if (query.subject.empty()) {
    co_return refuse_parameter(exchange, "article", code::required_field, "article is required");
  }
  record::PriceQuestion question{.shop = asked("shop"),
                                 .region = asked("region"),
                                 .channel = asked("channel"),
                                 .price_list = asked("price_list")};
  if (const std::string quantity = asked("quantity"); !quantity.empty()) {
    const auto parsed = parse_decimal(quantity);
    if (!parsed || *parsed <= Decimal{0, 0}) {
      co_return refuse_parameter(exchange, "quantity", code::out_of_range,
                                 "quantity is a decimal above zero");
    }
    question.quantity = *parsed;
  }
  co_return co_await json_of(exchange, [query, question](store::Reader& reader) {
    return price_json(reader, query, question);
  });
}

}  // namespace crossfoot::edge
