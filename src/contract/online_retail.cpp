#include "contract/online_retail.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>
#include <tuple>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "contract/utf8.h"

namespace crossfoot::contract {

namespace {

constexpr std::array<std::string_view, 8> header = {"InvoiceNo",  "StockCode",   "Description",
                                                    "Quantity",   "InvoiceDate", "UnitPrice",
                                                    "CustomerID", "Country"};
enum Column : std::size_t {
  invoice_no,
  stock_code,
  description,
  quantity,
  invoice_date,
  unit_price,
  customer_id,
  country,
};

constexpr std::size_t text_characters_max = 128;
constexpr std::size_t description_characters_max = 512;
constexpr std::int64_t quantity_max = 1'000'000;
const Decimal unit_price_max{1'000'000, 0};
/// A transaction's limits (transaction_json.h), kept here row by row.
constexpr std::uint32_t document_lines_max = 20'000;
constexpr std::int64_t document_minor_max = 1'000'000'000'000'000;

struct CountryName {
  std::string_view name;
  std::string_view region;
};

/// `Channel Islands` are two territories, `European Community` and `Unspecified` none: no region.
constexpr std::array<CountryName, 36> countries = {{
    {"Australia", "AU"},
    {"Austria", "AT"},
    {"Bahrain", "BH"},
    {"Belgium", "BE"},
    {"Brazil", "BR"},
    {"Canada", "CA"},
    {"Cyprus", "CY"},
    {"Czech Republic", "CZ"},
    {"Denmark", "DK"},
    {"EIRE", "IE"},
    {"Finland", "FI"},
    {"France", "FR"},
    {"Germany", "DE"},
    {"Greece", "GR"},
    {"Hong Kong", "HK"},
    {"Iceland", "IS"},
    {"Israel", "IL"},
    {"Italy", "IT"},
    {"Japan", "JP"},
    {"Lebanon", "LB"},
    {"Lithuania", "LT"},
    {"Malta", "MT"},
    {"Netherlands", "NL"},
    {"Norway", "NO"},
    {"Poland", "PL"},
    {"Portugal", "PT"},
    {"RSA", "ZA"},
    {"Saudi Arabia", "SA"},
    {"Singapore", "SG"},
    {"Spain", "ES"},
    {"Sweden", "SE"},
    {"Switzerland", "CH"},
    {"USA", "US"},
    {"United Arab Emirates", "AE"},
    {"United Kingdom", "GB"},
    {"United States", "US"},
}};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_key_text(std::string_view text) {
  return !text.empty() && utf8_length(text) <= text_characters_max;
}

std::optional<std::int64_t> parse_quantity(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value == 0 || value > quantity_max || value < -quantity_max) return std::nullopt;
  return value;
}

std::optional<Decimal> parse_price(std::string_view text) {
  const auto value = parse_decimal(text);
  if (!value) return std::nullopt;
  const Decimal magnitude{value->is_negative() ? -value->units : value->units, value->scale};
  if (magnitude > unit_price_max) return std::nullopt;
  return value;
}

/// `YYYY-MM-DD HH:MM[:SS]` without a zone.
std::optional<std::chrono::local_seconds> parse_local(std::string_view text) {
  if (text.size() == 16) return parse_local(std::string(text) + ":00");
  if (text.size() != 19 || text[10] != ' ') return std::nullopt;
  const auto at = parse_instant(std::string(text) + "Z");
  if (!at) return std::nullopt;
  return std::chrono::local_seconds{std::chrono::seconds{at->micros / 1'000'000}};
}

/// Customer numbers that passed through a spreadsheet come as `17850.0`.
std::string_view customer_number(std::string_view text) {
  if (text.ends_with(".0")) text.remove_suffix(2);
  return text;
}

}  // namespace

std::string fold_code(std::string_view code) {
  std::string folded(code);
  for (char& c : folded) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return folded;
}

