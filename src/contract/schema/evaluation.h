#pragma once

#include <string>
#include <vector>

#include "contract/schema/program.h"

namespace crossfoot::contract::schema {

/// Which entries of one array or object some subschema has judged: what `unevaluated…` leaves out.
class Marks {
 public:
  void mark_all() { all_ = true; }
  void mark_first(std::size_t count) { first_ = std::max(first_, count); }
  void mark(std::size_t index) {
    if (index / 64 >= bits_.size()) bits_.resize(index / 64 + 1);
    bits_[index / 64] |= std::uint64_t{1} << (index % 64);
  }
  [[nodiscard]] bool has(std::size_t index) const {
    return all_ || index < first_ ||
           (index / 64 < bits_.size() && (bits_[index / 64] >> (index % 64) & 1) != 0);
  }
  void merge(const Marks& other);
  [[nodiscard]] std::uint64_t words() const { return bits_.size(); }

 private:
  bool all_ = false;
  std::size_t first_ = 0;
  std::vector<std::uint64_t> bits_;
};

/// One run of a program over one instance. Recursion follows instance and schema together and is
/// bounded by the limits, as is the work.
class Evaluation {
 public:
  Evaluation(const Program& program, std::size_t errors_max)
      : program_(program), errors_max_(errors_max), steps_left_(program.limits.steps_max) {}

  Result<Verdict> run(const Json& instance) { return run(instance, program_.root); }
  /// By one subschema, as if it stood alone.
  Result<Verdict> run(const Json& instance, NodeId root);

 private:
  /// The resources entered so far, innermost first.
  struct Scope {
    const Scope* outer = nullptr;
    ResourceId resource = 0;
  };
  /// Where a visit is.
  struct At {
    const Json& value;
    const JsonPath& path;
    const Scope& scope;
    Marks* marks = nullptr;  ///< null when nobody asks
  };

  bool visit(NodeId id, const Json& value, const JsonPath& path, const Scope& outer, Marks* marks);
  bool judge(const Node& node, const At& at);
  bool enter(const Node& node, const Json& value);
  /// As visit, without reporting.
  bool holds(NodeId id, const At& at, Marks* marks);
  bool here(NodeId id, const At& at) { return visit(id, at.value, at.path, at.scope, at.marks); }

  bool check_constants(const Node& node, const At& at);
  bool check_number(const Node& node, const At& at);
  bool check_text(const Node& node, const At& at);
  bool check_array(const Node& node, const At& at);
  bool check_items(const Node& node, const At& at);
  bool check_contains(const Node& node, const At& at);
  bool check_unique(const Node& node, const At& at);
  bool check_object(const Node& node, const At& at);
  bool check_object_size(const Node& node, const At& at);
  bool check_members(const Node& node, const At& at);
  bool check_named_members(const Node& node, const At& at);
  bool check_member(const Node& node, const At& at, std::size_t index);
  bool check_combination(const Node& node, const At& at);
  bool check_all_of(const Node& node, const At& at);
  bool check_any_of(const Node& node, const At& at);
  bool check_one_of(const Node& node, const At& at);
  bool check_condition(const Node& node, const At& at);
  bool check_dependent(const Node& node, const At& at);
  bool check_unevaluated_items(const Node& node, const At& at);
  bool check_unevaluated_properties(const Node& node, const At& at);
  NodeId dynamic_target(const DynamicRef& ref, const Scope& scope, const Node& node);

  /// Always false; notes the error unless it is quiet or full.
  bool report(const Node& node, const JsonPath& path, std::string_view keyword,
              std::string message);
  /// Whether one more failure would change nothing.
  [[nodiscard]] bool stop() const {
    return quiet_ > 0 || fault_ || verdict_.errors.size() >= errors_max_;
  }
  /// Spends; false, with a fault, when nothing is left.
  bool charge(std::uint64_t steps, const Node& node);
  bool give_up(const Node& node, std::string cause);
  bool matches(const Pattern& pattern, std::string_view text, const Node& node);

  const Program& program_;
  std::size_t errors_max_;
  std::uint64_t steps_left_;
  std::size_t depth_ = 0;
  std::size_t quiet_ = 0;
  Matcher matcher_;
  Verdict verdict_;
  std::optional<Fault> fault_;
};

}  // namespace crossfoot::contract::schema
