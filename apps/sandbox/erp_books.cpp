#include "sandbox/erp_books.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "runtime/random.h"

namespace crossfoot::sandbox {

namespace {

enum class Record : std::uint8_t { document, release, product, tamper, untamper, periods };

std::string stock_key(std::string_view shop, std::string_view article) {
  std::string key;
  key.reserve(shop.size() + article.size() + 1);
  key.append(shop);
  key += '\0';
  key.append(article);
  return key;
}

Wide millionths(const Decimal& quantity) {
  return Wide{quantity.units} * power_of_ten(9U - quantity.scale) / 1000;
}

void write_product(ByteWriter& out, const Product& product) {
  out.text(product.article);
  out.text(product.name);
  out.text(product.unit);
  out.text(product.tax_code);
  out.u64(product.prices.size());
  for (const Price& price : product.prices) {
    out.text(price.region);
    out.text(price.currency);
    out.i64(price.price.units);
    out.u64(price.price.scale);
    out.i64(price.valid_from.days);
  }
}

Product read_product(ByteReader& in) {
  Product product;
  product.article = in.text();
  product.name = in.text();
  product.unit = in.text();
  product.tax_code = in.text();
  product.prices.resize(in.count());
  for (Price& price : product.prices) {
    price.region = in.text();
    price.currency = in.text();
    price.price.units = in.i64();
    price.price.scale = static_cast<std::uint8_t>(in.u64() % (Decimal::scale_max + 1));
    price.valid_from.days = static_cast<std::int32_t>(in.i64());
  }
  return product;
}

/// A value of the books other than `current`, or a made-up one when there is no other.
template <class Value>
Value another(const std::set<Value>& values, const Value& current, Value made_up,
              runtime::Random& random) {
  const std::size_t others = values.size() - values.count(current);
  if (others == 0) return made_up;
  std::size_t skip = static_cast<std::size_t>(random.below(others));
  for (const Value& value : values) {
    if (value == current) continue;
    if (skip == 0) return value;
    --skip;
  }
  return made_up;
}

struct Others {
  std::set<BusinessDate> days;
  std::set<std::string> shops;
  std::set<std::string> tax_codes;
};

void add_minor(Document& document, std::int64_t minor) {
  document.lines.front().amount += minor;
  document.net += minor;
  document.gross += minor;
}

/// Changes a document as `kind` says; delete and duplicate are the caller's.
void damage(Document& document, std::string_view kind, const Others& others,
            runtime::Random& random) {
  if (kind == "minor_plus") add_minor(document, 1);
  if (kind == "minor_minus") add_minor(document, -1);
  if (kind == "other_day") {
    document.business_date =
        another(others.days, document.business_date, {document.business_date.days + 1}, random);
  }
  if (kind == "other_shop") {
    document.shop = another(others.shops, document.shop, document.shop + "-OTHER", random);
  }
  if (kind == "other_tax_code") {
    std::string& code = document.lines.front().tax_code;
    code = another(others.tax_codes, code, code + "-OTHER", random);
  }
}

}  // namespace

Result<std::unique_ptr<ErpBooks>> ErpBooks::open(const std::string& directory) {
  auto books = std::make_unique<ErpBooks>();
  auto log = BookLog::open(directory, "erp",
                           [&](std::string_view record) { return books->replay(record); });
  if (!log) return fail(std::move(log.error()));
  books->log_ = std::move(*log);
  return books;
}

bool ErpBooks::replay(std::string_view record) {
  ByteReader in(record);
  switch (in.enumerator(Record::periods)) {
    case Record::document: {
      Document document = read_document(in);
      if (in.failed() || document.seq <= documents_.size()) return false;
      link(std::move(document));
      return true;
    }
    case Record::release: {
      const std::uint64_t seq = in.u64();
      if (find(seq) == nullptr) return false;
      Document document = unlink(seq);
      document.posted = true;
      link(std::move(document));
      return !in.failed();
    }
    case Record::product: {
      Product product = read_product(in);
      if (in.failed()) return false;
      std::string article = product.article;
      products_.insert_or_assign(std::move(article), std::move(product));
      return true;
    }
    case Record::tamper: {
      TamperOrder order;
      order.seed = in.u64();
      order.count = static_cast<std::size_t>(in.u64());
      order.kinds.resize(in.count());
      for (std::string& kind : order.kinds) kind = in.text();
      if (in.failed()) return false;
      apply_tamper(order);
      return true;
    }
    case Record::untamper:
      apply_untamper();
      return true;
    case Record::periods: {
      closed_.resize(in.count());
      for (ClosedPeriod& period : closed_) {
        period.from.days = static_cast<std::int32_t>(in.i64());
        period.to.days = static_cast<std::int32_t>(in.i64());
      }
      return !in.failed();
    }
  }
  return false;
}

Status ErpBooks::post(std::vector<Document>& documents) {
  std::uint64_t seq = documents_.size();
  for (Document& document : documents) {
    document.seq = ++seq;
    ByteWriter out;
    out.enumerator(Record::document);
    write_document(out, document);
    log_.add(out.view());
  }
  if (auto written = log_.commit(); !written) return written;
  for (const Document& document : documents) link(document);
  return {};
}

Status ErpBooks::release(std::uint64_t seq) {
  ByteWriter out;
  out.enumerator(Record::release);
  out.u64(seq);
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return written;
  Document document = unlink(seq);
  document.posted = true;
  link(std::move(document));
  return {};
}

Status ErpBooks::put_product(Product product) {
  ByteWriter out;
  out.enumerator(Record::product);
  write_product(out, product);
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return written;
  std::string article = product.article;
  products_.insert_or_assign(std::move(article), std::move(product));
  return {};
}

Status ErpBooks::close_periods(std::vector<ClosedPeriod> periods) {
  ByteWriter out;
  out.enumerator(Record::periods);
  out.u64(periods.size());
  for (const ClosedPeriod& period : periods) {
    out.i64(period.from.days);
    out.i64(period.to.days);
  }
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return written;
  closed_ = std::move(periods);
  return {};
}

bool ErpBooks::is_closed(BusinessDate posting_date) const {
  return std::ranges::any_of(closed_, [posting_date](const ClosedPeriod& period) {
    return period.from <= posting_date && posting_date <= period.to;
  });
}

Status ErpBooks::clear() {
  if (auto cleared = log_.clear(); !cleared) return cleared;
  documents_.clear();
  by_day_.clear();
  by_reference_.clear();
  voided_.clear();
  stock_.clear();
  products_.clear();
  damages_.clear();
  closed_.clear();
  return {};
}

void ErpBooks::link(Document document) {
  const std::uint64_t seq = document.seq;
  if (documents_.size() < seq) documents_.resize(seq);
  by_day_.emplace(document.business_date.days, seq);
  by_reference_.emplace(document.reference, seq);
  if (document.original_seq != 0) voided_.insert(document.original_seq);
  count_stock(document, 1);
  see_products(document);
  documents_[seq - 1] = std::move(document);
}

Document ErpBooks::unlink(std::uint64_t seq) {
  Document document = std::move(*documents_[seq - 1]);
  documents_[seq - 1].reset();
  by_day_.erase({document.business_date.days, seq});
  const auto [first, last] = by_reference_.equal_range(document.reference);
  for (auto at = first; at != last; ++at) {
    if (at->second != seq) continue;
    by_reference_.erase(at);
    break;
  }
  count_stock(document, -1);
  return document;
}

void ErpBooks::count_stock(const Document& document, int sign) {
  if (!document.posted) return;
  for (const DocumentLine& line : document.lines) {
    if (line.kind != LineKind::goods) continue;
    Stock& stock = stock_[stock_key(document.shop, line.article)];
    const Wide quantity = millionths(line.quantity) * sign;
    if (document.type == DocumentType::stock_movement) {
      stock.moved += quantity;
    } else if (line.quantity.is_negative() != (document.kind == DocumentKind::void_sale)) {
      stock.returned -= quantity;  // a void takes back what its original counted as returned
    } else {
      stock.sold += quantity;
    }
  }
}

void ErpBooks::see_products(const Document& document) {
  for (const DocumentLine& line : document.lines) {
    if (line.kind != LineKind::goods || products_.contains(line.article)) continue;
    Product product{.article = line.article,
                    .name = line.article,
                    .unit = "EA",
                    .tax_code = line.tax_code,
                    .prices = {}};
    if (document.type != DocumentType::stock_movement) {
      product.prices.push_back({document.region, std::string(document.currency.code()),
                                line.unit_price, document.business_date});
    }
    products_.emplace(line.article, std::move(product));
  }
}

const Document* ErpBooks::find(std::uint64_t seq) const {
  if (seq == 0 || seq > documents_.size() || !documents_[seq - 1]) return nullptr;
  return &*documents_[seq - 1];
}

const Document* ErpBooks::find_id(std::string_view id) const {
  std::uint64_t seq = 0;
  if (id.size() < 3) return nullptr;
  const auto [end, error] = std::from_chars(id.data() + 2, id.data() + id.size(), seq);
  if (error != std::errc{} || end != id.data() + id.size()) return nullptr;
  const Document* document = find(seq);
  return document != nullptr && document->id() == id ? document : nullptr;
}

std::vector<const Document*> ErpBooks::by_reference(const std::string& reference) const {
  std::vector<const Document*> found;
  const auto [first, last] = by_reference_.equal_range(reference);
  for (auto at = first; at != last; ++at) found.push_back(find(at->second));
  std::ranges::sort(found, {}, &Document::seq);
  return found;
}

std::vector<const Document*> ErpBooks::by_day(BusinessDate date, std::uint64_t after,
                                              std::size_t limit) const {
  std::vector<const Document*> found;
  for (auto at = by_day_.upper_bound({date.days, after});
       at != by_day_.end() && at->first == date.days && found.size() < limit; ++at) {
    found.push_back(find(at->second));
  }
  return found;
}

const Product* ErpBooks::product(const std::string& article) const {
  const auto at = products_.find(article);
  return at == products_.end() ? nullptr : &at->second;
}

std::vector<ErpBooks::StockLine> ErpBooks::stock(const std::string& shop,
                                                 const std::string& article) const {
  std::vector<StockLine> lines;
  const auto add = [&](const std::string& key, const Stock& stock) {
    const std::size_t end = key.find('\0');
    StockLine line{key.substr(0, end), key.substr(end + 1), stock};
    if (!shop.empty() && line.shop != shop) return;
    if (!article.empty() && line.article != article) return;
    lines.push_back(std::move(line));
  };
  if (!shop.empty() && !article.empty()) {
    const auto at = stock_.find(stock_key(shop, article));
    if (at != stock_.end()) add(at->first, at->second);
    return lines;
  }
  for (const auto& [key, stock] : stock_) add(key, stock);
  std::ranges::sort(lines, {}, [](const StockLine& line) {
    return std::pair{std::string_view{line.shop}, std::string_view{line.article}};
  });
  return lines;
}

const std::vector<std::string>& ErpBooks::tamper_kinds() {
  static const std::vector<std::string> kinds{"delete",        "duplicate", "minor_plus",
                                              "minor_minus",   "other_day", "other_shop",
                                              "other_tax_code"};
  return kinds;
}

std::vector<std::uint64_t> ErpBooks::tamper_candidates() const {
  std::set<std::uint64_t> damaged;
  for (const Damage& damage : damages_) damaged.insert(damage.seq);
  std::vector<std::uint64_t> candidates;
  for (const auto& document : documents_) {
    if (!document || !document->posted || document->type == DocumentType::stock_movement ||
        document->lines.empty() || damaged.contains(document->seq) ||
        by_reference_.count(document->reference) != 1) {
      continue;
    }
    candidates.push_back(document->seq);
  }
  std::ranges::sort(candidates, {}, [&](std::uint64_t seq) -> const std::string& {
    return documents_[seq - 1]->reference;
  });
  return candidates;
}

Result<std::vector<ErpBooks::Tampered>> ErpBooks::tamper(const TamperOrder& order) {
  ByteWriter out;
  out.enumerator(Record::tamper);
  out.u64(order.seed);
  out.u64(order.count);
  out.u64(order.kinds.size());
  for (const std::string& kind : order.kinds) out.text(kind);
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return fail(written.error());
  return apply_tamper(order);
}

std::vector<ErpBooks::Tampered> ErpBooks::apply_tamper(const TamperOrder& order) {
  std::vector<std::uint64_t> candidates = tamper_candidates();
  Others others;
  for (const auto& document : documents_) {
    if (!document || document->type == DocumentType::stock_movement) continue;
    others.days.insert(document->business_date);
    others.shops.insert(document->shop);
    for (const DocumentLine& line : document->lines) others.tax_codes.insert(line.tax_code);
  }
  runtime::Random random(order.seed);
  std::vector<Tampered> done;
  for (std::size_t i = 0; i < order.count && !candidates.empty(); ++i) {
    const auto at =
        candidates.begin() + static_cast<std::ptrdiff_t>(random.below(candidates.size()));
    const std::uint64_t seq = *at;
    candidates.erase(at);
    const std::string& kind = order.kinds[i % order.kinds.size()];
    if (kind == "duplicate") {
      Document copy = *documents_[seq - 1];
      copy.seq = documents_.size() + 1;
      done.push_back({kind, copy.id(), copy.reference});
      damages_.push_back({copy.seq, std::nullopt});
      link(std::move(copy));
      continue;
    }
    Document original = unlink(seq);
    done.push_back({kind, original.id(), original.reference});
    damages_.push_back({seq, original});
    if (kind == "delete") continue;
    damage(original, kind, others, random);
    link(std::move(original));
  }
  return done;
}

Result<std::size_t> ErpBooks::untamper() {
  ByteWriter out;
  out.enumerator(Record::untamper);
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return fail(written.error());
  return apply_untamper();
}

std::size_t ErpBooks::apply_untamper() {
  const std::size_t count = damages_.size();
  for (Damage& damage : damages_) {
    if (documents_[damage.seq - 1]) unlink(damage.seq);
    if (damage.original) link(std::move(*damage.original));
  }
  damages_.clear();
  return count;
}

}  // namespace crossfoot::sandbox