LineKind online_retail_line_kind(std::string_view folded) {
  if (folded.starts_with("GIFT_")) return LineKind::voucher;
  if (folded == "POST" || folded == "DOT" || folded == "C2") return LineKind::shipping;
  if (folded == "D" || folded == "M" || folded == "S") return LineKind::manual;
  if (folded == "AMAZONFEE" || folded == "BANK CHARGES" || folded == "CRUK" || folded == "B") {
    return LineKind::fee;
  }
  return LineKind::goods;
}

std::string_view online_retail_region(std::string_view name) {
  const auto* found = std::ranges::find(countries, name, &CountryName::name);
  return found == countries.end() ? std::string_view{} : found->region;
}

std::uint32_t OnlineRetailReader::Pool::add(std::string_view text) {
  const auto found = index_.find(text);
  if (found != index_.end()) return found->second;
  const auto index = static_cast<std::uint32_t>(texts_.size());
  index_.emplace(texts_.emplace_back(text), index);
  return index;
}

OnlineRetailReader::OnlineRetailReader(OnlineRetailOptions options)
    : options_(std::move(options)), currency_(*find_currency("GBP")) {
  INVARIANT(options_.to_utc, "the zone conversion is injected");
}

void OnlineRetailReader::begin_file() {
  header_seen_ = false;
  header_good_ = true;
  csv_ = std::make_unique<CsvReader>(
      [this](std::span<const std::string_view> fields, std::int64_t line) { on_row(fields, line); },
      [this](std::string_view reason, std::int64_t line) {
        refuse(error_code::bad_csv, reason, line);
        if (header_seen_) {
          ++source_row_;
        } else {
          header_seen_ = true;
          header_good_ = false;
        }
      });
}

void OnlineRetailReader::feed(std::string_view bytes) {
  INVARIANT(csv_ != nullptr, "bytes come between begin_file and end_file");
  if (header_good_) csv_->feed(bytes);
}

void OnlineRetailReader::end_file() {
  INVARIANT(csv_ != nullptr, "end_file follows begin_file");
  if (header_good_) csv_->finish();
  if (!header_seen_) refuse(error_code::wrong_columns, "the file has no header", 1);
  csv_.reset();
  ++file_;
}

void OnlineRetailReader::refuse(std::string_view code, std::string_view reason, std::int64_t line) {
  ++refused_count_;
  if (refused_.size() >= refused_listed_max) return;
  refused_.push_back({file_, line, std::string(code), std::string(reason)});
}

void OnlineRetailReader::on_row(std::span<const std::string_view> fields, std::int64_t line) {
  if (!header_seen_) {
    header_seen_ = true;
    header_good_ = std::ranges::equal(fields, header);
    if (!header_good_) {
      refuse(error_code::wrong_columns, "the header is not the one of Online Retail", line);
    }
    return;
  }
  if (!header_good_) return;
  ++source_row_;
  if (fields.size() != header.size()) {
    refuse(error_code::wrong_columns, "expected 8 fields, found " + std::to_string(fields.size()),
           line);
    return;
  }
  const auto bad = [&](std::string_view reason) {
    refuse(error_code::bad_row_value, reason, line);
  };
  if (!is_key_text(fields[invoice_no])) return bad("InvoiceNo is empty or too long");
  if (!is_key_text(fields[stock_code])) return bad("StockCode is empty or too long");
  const std::string_view text = trimmed(fields[description]);
  if (utf8_length(text) > description_characters_max) return bad("Description is too long");
  const auto units = parse_quantity(fields[quantity]);
  if (!units) return bad("Quantity is not a whole number other than zero");
  const auto at = parse_local(fields[invoice_date]);
  if (!at) return bad("InvoiceDate is not a time");
  const auto price = parse_price(fields[unit_price]);
  if (!price) return bad("UnitPrice is not a decimal");
  const std::string_view customer = customer_number(fields[customer_id]);
  if (utf8_length(customer) > text_characters_max) return bad("CustomerID is too long");
  const std::uint32_t invoice = invoices_.add(fields[invoice_no]);
  if (!count_in(invoice, *units, *price)) return bad("the invoice is over the limits");
  rows_.push_back({.source_row = source_row_,
                   .quantity = *units,
                   .unit_price = *price,
                   .at = *at,
                   .invoice = invoice,
                   .code = codes_.add(fields[stock_code]),
                   .description = descriptions_.add(text),
                   .customer = customers_.add(customer),
                   .country = countries_.add(fields[country])});
}

