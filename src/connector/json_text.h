#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace crossfoot::connector {

using Json = simdjson::dom::element;

/// Appends a JSON string literal; every value stays data. `text` is UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// Appends the value as compact JSON, members in their order.
void append_json(std::string& out, Json value);

/// The text of a string, the digits of a number, `true` or `false`; no value for the others.
[[nodiscard]] std::optional<std::string> scalar_text(Json value);

/// RFC 6901; the empty pointer names the whole document. JSON null counts as absent.
[[nodiscard]] std::optional<Json> find(Json root, std::string_view pointer);

/// The scalar at the pointer as text.
[[nodiscard]] std::optional<std::string> find_text(Json root, std::string_view pointer);

/// Equal as JSON values: members in any order, numbers by value.
[[nodiscard]] bool same_json(Json a, Json b);

/// RFC 8259 section 6.
[[nodiscard]] bool is_json_number(std::string_view text);

}  // namespace crossfoot::connector
