#include "contract/schema/characters.h"
#include "contract/schema/format.h"
#include "contract/schema/uri.h"
#include "contract/utf8.h"

namespace crossfoot::contract::schema {

namespace {

constexpr std::string_view unreserved_marks = "-._~";
constexpr std::string_view sub_delimiters = "!$&'()*+,;=";

/// `ucschar` of RFC 3987; `iprivate` too where a query is read.
bool is_iri_character(std::uint32_t c, bool in_query) {
  if (c < 0xa0 || (c >= 0xfdd0 && c < 0xfdf0)) return false;
  if (c < 0xd800) return true;
  if (c >= 0xe000 && c < 0xf900) return in_query;
  if (c < 0xfff0) return c >= 0xf900;
  if ((c & 0xffff) >= 0xfffe) return false;
  if (c >= 0xf0000) return in_query;
  return c >= 0x10000 && (c < 0xe0000 || c >= 0xe1000);
}

class Part {
 public:
  Part(UriCharacters characters, std::string_view marks, bool is_query = false)
      : characters_(characters), marks_(marks), is_query_(is_query) {}

  [[nodiscard]] bool fits(std::string_view text) const {
    while (!text.empty()) {
      const char c = text.front();
      if (static_cast<std::uint8_t>(c) >= 0x80) {
        if (characters_ == UriCharacters::uri) return false;
        if (!is_iri_character(take_code_point(text), is_query_)) return false;
        continue;
      }
      if (c == '%') {
        if (text.size() < 3 || !is_hex(text[1]) || !is_hex(text[2])) return false;
        text.remove_prefix(3);
        continue;
      }
      const bool plain = is_letter(c) || is_digit(c) || unreserved_marks.contains(c) ||
                         sub_delimiters.contains(c) || marks_.contains(c);
      if (!plain) return false;
      text.remove_prefix(1);
    }
    return true;
  }

 private:
  UriCharacters characters_;
  std::string_view marks_;
  bool is_query_;
};

bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

/// `v1.fe80::a+en1`: a literal of a future version.
bool is_future_address(std::string_view text) {
  if (text.size() < 4 || lower(text.front()) != 'v') return false;
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
  return std::ranges::all_of(text.substr(1, dot - 1), is_hex) &&
         Part(UriCharacters::uri, ":").fits(text.substr(dot + 1)) && !text.contains('%');
}

bool is_authority(std::string_view text, UriCharacters characters) {
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!Part(characters, ":").fits(text.substr(0, at))) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view address = text.substr(1, end - 1);
    if (!is_ipv6(address) && !is_future_address(address)) return false;
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return false;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (!Part(characters, "").fits(text.substr(0, colon))) return false;
    port = text.substr(colon);
  }
  return port.empty() || all_digits(port.substr(1));
}

}  // namespace

bool is_uri_reference(std::string_view text, UriCharacters characters) {
  const UriParts parts = split_uri(text);
  if (parts.scheme && !is_scheme(*parts.scheme)) return false;
  if (parts.authority && !is_authority(*parts.authority, characters)) return false;
  if (!parts.scheme && !parts.authority) {
    // A colon in the first segment would have made a scheme of it.
    const std::string_view first = parts.path.substr(0, parts.path.find('/'));
    if (first.contains(':')) return false;
  }
  return Part(characters, ":@/").fits(parts.path) &&
         Part(characters, ":@/?", true).fits(parts.query.value_or("")) &&
         Part(characters, ":@/?").fits(parts.fragment.value_or(""));
}

bool is_uri(std::string_view text, UriCharacters characters) {
  return split_uri(text).scheme.has_value() && is_uri_reference(text, characters);
}

namespace {

bool is_literal(std::uint32_t c) {
  if (c <= 0x20 || c == 0x7f) return false;
  if (c < 0x80) return !std::string_view("\"%<>\\^`{|}").contains(static_cast<char>(c));
  return is_iri_character(c, true);
}

bool is_variable_name(std::string_view text) {
  bool after_dot = true;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '%') {
      if (text.size() < 3 || !is_hex(text[1]) || !is_hex(text[2])) return false;
      text.remove_prefix(3);
    } else if (c == '.' && after_dot) {
      return false;
    } else if (is_letter(c) || is_digit(c) || c == '_' || c == '.') {
      text.remove_prefix(1);
    } else {
      return false;
    }
    after_dot = c == '.';
  }
  return !after_dot;
}

/// A name with `*`, or `:` and a length from 1 to 9999.
bool is_variable(std::string_view text) {
  if (text.ends_with('*')) return is_variable_name(text.substr(0, text.size() - 1));
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return is_variable_name(text);
  const std::string_view length = text.substr(colon + 1);
  return is_variable_name(text.substr(0, colon)) && !length.empty() && length.size() <= 4 &&
         length.front() != '0' && all_digits(length);
}

bool is_expression(std::string_view text) {
  if (!text.empty() && std::string_view("+#./;?&").contains(text.front())) text.remove_prefix(1);
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (!is_variable(text.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace

bool is_uri_template(std::string_view text) {
  while (!text.empty()) {
    const char c = text.front();
    if (c == '{') {
      const std::size_t end = text.find('}');
      if (end == std::string_view::npos || !is_expression(text.substr(1, end - 1))) return false;
      text.remove_prefix(end + 1);
    } else if (c == '%') {
      if (text.size() < 3 || !is_hex(text[1]) || !is_hex(text[2])) return false;
      text.remove_prefix(3);
    } else if (!is_literal(take_code_point(text))) {
      return false;
    }
  }
  return true;
}

}  // namespace crossfoot::contract::schema
