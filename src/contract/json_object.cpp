#include "contract/json_object.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

namespace crossfoot::contract {

namespace {

using simdjson::dom::element_type;

constexpr std::int64_t micros_per_day = 86'400'000'000;
constexpr Instant earliest{946'684'800'000'000};  // 2000-01-01T00:00:00Z

std::string_view type_name(simdjson::dom::element element) {
  switch (element.type()) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return "a text";
    case element_type::BOOL:
      return "a boolean";
    case element_type::NULL_VALUE:
      return "null";
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      break;
  }
  return "a number";
}

/// Optional minus, digits, optional fraction: the form alone, whatever the size.
bool looks_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  const bool zero_first = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero_first && whole > 1)) return false;
  if (text.empty()) return true;
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return digits() > 0 && text.empty();
}

/// The end of the first bracketed value in `json`, npos when it does not end.
std::size_t value_end(std::string_view json) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_text = false;
      }
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && (depth == 0 || --depth == 0)) {
      return depth == 0 ? i + 1 : std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

/// Whether a valid value is followed by something: simdjson reports both kinds of fault alike.
bool has_trailing_bytes(std::string_view json, const ParsePolicy& policy) {
  const std::size_t end = value_end(json);
  if (end == std::string_view::npos || end == json.size()) return false;
  simdjson::dom::parser parser(policy.limits.bytes_max);
  if (parser.allocate(end, policy.limits.depth_max) != simdjson::SUCCESS) return false;
  return parser.parse(json.data(), end).error() == simdjson::SUCCESS;
}

}  // namespace

std::string Path::pointer() const {
  if (parent == nullptr) return {};
  std::string text = parent->pointer();
  text += '/';
  if (index != no_index) return text + std::to_string(index);
  for (const char c : name) {
    if (c == '~') {
      text += "~0";
    } else if (c == '/') {
      text += "~1";
    } else {
      text += c;
    }
  }
  return text;
}

void Findings::fault(std::string_view code, const Path& path, std::string detail) {
  if (full()) return;
  items_.push_back({path.pointer(), std::string(code), std::move(detail)});
}

void Findings::wrong_type(const Path& path, std::string_view expected,
                          simdjson::dom::element found) {
  fault(error_code::wrong_type, path,
        fmt::format("expected {}, found {}", expected, type_name(found)));
}

void Findings::ignore(const Path& path) {
  if (ignored_.size() < policy_.limits.ignored_max) ignored_.push_back(path.pointer());
}

void Findings::unknown_field(const Path& path, simdjson::dom::element value) {
  if (policy_.unknown_fields == UnknownFields::strict) {
    fault(error_code::unknown_field, path, "this version of the contract has no such field");
  } else {
    ignore(path);
  }
  check_nul(path.name, path);
  check_any(value, path);
}

bool Findings::has_nul(std::string_view text, const Path& path) {
  if (text.find('\0') == std::string_view::npos) return false;
  fault(error_code::nul_character, path, "the text contains U+0000");
  return true;
}

void Findings::check_any(simdjson::dom::element value, const Path& path) {
  simdjson::dom::object object;
  simdjson::dom::array array;
  std::string_view text;
  if (value.get(object) == simdjson::SUCCESS) {
    std::vector<std::string_view> keys;
    for (const auto [key, inner] : object) {
      keys.push_back(key);
      const Path inner_path = path.field(key);
      check_nul(key, inner_path);
      check_any(inner, inner_path);
      if (full()) return;
    }
    check_repeats(keys, path);
  } else if (value.get(array) == simdjson::SUCCESS) {
    std::size_t index = 0;
    for (const auto inner : array) check_any(inner, path.element(index++));
  } else if (value.get(text) == simdjson::SUCCESS) {
    check_nul(text, path);
  }
}

void Findings::check_repeats(std::vector<std::string_view>& keys, const Path& object_path) {
  std::ranges::sort(keys);
  for (std::size_t i = 1; i < keys.size() && !full(); ++i) {
    if (keys[i] != keys[i - 1]) continue;
    fault(error_code::duplicate_key, object_path.field(keys[i]), "the field is stated twice");
  }
}

Problem Findings::problem() {
  const bool one_code = std::ranges::all_of(
      items_, [&](const ProblemItem& item) { return item.code == items_.front().code; });
  const std::string code =
      one_code ? items_.front().code : std::string(error_code::invalid_transaction);
  std::string detail =
      items_.size() == 1
          ? items_.front().detail
          : fmt::format("{} faults{}", items_.size(), full() ? "; the rest was not examined" : "");
  return make_problem(code, std::move(detail), std::move(items_));
}

