#include "contract/store_day_close.h"

#include <fmt/format.h>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/record/json_text.h"
#include "contract/schema/json.h"

namespace crossfoot::contract {

namespace {

constexpr std::string_view begins = R"({"kind":"store_day_close",)";

void write_ids(JsonWriter& out, std::string_view name, const std::vector<Id>& ids) {
  out.key(name).begin_array();
  for (const Id id : ids) out.text(to_string(id));
  out.end_array();
}

/// False when one of them is no id.
bool read_ids(const schema::Json& root, std::string_view name, std::vector<Id>& into) {
  const schema::Json* list = root.find(name);
  if (list == nullptr || !list->is(schema::JsonKind::array)) return false;
  for (const schema::Json& element : list->elements()) {
    const auto id =
        element.is(schema::JsonKind::text) ? parse_id(element.text()) : std::optional<Id>{};
    if (!id) return false;
    into.push_back(*id);
  }
  return true;
}

Fault damaged() {
  return {.code = std::string(error_code::stored_bytes_corrupt),
          .fault_class = FaultClass::corrupt,
          .where = "store day",
          .cause = "the stored close cannot be read"};
}

}  // namespace

std::string store_day_close_message(const StoreDayClose& close) {
  JsonWriter out;
  out.reserve(512 + 40 * (close.added.size() + close.removed.size()));
  out.begin_object().member("kind", "store_day_close").member("tenant", close.tenant);
  out.member("shop", close.shop).member("region", close.region);
  out.member("business_date", to_string(close.date)).member("slice", close.slice);
  out.member("occurred_at", crossfoot::to_string(close.at));
  out.member("by", close.by).member("reason", close.reason).key("in_spite_of").begin_array();
  for (const std::string& code : close.in_spite_of) out.text(code);
  out.end_array().key("totals").raw(close.totals);
  write_ids(out, "added", close.added);
  write_ids(out, "removed", close.removed);
  out.end_object();
  return out.take();
}

bool is_store_day_close(std::string_view body) {
  return body.starts_with(begins);
}

Result<StoreDayClose> read_store_day_close(std::string_view body) {
  const auto document = schema::JsonDocument::parse(std::string(body));
  if (!document) return fail(damaged());
  const schema::Json& root = document->root();
  StoreDayClose close{.tenant = record::text(root, "tenant"),
                      .shop = record::text(root, "shop"),
                      .region = record::text(root, "region"),
                      .by = record::text(root, "by"),
                      .reason = record::text(root, "reason")};
  const auto date = parse_business_date(record::text(root, "business_date"));
  const auto at = parse_instant(record::text(root, "occurred_at"));
  const schema::Json* slice = root.find("slice");
  const schema::Json* codes = root.find("in_spite_of");
  const bool sound = date && at && slice != nullptr && slice->is(schema::JsonKind::number) &&
                     codes != nullptr && codes->is(schema::JsonKind::array) &&
                     read_ids(root, "added", close.added) &&
                     read_ids(root, "removed", close.removed);
  if (!sound) return fail(damaged());
  close.date = *date;
  close.at = *at;
  close.slice = static_cast<std::uint32_t>(schema::saturated(slice->number()));
  if (const schema::Json* totals = root.find("totals")) close.totals = record::canonical(*totals);
  for (const schema::Json& code : codes->elements()) {
    if (!code.is(schema::JsonKind::text)) return fail(damaged());
    close.in_spite_of.emplace_back(code.text());
  }
  return close;
}

Transaction store_day_close_transaction(const StoreDayClose& close) {
  Transaction transaction;
  transaction.kind = TransactionKind::store_day_close;
  transaction.channel = Channel::pos;
  transaction.shop = close.shop;
  transaction.region = close.region;
  transaction.business_date = close.date;
  transaction.occurred_at = close.at;
  transaction.key.form = NaturalKey::Form::store_day;
  transaction.key.tenant = close.tenant;
  transaction.key.channel = transaction.channel;
  transaction.key.external_id =
      fmt::format("{}/{}/{}", to_string(close.date), close.slice, close.shop);
  transaction.close = std::make_shared<const StoreDayClose>(close);
  return transaction;
}

}  // namespace crossfoot::contract
