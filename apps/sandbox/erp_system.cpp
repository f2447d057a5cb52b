#include "sandbox/erp_system.h"

#include <algorithm>

#include "sandbox/receipt_reader.h"

namespace crossfoot::sandbox {

namespace {

using runtime::Method;

constexpr std::string_view prefix = "/erp/v1/";
constexpr std::size_t batch_max = 10'000;
constexpr std::size_t prices_max = 1'000;
constexpr std::size_t periods_max = 1'000;

Reply malformed(std::string_view fault) {
  return refusal(400, "bad_request", fault);
}
Reply unknown() {
  return refusal(404, "not_found", "there is no such thing");
}
Reply unavailable(const Fault& fault) {
  return refusal(503, "books_unavailable", fault.cause);
}

Reply period_closed(BusinessDate date) {
  return refusal(422, "period_closed", "the books are closed for " + to_string(date));
}

std::string money(std::int64_t minor, Currency currency) {
  return to_string(Money{minor, currency});
}

void write_lines(JsonWriter& out, const Document& document) {
  out.key("lines").open('[');
  for (const DocumentLine& line : document.lines) {
    out.open('{').field("line", std::int64_t{line.number}).field("article", line.article);
    out.field("quantity", to_string(line.quantity));
    out.field("amount", money(line.amount, document.currency)).field("tax_code", line.tax_code);
    out.field("tax", money(line.tax, document.currency)).close('}');
  }
  out.close(']');
}

void write_document(JsonWriter& out, const Document& document) {
  const Currency currency = document.currency;
  const bool movement = document.type == DocumentType::stock_movement;
  out.open('{').field("id", document.id()).field("reference", document.reference);
  out.field("type", to_string(document.type)).field("kind", to_string(document.kind));
  out.field("state", document.posted ? "posted" : "draft").field("shop", document.shop);
  out.field("business_date", to_string(document.business_date));
  out.field("posting_date", to_string(document.posting_date));
  out.field("currency", movement ? std::string_view{} : currency.code());
  out.field("original_reference", document.original_reference);
  out.field("net", money(document.net, currency)).field("tax", money(document.tax, currency));
  out.field("gross", money(document.gross, currency));
  out.field("exact_net", wide_decimal(document.exact, document.exact_scale));
  out.key("taxes").open('[');
  if (!movement) {
    for (const auto& [code, total] : tax_totals(document)) {
      out.open('{').field("tax_code", code).field("net", money(total.net, currency));
      out.field("tax", money(total.tax, currency)).close('}');
    }
  }
  out.close(']').key("tenders").open('[');
  for (const ReceiptTender& tender : document.tenders) {
    out.open('{').field("kind", tender.kind).field("amount", money(tender.minor, currency));
    out.close('}');
  }
  out.close(']');
  write_lines(out, document);
  out.close('}');
}

Reply posted(int status, const Document& document) {
  JsonWriter out;
  out.open('{').field("id", document.id()).field("reference", document.reference);
  out.field("net", money(document.net, document.currency));
  out.field("tax", money(document.tax, document.currency));
  out.field("gross", money(document.gross, document.currency));
  out.field("state", document.posted ? "posted" : "draft").close('}');
  return {.status = status, .body = out.take()};
}

DocumentKind kind_of(std::string_view name) {
  if (name == "return") return DocumentKind::return_goods;
  if (name == "exchange") return DocumentKind::exchange;
  return DocumentKind::sale;
}

Document document_of(const Receipt& receipt, const Priced& priced, DocumentType type) {
  Document document;
  document.type = type;
  document.kind = kind_of(receipt.kind);
  document.posted = type == DocumentType::posting;
  document.reference = receipt.reference;
  document.original_reference = receipt.original_reference;
  document.shop = receipt.shop;
  document.region = receipt.region;
  document.business_date = receipt.business_date;
  document.posting_date = receipt.posting_date.value_or(receipt.business_date);
  document.currency = receipt.currency;
  document.tax_mode = receipt.tax_mode;
  document.net = priced.net;
  document.tax = priced.tax;
  document.gross = priced.gross;
  document.exact = priced.exact;
  document.exact_scale = priced.scale;
  // Tenders are stated without a sign: money out when goods come back on balance.
  const bool out = document.kind == DocumentKind::return_goods ||
                   (document.kind == DocumentKind::exchange && priced.gross < 0);
  for (const ReceiptTender& tender : receipt.tenders) {
    document.tenders.push_back({tender.kind, out ? -tender.minor : tender.minor});
  }
  document.lines.reserve(receipt.lines.size());
  for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
    const ReceiptLine& line = receipt.lines[i];
    const std::int64_t sign = line.returned ? -1 : 1;
    document.lines.push_back({.number = line.number,
                              .kind = line.kind,
                              .article = line.article,
                              .quantity = {sign * line.quantity.units, line.quantity.scale},
                              .unit_price = line.unit_price,
                              .amount = sign * priced.lines[i].amount,
                              .tax = sign * priced.lines[i].tax,
                              .tax_code = line.tax_code});
  }
  return document;
}

/// Pages of one business date; `write` adds one document to the open array.
template <class Write>
Reply day_page(const ErpBooks& books, std::string_view query, Write write) {
  const auto date = parse_business_date(query_value(query, "business_date").value_or(""));
  const auto page = page_of(query);
  if (!date || !page) return malformed("business_date, after or limit is malformed");
  const auto found = books.by_day(*date, page->after, page->limit + 1);
  const std::size_t count = std::min(found.size(), page->limit);
  JsonWriter out;
  out.open('{').key("items").open('[');
  for (std::size_t i = 0; i < count; ++i) write(out, *found[i]);
  out.close(']').key("next");
  if (found.size() > count)
    out.text(std::to_string(found[count - 1]->seq));
  else
    out.raw("null");
  return {.body = out.close('}').take()};
}

}  // namespace

