#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "contract/registry/compatibility.h"
#include "contract/registry/facts.h"

namespace crossfoot::contract::registry {

/// Proves that what satisfies one schema satisfies another. Internal.
///
/// A goal is (facts of the writer, one subschema of the reader). It holds when every rule of the
/// reader follows from the facts. A goal met again below itself is taken as proven: between the two
/// lies a step into the document, so the proof is an induction over the document's size. What was
/// proven with the help of such an assumption is not remembered beyond it.
class Subset {
 public:
  Subset(const View& writer, const View& reader, Direction direction,
         const CompareOptions& options);

  /// Appends what stands against it; nothing when it is proven.
  void run(std::vector<Change>& changes);

 private:
  using Goal = std::tuple<Facts, std::set<NodeId>, NodeId>;
  using JsonPath = schema::JsonPath;

  /// One visit: where in the document, what to report to (null: only the answer counts), and which
  /// alternatives of the writer have been told apart already.
  struct At {
    const JsonPath& path;
    std::vector<Change>* report = nullptr;
    std::set<NodeId> split;
  };

  bool prove(const Facts& facts, NodeId goal, const At& at);
  bool is_same(NodeId promised, NodeId goal);
  bool try_rules(const Goal& key, const Facts& facts, NodeId goal, const At& at);
  bool split(const Facts& facts, NodeId goal, const At& at);
  bool rules(const Facts& facts, const Node& node, NodeId id, const At& at);
  /// With a place one step further down: alternatives are told apart anew there.
  bool descend(const Facts& facts, NodeId goal, const JsonPath& path, const At& at) {
    return prove(facts, goal, At{path, at.report, {}});
  }
  bool silently(const Facts& facts, NodeId goal, const At& at) {
    return prove(facts, goal, At{at.path, nullptr, at.split});
  }

  /// The values that satisfy the facts are few and known.
  [[nodiscard]] bool finite(const Facts& facts, std::vector<const Json*>& values) const;
  bool check_values(const std::vector<const Json*>& values, const Facts& facts, NodeId goal,
                    const At& at);

  // subset_rules.cpp
  bool check_types(const Facts& facts, const Node& node, const At& at);
  bool check_numbers(const Facts& facts, const Node& node, const At& at);
  bool check_texts(const Facts& facts, const Node& node, const At& at);
  bool check_arrays(const Facts& facts, const Node& node, const At& at);
  bool check_contains(const Facts& facts, const Node& node, const At& at);
  bool check_unevaluated_items(const Facts& facts, const Node& node, const At& at);

  // subset_objects.cpp
  bool check_objects(const Facts& facts, const Node& node, const At& at);
  bool check_required(const Facts& facts, const Node& node, const At& at);
  bool check_object_sizes(const Facts& facts, const Node& node, const At& at);
  bool check_properties(const Facts& facts, const Node& node, const At& at);
  bool check_patterns(const Facts& facts, const Node& node, const At& at);
  bool check_additional(const Facts& facts, const Node& node, const At& at);
  bool check_names(const Facts& facts, const Node& node, const At& at);
  bool check_unevaluated(const Facts& facts, const Node& node, NodeId id, const At& at);
  bool unevaluated_by_both(const Facts& facts, const Node& node, std::string_view name);
  bool check_name(const Facts& facts, const Node& node, std::string_view keyword,
                  std::string_view name, NodeId goal, const At& at);

  // subset_branches.cpp
  bool check_branches(const Facts& facts, const Node& node, const At& at);
  bool check_any_of(const Facts& facts, const Node& node, const At& at);
  bool check_one_of(const Facts& facts, const Node& node, const At& at);
  bool check_not(const Facts& facts, const Node& node, const At& at);
  bool check_condition(const Facts& facts, const Node& node, const At& at);
  bool check_dependent(const Facts& facts, const Node& node, const At& at);
  bool explain_branches(const Facts& facts, const Node& node, std::string_view keyword,
                        const At& at);

  /// Always false; says why when somebody listens.
  bool refuse(const Node& node, const At& at, std::string_view keyword, Severity severity,
              std::string message);

  const View& writer_;
  const View& reader_;
  Direction direction_;
  const CompareOptions& options_;
  std::string_view was_;  ///< how the writer's version is called
  std::string_view is_;   ///< how the reader's version is called
  std::uint64_t steps_left_;
  std::map<Goal, std::size_t> open_;  ///< goals under way, with their depth
  std::size_t lowest_used_ = SIZE_MAX;
  std::map<std::pair<NodeId, NodeId>, bool> same_;
  std::set<Goal> proven_;
  std::set<Goal> failed_;
};

}  // namespace crossfoot::contract::registry
