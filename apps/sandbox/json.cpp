#include "sandbox/json.h"

#include <algorithm>

#include "sandbox/receipt.h"

namespace crossfoot::sandbox {

namespace {

/// Deeper documents are refused; no body of the two interfaces needs more than four levels.
constexpr std::size_t depth_max = 64;

}  // namespace

JsonWriter& JsonWriter::text(std::string_view value) {
  static constexpr char hex[] = "0123456789abcdef";
  separate();
  out_ += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (byte < 0x20) {
      out_ += "\\u00";
      out_ += hex[byte >> 4];
      out_ += hex[byte & 15];
    } else {
      out_ += c;
    }
  }
  out_ += '"';
  comma_ = true;
  return *this;
}

JsonFields::JsonFields(simdjson::dom::element element, std::string& fault) : fault_(fault) {
  if (element.get(object_) != simdjson::SUCCESS) {
    if (fault_.empty()) fault_ = "an object is expected";
    return;
  }
  for (const auto& member : object_) {
    if (members_.size() == members_.capacity()) break;
    members_.push_back({member.key, member.value});
  }
}

void JsonFields::fail(std::string_view name, std::string_view what) {
  if (fault_.empty()) fault_ = std::string(name) + ": " + std::string(what);
}

std::optional<simdjson::dom::element> JsonFields::find(std::string_view name, bool required) {
  if (failed()) return std::nullopt;
  simdjson::dom::element element;
  bool found = false;
  for (std::size_t tried = 0; tried < members_.size() && !found; ++tried) {
    const Member& member = members_[next_];
    next_ = next_ + 1 == members_.size() ? 0 : next_ + 1;
    found = member.key == name;
    if (found) element = member.value;
  }
  if (!found && members_.size() == members_.capacity()) {
    found = object_.at_key(name).get(element) == simdjson::SUCCESS;
  }
  if (found && !element.is_null()) return element;
  if (required) fail(name, "is missing");
  return std::nullopt;
}

std::string JsonFields::text(std::string_view name, bool required) {
  const auto element = find(name, required);
  if (!element) return {};
  std::string_view value;
  if (element->get(value) != simdjson::SUCCESS || value.size() > text_bytes_max ||
      (required && value.empty())) {
    fail(name, "a string of 1 to 512 bytes is expected");
    return {};
  }
  return std::string(value);
}

std::optional<Decimal> JsonFields::decimal(std::string_view name, bool required) {
  const auto element = find(name, required);
  if (!element) return std::nullopt;
  std::string_view value;
  std::optional<Decimal> decimal;
  if (element->get(value) == simdjson::SUCCESS) decimal = parse_decimal(value);
  if (!decimal) fail(name, "a decimal string is expected");
  return decimal;
}

std::optional<std::int64_t> JsonFields::integer(std::string_view name, bool required) {
  const auto element = find(name, required);
  if (!element) return std::nullopt;
  std::int64_t value = 0;
  if (element->get(value) == simdjson::SUCCESS) return value;
  fail(name, "a whole number is expected");
  return std::nullopt;
}

bool JsonFields::boolean(std::string_view name) {
  const auto element = find(name, false);
  bool value = false;
  if (element && element->get(value) != simdjson::SUCCESS) fail(name, "true or false is expected");
  return value;
}

double JsonFields::ratio(std::string_view name) {
  const auto element = find(name, false);
  if (!element) return 0;
  double value = 0;
  if (element->get(value) == simdjson::SUCCESS && value >= 0 && value <= 1) return value;
  fail(name, "a number from 0 to 1 is expected");
  return 0;
}

std::optional<simdjson::dom::array> JsonFields::array(std::string_view name, std::size_t size_max,
                                                      bool required) {
  const auto element = find(name, required);
  if (!element) return std::nullopt;
  simdjson::dom::array values;
  if (element->get(values) != simdjson::SUCCESS) {
    fail(name, "an array is expected");
    return std::nullopt;
  }
  if (values.size() > size_max) {
    fail(name, "too many elements");
    return std::nullopt;
  }
  return values;
}

std::optional<simdjson::dom::element> JsonFields::object(std::string_view name) {
  const auto element = find(name, false);
  if (element && !element->is_object()) {
    fail(name, "an object is expected");
    return std::nullopt;
  }
  return element;
}

void JsonFields::only(std::initializer_list<std::string_view> names) {
  if (failed()) return;
  for (const auto& member : object_) {
    if (std::ranges::find(names, member.key) == names.end()) fail(member.key, "is not known");
  }
}

std::optional<simdjson::dom::element> parse_json(simdjson::dom::parser& parser,
                                                 std::string_view text, std::string& fault) {
  simdjson::dom::element element;
  if (parser.max_depth() != depth_max &&
      parser.allocate(std::max<std::size_t>(text.size(), 4096), depth_max) != simdjson::SUCCESS) {
    fault = "out of memory";
    return std::nullopt;
  }
  if (parser.parse(text.data(), text.size()).get(element) == simdjson::SUCCESS) return element;
  fault = "the body is no well-formed JSON";
  return std::nullopt;
}

std::string error_body(std::string_view code, std::string_view message) {
  JsonWriter out;
  out.open('{').key("error").open('{').field("code", code).field("message", message).close('}');
  return out.close('}').take();
}

}  // namespace crossfoot::sandbox