/// False when the row would carry its invoice over the limits of a transaction.
bool OnlineRetailReader::count_in(std::uint32_t invoice, std::int64_t units, const Decimal& price) {
  if (invoice == sizes_.size()) sizes_.emplace_back();
  Size& size = sizes_[invoice];
  const auto amount = multiply_round({units, 0}, price, currency_.exponent(), Rounding::half_up);
  INVARIANT(amount, "the limits of quantity and price keep the product in range");
  const std::int64_t minor = size.minor + (*amount < 0 ? -*amount : *amount);
  if (size.lines == document_lines_max || minor > document_minor_max) return false;
  ++size.lines;
  size.minor = minor;
  return true;
}

void OnlineRetailReader::group() {
  // A counting sort keeps the rows of an invoice in file order.
  group_start_.assign(invoices_.size() + 1, 0);
  for (const Row& row : rows_) ++group_start_[row.invoice + 1];
  std::partial_sum(group_start_.begin(), group_start_.end(), group_start_.begin());
  std::vector<std::uint32_t> next(group_start_.begin(), group_start_.end() - 1);
  order_.resize(rows_.size());
  for (std::uint32_t i = 0; i < rows_.size(); ++i) order_[next[rows_[i].invoice]++] = i;
}

std::span<const std::uint32_t> OnlineRetailReader::rows_of(std::size_t index) const {
  INVARIANT(index + 1 < group_start_.size(), "documents are asked for after group()");
  return std::span(order_).subspan(group_start_[index],
                                   group_start_[index + 1] - group_start_[index]);
}

OnlineRetailKind OnlineRetailReader::classify(std::size_t index) const {
  const auto rows = rows_of(index);
  const auto all = [&](auto&& holds) {
    return std::ranges::all_of(rows, [&](std::uint32_t i) { return holds(rows_[i]); });
  };
  const Row& first = rows_[rows.front()];
  const char letter = fold_code(invoices_[first.invoice].substr(0, 1)).front();
  if (letter == 'A') return OnlineRetailKind::accounting_adjustment;
  const bool one_customer = all([&](const Row& row) {
    return row.customer == first.customer && row.country == first.country;
  });
  const bool no_negative_price = all([](const Row& row) { return !row.unit_price.is_negative(); });
  const bool sane = one_customer && no_negative_price;
  if (letter == 'C') {
    const bool out = all([](const Row& row) { return row.quantity < 0; });
    return sane && out ? OnlineRetailKind::return_goods : OnlineRetailKind::odd;
  }
  const bool free = all([](const Row& row) { return row.unit_price.is_zero(); });
  const bool nobody = all([&](const Row& row) { return customers_[row.customer].empty(); });
  if (free && nobody) return OnlineRetailKind::stock_adjustment;
  const bool in = all([](const Row& row) { return row.quantity > 0; });
  return sane && in ? OnlineRetailKind::sale : OnlineRetailKind::odd;
}

OnlineRetailHead OnlineRetailReader::head(std::size_t index) const {
  const auto rows = rows_of(index);
  const Row& first = rows_[rows.front()];
  OnlineRetailHead head{.kind = classify(index),
                        .invoice = invoices_[first.invoice],
                        .occurred_at = first.at,
                        .first_row = first.source_row,
                        .rows = rows.size(),
                        .has_member = !customers_[first.customer].empty()};
  for (const std::uint32_t i : rows) head.occurred_at = std::min(head.occurred_at, rows_[i].at);
  return head;
}

