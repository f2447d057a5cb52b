#include "contract/transaction_json.h"

#include <fmt/format.h>

#include <utility>

#include "contract/json_object.h"
#include "contract/words.h"

namespace crossfoot::contract {

namespace {

using fields::OfDiscount;
using fields::OfLine;
using fields::OfOriginal;
using fields::OfTender;
using fields::OfTotals;
using fields::Top;

constexpr std::uint64_t contract_version = 1;
constexpr std::uint8_t quantity_places_max = 6;
/// Sums of a transaction stay below this, so that 64-bit sums over many transactions are exact.
constexpr std::int64_t sum_minor_max = 1'000'000'000'000'000;
const Decimal tax_rate_max{10, 0};

bool is_region(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto upper_or_digit = [&](char c) { return upper(c) || (c >= '0' && c <= '9'); };
  if (text.size() < 2 || !upper(text[0]) || !upper(text[1])) return false;
  if (text.size() == 2) return true;
  text.remove_prefix(2);
  return text.size() >= 2 && text.size() <= 4 && text[0] == '-' &&
         std::ranges::all_of(text.substr(1), upper_or_digit);
}

/// One transaction, read in an order that does not depend on the order of the fields.
class TransactionReader {
 public:
  explicit TransactionReader(Findings& findings) : findings_(findings) {}

  Transaction read(simdjson::dom::object object) {
    const Path root;
    const ObjectReader<Top> top(findings_, root, object);
    read_version(top);
    read_head(top);
    read_identity(top);
    read_original(top);
    if (!findings_.full()) read_lines(top);
    read_discounts(top);
    read_tenders(top);
    read_totals(top);
    return std::move(transaction_);
  }

 private:
  void read_version(const ObjectReader<Top>& top) {
    if (!top.has(Top::version)) return;
    std::uint64_t version = contract_version;
    top.at(Top::version).integer(version, 0, UINT64_MAX);
    if (version != contract_version) {
      findings_.fault(error_code::unsupported_version, top.at(Top::version).path(),
                      fmt::format("this server reads version {}", contract_version));
    }
  }

  void read_head(const ObjectReader<Top>& top) {
    Transaction& t = transaction_;
    top.at(Top::kind).required().word(t.kind, words::transaction_kind);
    top.at(Top::channel).required().word(t.channel, words::channel);
    top.at(Top::shop).required().text(t.shop);
    if (const auto date = top.at(Top::business_date).required().date()) t.business_date = *date;
    if (const auto at = top.at(Top::occurred_at).required().instant()) t.occurred_at = *at;
    std::uint64_t revision = 0;
    top.at(Top::revision).integer(revision, 0, UINT32_MAX);
    t.revision = static_cast<std::uint32_t>(revision);
    read_currency(top.at(Top::currency).required());
    top.at(Top::tax_mode).required().word(t.tax_mode, words::tax_mode);
    top.at(Top::region).text(t.region);
    if (!t.region.empty() && !is_region(t.region)) {
      findings_.fault(error_code::invalid_format, top.at(Top::region).path(),
                      "expected an ISO 3166 code such as \"DE\" or \"US-CA\"");
    }
    top.at(Top::member).text(t.member);
    top.at(Top::source_format).text(t.source_format);
  }

  void read_currency(Value value) {
    const auto code = value.characters();
    if (!code) return;
    currency_ = find_currency(*code);
    if (currency_) {
      transaction_.currency = *currency_;
    } else {
      findings_.fault(error_code::unknown_currency, value.path(),
                      "expected an ISO 4217 code such as \"EUR\"");
    }
  }

  void read_identity(const ObjectReader<Top>& top) {
    NaturalKey& key = transaction_.key;
    key.tenant = "default";
    top.at(Top::tenant).text(key.tenant);
    read_form(top, Top::register_name, Top::register_epoch, Top::sequence, Top::external_id, key);
    if (key.form == NaturalKey::Form::till) {
      key.shop = transaction_.shop;
      key.business_date = transaction_.business_date;
    } else {
      key.channel = transaction_.channel;
    }
  }

