#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connector/expression.h"

namespace YAML {
class Node;
}

namespace crossfoot::connector {

/// What is wrong with a pack, and where.
struct PackFault {
  std::string file;
  int line = 0;  ///< 1 … ; 0 when it concerns the whole file
  std::string message;

  bool operator==(const PackFault&) const = default;
};

/// A test over the mapping's input, of `$if` and `$where`.
struct Condition {
  enum class Mode : std::uint8_t {
    truthy,   ///< present, and not false, "", [] or {}
    present,  ///< there, whatever it says
    absent,
    in,      ///< its text is one of `values`
    not_in,  ///< absent, or its text is none of `values`
  };

  Path path;
  Mode mode = Mode::truthy;
  std::vector<std::string> values;
};

[[nodiscard]] bool holds(const Condition& condition, const Scope& scope);

/// The target's JSON with placeholders, loops and choices in it, compiled once into a flat program
/// and rendered in a few microseconds. The language is described in connectors/README.md. Values of
/// the input are escaped and never read again as a template. Immutable after compile.
class Template {
 public:
  static constexpr std::size_t output_bytes_max = 16 * 1024 * 1024;

  /// The text of a `*.json` file. `file` is for the faults alone.
  [[nodiscard]] static std::expected<Template, std::vector<PackFault>> compile(
      std::string_view text, const std::vector<std::string>& roots, const std::string& file);

  /// A template inside another YAML document.
  [[nodiscard]] static std::expected<Template, std::vector<PackFault>> compile(
      const YAML::Node& node, const std::vector<std::string>& roots, const std::string& file);

  /// Appends the JSON text. Rejected when a needed value is absent or of the wrong kind, or when
  /// the text grows over output_bytes_max.
  [[nodiscard]] Status render(Json input, std::string& out) const;

 private:
  friend class TemplateCompiler;
  friend class TemplateRenderer;

  enum class Kind : std::uint8_t { literal, value, text, object, array, each, if_, switch_ };
  using NodeIndex = std::uint32_t;
  static constexpr NodeIndex no_node = UINT32_MAX;

  /// Literals, values, loops, choices: `first` names one entry of their table. Texts, objects,
  /// arrays: `count` entries of their table from `first` on.
  struct Node {
    Kind kind = Kind::literal;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct Member {
    std::string key;  ///< as JSON, with its colon
    NodeIndex value = no_node;
  };
  struct Each {
    Path list;
    std::optional<Condition> where;
    NodeIndex body = no_node;
  };
  struct If {
    Condition condition;
    NodeIndex then = no_node;
    NodeIndex otherwise = no_node;
  };
  struct Switch {
    Placeholder on;
    std::vector<std::pair<std::string, NodeIndex>> cases;
    NodeIndex otherwise = no_node;
  };

  std::vector<Node> nodes_;
  std::vector<std::string> literals_;
  std::vector<Placeholder> values_;
  std::vector<Piece> pieces_;
  std::vector<Member> members_;
  std::vector<NodeIndex> elements_;
  std::vector<Each> loops_;
  std::vector<If> ifs_;
  std::vector<Switch> switches_;
  NodeIndex root_ = no_node;
};

}  // namespace crossfoot::connector
