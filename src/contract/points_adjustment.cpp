#include "contract/points_adjustment.h"

#include <cstdlib>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/schema/json.h"

namespace crossfoot::contract {

namespace {

constexpr std::string_view grant = "grant";
constexpr std::string_view deduct = "deduct";
constexpr std::string_view begins = R"({"kind":"points_adjustment",)";

Fault damaged() {
  return {.code = std::string(error_code::stored_bytes_corrupt),
          .fault_class = FaultClass::corrupt,
          .where = "points adjustment",
          .cause = "the stored message cannot be read"};
}

}  // namespace

std::string adjustment_message(const Transaction& adjustment) {
  const AdjustmentTerms& terms = *adjustment.adjustment;
  JsonWriter out;
  out.begin_object().member("kind", to_string(adjustment.kind));
  out.member("channel", to_string(adjustment.channel)).member("tenant", adjustment.key.tenant);
  out.member("id", adjustment.key.external_id).member("shop", adjustment.shop);
  out.member("business_date", crossfoot::to_string(adjustment.business_date));
  out.member("occurred_at", crossfoot::to_string(adjustment.occurred_at));
  out.member("member", adjustment.member);
  out.member("direction", terms.points.count < 0 ? deduct : grant);
  out.member("points", std::abs(terms.points.count)).member("reason", terms.reason);
  if (!terms.receipt.empty()) out.member("receipt", terms.receipt);
  if (terms.expires_on) out.member("expires_on", crossfoot::to_string(*terms.expires_on));
  out.member("asked_by", terms.asked_by).member("second_person", terms.second_person);
  out.end_object();
  return out.take();
}

bool is_adjustment_message(std::string_view body) {
  return body.starts_with(begins);
}

Result<Transaction> read_adjustment_message(std::string_view body) {
  const auto document = schema::JsonDocument::parse(std::string(body));
  if (!document) return fail(damaged());
  const auto text = [&](std::string_view name) {
    const schema::Json* found = document->root().find(name);
    const bool is_text = found != nullptr && found->is(schema::JsonKind::text);
    return is_text ? std::string(found->text()) : std::string();
  };
  Transaction adjustment;
  adjustment.kind = TransactionKind::points_adjustment;
  adjustment.channel = Channel::customer_service;
  adjustment.key.form = NaturalKey::Form::adjustment;
  adjustment.key.tenant = text("tenant");
  adjustment.key.channel = adjustment.channel;
  adjustment.key.external_id = text("id");
  adjustment.shop = text("shop");
  adjustment.member = text("member");
  AdjustmentTerms terms;
  const auto date = parse_business_date(text("business_date"));
  const auto at = parse_instant(text("occurred_at"));
  const std::string expires = text("expires_on");
  terms.expires_on = parse_business_date(expires);
  const schema::Json* points = document->root().find("points");
  const schema::Json* second = document->root().find("second_person");
  const bool readable = date && at && points != nullptr && points->is(schema::JsonKind::number) &&
                        second != nullptr && second->is(schema::JsonKind::boolean) &&
                        (expires.empty() || terms.expires_on);
  if (!readable || adjustment.member.empty()) return fail(damaged());
  adjustment.business_date = *date;
  const auto count = static_cast<std::int64_t>(schema::saturated(points->number()));
  terms.points = {text("direction") == deduct ? -count : count};
  adjustment.occurred_at = *at;
  terms.second_person = second->boolean();
  terms.reason = text("reason");
  terms.receipt = text("receipt");
  terms.asked_by = text("asked_by");
  adjustment.adjustment = std::move(terms);
  return adjustment;
}

}  // namespace crossfoot::contract