Reply ErpSystem::handle(const Call& call, Instant) {
  if (!call.path.starts_with(prefix)) return unknown();
  const std::string_view path = call.path.substr(prefix.size());
  if (call.method == Method::get) return get(call);
  if (call.method == Method::put && path.starts_with("products/")) {
    return put_product(path.substr(9), call.body);
  }
  if (call.method == Method::put && path == "periods") return put_periods(call.body);
  if (call.method != Method::post) return refusal(405, "method_not_allowed", "use GET or POST");
  if (path == "postings") return post_receipt(call.body, DocumentType::posting);
  if (path == "credit-memos") return post_receipt(call.body, DocumentType::credit_memo);
  if (path == "stock-movements:batch") return move_stock(call.body);
  constexpr std::string_view memos = "credit-memos/";
  if (path.starts_with(memos) && path.ends_with("/release") && path.size() > memos.size() + 8) {
    return release(path.substr(memos.size(), path.size() - memos.size() - 8));
  }
  return unknown();
}

std::optional<std::string> ErpSystem::exclusive_key(const Call&) {
  return std::nullopt;
}

Reply ErpSystem::get(const Call& call) const {
  const std::string_view path = call.path.substr(prefix.size());
  if (path == "documents") return documents(call.query);
  if (path == "stock") return stock(call.query);
  if (path == "journal") return journal(call.query);
  if (path == "control") return control(call.query);
  if (path == "periods") return periods();
  if (path.starts_with("products/")) return product(path.substr(9));
  if (path.starts_with("documents/")) {
    const Document* document = books_->find_id(path.substr(10));
    if (document == nullptr) return unknown();
    JsonWriter out;
    write_document(out, *document);
    return {.body = out.take()};
  }
  return unknown();
}

Reply ErpSystem::post_receipt(std::string_view body, DocumentType type) {
  std::string fault;
  std::optional<Refusal> refused;
  const auto root = parse_json(parser_, body, fault);
  if (!root) return malformed(fault);
  const auto receipt = read_receipt(*root, ReceiptFor::erp, fault, refused);
  if (!fault.empty()) return malformed(fault);
  if (!receipt) return refusal(422, refused->code, refused->message);
  if (type == DocumentType::credit_memo && receipt->kind != "return") {
    return refusal(422, "kind_not_allowed", "a credit memo takes returns only");
  }
  if (receipt->kind == "void") return post_void(*receipt, type);
  const auto priced = price_receipt(*receipt);
  if (!priced) return refusal(422, priced.error().code, priced.error().message);
  return book(document_of(*receipt, *priced, type));
}

