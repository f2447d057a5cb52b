#include "contract/transaction_hash.h"

#include <algorithm>
#include <vector>

#include "base/codec.h"
#include "contract/error_codes.h"

namespace crossfoot::contract {

namespace {

void put(ByteWriter& out, const Decimal& value) {
  const Decimal shortest = value.normalised();
  out.i64(shortest.units);
  out.u64(shortest.scale);
}

void put(ByteWriter& out, const std::optional<Money>& value) {
  out.boolean(value.has_value());
  if (value) out.i64(value->minor);
}

void put_line(ByteWriter& out, const Line& line, bool numbered) {
  if (numbered) out.u64(line.number);
  out.enumerator(line.action);
  out.enumerator(line.kind);
  out.text(line.article);
  out.text(line.description);
  put(out, line.quantity);
  out.text(line.unit);
  out.boolean(line.measured);
  put(out, line.unit_price);
  out.i64(line.amount.minor);
  out.i64(line.discount.minor);
  out.text(line.tax_code);
  out.boolean(line.tax_rate.has_value());
  if (line.tax_rate) put(out, *line.tax_rate);
  out.boolean(line.original.has_value());
  if (line.original) {
    out.text(line.original->key.canonical());
    out.u64(line.original->line);
  }
}

void put_lines(ByteWriter& out, const Transaction& t) {
  out.u64(t.lines.size());
  if (t.source_format.empty()) {
    for (const Line& line : t.lines) put_line(out, line, true);
    return;
  }
  std::vector<std::string> encoded;
  encoded.reserve(t.lines.size());
  for (const Line& line : t.lines) {
    ByteWriter one;
    put_line(one, line, false);
    encoded.push_back(one.take());
  }
  std::ranges::sort(encoded);
  for (const std::string& one : encoded) out.text(one);
}

}  // namespace

Result<ContentHash> transaction_hash(const Transaction& t, std::uint8_t projection) {
  if (projection == content_projection_latest) return transaction_hash(t);
  return fail({.code = std::string(error_code::stored_bytes_corrupt),
               .fault_class = FaultClass::corrupt,
               .where = "content hash",
               .cause = "projection " + std::to_string(projection) + " is unknown"});
}

ContentHash transaction_hash(const Transaction& t) {
  ByteWriter out;
  out.text(content_projection_name);
  out.text(t.key.canonical());
  out.enumerator(t.kind);
  out.enumerator(t.channel);
  out.text(t.shop);
  out.text(t.region);
  out.i64(t.business_date.days);
  out.instant(t.occurred_at);
  out.text(t.currency.code());
  out.enumerator(t.tax_mode);
  out.text(t.member);
  put_lines(out, t);
  out.u64(t.discounts.size());
  for (const Discount& discount : t.discounts) {
    out.i64(discount.amount.minor);
    out.text(discount.reason);
  }
  out.u64(t.tenders.size());
  for (const Tender& tender : t.tenders) {
    out.enumerator(tender.kind);
    out.i64(tender.amount.minor);
  }
  put(out, t.totals.net);
  put(out, t.totals.tax);
  put(out, t.totals.gross);
  out.boolean(t.original.has_value());
  if (t.original) out.text(t.original->canonical());
  return {hash128(out.view()), content_projection_latest};
}

Hash128 content_fingerprint(const Transaction& t) {
  ByteWriter out;
  out.text("transaction-fingerprint/2");
  out.text(t.key.tenant);
  out.text(t.shop);
  out.enumerator(t.kind);
  out.text(t.member);
  out.text(t.currency.code());
  out.boolean(t.original.has_value());
  if (t.original) out.text(t.original->canonical());
  out.u64(t.lines.size());
  for (const Line& line : t.lines) {
    out.enumerator(line.action);
    out.enumerator(line.kind);
    out.text(line.article);
    put(out, line.quantity);
    put(out, line.unit_price);
    out.i64(line.amount.minor - line.discount.minor);
    out.boolean(line.original.has_value());
    if (line.original) {
      out.text(line.original->key.canonical());
      out.u64(line.original->line);
    }
  }
  out.u64(t.tenders.size());
  for (const Tender& tender : t.tenders) {
    out.enumerator(tender.kind);
    out.i64(tender.amount.minor);
  }
  return hash128(out.view());
}

}  // namespace crossfoot::contract
