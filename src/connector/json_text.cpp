#include "connector/json_text.h"

namespace crossfoot::connector {

namespace {

using simdjson::dom::element_type;

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escaped(std::string& out, char c) {
  static constexpr std::string_view hex = "0123456789abcdef";
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
    default:
      out += "\\u00";
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 0xf];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out.append(text.substr(plain, i - plain));
    append_escaped(out, text[i]);
    plain = i + 1;
  }
  out.append(text.substr(plain));
  out += '"';
}

void append_json(std::string& out, Json value) {
  switch (value.type()) {
    case element_type::STRING:
      append_json_string(out, std::string_view(value.get_string().value_unsafe()));
      return;
    case element_type::INT64:
      out += std::to_string(value.get_int64().value_unsafe());
      return;
    case element_type::UINT64:
      out += std::to_string(value.get_uint64().value_unsafe());
      return;
    case element_type::BOOL:
      out += value.get_bool().value_unsafe() ? "true" : "false";
      return;
    case element_type::NULL_VALUE:
      out += "null";
      return;
    case element_type::DOUBLE:
      out += simdjson::to_string(value);
      return;
    case element_type::ARRAY: {
      out += '[';
      bool first = true;
      for (Json child : value.get_array().value_unsafe()) {
        if (!first) out += ',';
        first = false;
        append_json(out, child);
      }
      out += ']';
      return;
    }
    case element_type::OBJECT: {
      out += '{';
      bool first = true;
      for (auto member : value.get_object().value_unsafe()) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, member.key);
        out += ':';
        append_json(out, member.value);
      }
      out += '}';
      return;
    }
  }
}

std::optional<std::string> scalar_text(Json value) {
  switch (value.type()) {
    case element_type::STRING:
      return std::string(value.get_string().value_unsafe());
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::BOOL:
    case element_type::DOUBLE: {
      std::string text;
      append_json(text, value);
      return text;
    }
    default:
      return std::nullopt;
  }
}

std::optional<Json> find(Json root, std::string_view pointer) {
  Json found;
  if (root.at_pointer(pointer).get(found) != simdjson::SUCCESS) return std::nullopt;
  if (found.is_null()) return std::nullopt;
  return found;
}

std::optional<std::string> find_text(Json root, std::string_view pointer) {
  const auto found = find(root, pointer);
  if (!found) return std::nullopt;
  return scalar_text(*found);
}

namespace {

bool same_object(Json a, Json b) {
  const simdjson::dom::object left = a.get_object().value_unsafe();
  const simdjson::dom::object right = b.get_object().value_unsafe();
  if (left.size() != right.size()) return false;
  for (auto member : left) {
    Json other;
    if (right.at_key(member.key).get(other) != simdjson::SUCCESS) return false;
    if (!same_json(member.value, other)) return false;
  }
  return true;
}

bool same_array(Json a, Json b) {
  const simdjson::dom::array left = a.get_array().value_unsafe();
  const simdjson::dom::array right = b.get_array().value_unsafe();
  if (left.size() != right.size()) return false;
  auto other = right.begin();
  for (Json child : left) {
    if (!same_json(child, *other)) return false;
    ++other;
  }
  return true;
}

}  // namespace

bool same_json(Json a, Json b) {
  if (a.is_object() && b.is_object()) return same_object(a, b);
  if (a.is_array() && b.is_array()) return same_array(a, b);
  if (a.is_number() && b.is_number()) return *scalar_text(a) == *scalar_text(b);
  if (a.type() != b.type()) return false;
  if (a.is_null()) return true;
  return scalar_text(a) == scalar_text(b);
}

bool is_json_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  const std::size_t whole_at = at;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[whole_at] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

}  // namespace crossfoot::connector