Reply ErpSystem::post_void(const Receipt& receipt, DocumentType type) {
  const Document* original = nullptr;
  bool any = false;
  for (const Document* document : books_->by_reference(receipt.original_reference)) {
    if (!document->posted || document->type == DocumentType::stock_movement ||
        document->kind == DocumentKind::void_sale) {
      continue;
    }
    any = true;
    if (original == nullptr && !books_->voided(document->seq)) original = document;
  }
  if (original == nullptr) {
    return any ? refusal(422, "already_voided", "the original is void already")
               : refusal(422, "original_not_found", "there is no posted document to void");
  }
  Document mirror = *original;
  mirror.type = type;
  mirror.kind = DocumentKind::void_sale;
  mirror.reference = receipt.reference;
  mirror.original_reference = receipt.original_reference;
  mirror.original_seq = original->seq;
  mirror.business_date = receipt.business_date;
  mirror.posting_date = receipt.posting_date.value_or(receipt.business_date);
  mirror.net = -mirror.net;
  mirror.tax = -mirror.tax;
  mirror.gross = -mirror.gross;
  mirror.exact = -mirror.exact;
  for (ReceiptTender& tender : mirror.tenders) tender.minor = -tender.minor;
  for (DocumentLine& line : mirror.lines) {
    line.quantity.units = -line.quantity.units;
    line.amount = -line.amount;
    line.tax = -line.tax;
  }
  return book(std::move(mirror));
}

Reply ErpSystem::book(Document document) {
  if (books_->is_closed(document.posting_date)) return period_closed(document.posting_date);
  std::vector<Document> documents;
  documents.push_back(std::move(document));
  if (const auto written = books_->post(documents); !written) return unavailable(written.error());
  return posted(201, documents.front());
}

Reply ErpSystem::release(std::string_view id) {
  const Document* memo = books_->find_id(id);
  if (memo == nullptr || memo->type != DocumentType::credit_memo) return unknown();
  if (memo->posted) return refusal(409, "already_posted", "the credit memo is posted already");
  if (books_->is_closed(memo->posting_date)) return period_closed(memo->posting_date);
  const std::uint64_t seq = memo->seq;
  if (const auto written = books_->release(seq); !written) return unavailable(written.error());
  return posted(200, *books_->find(seq));
}

Reply ErpSystem::move_stock(std::string_view body) {
  std::string fault;
  const auto root = parse_json(parser_, body, fault);
  if (!root) return malformed(fault);
  JsonFields fields(*root, fault);
  const auto items = fields.array("items", batch_max, true);
  if (!items) return malformed(fault);
  struct Item {
    std::string reference;
    std::size_t document;  ///< index into `documents`, or rejected
    std::string error;
  };
  constexpr auto rejected = SIZE_MAX;
  std::vector<Item> results;
  std::vector<Document> documents;
  for (const auto element : *items) {
    std::string item_fault;
    JsonFields item(element, item_fault);
    Document document;
    document.type = DocumentType::stock_movement;
    document.kind = DocumentKind::movement;
    document.reference = item.text("reference", true);
    document.shop = item.text("shop", true);
    DocumentLine line{.number = 1, .article = item.text("article", true)};
    line.quantity = item.decimal("quantity", true).value_or(Decimal{});
    const auto date = parse_business_date(item.text("business_date", true));
    if (!date) item.fail("business_date", "YYYY-MM-DD is expected");
    document.business_date = date.value_or(BusinessDate{});
    const std::string posting = item.text("posting_date");
    const auto posting_date = posting.empty() ? date : parse_business_date(posting);
    if (!posting_date) item.fail("posting_date", "YYYY-MM-DD is expected");
    document.posting_date = posting_date.value_or(BusinessDate{});
    if (posting_date && books_->is_closed(*posting_date)) {
      item.fail("posting_date", "the period is closed");
    }
    if (line.quantity.is_zero() || line.quantity > Decimal{quantity_max, 0} ||
        line.quantity < Decimal{-quantity_max, 0} || line.quantity.normalised().scale > 6) {
      item.fail("quantity", "must not be zero, within 1,000,000,000, at most six places");
    }
    if (!item_fault.empty()) {
      results.push_back({document.reference, rejected, item_fault});
      continue;
    }
    results.push_back({document.reference, documents.size(), {}});
    document.lines.push_back(std::move(line));
    documents.push_back(std::move(document));
  }
  if (const auto written = books_->post(documents); !written) return unavailable(written.error());
  JsonWriter out;
  out.open('{').key("results").open('[');
  for (const Item& item : results) {
    out.open('{').field("reference", item.reference);
    if (item.document == rejected) {
      out.field("status", "rejected").field("message", item.error).close('}');
    } else {
      out.field("id", documents[item.document].id()).field("status", "posted").close('}');
    }
  }
  return {.body = out.close(']').close('}').take()};
}

