#include "sandbox/system.h"

#include <algorithm>
#include <charconv>

namespace crossfoot::sandbox {

namespace {

constexpr std::int64_t tampers_max = 10'000;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Reply refusal(int status, std::string_view code, std::string_view message) {
  return {.status = status, .body = error_body(code, message)};
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    std::string value(pair.substr(equals + 1));
    std::ranges::replace(value, '+', ' ');
    value = percent_decoded(value);
    if (value.empty()) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::optional<Page> page_of(std::string_view query) {
  Page page;
  if (const auto after = query_value(query, "after")) {
    const auto value = number_of(*after);
    if (!value) return std::nullopt;
    page.after = *value;
  }
  if (const auto limit = query_value(query, "limit")) {
    const auto value = number_of(*limit);
    if (!value || *value == 0) return std::nullopt;
    page.limit = static_cast<std::size_t>(std::min<std::uint64_t>(*value, page_limit_max));
  }
  return page;
}

std::optional<TamperOrder> read_tamper_order(std::string_view body,
                                             const std::vector<std::string>& known,
                                             std::string& fault) {
  simdjson::dom::parser parser;
  const auto root = parse_json(parser, body, fault);
  if (!root) return std::nullopt;
  JsonFields fields(*root, fault);
  TamperOrder order;
  order.seed = static_cast<std::uint64_t>(fields.integer("seed").value_or(1));
  const std::int64_t count = fields.integer("count").value_or(1);
  if (count < 1 || count > tampers_max) fields.fail("count", "1 to 10,000 is expected");
  order.count = static_cast<std::size_t>(count);
  const auto kinds = fields.array("kinds", 100);
  if (!kinds) order.kinds = known;
  if (kinds) {
    for (const auto element : *kinds) {
      std::string_view kind;
      if (element.get(kind) != simdjson::SUCCESS) fields.fail("kinds", "strings are expected");
      if (std::ranges::find(known, kind) != known.end()) order.kinds.emplace_back(kind);
    }
  }
  if (order.kinds.empty()) fields.fail("kinds", "none of them applies to these books");
  if (!fault.empty()) return std::nullopt;
  return order;
}

}  // namespace crossfoot::sandbox
