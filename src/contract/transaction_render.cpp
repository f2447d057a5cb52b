#include "contract/json_writer.h"
#include "contract/transaction_json.h"

namespace crossfoot::contract {

namespace {

void optional_text(JsonWriter& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.member(name, value);
}

void key_fields(JsonWriter& out, const NaturalKey& key) {
  if (key.form == NaturalKey::Form::channel_id) {
    out.member("external_id", key.external_id);
    return;
  }
  out.member("register", key.register_name);
  if (key.register_epoch != 0) out.member("register_epoch", key.register_epoch);
  out.member("sequence", key.sequence);
}

void original_fields(JsonWriter& out, const NaturalKey& key) {
  if (key.form == NaturalKey::Form::channel_id) {
    out.member("channel", to_string(key.channel));
  } else {
    out.member("shop", key.shop);
    out.member("business_date", crossfoot::to_string(key.business_date));
  }
  key_fields(out, key);
}

void line_fields(JsonWriter& out, const Line& line) {
  out.begin_object();
  out.member("line", line.number);
  out.member("action", to_string(line.action));
  out.member("kind", to_string(line.kind));
  out.member("article", line.article);
  optional_text(out, "description", line.description);
  out.member("quantity", crossfoot::to_string(line.quantity));
  if (line.unit != "EA") out.member("unit", line.unit);
  if (line.measured) out.member("measured", true);
  out.member("unit_price", crossfoot::to_string(line.unit_price));
  out.member("amount", crossfoot::to_string(line.amount));
  if (line.discount.minor != 0) out.member("discount", crossfoot::to_string(line.discount));
  optional_text(out, "tax_code", line.tax_code);
  if (line.tax_rate) out.member("tax_rate", crossfoot::to_string(*line.tax_rate));
  if (line.original) {
    out.key("original").begin_object();
    original_fields(out, line.original->key);
    out.member("line", line.original->line);
    out.end_object();
  }
  if (line.source_row != 0) out.member("source_row", line.source_row);
  out.end_object();
}

void money_lists(JsonWriter& out, const Transaction& t) {
  if (!t.discounts.empty()) {
    out.key("discounts").begin_array();
    for (const Discount& discount : t.discounts) {
      out.begin_object().member("amount", crossfoot::to_string(discount.amount));
      optional_text(out, "reason", discount.reason);
      out.end_object();
    }
    out.end_array();
  }
  if (!t.tenders.empty()) {
    out.key("tenders").begin_array();
    for (const Tender& tender : t.tenders) {
      out.begin_object().member("kind", to_string(tender.kind));
      out.member("amount", crossfoot::to_string(tender.amount)).end_object();
    }
    out.end_array();
  }
  const Totals& totals = t.totals;
  if (!totals.net && !totals.tax && !totals.gross) return;
  out.key("totals").begin_object();
  if (totals.net) out.member("net", crossfoot::to_string(*totals.net));
  if (totals.tax) out.member("tax", crossfoot::to_string(*totals.tax));
  if (totals.gross) out.member("gross", crossfoot::to_string(*totals.gross));
  out.end_object();
}

}  // namespace

std::string render_transaction(const Transaction& t) {
  JsonWriter out;
  out.reserve(512 + t.lines.size() * 192);
  out.begin_object();
  out.member("kind", to_string(t.kind));
  out.member("channel", to_string(t.channel));
  if (t.key.tenant != "default") out.member("tenant", t.key.tenant);
  out.member("shop", t.shop);
  key_fields(out, t.key);
  if (t.revision != 0) out.member("revision", t.revision);
  out.member("business_date", crossfoot::to_string(t.business_date));
  out.member("occurred_at", crossfoot::to_string(t.occurred_at));
  out.member("currency", t.currency.code());
  out.member("tax_mode", to_string(t.tax_mode));
  optional_text(out, "region", t.region);
  optional_text(out, "member", t.member);
  if (!t.lines.empty()) {
    out.key("lines").begin_array();
    for (const Line& line : t.lines) line_fields(out, line);
    out.end_array();
  }
  money_lists(out, t);
  if (t.original) {
    out.key("original").begin_object();
    original_fields(out, *t.original);
    out.end_object();
  }
  optional_text(out, "source_format", t.source_format);
  out.end_object();
  return out.take();
}

}  // namespace crossfoot::contract
