#include "contract/schema/evaluation.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/error_codes.h"

namespace crossfoot::contract::schema {

namespace {

std::string_view describe(const Json& value) {
  switch (value.kind()) {
    case JsonKind::null:
      return "null";
    case JsonKind::boolean:
      return "a boolean";
    case JsonKind::number:
      return value.number().is_whole() ? "a whole number" : "a number";
    case JsonKind::text:
      return "a string";
    case JsonKind::array:
      return "an array";
    case JsonKind::object:
      break;
  }
  return "an object";
}

TypeSet types_of(const Json& value) {
  switch (value.kind()) {
    case JsonKind::null:
      return type_null;
    case JsonKind::boolean:
      return type_boolean;
    case JsonKind::number:
      return value.number().is_whole() ? type_integer : type_number;
    case JsonKind::text:
      return type_string;
    case JsonKind::array:
      return type_array;
    case JsonKind::object:
      break;
  }
  return type_object;
}

std::string expected_types(TypeSet types) {
  std::string text;
  const auto add = [&](TypeSet type, std::string_view name) {
    if ((types & type) == 0) return;
    if (!text.empty()) text += " or ";
    text += name;
  };
  add(type_object, "an object");
  add(type_array, "an array");
  add(type_string, "a string");
  if ((types & type_number) != 0) {
    add(type_number, "a number");
  } else {
    add(type_integer, "a whole number");
  }
  add(type_boolean, "a boolean");
  add(type_null, "null");
  return text;
}

}  // namespace

void Marks::merge(const Marks& other) {
  all_ = all_ || other.all_;
  first_ = std::max(first_, other.first_);
  if (bits_.size() < other.bits_.size()) bits_.resize(other.bits_.size());
  for (std::size_t i = 0; i < other.bits_.size(); ++i) bits_[i] |= other.bits_[i];
}

bool Constants::contain(const Json& value) const {
  const auto at = std::ranges::lower_bound(
      values, value, [](const Json& a, const Json& b) { return compare(a, b) < 0; },
      [](const Json* known) -> const Json& { return *known; });
  return at != values.end() && compare(**at, value) == 0;
}

Result<Verdict> Evaluation::run(const Json& instance, NodeId root) {
  const JsonPath path;
  const Scope scope{nullptr, program_.nodes[root].resource};
  verdict_.valid = visit(root, instance, path, scope, nullptr);
  if (fault_) return fail(std::move(*fault_));
  verdict_.more = verdict_.errors.size() >= errors_max_;
  return std::move(verdict_);
}

bool Evaluation::report(const Node& node, const JsonPath& path, std::string_view keyword,
                        std::string message) {
  if (stop()) return false;
  std::string schema = node.place.text();
  if (keyword != "false") append_token(schema, keyword);
  verdict_.errors.push_back(
      {path.pointer(), std::move(schema), std::string(keyword), std::move(message)});
  return false;
}

bool Evaluation::give_up(const Node& node, std::string cause) {
  if (!fault_) {
    fault_ = Fault{.code = std::string(error_code::schema_too_costly),
                   .fault_class = FaultClass::rejected,
                   .where = node.place.text(),
                   .cause = std::move(cause)};
  }
  return false;
}

bool Evaluation::charge(std::uint64_t steps, const Node& node) {
  if (fault_) return false;
  if (steps_left_ < steps) {
    return give_up(node, fmt::format("more than {} steps", program_.limits.steps_max));
  }
  steps_left_ -= steps;
  return true;
}

bool Evaluation::matches(const Pattern& pattern, std::string_view text, const Node& node) {
  if (!charge(1 + text.size() / 16, node)) return false;
  switch (matcher_.match(pattern, text)) {
    case MatchOutcome::matches:
      return true;
    case MatchOutcome::differs:
      return false;
    case MatchOutcome::gave_up:
      break;
  }
  return give_up(node, "a pattern takes too many steps on a text");
}

bool Evaluation::enter(const Node& node, const Json& value) {
  if (depth_ >= program_.limits.depth_max) {
    return give_up(
        node, fmt::format("more than {} subschemas inside one another", program_.limits.depth_max));
  }
  const std::uint64_t text_steps = value.is(JsonKind::text) ? value.size() / 64 : 0;
  return charge(node.steps + text_steps, node);
}

bool Evaluation::visit(NodeId id, const Json& value, const JsonPath& path, const Scope& outer,
                       Marks* marks) {
  const Node& node = program_.nodes[id];
  if (!enter(node, value)) return false;
  if (node.always_false) return report(node, path, "false", "nothing is allowed here");
  const Scope inner{&outer, node.resource};
  const Scope& scope = outer.resource == node.resource ? outer : inner;
  ++depth_;
  bool good = false;
  if (marks != nullptr || node.unevaluated_items || node.unevaluated_properties) {
    // Only a subschema that holds says what it has judged.
    Marks own;
    good = judge(node, {value, path, scope, &own});
    if (good && marks != nullptr && charge(own.words() / 16, node)) marks->merge(own);
  } else {
    good = judge(node, {value, path, scope});
  }
  --depth_;
  return good && !fault_;
}

bool Evaluation::holds(NodeId id, const At& at, Marks* marks) {
  ++quiet_;
  const bool good = visit(id, at.value, at.path, at.scope, marks);
  --quiet_;
  return good;
}

bool Evaluation::judge(const Node& node, const At& at) {
  bool good = true;
  if ((node.types & types_of(at.value)) == 0) {
    good = report(
        node, at.path, "type",
        fmt::format("expected {}, found {}", expected_types(node.types), describe(at.value)));
  } else {
    good = check_constants(node, at);
  }
  if (!good && stop()) return false;
  if (node.combination) good = check_combination(node, at) && good;
  if (!good && stop()) return false;
  switch (at.value.kind()) {
    case JsonKind::number:
      return (!node.number || check_number(node, at)) && good;
    case JsonKind::text:
      return (!node.text || check_text(node, at)) && good;
    case JsonKind::array:
      if (node.array) good = check_array(node, at) && good;
      return good && (!node.unevaluated_items || check_unevaluated_items(node, at));
    case JsonKind::object:
      if (node.object) good = check_object(node, at) && good;
      return good && (!node.unevaluated_properties || check_unevaluated_properties(node, at));
    default:
      return good;
  }
}

bool Evaluation::check_constants(const Node& node, const At& at) {
  for (const Constants& constants : node.constants) {
    if (constants.contain(at.value)) continue;
    return constants.single ? report(node, at.path, "const", "not the one value that is allowed")
                            : report(node, at.path, "enum", "not one of the values allowed");
  }
  return true;
}

NodeId Evaluation::dynamic_target(const DynamicRef& ref, const Scope& scope, const Node& node) {
  NodeId target = ref.target;
  if (ref.anchor.empty()) return target;
  std::uint64_t steps = 0;
  for (const Scope* entered = &scope; entered != nullptr; entered = entered->outer) {
    const auto found = program_.dynamic_anchors.find({ref.anchor, entered->resource});
    if (found != program_.dynamic_anchors.end()) target = found->second;
    ++steps;
  }
  static_cast<void>(charge(steps, node));
  return target;
}

bool Evaluation::check_combination(const Node& node, const At& at) {
  const Combination& rules = *node.combination;
  bool good = true;
  if (rules.ref) good = here(*rules.ref, at);
  if (rules.dynamic_ref && (good || !stop())) {
    const NodeId target = dynamic_target(*rules.dynamic_ref, at.scope, node);
    good = !fault_ && here(target, at) && good;
  }
  const auto also = [&](bool there, bool (Evaluation::*check)(const Node&, const At&)) {
    if (there && (good || !stop())) good = (this->*check)(node, at) && good;
  };
  also(!rules.all_of.empty(), &Evaluation::check_all_of);
  also(!rules.any_of.empty(), &Evaluation::check_any_of);
  also(!rules.one_of.empty(), &Evaluation::check_one_of);
  also(rules.condition.has_value(), &Evaluation::check_condition);
  also(!rules.dependent.empty(), &Evaluation::check_dependent);
  if (rules.excluded && (good || !stop()) && holds(*rules.excluded, at, nullptr)) {
    good = report(node, at.path, "not", "the value is of an excluded form");
  }
  return good;
}

bool Evaluation::check_all_of(const Node& node, const At& at) {
  bool good = true;
  for (const NodeId id : node.combination->all_of) {
    good = here(id, at) && good;
    if (!good && stop()) break;
  }
  return good;
}

bool Evaluation::check_any_of(const Node& node, const At& at) {
  bool good = false;
  for (const NodeId id : node.combination->any_of) {
    good = holds(id, at, at.marks) || good;
    // Further branches matter only for what they judge.
    if (fault_ || (good && at.marks == nullptr)) break;
  }
  if (good || fault_) return good;
  return report(node, at.path, "anyOf",
                fmt::format("none of the {} allowed forms fits", node.combination->any_of.size()));
}

bool Evaluation::check_one_of(const Node& node, const At& at) {
  std::size_t fitting = 0;
  for (const NodeId id : node.combination->one_of) {
    if (holds(id, at, at.marks)) ++fitting;
    if (fitting > 1 || fault_) break;
  }
  if (fitting == 1 || fault_) return !fault_;
  return report(node, at.path, "oneOf",
                fitting == 0 ? fmt::format("none of the {} allowed forms fits",
                                           node.combination->one_of.size())
                             : "more than one of the allowed forms fits");
}

bool Evaluation::check_condition(const Node& node, const At& at) {
  const Combination& rules = *node.combination;
  const bool holding = holds(*rules.condition, at, at.marks);
  if (fault_) return false;
  const auto& next = holding ? rules.consequence : rules.alternative;
  return !next || here(*next, at);
}

bool Evaluation::check_dependent(const Node& node, const At& at) {
  bool good = true;
  if (!charge(node.combination->dependent.size() / 8, node)) return false;
  for (const auto& [name, id] : node.combination->dependent) {
    if (!at.value.has(name)) continue;
    good = here(id, at) && good;
    if (!good && stop()) break;
  }
  return good;
}

bool Evaluation::check_unevaluated_items(const Node& node, const At& at) {
  bool good = true;
  std::size_t index = 0;
  for (const Json& element : at.value.elements()) {
    const std::size_t here_index = index++;
    if (at.marks->has(here_index)) continue;
    const JsonPath path{&at.path, {}, here_index};
    good = visit(*node.unevaluated_items, element, path, at.scope, nullptr) && good;
    if (!good && stop()) return false;
  }
  at.marks->mark_all();
  return good;
}

bool Evaluation::check_unevaluated_properties(const Node& node, const At& at) {
  bool good = true;
  std::size_t index = 0;
  for (const auto& [name, value] : at.value.members()) {
    if (at.marks->has(index++)) continue;
    const JsonPath path{&at.path, name};
    good = visit(*node.unevaluated_properties, value, path, at.scope, nullptr) && good;
    if (!good && stop()) return false;
  }
  at.marks->mark_all();
  return good;
}

}  // namespace crossfoot::contract::schema
