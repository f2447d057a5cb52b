#include "contract/json_writer.h"

#include "contract/utf8.h"

namespace crossfoot::contract {

namespace {

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  static constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

}  // namespace

void JsonWriter::quote(std::string_view value) {
  static constexpr std::string_view replacement = "\xef\xbf\xbd";
  out_ += '"';
  std::size_t start = 0;
  std::size_t at = 0;
  while (at < value.size()) {
    if (is_plain(value[at])) {
      ++at;
      continue;
    }
    const std::size_t size = utf8_sequence(value.substr(at));
    if (size > 1) {
      at += size;
      continue;
    }
    out_.append(value, start, at - start);
    if (size == 1) {
      append_escaped(out_, value[at]);
    } else {
      out_ += replacement;
    }
    start = ++at;
  }
  out_.append(value, start);
  out_ += '"';
}

}  // namespace crossfoot::contract