  /// The fields that decide which form of identity an object has, the same in both kinds of object.
  template <class Field>
  void read_form(const ObjectReader<Field>& object, Field register_name, Field register_epoch,
                 Field sequence, Field external_id, NaturalKey& key) {
    const bool till =
        object.has(register_name) || object.has(register_epoch) || object.has(sequence);
    if (till == object.has(external_id)) {
      findings_.fault(error_code::missing_identity, object.path(),
                      till ? "state register and sequence, or external_id, not both"
                           : "state register and sequence, or external_id");
      return;
    }
    if (!till) {
      key.form = NaturalKey::Form::channel_id;
      object.at(external_id).text(key.external_id);
      return;
    }
    key.form = NaturalKey::Form::till;
    object.at(register_name).required(error_code::missing_identity).text(key.register_name);
    object.at(sequence).required(error_code::missing_identity).text(key.sequence);
    std::uint64_t epoch = 0;
    object.at(register_epoch).integer(epoch, 0, UINT32_MAX);
    key.register_epoch = static_cast<std::uint32_t>(epoch);
  }

  NaturalKey read_key(const ObjectReader<OfOriginal>& object) {
    NaturalKey key;
    key.tenant = transaction_.key.tenant;
    read_form(object, OfOriginal::register_name, OfOriginal::register_epoch, OfOriginal::sequence,
              OfOriginal::external_id, key);
    const auto needed = error_code::missing_identity;
    if (key.form == NaturalKey::Form::till) {
      object.at(OfOriginal::shop).required(needed).text(key.shop);
      const auto date = object.at(OfOriginal::business_date).required(needed).date();
      if (date) key.business_date = *date;
    } else {
      object.at(OfOriginal::channel).required(needed).word(key.channel, words::channel);
    }
    return key;
  }

  void read_original(const ObjectReader<Top>& top) {
    Value value = top.at(Top::original);
    if (transaction_.kind == TransactionKind::void_sale) value.required();
    const auto object = value.object();
    if (!object) return;
    const ObjectReader<OfOriginal> reader(findings_, value.path(), *object);
    if (reader.has(OfOriginal::line)) {
      findings_.fault(error_code::contradiction, reader.at(OfOriginal::line).path(),
                      "the original of the whole transaction has no line");
    }
    transaction_.original = read_key(reader);
  }

  void read_lines(const ObjectReader<Top>& top) {
    Value value = top.at(Top::lines);
    const bool needed = transaction_.kind != TransactionKind::void_sale;
    if (needed) value.required();
    const auto array = value.array(findings_.policy().limits.lines_max);
    if (!array) return;
    const std::size_t count = array->size();
    if (needed && count == 0) {
      findings_.fault(error_code::required_field, value.path(), "at least one line is needed");
    }
    transaction_.lines.reserve(count);
    std::size_t index = 0;
    for (const auto element : *array) {
      const Path path = value.path().element(index++);
      if (const auto object = Value(findings_, path, element).object()) read_line(path, *object);
      if (findings_.full()) return;
    }
    check_numbers(value.path());
    check_sum(value.path(), transaction_.lines);
  }

  void read_line(const Path& path, simdjson::dom::object object) {
    const ObjectReader<OfLine> reader(findings_, path, object);
    Line& line = transaction_.lines.emplace_back();
    std::uint64_t number = 0;
    reader.at(OfLine::line).required().integer(number, 1, findings_.policy().limits.lines_max);
    line.number = static_cast<std::uint32_t>(number);
    read_action(reader, line);
    reader.at(OfLine::kind).word(line.kind, words::line_kind);
    reader.at(OfLine::article).required().text(line.article);
    reader.at(OfLine::description)
        .text(line.description, findings_.policy().limits.description_characters_max);
    line.unit = "EA";
    reader.at(OfLine::unit).text(line.unit);
    reader.at(OfLine::measured).boolean(line.measured);
    reader.at(OfLine::tax_code).text(line.tax_code);
    read_tax_rate(reader.at(OfLine::tax_rate), line);
    read_amounts(reader, line);
    read_line_original(reader, line);
    std::uint64_t row = 0;
    reader.at(OfLine::source_row).integer(row, 0, INT64_MAX);
    line.source_row = static_cast<std::int64_t>(row);
  }

  void read_action(const ObjectReader<OfLine>& reader, Line& line) {
    const TransactionKind kind = transaction_.kind;
    const bool is_return = kind == TransactionKind::return_goods;
    line.action = is_return ? LineAction::returned : LineAction::sold;
    const LineAction implied = line.action;
    Value value = reader.at(OfLine::action);
    if (kind == TransactionKind::exchange) value.required();
    value.word(line.action, words::line_action);
    if ((is_return || kind == TransactionKind::sale) && line.action != implied) {
      findings_.fault(error_code::contradiction, value.path(),
                      "a sale has sold lines only and a return returned ones; this is an exchange");
    }
  }

