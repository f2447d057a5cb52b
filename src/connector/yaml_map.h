#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "connector/template.h"

namespace crossfoot::connector {

/// Collects the faults of one file.
struct FaultList {
  std::string file;
  std::vector<PackFault>& faults;

  void add(const YAML::Node& at, std::string message) const {
    faults.push_back({file, at.Mark().line + 1, std::move(message)});
  }
};

/// One mapping of a YAML file, read key by key; what was not asked for is reported as unknown by
/// `finish`. Every method goes on after a fault, with a harmless value.
class YamlMap {
 public:
  /// `what` names it in messages: `operation 'post'`.
  YamlMap(YAML::Node node, std::string what, const FaultList& faults);

  /// No value when the key is absent.
  std::optional<YAML::Node> take(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  /// A fault when absent.
  std::string needed_text(std::string_view key);
  std::string text_or(std::string_view key, std::string_view otherwise);
  bool flag(std::string_view key, bool otherwise);
  std::int64_t number(std::string_view key, std::int64_t otherwise, std::int64_t min,
                      std::int64_t max);
  /// `500ms`, `30s`, `5m`, `24h`, `7d`.
  Duration duration(std::string_view key, Duration otherwise);
  /// RFC 6901, or absent.
  std::optional<std::string> pointer(std::string_view key);
  std::string pointer_or(std::string_view key, std::string_view otherwise);
  /// A fault when absent.
  std::string needed_pointer(std::string_view key);
  /// One text, or a list of texts.
  std::vector<std::string> texts(std::string_view key);

  /// Reports the keys that nobody took.
  void finish();

  void wrong(std::string message) const { faults_.add(node_, what_ + ": " + std::move(message)); }
  /// At the key's value, or at the mapping when the key is absent.
  void wrong_at(std::string_view key, std::string message);
  [[nodiscard]] const YAML::Node& node() const { return node_; }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  YAML::Node node_;
  std::string what_;
  const FaultList& faults_;
  std::vector<std::string> taken_;
};

[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

}  // namespace crossfoot::connector