Reply ErpSystem::put_product(std::string_view article, std::string_view body) {
  std::string fault;
  const auto root = parse_json(parser_, body, fault);
  if (!root) return malformed(fault);
  JsonFields fields(*root, fault);
  Product product;
  product.article = percent_decoded(article);
  product.name = fields.text("name", true);
  product.unit = fields.text("unit");
  product.tax_code = fields.text("tax_code");
  if (const auto prices = fields.array("prices", prices_max)) {
    for (const auto element : *prices) {
      JsonFields price(element, fault);
      const std::string region = price.text("region");
      const auto currency = find_currency(price.text("currency", true));
      if (!currency) price.fail("currency", "is not known");
      const auto amount = price.decimal("price", true);
      const auto from = parse_business_date(price.text("valid_from", true));
      if (!from) price.fail("valid_from", "YYYY-MM-DD is expected");
      if (!fault.empty()) break;
      product.prices.push_back({region, std::string(currency->code()), *amount, *from});
    }
  }
  if (product.article.empty() || product.article.size() > text_bytes_max) {
    fields.fail("article", "1 to 512 bytes are expected");
  }
  if (!fault.empty()) return malformed(fault);
  if (product.unit.empty()) product.unit = "EA";
  const std::string name = product.article;
  const bool known = books_->product(name) != nullptr;
  const auto written = books_->put_product(std::move(product));
  if (!written) return unavailable(written.error());
  Reply reply = this->product(article);
  reply.status = known ? 200 : 201;
  return reply;
}

Reply ErpSystem::put_periods(std::string_view body) {
  std::string fault;
  const auto root = parse_json(parser_, body, fault);
  if (!root) return malformed(fault);
  JsonFields fields(*root, fault);
  std::vector<ClosedPeriod> closed;
  if (const auto list = fields.array("closed", periods_max, true)) {
    for (const auto element : *list) {
      JsonFields period(element, fault);
      const auto from = parse_business_date(period.text("from", true));
      const auto to = parse_business_date(period.text("to", true));
      if (!from || !to || *to < *from) period.fail("from", "from and to are days, in this order");
      if (!fault.empty()) break;
      closed.push_back({*from, *to});
    }
  }
  if (!fault.empty()) return malformed(fault);
  if (const auto written = books_->close_periods(std::move(closed)); !written) {
    return unavailable(written.error());
  }
  return periods();
}

Reply ErpSystem::periods() const {
  JsonWriter out;
  out.open('{').key("closed").open('[');
  for (const ClosedPeriod& period : books_->closed_periods()) {
    out.open('{').field("from", to_string(period.from)).field("to", to_string(period.to));
    out.close('}');
  }
  return {.body = out.close(']').close('}').take()};
}

Reply ErpSystem::documents(std::string_view query) const {
  const auto reference = query_value(query, "reference");
  if (!reference) {
    return day_page(*books_, query, [](JsonWriter& out, const Document& document) {
      write_document(out, document);
    });
  }
  JsonWriter out;
  out.open('{').key("items").open('[');
  for (const Document* document : books_->by_reference(*reference)) write_document(out, *document);
  return {.body = out.close(']').close('}').take()};
}

Reply ErpSystem::stock(std::string_view query) const {
  const auto lines = books_->stock(query_value(query, "shop").value_or(""),
                                   query_value(query, "article").value_or(""));
  JsonWriter out;
  out.open('{').key("items").open('[');
  for (const auto& line : lines) {
    const Stock& stock = line.stock;
    out.open('{').field("shop", line.shop).field("article", line.article);
    out.field("on_hand", wide_decimal(stock.returned - stock.sold + stock.moved, 6));
    out.field("sold", wide_decimal(stock.sold, 6));
    out.field("returned", wide_decimal(stock.returned, 6));
    out.field("moved", wide_decimal(stock.moved, 6)).close('}');
  }
  return {.body = out.close(']').close('}').take()};
}