  void read_tax_rate(Value value, Line& line) {
    line.tax_rate = value.decimal();
    if (line.tax_rate && (line.tax_rate->is_negative() || *line.tax_rate > tax_rate_max)) {
      findings_.fault(error_code::out_of_range, value.path(),
                      "expected a rate such as \"0.19\", from 0 to 10");
    }
  }

  void read_amounts(const ObjectReader<OfLine>& reader, Line& line) {
    Value quantity_value = reader.at(OfLine::quantity);
    Value price_value = reader.at(OfLine::unit_price);
    Value amount_value = reader.at(OfLine::amount);
    Value discount_value = reader.at(OfLine::discount);
    const auto quantity = quantity_value.required().decimal();
    const auto price = price_value.required().decimal();
    const auto stated = amount_value.money(currency_);
    const auto discount = discount_value.money(currency_);
    if (quantity) check_quantity(*quantity, quantity_value.path());
    if (price) not_negative(price->is_negative() && !money_may_be_negative(), price_value.path());
    if (stated) not_negative(stated->minor < 0 && !signed_quantity(), amount_value.path());
    if (discount) not_negative(discount->minor < 0, discount_value.path());
    if (!quantity || !price || !currency_) return;
    line.quantity = *quantity;
    line.unit_price = *price;
    line.discount = discount.value_or(Money{0, *currency_});
    const auto exact = multiply_round(*quantity, *price, currency_->exponent(), Rounding::half_up);
    const bool fits = exact && *exact <= sum_minor_max && *exact >= -sum_minor_max;
    if (!fits) {
      findings_.fault(error_code::out_of_range, price_value.path(),
                      "quantity times unit price is beyond the limit of amounts");
    }
    line.amount = stated.value_or(Money{fits ? *exact : 0, *currency_});
  }

  [[nodiscard]] bool money_may_be_negative() const {
    return transaction_.kind == TransactionKind::accounting_adjustment;
  }
  [[nodiscard]] bool signed_quantity() const {
    return transaction_.kind == TransactionKind::stock_adjustment || money_may_be_negative();
  }

  void check_quantity(const Decimal& quantity, const Path& path) {
    if (quantity.is_zero() || (quantity.is_negative() && !signed_quantity())) {
      findings_.fault(error_code::out_of_range, path,
                      signed_quantity() ? "a quantity is not zero" : "a quantity is above zero");
    } else if (quantity.scale > quantity_places_max &&
               quantity.normalised().scale > quantity_places_max) {
      findings_.fault(error_code::out_of_range, path, "a quantity has at most 6 decimal places");
    }
  }

  void not_negative(bool negative, const Path& path) {
    if (negative) findings_.fault(error_code::out_of_range, path, "below zero is not possible");
  }

  void read_line_original(const ObjectReader<OfLine>& reader, Line& line) {
    Value value = reader.at(OfLine::original);
    const auto object = value.object();
    if (!object) return;
    const ObjectReader<OfOriginal> original(findings_, value.path(), *object);
    std::uint64_t number = 0;
    original.at(OfOriginal::line)
        .required()
        .integer(number, 1, findings_.policy().limits.lines_max);
    OriginalLine& into = line.original.emplace();
    into.line = static_cast<std::uint32_t>(number);
    // With an original on the transaction, a line needs to add only the number of the sold line.
    const bool names_key =
        original.has(OfOriginal::shop) || original.has(OfOriginal::channel) ||
        original.has(OfOriginal::register_name) || original.has(OfOriginal::register_epoch) ||
        original.has(OfOriginal::sequence) || original.has(OfOriginal::external_id) ||
        original.has(OfOriginal::business_date);
    if (!names_key && transaction_.original) {
      into.key = *transaction_.original;
    } else {
      into.key = read_key(original);
    }
  }