Problem syntax_problem(simdjson::error_code error, std::string_view json,
                       const ParsePolicy& policy) {
  const auto whole = [](std::string_view code, std::string detail) {
    std::vector<ProblemItem> items{{"", std::string(code), detail}};
    return make_problem(code, std::move(detail), std::move(items));
  };
  if (json.starts_with("\xef\xbb\xbf")) {
    return whole(error_code::invalid_json, "the text begins with a byte order mark");
  }
  switch (error) {
    case simdjson::UTF8_ERROR:
      return whole(error_code::invalid_utf8, "the text is not valid UTF-8");
    case simdjson::DEPTH_ERROR:
      return whole(error_code::too_deep,
                   fmt::format("more than {} levels of nesting", policy.limits.depth_max));
    case simdjson::EMPTY:
      return whole(error_code::invalid_json, "the text is empty");
    case simdjson::NUMBER_ERROR:
      return whole(error_code::invalid_json, "a number is malformed or beyond 64 bits");
    case simdjson::STRING_ERROR:
    case simdjson::UNCLOSED_STRING:
    case simdjson::UNESCAPED_CHARS:
      return whole(error_code::invalid_json,
                   "a text is not closed, or has a bad escape or a raw control character");
    default:
      break;
  }
  if (has_trailing_bytes(json, policy)) {
    return whole(error_code::trailing_bytes, "something follows the end of the value");
  }
  return whole(error_code::invalid_json, "the text is not one complete JSON value");
}

void Value::bad_length(std::size_t characters_max) {
  findings_.fault(error_code::text_length, path_,
                  fmt::format("expected 1 to {} characters", characters_max));
}

void Value::bad_integer(std::uint64_t low, std::uint64_t high) {
  if (!element_->is_int64() && !element_->is_uint64()) {
    findings_.wrong_type(path_, "a whole number", *element_);
    return;
  }
  findings_.fault(error_code::out_of_range, path_,
                  fmt::format("expected a whole number from {} to {}", low, high));
}

void Value::boolean(bool& into) {
  if (element_ && element_->get(into) != simdjson::SUCCESS) {
    findings_.wrong_type(path_, "true or false", *element_);
  }
}

void Value::bad_decimal(std::string_view text) {
  if (looks_decimal(text)) {
    findings_.fault(error_code::out_of_range, path_, "too many digits or decimal places");
  } else {
    findings_.fault(error_code::invalid_format, path_, "expected a decimal such as \"-12.50\"");
  }
}

std::optional<Money> Value::money(const std::optional<Currency>& currency) {
  const auto found = decimal_characters();
  if (!found) return std::nullopt;
  if (!currency) {
    if (!looks_decimal(*found)) bad_decimal(*found);
    return std::nullopt;
  }
  const auto value = parse_money(*found, *currency);
  if (!value) bad_decimal(*found);
  return value;
}

Instant Value::latest() const {
  const Instant now = findings_.policy().now;
  return {now.micros > INT64_MAX - micros_per_day ? INT64_MAX : now.micros + micros_per_day};
}

std::optional<BusinessDate> Value::date() {
  const auto found = characters();
  if (!found) return std::nullopt;
  const auto value = parse_business_date(*found);
  if (!value) {
    findings_.fault(error_code::invalid_format, path_, "expected a date such as \"2026-11-21\"");
  } else if (*value < utc_date(earliest) || *value > utc_date(latest())) {
    findings_.fault(error_code::date_out_of_range, path_,
                    "the date lies before 2000 or more than 24 hours ahead");
  }
  return value;
}

std::optional<Instant> Value::instant() {
  const auto found = characters();
  if (!found) return std::nullopt;
  const auto value = parse_instant(*found);
  if (!value) {
    findings_.fault(error_code::invalid_format, path_,
                    "expected a time with its zone such as \"2026-11-21T10:03:04+01:00\"");
  } else if (*value < earliest || *value > latest()) {
    findings_.fault(error_code::date_out_of_range, path_,
                    "the time lies before 2000 or more than 24 hours ahead");
  }
  return value;
}

std::optional<simdjson::dom::object> Value::object() {
  if (!element_) return std::nullopt;
  simdjson::dom::object found;
  if (element_->get(found) != simdjson::SUCCESS) {
    findings_.wrong_type(path_, "an object", *element_);
    return std::nullopt;
  }
  return found;
}

std::optional<simdjson::dom::array> Value::array(std::size_t entries_max) {
  if (!element_) return std::nullopt;
  simdjson::dom::array found;
  if (element_->get(found) != simdjson::SUCCESS) {
    findings_.wrong_type(path_, "an array", *element_);
    return std::nullopt;
  }
  if (found.size() > entries_max) {
    findings_.fault(error_code::too_many_lines, path_,
                    fmt::format("more than {} entries", entries_max));
    return std::nullopt;
  }
  return found;
}

void Value::not_a_word(std::span<const std::string_view> words) {
  findings_.fault(error_code::unknown_value, path_,
                  fmt::format("expected one of {}", fmt::join(words, ", ")));
}

}  // namespace crossfoot::contract