Reply ErpSystem::journal(std::string_view query) const {
  return day_page(*books_, query, [](JsonWriter& out, const Document& document) {
    if (!document.posted || document.type == DocumentType::stock_movement) return;
    out.open('{').field("document", document.id()).field("reference", document.reference);
    out.field("shop", document.shop).field("business_date", to_string(document.business_date));
    out.field("currency", document.currency.code()).key("entries").open('[');
    for (const JournalEntry& entry : journal_of(document)) {
      out.open('{').field("account", entry.account).field("tax_code", entry.tax_code);
      out.field("debit", money(entry.debit, document.currency));
      out.field("credit", money(entry.credit, document.currency)).close('}');
    }
    out.close(']').close('}');
  });
}

Reply ErpSystem::control(std::string_view query) const {
  const auto date = parse_business_date(query_value(query, "business_date").value_or(""));
  if (!date) return malformed("business_date is malformed");
  struct Total {
    std::int64_t documents = 0;
    TaxTotal tax;
  };
  std::map<std::tuple<std::string_view, Currency, std::string_view>, Total> totals;
  for (const Document* document : books_->by_day(*date, 0, SIZE_MAX)) {
    if (!document->posted || document->type == DocumentType::stock_movement) continue;
    for (const auto& [code, tax] : tax_totals(*document)) {
      Total& total = totals[{document->shop, document->currency, code}];
      ++total.documents;
      total.tax.net += tax.net;
      total.tax.tax += tax.tax;
    }
  }
  JsonWriter out;
  out.open('{').field("business_date", to_string(*date)).key("items").open('[');
  for (const auto& [key, total] : totals) {
    const auto& [shop, currency, code] = key;
    out.open('{').field("shop", shop).field("currency", currency.code()).field("tax_code", code);
    out.field("documents", total.documents).field("net", money(total.tax.net, currency));
    out.field("tax", money(total.tax.tax, currency));
    out.field("gross", money(total.tax.net + total.tax.tax, currency)).close('}');
  }
  return {.body = out.close(']').close('}').take()};
}

Reply ErpSystem::product(std::string_view rest) const {
  constexpr std::string_view suffix = "/prices";
  const bool prices = rest.ends_with(suffix);
  if (prices) rest.remove_suffix(suffix.size());
  const Product* product = books_->product(percent_decoded(rest));
  if (product == nullptr) return unknown();
  JsonWriter out;
  out.open('{').field("article", product->article);
  if (!prices) {
    out.field("name", product->name).field("unit", product->unit);
    return {.body = out.field("tax_code", product->tax_code).close('}').take()};
  }
  out.key("items").open('[');
  for (const Price& price : product->prices) {
    out.open('{').field("region", price.region).field("currency", price.currency);
    out.field("price", to_string(price.price));
    out.field("valid_from", to_string(price.valid_from)).close('}');
  }
  return {.body = out.close(']').close('}').take()};
}

Reply ErpSystem::tamper(std::string_view body) {
  std::string fault;
  const auto order = read_tamper_order(body, ErpBooks::tamper_kinds(), fault);
  if (!order) return malformed(fault);
  const auto done = books_->tamper(*order);
  if (!done) return unavailable(done.error());
  JsonWriter out;
  out.open('{').key("tampers").open('[');
  for (const auto& item : *done) {
    out.open('{').field("kind", item.kind).field("id", item.id);
    out.field("reference", item.reference).close('}');
  }
  return {.body = out.close(']').close('}').take()};
}

Reply ErpSystem::untamper() {
  const auto done = books_->untamper();
  if (!done) return unavailable(done.error());
  JsonWriter out;
  out.open('{').field("restored", static_cast<std::int64_t>(*done)).close('}');
  return {.body = out.take()};
}

Reply ErpSystem::clear() {
  if (const auto cleared = books_->clear(); !cleared) return unavailable(cleared.error());
  return {.body = "{}"};
}

void ErpSystem::stats(JsonWriter& out) const {
  out.field("documents", static_cast<std::int64_t>(books_->documents()));
  out.field("tampers", static_cast<std::int64_t>(books_->tampers()));
  out.field("log_bytes", static_cast<std::int64_t>(books_->log_bytes()));
}

}  // namespace crossfoot::sandbox
