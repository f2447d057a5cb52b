#include "edge/original.h"

#include <algorithm>
#include <array>

#include "base/money.h"
#include "contract/utf8.h"

namespace crossfoot::edge {

namespace {

constexpr std::size_t card_digits_min = 13;
constexpr std::size_t card_digits_max = 19;
constexpr std::size_t digits_shown = 4;
constexpr std::size_t text_bytes_max = 512;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// ISO/IEC 7812-1 annex B, over the digits of a text that may have single separators in it.
bool passes_luhn(std::string_view text) {
  int sum = 0;
  bool twice = false;
  for (std::size_t at = text.size(); at-- > 0;) {
    if (!is_digit(text[at])) continue;
    int digit = text[at] - '0';
    if (twice && (digit *= 2) > 9) digit -= 9;
    sum += digit;
    twice = !twice;
  }
  return sum % 10 == 0;
}

void mask_cards(std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (!is_digit(text[at])) {
      ++at;
      continue;
    }
    std::size_t digits = 0;
    std::size_t end = at;
    while (end < text.size()) {
      if (is_digit(text[end])) {
        ++digits;
      } else if ((text[end] != ' ' && text[end] != '-') || end + 1 >= text.size() ||
                 !is_digit(text[end + 1])) {
        break;
      }
      ++end;
    }
    const bool sized = digits >= card_digits_min && digits <= card_digits_max;
    if (sized && passes_luhn(std::string_view(text).substr(at, end - at))) {
      for (std::size_t left = digits - digits_shown; left > 0; ++at) {
        if (!is_digit(text[at])) continue;
        text[at] = '*';
        --left;
      }
    }
    at = end;
  }
}

void mask_addresses(std::string& text) {
  const auto of_name = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '%' || c == '+' || c == '-';
  };
  for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
    for (std::size_t back = at; back > 0 && of_name(text[back - 1]); --back) text[back - 1] = '*';
  }
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() &&
         (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) {
    ++at;
  }
  return at;
}

/// The characters of a string that begins behind its quote at `at`, escapes as they are; moves `at`
/// behind the closing quote, or to the end.
std::string_view string_at(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  at = std::min(at, text.size());
  const std::string_view value = text.substr(begin, at - begin);
  at = std::min(at + 1, text.size());
  return value;
}

void take_field(store::MessageRow& row, std::string_view name, std::string_view value) {
  if (value.empty() || value.size() > text_bytes_max || !contract::is_utf8(value)) return;
  if (name == "shop") row.shop = value;
  if (name == "register") row.register_name = value;
  if (name == "sequence" || name == "external_id") row.sequence = value;
  if (name == "member") row.member = redact(value, text_bytes_max);
  if (name == "currency" && find_currency(value)) row.currency = value;
  if (name == "business_date") {
    row.business_date = parse_business_date(value).value_or(BusinessDate{});
  }
  if (name == "occurred_at") row.occurred_at = parse_instant(value).value_or(Instant{});
}

}  // namespace

std::string redact(std::string_view body, std::size_t bytes_max) {
  std::string text(body.substr(0, bytes_max));
  // A cut in the middle of a character is no reason to read it all as ISO 8859-1.
  if (text.size() < body.size()) {
    while (!text.empty() && (static_cast<unsigned char>(body[text.size()]) & 0xc0U) == 0x80U) {
      text.pop_back();
    }
  }
  std::ranges::replace(text, '\0', ' ');
  if (!contract::is_utf8(text)) text = contract::latin1_to_utf8(text);
  mask_cards(text);
  mask_addresses(text);
  return text;
}

std::optional<store::MessageRow> refused_message(std::string_view body, std::size_t bytes_max) {
  std::size_t at = skip_space(body, 0);
  if (at == body.size() || body[at] != '{') return std::nullopt;
  store::MessageRow row;
  row.body = redact(body, bytes_max);
  const std::string_view text = body.substr(0, bytes_max);
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at++];
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && depth > 0) --depth;
    if (c != '"') continue;
    const std::string_view name = string_at(text, at);
    std::size_t behind = skip_space(text, at);
    if (depth != 1 || behind >= text.size() || text[behind] != ':') continue;
    behind = skip_space(text, behind + 1);
    if (behind >= text.size() || text[behind] != '"') continue;
    at = behind + 1;
    take_field(row, name, string_at(text, at));
  }
  return row;
}

}  // namespace crossfoot::edge