  void check_numbers(const Path& lines_path) {
    const auto& lines = transaction_.lines;
    bool rising = true;
    for (std::size_t i = 1; i < lines.size() && rising; ++i) {
      rising = lines[i].number > lines[i - 1].number;
    }
    if (rising) return;
    std::vector<bool> taken(findings_.policy().limits.lines_max + 1);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].number != 0 && taken[lines[i].number]) {
        const Path line_path = lines_path.element(i);
        findings_.fault(error_code::contradiction, line_path.field("line"),
                        "the number is used by an earlier line");
      }
      taken[lines[i].number] = true;
    }
  }

  template <class Entry>
  void check_sum(const Path& path, const std::vector<Entry>& entries) {
    std::int64_t sum = 0;
    for (const Entry& entry : entries) {
      sum += entry.amount.minor < 0 ? -entry.amount.minor : entry.amount.minor;
      if (sum <= sum_minor_max) continue;
      findings_.fault(error_code::out_of_range, path, "the sum is beyond the limit of amounts");
      return;
    }
  }

  /// A discount or tender of nothing says nothing, so the canonical form does not keep it.
  void read_discounts(const ObjectReader<Top>& top) {
    Value value = top.at(Top::discounts);
    const auto array = value.array(findings_.policy().limits.discounts_max);
    if (!array) return;
    std::size_t index = 0;
    for (const auto element : *array) {
      if (findings_.full()) return;
      const Path path = value.path().element(index++);
      const auto object = Value(findings_, path, element).object();
      if (!object) continue;
      const ObjectReader<OfDiscount> reader(findings_, path, *object);
      Discount discount;
      reader.at(OfDiscount::reason).text(discount.reason);
      if (read_positive(reader.at(OfDiscount::amount), discount.amount)) {
        transaction_.discounts.push_back(std::move(discount));
      }
    }
    check_sum(value.path(), transaction_.discounts);
  }

  void read_tenders(const ObjectReader<Top>& top) {
    Value value = top.at(Top::tenders);
    const auto array = value.array(findings_.policy().limits.tenders_max);
    if (!array) return;
    std::size_t index = 0;
    for (const auto element : *array) {
      if (findings_.full()) return;
      const Path path = value.path().element(index++);
      const auto object = Value(findings_, path, element).object();
      if (!object) continue;
      const ObjectReader<OfTender> reader(findings_, path, *object);
      Tender tender;
      reader.at(OfTender::kind).required().word(tender.kind, words::tender_kind);
      if (read_positive(reader.at(OfTender::amount), tender.amount)) {
        transaction_.tenders.push_back(tender);
      }
    }
    check_sum(value.path(), transaction_.tenders);
  }

  bool read_positive(Value value, Money& into) {
    const auto amount = value.required().money(currency_);
    if (!amount) return false;
    not_negative(amount->minor < 0, value.path());
    into = *amount;
    return amount->minor > 0;
  }

  void read_totals(const ObjectReader<Top>& top) {
    Value value = top.at(Top::totals);
    const auto object = value.object();
    if (!object) return;
    const ObjectReader<OfTotals> reader(findings_, value.path(), *object);
    transaction_.totals.net = reader.at(OfTotals::net).money(currency_);
    transaction_.totals.tax = reader.at(OfTotals::tax).money(currency_);
    transaction_.totals.gross = reader.at(OfTotals::gross).money(currency_);
  }

  Findings& findings_;
  Transaction transaction_;
  std::optional<Currency> currency_;
};

}  // namespace

struct TransactionParser::Buffers {
  simdjson::dom::parser parser;
};

TransactionParser::TransactionParser() : buffers_(std::make_unique<Buffers>()) {}
TransactionParser::~TransactionParser() = default;
TransactionParser::TransactionParser(TransactionParser&&) noexcept = default;
TransactionParser& TransactionParser::operator=(TransactionParser&&) noexcept = default;

std::expected<ParsedTransaction, Problem> TransactionParser::parse(std::string_view json,
                                                                   const ParsePolicy& policy) {
  if (json.size() > policy.limits.bytes_max) {
    std::string detail = fmt::format("more than {} bytes", policy.limits.bytes_max);
    return std::unexpected(make_problem(error_code::transaction_too_large, std::move(detail)));
  }
  simdjson::dom::parser& parser = buffers_->parser;
  if (parser.max_depth() != policy.limits.depth_max || parser.capacity() < json.size()) {
    // Room for the usual message at once; the depth is fixed when the buffers are made.
    constexpr std::size_t usual_bytes = 16'384;
    const auto error = parser.allocate(std::max(json.size(), usual_bytes), policy.limits.depth_max);
    if (error != simdjson::SUCCESS) {
      return std::unexpected(make_problem(error_code::overloaded, "no memory for the message"));
    }
  }
  simdjson::dom::element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root)) {
    return std::unexpected(syntax_problem(error, json, policy));
  }
  Findings findings(policy, json.find("\\u0000") != std::string_view::npos);
  const auto object = Value(findings, Path{}, root).object();
  if (!object) return std::unexpected(findings.problem());
  ParsedTransaction parsed{TransactionReader(findings).read(*object), {}};
  if (!findings.clean()) return std::unexpected(findings.problem());
  parsed.ignored = findings.take_ignored();
  return parsed;
}

std::expected<ParsedTransaction, Problem> parse_transaction(std::string_view json,
                                                            const ParsePolicy& policy) {
  return TransactionParser().parse(json, policy);
}

}  // namespace crossfoot::contract
