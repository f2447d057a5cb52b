#pragma once

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "contract/schema/program.h"

/// What is known of a value that satisfies some subschemas of one program. Internal.
namespace crossfoot::contract::registry {

using schema::Json;
using schema::Node;
using schema::NodeId;
using schema::Program;
using schema::TypeSet;

/// Subschemas that all hold, ordered, with what they apply without a condition (`$ref`, `allOf`).
using Facts = std::vector<NodeId>;

/// Questions about one program. Answers are sound: what is said to hold holds for every valid
/// value; what cannot be told is left out.
class View {
 public:
  explicit View(const Program& program);

  [[nodiscard]] const Program& program() const { return program_; }
  [[nodiscard]] const Node& node(NodeId id) const { return program_.nodes[id]; }
  /// Text of a pattern of this program.
  [[nodiscard]] std::string_view text(const schema::Pattern* pattern) const {
    return pattern_texts_.at(pattern);
  }

  [[nodiscard]] Facts expand(Facts facts) const;
  /// Types that all allow; 0 when no value can satisfy them.
  [[nodiscard]] TypeSet types(const Facts& facts) const;
  [[nodiscard]] bool requires_name(const Facts& facts, std::string_view name) const;

  [[nodiscard]] Facts at_name(const Facts& facts, std::string_view name) const;
  /// Of names that names() does not have and that match none of the patterns `excluded`.
  [[nodiscard]] Facts at_other_names(const Facts& facts,
                                     const std::set<std::string_view>& excluded) const;
  /// Of names that names() does not have and that match the pattern.
  [[nodiscard]] Facts at_pattern(const Facts& facts, std::string_view pattern) const;
  [[nodiscard]] Facts at_index(const Facts& facts, std::size_t index) const;
  /// Of all indices that no `prefixItems` of the facts has.
  [[nodiscard]] Facts at_other_indices(const Facts& facts) const;
  [[nodiscard]] std::size_t prefix_size(const Facts& facts) const;

  /// All that is named in `properties` for the same value, under conditions too.
  [[nodiscard]] std::set<std::string_view> names(const Facts& facts) const;
  [[nodiscard]] std::set<std::string_view> patterns(const Node& node) const;
  /// Whether the name (null: any that names() does not have and no pattern in `excluded` matches)
  /// may count as evaluated by the node, its own `unevaluatedProperties` aside.
  [[nodiscard]] bool may_evaluate(NodeId id, const std::string_view* name,
                                  const std::set<std::string_view>& excluded,
                                  bool own_branches = true) const;
  [[nodiscard]] bool surely_evaluates(NodeId id, const std::string_view* name) const;

  static bool may_match(const schema::Pattern& pattern, std::string_view text);
  static bool surely_matches(const schema::Pattern& pattern, std::string_view text);

 private:
  using Seen = std::set<NodeId>;
  void collect(NodeId id, Seen& seen) const;
  void collect_names(NodeId id, Seen& seen, std::set<std::string_view>& found) const;
  [[nodiscard]] bool may_evaluate(NodeId id, const std::string_view* name,
                                  const std::set<std::string_view>& excluded, bool own_branches,
                                  bool outermost, Seen& seen) const;
  static void branches(const schema::Combination& combination, std::vector<NodeId>& out);

  const Program& program_;
  std::map<const schema::Pattern*, std::string_view> pattern_texts_;
};

/// Whether two subschemas say the same: equal rules in the same places, references followed.
/// Dynamic references that depend on their caller are never the same.
[[nodiscard]] bool same(const View& a, NodeId a_id, const View& b, NodeId b_id);
/// The same branches: `anyOf`, `oneOf`, `if`, `dependentSchemas`; both may have none.
[[nodiscard]] bool same_branches(const View& a, const Node& a_node, const View& b,
                                 const Node& b_node);

/// Whether surely no value of the types `within` satisfies both; `depth` bounds how far properties
/// are followed.
[[nodiscard]] bool disjoint(const View& a, const Facts& a_facts, const View& b,
                            const Facts& b_facts, TypeSet within = schema::type_any,
                            unsigned depth = 3);

}  // namespace crossfoot::contract::registry
