#include <fmt/format.h>

#include "sandbox/erp_books.h"

namespace crossfoot::sandbox {

namespace {

/// 2: with the posting date.
constexpr std::uint64_t document_version = 2;

void write_decimal(ByteWriter& out, const Decimal& value) {
  out.i64(value.units);
  out.u64(value.scale);
}

Decimal read_decimal(ByteReader& in) {
  Decimal value;
  value.units = in.i64();
  value.scale = static_cast<std::uint8_t>(in.u64() % (Decimal::scale_max + 1));
  return value;
}

std::string_view tender_account(std::string_view kind) {
  if (kind == "cash") return "1000";
  if (kind == "card") return "1010";
  if (kind == "on_account") return "1100";
  if (kind == "gift_card") return "2100";
  if (kind == "points") return "2110";
  if (kind == "voucher") return "2120";
  return "1090";
}

std::string_view line_account(LineKind kind) {
  switch (kind) {
    case LineKind::goods:
      return "4000";
    case LineKind::voucher:
      return "2120";
    case LineKind::shipping:
      return "4100";
    case LineKind::manual:
      return "4200";
    case LineKind::fee:
      return "4300";
  }
  return "4000";
}

}  // namespace

std::string_view to_string(DocumentType type) {
  switch (type) {
    case DocumentType::posting:
      return "posting";
    case DocumentType::credit_memo:
      return "credit_memo";
    case DocumentType::stock_movement:
      return "stock_movement";
  }
  return "posting";
}

std::string_view to_string(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::sale:
      return "sale";
    case DocumentKind::return_goods:
      return "return";
    case DocumentKind::exchange:
      return "exchange";
    case DocumentKind::void_sale:
      return "void";
    case DocumentKind::movement:
      return "movement";
  }
  return "sale";
}

std::string Document::id() const {
  const char letter = type == DocumentType::posting       ? 'P'
                      : type == DocumentType::credit_memo ? 'C'
                                                          : 'S';
  return fmt::format("{}-{:010}", letter, seq);
}

std::map<std::string_view, TaxTotal> tax_totals(const Document& document) {
  std::map<std::string_view, TaxTotal> totals;
  for (const DocumentLine& line : document.lines) {
    TaxTotal& total = totals[line.tax_code];
    total.net += document.line_net(line);
    total.tax += line.tax;
  }
  return totals;
}

std::vector<JournalEntry> journal_of(const Document& document) {
  std::map<std::pair<std::string_view, std::string_view>, std::int64_t> debits;
  std::int64_t difference = 0;
  const auto book = [&](std::string_view account, std::string_view code, std::int64_t debit) {
    debits[{account, code}] += debit;
    difference -= debit;
  };
  for (const ReceiptTender& tender : document.tenders) {
    book(tender_account(tender.kind), "", tender.minor);
  }
  for (const DocumentLine& line : document.lines) {
    book(line_account(line.kind), line.tax_code, -document.line_net(line));
    book("2200", line.tax_code, -line.tax);
  }
  debits[{"1390", ""}] += difference;
  std::vector<JournalEntry> entries;
  for (const auto& [key, debit] : debits) {
    if (debit == 0) continue;
    entries.push_back({.account = key.first,
                       .tax_code = key.second,
                       .debit = std::max<std::int64_t>(debit, 0),
                       .credit = std::max<std::int64_t>(-debit, 0)});
  }
  return entries;
}

void write_document(ByteWriter& out, const Document& document) {
  out.u64(document_version);
  out.u64(document.seq);
  out.enumerator(document.type);
  out.enumerator(document.kind);
  out.boolean(document.posted);
  out.text(document.reference);
  out.text(document.original_reference);
  out.u64(document.original_seq);
  out.text(document.shop);
  out.text(document.region);
  out.i64(document.business_date.days);
  out.i64(document.posting_date.days);
  out.text(document.currency.code());
  out.enumerator(document.tax_mode);
  out.i64(document.net);
  out.i64(document.tax);
  out.i64(document.gross);
  out.i64(static_cast<std::int64_t>(document.exact >> 64));
  out.u64(static_cast<std::uint64_t>(document.exact));
  out.u64(document.exact_scale);
  out.u64(document.tenders.size());
  for (const ReceiptTender& tender : document.tenders) {
    out.text(tender.kind);
    out.i64(tender.minor);
  }
  out.u64(document.lines.size());
  for (const DocumentLine& line : document.lines) {
    out.u64(line.number);
    out.enumerator(line.kind);
    out.text(line.article);
    write_decimal(out, line.quantity);
    write_decimal(out, line.unit_price);
    out.i64(line.amount);
    out.i64(line.tax);
    out.text(line.tax_code);
  }
}

namespace {

/// Has the reader say that it failed.
Document unreadable(ByteReader& in) {
  while (!in.failed()) (void)in.u64();
  return {};
}

}  // namespace

Document read_document(ByteReader& in) {
  Document document;
  const std::uint64_t version = in.u64();
  if (version == 0 || version > document_version) return unreadable(in);
  document.seq = in.u64();
  document.type = in.enumerator(DocumentType::stock_movement);
  document.kind = in.enumerator(DocumentKind::movement);
  document.posted = in.boolean();
  document.reference = in.text();
  document.original_reference = in.text();
  document.original_seq = in.u64();
  document.shop = in.text();
  document.region = in.text();
  document.business_date.days = static_cast<std::int32_t>(in.i64());
  document.posting_date = document.business_date;
  if (version > 1) document.posting_date.days = static_cast<std::int32_t>(in.i64());
  document.currency = find_currency(in.view()).value_or(Currency{});
  document.tax_mode = in.enumerator(tax_mode_last);
  document.net = in.i64();
  document.tax = in.i64();
  document.gross = in.i64();
  const auto high = static_cast<std::uint64_t>(in.i64());
  using WideBits = unsigned __int128;
  document.exact = static_cast<Wide>(static_cast<WideBits>(high) << 64 | in.u64());
  document.exact_scale = static_cast<std::uint8_t>(in.u64());
  document.tenders.resize(in.count());
  for (ReceiptTender& tender : document.tenders) {
    tender.kind = in.text();
    tender.minor = in.i64();
  }
  document.lines.resize(in.count());
  for (DocumentLine& line : document.lines) {
    line.number = static_cast<std::uint32_t>(in.u64());
    line.kind = in.enumerator(line_kind_last);
    line.article = in.text();
    line.quantity = read_decimal(in);
    line.unit_price = read_decimal(in);
    line.amount = in.i64();
    line.tax = in.i64();
    line.tax_code = in.text();
  }
  return document;
}

}  // namespace crossfoot::sandbox
