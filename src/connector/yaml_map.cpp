#include "connector/yaml_map.h"

#include <algorithm>
#include <charconv>

namespace crossfoot::connector {

YamlMap::YamlMap(YAML::Node node, std::string what, const FaultList& faults)
    : node_(std::move(node)), what_(std::move(what)), faults_(faults) {
  if (!node_.IsMap()) {
    wrong("must be a mapping");
    node_.reset(YAML::Node(YAML::NodeType::Map));
    return;
  }
  std::vector<std::string> seen;
  for (const auto& entry : node_) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
    if (std::ranges::find(seen, key) != seen.end()) {
      faults_.add(entry.first, what_ + ": '" + key + "' is there twice");
    }
    seen.push_back(key);
  }
}

std::optional<YAML::Node> YamlMap::take(std::string_view key) {
  taken_.emplace_back(key);
  for (const auto& entry : node_) {
    if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
  }
  return std::nullopt;
}

std::optional<std::string> YamlMap::text(std::string_view key) {
  const auto node = take(key);
  if (!node) return std::nullopt;
  if (!node->IsScalar()) {
    faults_.add(*node, what_ + ": '" + std::string(key) + "' must be a text");
    return std::nullopt;
  }
  return node->Scalar();
}

std::string YamlMap::needed_text(std::string_view key) {
  const bool there = take(key).has_value();
  if (!there) wrong("'" + std::string(key) + "' is missing");
  auto value = there ? text(key) : std::nullopt;
  if (value && value->empty()) wrong("'" + std::string(key) + "' is empty");
  return value.value_or("");
}

std::string YamlMap::text_or(std::string_view key, std::string_view otherwise) {
  return text(key).value_or(std::string(otherwise));
}

bool YamlMap::flag(std::string_view key, bool otherwise) {
  const auto node = take(key);
  if (!node) return otherwise;
  const std::string value = node->IsScalar() ? node->Scalar() : std::string();
  if (value != "true" && value != "false") {
    faults_.add(*node, what_ + ": '" + std::string(key) + "' must be true or false");
    return otherwise;
  }
  return value == "true";
}

std::int64_t YamlMap::number(std::string_view key, std::int64_t otherwise, std::int64_t min,
                             std::int64_t max) {
  const auto node = take(key);
  if (!node) return otherwise;
  const std::string digits = node->IsScalar() ? node->Scalar() : std::string();
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || stop != digits.data() + digits.size() || digits.empty() ||
      value < min || value > max) {
    faults_.add(*node, what_ + ": '" + std::string(key) + "' must be a whole number from " +
                           std::to_string(min) + " to " + std::to_string(max));
    return otherwise;
  }
  return value;
}

Duration YamlMap::duration(std::string_view key, Duration otherwise) {
  const auto node = take(key);
  if (!node) return otherwise;
  const auto value = node->IsScalar() ? parse_duration(node->Scalar()) : std::nullopt;
  if (!value) {
    faults_.add(*node, what_ + ": '" + std::string(key) +
                           "' must be a duration such as 500ms, 30s, 5m, 24h or 7d");
    return otherwise;
  }
  return *value;
}

std::optional<std::string> YamlMap::pointer(std::string_view key) {
  auto value = text(key);
  if (value && !value->empty() && value->front() != '/') {
    faults_.add(*take(key), what_ + ": '" + std::string(key) +
                                "' must be a JSON pointer, which starts with '/'");
    return std::nullopt;
  }
  return value;
}

std::string YamlMap::pointer_or(std::string_view key, std::string_view otherwise) {
  return pointer(key).value_or(std::string(otherwise));
}

std::string YamlMap::needed_pointer(std::string_view key) {
  if (!take(key)) wrong("'" + std::string(key) + "' is missing");
  return pointer(key).value_or("");
}

void YamlMap::wrong_at(std::string_view key, std::string message) {
  faults_.add(take(key).value_or(node_), what_ + ": " + std::move(message));
}

std::vector<std::string> YamlMap::texts(std::string_view key) {
  const auto node = take(key);
  std::vector<std::string> values;
  if (!node) return values;
  if (node->IsScalar()) {
    values.push_back(node->Scalar());
  } else if (node->IsSequence()) {
    for (const YAML::Node& child : *node) {
      if (child.IsScalar()) {
        values.push_back(child.Scalar());
      } else {
        faults_.add(child, what_ + ": '" + std::string(key) + "' must be a list of texts");
      }
    }
  } else {
    faults_.add(*node, what_ + ": '" + std::string(key) + "' must be a text or a list of texts");
  }
  return values;
}

void YamlMap::finish() {
  for (const auto& entry : node_) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string("?");
    if (std::ranges::find(taken_, key) == taken_.end()) {
      faults_.add(entry.first, what_ + ": unknown key '" + key + "'");
    }
  }
}

std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [unit_at, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0 || count > 1'000'000) return std::nullopt;
  const std::string_view unit(unit_at,
                              static_cast<std::size_t>(text.data() + text.size() - unit_at));
  if (unit == "ms") return std::chrono::milliseconds{count};
  if (unit == "s") return std::chrono::seconds{count};
  if (unit == "m") return std::chrono::minutes{count};
  if (unit == "h") return std::chrono::hours{count};
  if (unit == "d") return std::chrono::hours{24 * count};
  return std::nullopt;
}

}  // namespace crossfoot::connector
