#include "sandbox/receipt_reader.h"

#include <algorithm>

namespace crossfoot::sandbox {

namespace {

constexpr std::size_t tenders_max = 1'000;

std::optional<LineKind> line_kind(std::string_view name) {
  if (name.empty()) return LineKind::goods;
  for (std::uint8_t kind = 0; kind <= static_cast<std::uint8_t>(line_kind_last); ++kind) {
    if (to_string(LineKind{kind}) == name) return LineKind{kind};
  }
  return std::nullopt;
}

std::int64_t money(JsonFields& from, std::string_view name, Currency currency, bool required) {
  const std::string text = from.text(name, required);
  if (text.empty()) return 0;
  const auto amount = parse_money(text, currency);
  if (!amount) from.fail(name, "an amount of the currency is expected, as a string");
  return amount ? amount->minor : 0;
}

/// The direction of a line: stated in an exchange, else given by the kind of the receipt.
bool returned(JsonFields& from, const Receipt& receipt, std::optional<Refusal>& refusal) {
  const std::string action = from.text("action");
  if (!action.empty() && action != "sold" && action != "returned") {
    from.fail("action", "sold or returned is expected");
  }
  if (receipt.kind == "exchange" && action.empty()) {
    refusal = Refusal{"action_missing", "a line of an exchange needs its action"};
  }
  if (receipt.kind.empty() || receipt.kind == "exchange") return action == "returned";
  const bool wanted = receipt.kind == "return";
  if (!action.empty() && wanted != (action == "returned")) {
    refusal = Refusal{"action_mismatch", "a line's action contradicts the kind of the receipt"};
  }
  return wanted;
}

void read_line(JsonFields& from, Receipt& receipt, std::optional<Refusal>& refusal) {
  ReceiptLine line;
  const std::int64_t number = from.integer("line", true).value_or(1);
  if (number < 1 || number > 1'000'000) from.fail("line", "1 to 1,000,000 is expected");
  line.number = static_cast<std::uint32_t>(number);
  line.returned = returned(from, receipt, refusal);
  const auto kind = line_kind(from.text("kind"));
  if (!kind) from.fail("kind", "is not known");
  line.kind = kind.value_or(LineKind::goods);
  line.article = from.text("article", line.kind == LineKind::goods);
  line.quantity = from.decimal("quantity", true).value_or(Decimal{1, 0});
  line.measured = from.boolean("measured");
  line.unit_price = from.decimal("unit_price", true).value_or(Decimal{});
  line.discount_minor = money(from, "discount", receipt.currency, false);
  line.tax_code = from.text("tax_code");
  line.tax_rate = from.decimal("tax_rate").value_or(Decimal{}).normalised();
  if (line.quantity <= Decimal{0, 0} || line.quantity > Decimal{quantity_max, 0} ||
      line.quantity.normalised().scale > 6) {
    from.fail("quantity", "above 0, at most 1,000,000,000, at most six places are expected");
  }
  if (line.unit_price.is_negative()) from.fail("unit_price", "must not be negative");
  if (line.discount_minor < 0) from.fail("discount", "must not be negative");
  if (line.tax_rate.is_negative() || line.tax_rate > Decimal{10, 0}) {
    from.fail("tax_rate", "0 to 10 is expected");
  }
  receipt.lines.push_back(std::move(line));
}

void read_lines(JsonFields& fields, Receipt& receipt, std::string& fault,
                std::optional<Refusal>& refusal) {
  const auto lines = fields.array("lines", lines_max, receipt.kind != "void");
  if (!lines) return;
  receipt.lines.reserve(lines->size());
  for (const auto element : *lines) {
    JsonFields line(element, fault);
    read_line(line, receipt, refusal);
    if (!fault.empty()) return;
  }
  std::vector<std::uint32_t> numbers;
  numbers.reserve(receipt.lines.size());
  for (const ReceiptLine& line : receipt.lines) numbers.push_back(line.number);
  std::ranges::sort(numbers);
  if (std::ranges::adjacent_find(numbers) != numbers.end()) {
    fields.fail("lines", "a line number occurs twice");
  }
  if (receipt.lines.empty() && receipt.kind != "void") fields.fail("lines", "must not be empty");
}

void read_payments(JsonFields& fields, Receipt& receipt, std::string& fault) {
  if (const auto discounts = fields.array("discounts", tenders_max)) {
    for (const auto element : *discounts) {
      JsonFields discount(element, fault);
      const std::int64_t minor = money(discount, "amount", receipt.currency, true);
      if (minor < 0) discount.fail("amount", "must not be negative");
      if (!fault.empty()) return;
      receipt.order_discount_minor += minor;
    }
  }
  if (const auto tenders = fields.array("tenders", tenders_max)) {
    for (const auto element : *tenders) {
      JsonFields tender(element, fault);
      ReceiptTender read{tender.text("kind", true),
                         money(tender, "amount", receipt.currency, true)};
      if (!fault.empty()) return;
      receipt.tenders.push_back(std::move(read));
    }
  }
}

void read_head(JsonFields& fields, ReceiptFor reader, Receipt& receipt,
               std::optional<Refusal>& refusal) {
  receipt.reference = fields.text("reference", true);
  receipt.shop = fields.text("shop", true);
  receipt.region = fields.text("region");
  receipt.original_reference = fields.text("original_reference");
  const auto date = parse_business_date(fields.text("business_date", true));
  if (!date) fields.fail("business_date", "YYYY-MM-DD is expected");
  receipt.business_date = date.value_or(BusinessDate{});
  if (const std::string posting = fields.text("posting_date"); !posting.empty()) {
    receipt.posting_date = parse_business_date(posting);
    if (!receipt.posting_date) fields.fail("posting_date", "YYYY-MM-DD is expected");
  }
  const auto instant = parse_instant(fields.text("occurred_at", true));
  if (!instant) fields.fail("occurred_at", "a time with a zone is expected");
  receipt.occurred_at = instant.value_or(Instant{});
  if (reader == ReceiptFor::loyalty) {
    receipt.member = fields.text("member", true);
  } else {
    receipt.kind = fields.text("kind", true);
    if (receipt.kind != "sale" && receipt.kind != "return" && receipt.kind != "exchange" &&
        receipt.kind != "void") {
      fields.fail("kind", "sale, return, exchange or void is expected");
    }
  }
  if (receipt.kind == "void") {
    if (receipt.original_reference.empty()) fields.fail("original_reference", "is missing");
    return;
  }
  const auto currency = find_currency(fields.text("currency", true));
  if (!currency) refusal = Refusal{"unknown_currency", "the currency is not known"};
  receipt.currency = currency.value_or(Currency{});
  const std::string mode = fields.text("tax_mode", true);
  if (mode == "exclusive")
    receipt.tax_mode = TaxMode::exclusive;
  else if (mode == "not_in_source")
    receipt.tax_mode = TaxMode::not_in_source;
  else if (mode != "inclusive")
    fields.fail("tax_mode", "is not known");
}

}  // namespace

std::optional<Receipt> read_receipt(simdjson::dom::element body, ReceiptFor reader,
                                    std::string& fault, std::optional<Refusal>& refusal) {
  Receipt receipt;
  JsonFields fields(body, fault);
  read_head(fields, reader, receipt, refusal);
  if (!fault.empty() || refusal) return std::nullopt;
  if (receipt.kind == "void") return receipt;
  read_lines(fields, receipt, fault, refusal);
  if (fault.empty()) read_payments(fields, receipt, fault);
  if (!fault.empty() || refusal) return std::nullopt;
  return receipt;
}

}  // namespace crossfoot::sandbox
