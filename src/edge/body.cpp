#include "edge/body.h"

#include <algorithm>

#include "contract/error_codes.h"

namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::make_problem;

constexpr std::size_t depth_max = 8;

std::string_view code_of(simdjson::error_code error) {
  if (error == simdjson::UTF8_ERROR) return code::invalid_utf8;
  if (error == simdjson::DEPTH_ERROR) return code::too_deep;
  return code::invalid_json;
}

}  // namespace

BodyReader::BodyReader(std::string_view body) {
  simdjson::dom::element root;
  simdjson::error_code error = parser_.allocate(std::max<std::size_t>(body.size(), 64), depth_max);
  if (error == simdjson::SUCCESS) error = parser_.parse(body.data(), body.size()).get(root);
  if (error != simdjson::SUCCESS) {
    syntax_ = make_problem(code_of(error), "the body is not one JSON object");
    return;
  }
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    syntax_ = make_problem(code::wrong_type, "the body is not an object");
    return;
  }
  object_ = object;
}

std::optional<simdjson::dom::element> BodyReader::field(std::string_view name, Presence presence) {
  asked_.push_back(name);
  if (!object_) return std::nullopt;
  std::optional<simdjson::dom::element> found;
  for (const auto [key, value] : *object_) {
    if (key != name) continue;
    if (found) fault(name, code::duplicate_key, "the field is stated twice");
    found = value;
  }
  if (!found && presence == Presence::required) {
    fault(name, code::required_field, "the field is required");
  }
  return found;
}

void BodyReader::fault(std::string_view name, std::string_view problem_code, std::string detail) {
  items_.push_back({"/" + std::string(name), std::string(problem_code), std::move(detail)});
}

void BodyReader::texts(std::string_view name, std::size_t entries_max,
                       const std::function<void(std::string_view)>& take) {
  const auto element = field(name);
  if (!element) return;
  simdjson::dom::array array;
  if (element->get(array) != simdjson::SUCCESS) {
    return fault(name, code::wrong_type, "expected an array of texts");
  }
  std::size_t index = 0;
  for (const simdjson::dom::element entry : array) {
    if (index == entries_max) {
      return fault(name, code::too_many_lines,
                   "at most " + std::to_string(entries_max) + " entries are taken");
    }
    std::string_view text;
    if (entry.get(text) != simdjson::SUCCESS) {
      return fault(std::string(name) + "/" + std::to_string(index), code::wrong_type,
                   "expected a text");
    }
    take(text);
    ++index;
  }
}

std::string BodyReader::text(std::string_view name, std::size_t bytes_max, Presence presence) {
  const auto element = field(name, presence);
  if (!element) return {};
  std::string_view text;
  if (element->get(text) != simdjson::SUCCESS) {
    fault(name, code::wrong_type, "expected a text");
  } else if (text.size() > bytes_max) {
    fault(name, code::out_of_range, "at most " + std::to_string(bytes_max) + " bytes are taken");
  } else if (text.empty() && presence == Presence::required) {
    fault(name, code::required_field, "the text is empty");
  } else if (text.contains('\0')) {
    fault(name, code::invalid_format, "U+0000 is in no text");  // nor can every data store keep it
  } else {
    return std::string(text);
  }
  return {};
}

std::string BodyReader::object(std::string_view name) {
  const auto element = field(name);
  if (!element) return {};
  if (!element->is_object()) {
    fault(name, code::wrong_type, "expected an object");
    return {};
  }
  return simdjson::minify(*element);
}

bool BodyReader::boolean(std::string_view name, bool otherwise) {
  const auto element = field(name, Presence::optional);
  bool value = otherwise;
  if (element && element->get(value) != simdjson::SUCCESS) {
    fault(name, code::wrong_type, "expected true or false");
  }
  return value;
}

std::uint32_t BodyReader::number(std::string_view name, std::uint32_t most,
                                 std::uint32_t otherwise) {
  return number_of(name, field(name, Presence::optional), most, otherwise);
}

std::uint32_t BodyReader::required_number(std::string_view name, std::uint32_t most) {
  return number_of(name, field(name), most, 0);
}

std::uint32_t BodyReader::number_of(std::string_view name,
                                    const std::optional<simdjson::dom::element>& element,
                                    std::uint32_t most, std::uint32_t otherwise) {
  if (!element) return otherwise;
  std::uint64_t value = 0;
  if (element->get(value) != simdjson::SUCCESS) {
    fault(name, code::wrong_type, "expected a whole number");
  } else if (value < 1 || value > most) {
    fault(name, code::out_of_range, "expected 1 to " + std::to_string(most));
  } else {
    return static_cast<std::uint32_t>(value);
  }
  return otherwise;
}

std::optional<BusinessDate> BodyReader::date(std::string_view name) {
  return date_of(name, field(name));
}

std::optional<BusinessDate> BodyReader::optional_date(std::string_view name) {
  return date_of(name, field(name, Presence::optional));
}

std::optional<BusinessDate> BodyReader::date_of(
    std::string_view name, const std::optional<simdjson::dom::element>& element) {
  if (!element) return std::nullopt;
  std::string_view text;
  if (element->get(text) != simdjson::SUCCESS) {
    fault(name, code::wrong_type, "expected a text");
    return std::nullopt;
  }
  const std::optional<BusinessDate> date = parse_business_date(text);
  if (!date) fault(name, code::invalid_format, "expected a day as YYYY-MM-DD");
  return date;
}

std::optional<contract::Problem> BodyReader::finish() {
  if (syntax_) return std::move(syntax_);
  for (const auto [key, value] : *object_) {
    if (std::ranges::find(asked_, key) == asked_.end()) {
      items_.push_back({"", std::string(code::unknown_field), "a field that is not known here"});
    }
  }
  if (items_.empty()) return std::nullopt;
  // By value: the items move into the problem that they name.
  const std::string first = items_.front().code;
  return make_problem(first, items_.front().detail, std::move(items_));
}

}  // namespace crossfoot::edge