Line OnlineRetailReader::make_line(const Row& row, OnlineRetailKind kind,
                                   std::uint32_t number) const {
  const bool is_return = kind == OnlineRetailKind::return_goods;
  Line line;
  line.number = number;
  line.action = is_return ? LineAction::returned : LineAction::sold;
  line.article = codes_[row.code];
  line.kind = online_retail_line_kind(fold_code(line.article));
  line.description = descriptions_[row.description];
  line.quantity = {is_return ? -row.quantity : row.quantity, 0};
  line.unit = "EA";
  line.unit_price = row.unit_price;
  const auto amount =
      multiply_round(line.quantity, line.unit_price, currency_.exponent(), Rounding::half_up);
  INVARIANT(amount, "the limits of quantity and price keep the product in range");
  line.amount = {*amount, currency_};
  line.discount = {0, currency_};
  line.source_row = row.source_row;
  return line;
}

std::size_t OnlineRetailReader::count_repeats(std::span<const std::uint32_t> rows) const {
  const auto content = [this](std::uint32_t i) {
    const Row& row = rows_[i];
    return std::tuple(row.code, row.description, row.quantity, row.unit_price.units,
                      row.unit_price.scale, row.at, row.customer, row.country);
  };
  std::vector<std::uint32_t> sorted(rows.begin(), rows.end());
  std::ranges::sort(sorted, {}, content);
  std::size_t repeats = 0;
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (content(sorted[i]) == content(sorted[i - 1])) ++repeats;
  }
  return repeats;
}

OnlineRetailDocument OnlineRetailReader::document(std::size_t index) const {
  const auto rows = rows_of(index);
  const OnlineRetailHead summary = head(index);
  OnlineRetailDocument document{.kind = summary.kind, .repeated_lines = count_repeats(rows)};
  Transaction& t = document.transaction;
  switch (summary.kind) {
    case OnlineRetailKind::sale:
      t.kind = TransactionKind::sale;
      break;
    case OnlineRetailKind::return_goods:
      t.kind = TransactionKind::return_goods;
      break;
    case OnlineRetailKind::stock_adjustment:
      t.kind = TransactionKind::stock_adjustment;
      break;
    case OnlineRetailKind::accounting_adjustment:
      t.kind = TransactionKind::accounting_adjustment;
      document.park_code = error_code::accounting_adjustment;
      break;
    case OnlineRetailKind::odd:
      // The one kind whose quantities and prices may have any sign, and that posts nothing.
      t.kind = TransactionKind::accounting_adjustment;
      document.park_code = error_code::odd_document;
      break;
  }
  const Row& first = rows_[rows.front()];
  t.channel = Channel::file;
  t.key = {.form = NaturalKey::Form::channel_id,
           .tenant = options_.tenant,
           .channel = Channel::file,
           .external_id = std::string(summary.invoice)};
  t.shop = options_.shop;
  t.region = online_retail_region(countries_[first.country]);
  t.business_date = {static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(summary.occurred_at).time_since_epoch().count())};
  t.occurred_at = options_.to_utc(summary.occurred_at);
  t.currency = currency_;
  t.tax_mode = TaxMode::not_in_source;
  t.member = customers_[first.customer];
  t.source_format = "online-retail";
  Money sum{0, currency_};
  t.lines.reserve(rows.size());
  for (const std::uint32_t i : rows) {
    const auto number = static_cast<std::uint32_t>(t.lines.size() + 1);
    t.lines.push_back(make_line(rows_[i], summary.kind, number));
    sum += t.lines.back().amount;
  }
  if (sum.minor > 0) t.tenders.push_back({TenderKind::on_account, sum});
  return document;
}

}  // namespace crossfoot::contract
