#include "observe/day_book.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "base/codec.h"
#include "contract/error_codes.h"

namespace crossfoot::observe {

namespace {

using connector::BookItem;

/// Most entries are read in one go with the size in front of them.
constexpr std::size_t usual_bytes = 1024;
constexpr std::size_t size_bytes = 4;

void write(ByteWriter& out, const std::optional<Money>& amount) {
  out.boolean(amount.has_value());
  if (!amount) return;
  out.i64(amount->minor);
  out.text(amount->currency.code());
}
void write(ByteWriter& out, const std::optional<Points>& points) {
  out.boolean(points.has_value());
  if (points) out.i64(points->count);
}
void write(ByteWriter& out, const std::optional<BusinessDate>& date) {
  out.boolean(date.has_value());
  if (date) out.i64(date->days);
}

std::optional<Money> read_money(ByteReader& in) {
  if (!in.boolean()) return std::nullopt;
  const std::int64_t minor = in.i64();
  return Money{minor, find_currency(in.view()).value_or(Currency{})};
}
std::optional<Points> read_points(ByteReader& in) {
  if (!in.boolean()) return std::nullopt;
  return Points{in.i64()};
}
std::optional<BusinessDate> read_date(ByteReader& in) {
  if (!in.boolean()) return std::nullopt;
  return BusinessDate{static_cast<std::int32_t>(in.i64())};
}

std::string encode(const BookItem& item) {
  ByteWriter out;
  for (const std::string* text :
       {&item.id, &item.reference, &item.original_reference, &item.type, &item.kind, &item.shop,
        &item.currency, &item.exact_net, &item.member, &item.problem}) {
    out.text(*text);
  }
  write(out, item.business_date);
  write(out, item.net);
  write(out, item.tax);
  write(out, item.gross);
  write(out, item.points);
  out.u64(item.lines.size());
  for (const connector::BookLine& line : item.lines) {
    out.u64(line.line);
    out.text(line.article);
    out.text(line.quantity);
    write(out, line.amount);
    out.text(line.tax_code);
    write(out, line.tax);
    write(out, line.points);
  }
  out.u64(item.taxes.size());
  for (const connector::BookTax& tax : item.taxes) {
    out.text(tax.tax_code);
    write(out, tax.net);
    write(out, tax.tax);
  }
  out.u64(item.tenders.size());
  for (const connector::BookTender& tender : item.tenders) {
    out.text(tender.kind);
    write(out, tender.amount);
  }
  out.boolean(item.keeps_tenders);
  return out.take();
}

std::optional<BookItem> decode(std::string_view bytes) {
  ByteReader in(bytes);
  BookItem item;
  for (std::string* text :
       {&item.id, &item.reference, &item.original_reference, &item.type, &item.kind, &item.shop,
        &item.currency, &item.exact_net, &item.member, &item.problem}) {
    *text = in.text();
  }
  item.business_date = read_date(in);
  item.net = read_money(in);
  item.tax = read_money(in);
  item.gross = read_money(in);
  item.points = read_points(in);
  item.lines.resize(in.count());
  for (connector::BookLine& line : item.lines) {
    line.line = static_cast<std::uint32_t>(in.u64());
    line.article = in.text();
    line.quantity = in.text();
    line.amount = read_money(in);
    line.tax_code = in.text();
    line.tax = read_money(in);
    line.points = read_points(in);
  }
  item.taxes.resize(in.count());
  for (connector::BookTax& tax : item.taxes) {
    tax.tax_code = in.text();
    tax.net = read_money(in);
    tax.tax = read_money(in);
  }
  item.tenders.resize(in.count());
  for (connector::BookTender& tender : item.tenders) {
    tender.kind = in.text();
    tender.amount = read_money(in);
  }
  item.keeps_tenders = in.boolean();
  if (in.failed() || !in.at_end()) return std::nullopt;
  return item;
}

std::uint64_t hash_of(std::string_view reference) {
  return std::hash<std::string_view>{}(reference);
}

}  // namespace

Status DayBook::add(const BookItem& item) {
  if (!file_) {
    auto made = runtime::ScratchFile::make();
    if (!made) return fail(std::move(made.error()));
    file_.emplace(std::move(*made));
  }
  const std::string bytes = encode(item);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  char head[size_bytes];
  std::memcpy(head, &size, size_bytes);
  const auto from = file_->append(std::string(head, size_bytes) + bytes);
  if (!from) return fail(from.error());
  entries_.push_back({hash_of(item.reference), *from & ~(std::uint64_t{1} << 63U), 0});
  sorted_ = false;
  return {};
}

Result<std::vector<BookItem>> DayBook::find(const std::vector<std::string_view>& references) {
  sort();
  std::vector<std::string_view> wanted = references;
  std::ranges::sort(wanted);
  wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());
  std::vector<BookItem> found;
  for (const std::string_view reference : wanted) {
    if (reference.empty()) continue;
    const auto same = std::ranges::equal_range(entries_, hash_of(reference), {}, &Entry::hash);
    for (Entry& entry : same) {
      auto item = load(entry);
      if (!item) return fail(std::move(item.error()));
      if (item->reference != reference) continue;
      entry.is_met = 1;
      found.push_back(std::move(*item));
    }
  }
  return found;
}

Result<std::vector<BookItem>> DayBook::left_over(std::size_t& at, std::size_t limit) {
  sort();
  std::vector<BookItem> left;
  for (; at < entries_.size() && left.size() < limit; ++at) {
    if (entries_[at].is_met != 0) continue;
    auto item = load(entries_[at]);
    if (!item) return fail(std::move(item.error()));
    left.push_back(std::move(*item));
  }
  return left;
}

Result<BookItem> DayBook::load(const Entry& entry) {
  const std::uint64_t from = entry.from;
  auto bytes = file_->read(from, std::min<std::uint64_t>(usual_bytes, file_->size() - from));
  if (!bytes) return fail(std::move(bytes.error()));
  std::uint32_t size = 0;
  std::memcpy(&size, bytes->data(), size_bytes);
  if (size_bytes + size > bytes->size()) {
    bytes = file_->read(from, size_bytes + size);
    if (!bytes) return fail(std::move(bytes.error()));
  }
  auto item = decode(std::string_view(*bytes).substr(size_bytes, size));
  if (item) return std::move(*item);
  return fail({.code = std::string(contract::error_code::file_failed),
               .fault_class = FaultClass::transient,
               .where = "reconciliation",
               .cause = "a temporary file does not hold what was written to it"});
}

void DayBook::sort() {
  if (std::exchange(sorted_, true)) return;
  // By place among equals: the target's own order decides which of several comes first.
  std::ranges::sort(entries_, [](const Entry& a, const Entry& b) {
    return std::pair{a.hash, std::uint64_t{a.from}} < std::pair{b.hash, std::uint64_t{b.from}};
  });
}

}  // namespace crossfoot::observe
