#include <charconv>

#include "connector/book_reader.h"
#include "connector/classify.h"
#include "contract/error_codes.h"

namespace crossfoot::connector {

namespace {

Fault unreadable(std::string cause) {
  return {.code = std::string(contract::error_code::corrupt_answer),
          .fault_class = FaultClass::transient,
          .where = "book",
          .cause = std::move(cause)};
}

/// Reads one item's fields and remembers the first that makes no sense.
class ItemReader {
 public:
  ItemReader(const BookRules& rules, Json json) : rules_(rules), json_(json) {}

  BookItem read() {
    read_head();
    currency_ = find_currency(item_.currency);
    if (!currency_ && !item_.currency.empty()) problem("currency", item_.currency);
    item_.net = money(json_, rules_.net, "net");
    item_.tax = money(json_, rules_.tax, "tax");
    item_.gross = money(json_, rules_.gross, "gross");
    item_.points = points(json_, rules_.points, "points");
    if (rules_.lines) read_lines(*rules_.lines);
    each(rules_.taxes, [this](Json tax) {
      item_.taxes.push_back({text(tax, rules_.taxes_code), money(tax, rules_.taxes_net, "net"),
                             money(tax, rules_.taxes_tax, "tax")});
    });
    if (!rules_.tenders.empty()) {
      const auto tenders = find(json_, rules_.tenders);
      item_.keeps_tenders = tenders && tenders->is_array();
    }
    each(rules_.tenders, [this](Json tender) {
      item_.tenders.push_back(
          {text(tender, rules_.tenders_kind), money(tender, rules_.tenders_amount, "amount")});
    });
    return std::move(item_);
  }

 private:
  void problem(std::string_view field, std::string_view value) {
    if (!item_.problem.empty()) return;
    item_.problem = std::string(field) + ": '" + std::string(value) + "' cannot be read";
  }

  static std::string text(Json from, const std::string& pointer) {
    if (pointer.empty()) return {};
    return find_text(from, pointer).value_or("");
  }

  /// Calls `read` with each element of the list, if there is one.
  template <class Read>
  void each(const std::string& pointer, Read read) const {
    if (pointer.empty()) return;
    const auto found = find(json_, pointer);
    if (!found || !found->is_array()) return;
    for (Json element : found->get_array().value_unsafe()) read(element);
  }

  std::optional<Money> money(Json from, const std::string& pointer, std::string_view field) {
    const std::string value = text(from, pointer);
    if (value.empty()) return std::nullopt;
    const auto amount = currency_ ? parse_money(value, *currency_) : std::nullopt;
    if (amount) return amount;
    // A document without money, such as a stock movement, has zeros and no currency.
    const auto plain = parse_decimal(value);
    if (!item_.currency.empty() || !plain || !plain->is_zero()) problem(field, value);
    return std::nullopt;
  }

  std::optional<Points> points(Json from, const std::string& pointer, std::string_view field) {
    const std::string value = text(from, pointer);
    if (value.empty()) return std::nullopt;
    std::int64_t count = 0;
    const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    if (error == std::errc{} && stop == value.data() + value.size()) return Points{count};
    problem(field, value);
    return std::nullopt;
  }

  void read_head() {
    item_.id = text(json_, rules_.id);
    item_.reference = text(json_, rules_.reference);
    item_.original_reference = text(json_, rules_.original_reference);
    item_.type = text(json_, rules_.type);
    item_.kind = text(json_, rules_.kind);
    item_.shop = text(json_, rules_.shop);
    item_.currency = text(json_, rules_.currency);
    item_.exact_net = text(json_, rules_.exact_net);
    item_.member = text(json_, rules_.member);
    const std::string date = text(json_, rules_.business_date);
    item_.business_date = parse_business_date(date);
    if (!date.empty() && !item_.business_date) problem("business_date", date);
    if (item_.id.empty()) problem("id", "");
  }

  void read_lines(const BookLinePointers& pointers) {
    each(pointers.items, [&](Json line) {
      BookLine read;
      const auto number = points(line, pointers.line, "line");
      if (number && number->count >= 0 && number->count <= UINT32_MAX) {
        read.line = static_cast<std::uint32_t>(number->count);
      }
      read.article = text(line, pointers.article);
      read.quantity = text(line, pointers.quantity);
      read.amount = money(line, pointers.amount, "amount");
      read.tax_code = text(line, pointers.tax_code);
      read.tax = money(line, pointers.tax, "tax");
      read.points = points(line, pointers.points, "points");
      item_.lines.push_back(std::move(read));
    });
  }

  const BookRules& rules_;
  Json json_;
  BookItem item_;
  std::optional<Currency> currency_;
};

}  // namespace

Result<runtime::HttpCall> make_page_request(const BookRules& rules, BusinessDate date,
                                            const std::optional<std::string>& cursor,
                                            Workspace& workspace) {
  workspace.input = "{\"business_date\":\"" + to_string(date) + "\"";
  if (cursor) {
    workspace.input += ",\"cursor\":";
    append_json_string(workspace.input, *cursor);
  }
  workspace.input += '}';
  const auto input = parse_json(workspace.input, workspace.input_parser);
  if (!input) return fail(unreadable("the cursor is not text"));
  auto call = make_request(rules.endpoint, *input);
  if (call) call->headers.emplace_back("Accept", "application/json");
  return call;
}

Result<BookPage> read_page(const Pack& pack, const runtime::HttpAnswer& answer, Instant now,
                           Workspace& workspace) {
  const BookRules& rules = *pack.book;
  const auto body = parse_json(answer.body, workspace.answer_parser);
  if (auto fault = classify({}, pack.errors, answer, body, now)) {
    return fail(as_read_fault(std::move(*fault)));
  }
  if (!body) return fail(unreadable("the answer is not JSON"));
  const auto list = find(*body, rules.items);
  if (!list || !list->is_array()) return fail(unreadable("there is no list at " + rules.items));
  BookPage page;
  for (Json item : list->get_array().value_unsafe()) {
    if (rules.only && !matches(*rules.only, item)) continue;
    page.items.push_back(ItemReader(rules, item).read());
  }
  if (rules.next) page.next = find_text(*body, *rules.next);
  if (page.next && page.next->empty()) page.next.reset();
  return page;
}

}  // namespace crossfoot::connector
