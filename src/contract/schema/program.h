#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/schema/format.h"
#include "contract/schema/json.h"
#include "contract/schema/pattern.h"
#include "contract/schema/schema.h"

/// A compiled schema: what the compiler writes and the evaluation reads. Internal.
namespace crossfoot::contract::schema {

using NodeId = std::uint32_t;
using ResourceId = std::uint32_t;
template <class T>
using Named = std::pair<std::string_view, T>;

/// A place in a schema document; becomes text only when an error is found.
struct Place {
  const std::string* document_uri = nullptr;  ///< empty for the first document
  const JsonPath* path = nullptr;

  /// `#/pointer`, behind the document's URI.
  [[nodiscard]] std::string text() const { return *document_uri + "#" + path->pointer(); }
};

struct NumberRules {
  std::optional<Number> minimum;
  std::optional<Number> maximum;
  std::optional<Number> exclusive_minimum;
  std::optional<Number> exclusive_maximum;
  std::optional<Number> multiple_of;
};

struct TextRules {
  std::uint64_t length_min = 0;
  std::uint64_t length_max = UINT64_MAX;
  const Pattern* pattern = nullptr;
  FormatCheck format = nullptr;  ///< set only when it is asserted
  std::string_view format_name;
};

struct ArrayRules {
  std::uint64_t items_min = 0;
  std::uint64_t items_max = UINT64_MAX;
  bool unique = false;
  std::vector<NodeId> prefix;
  std::optional<NodeId> items;
  std::optional<NodeId> contains;
  std::uint64_t contains_min = 1;
  std::uint64_t contains_max = UINT64_MAX;
};

struct ObjectRules {
  std::uint64_t properties_min = 0;
  std::uint64_t properties_max = UINT64_MAX;
  std::vector<std::string_view> required;
  std::vector<Named<std::vector<std::string_view>>> dependent_required;
  std::vector<Named<NodeId>> properties;  ///< ordered by compare_names
  std::vector<std::pair<const Pattern*, NodeId>> patterns;
  std::optional<NodeId> additional;
  std::optional<NodeId> names;

  [[nodiscard]] const NodeId* find(std::string_view name) const;
};

/// `$dynamicRef`: the outermost entered resource that has the anchor, else where it leads by
/// itself.
struct DynamicRef {
  NodeId target = 0;
  std::string_view anchor;  ///< empty when it is as good as a `$ref`
};

/// Subschemas that judge the same value.
struct Combination {
  std::optional<NodeId> ref;
  std::optional<DynamicRef> dynamic_ref;
  std::vector<NodeId> all_of;
  std::vector<NodeId> any_of;
  std::vector<NodeId> one_of;
  std::optional<NodeId> excluded;
  std::optional<NodeId> condition;
  std::optional<NodeId> consequence;
  std::optional<NodeId> alternative;
  std::vector<Named<NodeId>> dependent;
};

/// A value of `enum` or `const`, and how many steps a comparison with it may take.
struct Constants {
  std::vector<const Json*> values;  ///< ordered by compare()
  std::uint64_t steps = 0;
  bool single = false;  ///< `const`

  [[nodiscard]] bool contain(const Json& value) const;
};

using TypeSet = std::uint8_t;
inline constexpr TypeSet type_null = 1, type_boolean = 2, type_integer = 4, type_number = 8,
                         type_string = 16, type_array = 32, type_object = 64, type_any = 0xff;

/// One subschema. Groups of rules that do not occur are null.
struct Node {
  Place place;
  const Json* source = nullptr;  ///< as written
  ResourceId resource = 0;
  bool always_false = false;
  TypeSet types = type_any;
  std::uint64_t steps = 1;  ///< what one visit is charged
  std::vector<Constants> constants;
  std::unique_ptr<NumberRules> number;
  std::unique_ptr<TextRules> text;
  std::unique_ptr<ArrayRules> array;
  std::unique_ptr<ObjectRules> object;
  std::unique_ptr<Combination> combination;
  std::optional<NodeId> unevaluated_items;
  std::optional<NodeId> unevaluated_properties;
};

struct Program {
  std::deque<JsonDocument> documents;
  std::deque<std::string> document_uris;
  std::deque<JsonPath> paths;
  std::deque<Node> nodes;
  std::map<std::string_view, std::unique_ptr<Pattern>> patterns;
  std::size_t pattern_bytes = 0;
  std::map<std::pair<std::string_view, ResourceId>, NodeId> dynamic_anchors;
  NodeId root = 0;
  SchemaLimits limits;
};

}  // namespace crossfoot::contract::schema
