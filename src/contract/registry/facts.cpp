#include "contract/registry/facts.h"

#include <algorithm>

#include "contract/schema/evaluation.h"

namespace crossfoot::contract::registry {

using schema::Combination;
using schema::Constants;
using schema::Named;
using schema::Pattern;

namespace {

void add(std::vector<NodeId>& out, const std::optional<NodeId>& id) {
  if (id) out.push_back(*id);
}

/// What always applies to the same value.
std::vector<NodeId> unconditional(const Node& node) {
  std::vector<NodeId> found;
  if (!node.combination) return found;
  found = node.combination->all_of;
  add(found, node.combination->ref);
  // A dynamic reference with an anchor may lead elsewhere: it is no fact.
  const auto& dynamic = node.combination->dynamic_ref;
  if (dynamic && dynamic->anchor.empty()) found.push_back(dynamic->target);
  return found;
}

}  // namespace

View::View(const Program& program) : program_(program) {
  for (const auto& [text, pattern] : program.patterns) pattern_texts_[pattern.get()] = text;
}

void View::branches(const Combination& combination, std::vector<NodeId>& out) {
  out.insert(out.end(), combination.any_of.begin(), combination.any_of.end());
  out.insert(out.end(), combination.one_of.begin(), combination.one_of.end());
  add(out, combination.condition);
  add(out, combination.consequence);
  add(out, combination.alternative);
  for (const auto& [name, id] : combination.dependent) out.push_back(id);
}

void View::collect(NodeId id, Seen& seen) const {
  if (!seen.insert(id).second) return;
  for (const NodeId next : unconditional(node(id))) collect(next, seen);
}

Facts View::expand(Facts facts) const {
  Seen seen;
  for (const NodeId id : facts) collect(id, seen);
  return {seen.begin(), seen.end()};
}

TypeSet View::types(const Facts& facts) const {
  TypeSet types = schema::type_null | schema::type_boolean | schema::type_integer |
                  schema::type_number | schema::type_string | schema::type_array |
                  schema::type_object;
  for (const NodeId id : facts) {
    if (node(id).always_false) return 0;
    types &= node(id).types;
  }
  return types;
}

bool View::requires_name(const Facts& facts, std::string_view name) const {
  return std::ranges::any_of(facts, [&](NodeId id) {
    const auto& object = node(id).object;
    return object && std::ranges::find(object->required, name) != object->required.end();
  });
}

bool View::may_match(const Pattern& pattern, std::string_view text) {
  return schema::Matcher().match(pattern, text) != schema::MatchOutcome::differs;
}

bool View::surely_matches(const Pattern& pattern, std::string_view text) {
  return schema::Matcher().match(pattern, text) == schema::MatchOutcome::matches;
}

Facts View::at_name(const Facts& facts, std::string_view name) const {
  Facts found;
  for (const NodeId id : facts) {
    const Node& one = node(id);
    if (one.object) {
      bool judged = false;
      if (const NodeId* named = one.object->find(name)) {
        found.push_back(*named);
        judged = true;
      }
      for (const auto& [pattern, sub] : one.object->patterns) {
        if (surely_matches(*pattern, name)) found.push_back(sub);
        judged = judged || may_match(*pattern, name);
      }
      if (!judged) add(found, one.object->additional);
    }
    if (one.unevaluated_properties && !may_evaluate(id, &name, {})) {
      found.push_back(*one.unevaluated_properties);
    }
  }
  return expand(std::move(found));
}

Facts View::at_other_names(const Facts& facts, const std::set<std::string_view>& excluded) const {
  Facts found;
  for (const NodeId id : facts) {
    const Node& one = node(id);
    if (one.object && one.object->additional) {
      const bool open = std::ranges::any_of(one.object->patterns, [&](const auto& entry) {
        return !excluded.contains(text(entry.first));
      });
      if (!open) found.push_back(*one.object->additional);
    }
    if (one.unevaluated_properties && !may_evaluate(id, nullptr, excluded)) {
      found.push_back(*one.unevaluated_properties);
    }
  }
  return expand(std::move(found));
}

Facts View::at_pattern(const Facts& facts, std::string_view pattern) const {
  Facts found;
  for (const NodeId id : facts) {
    const auto& object = node(id).object;
    if (!object) continue;
    for (const auto& [known, sub] : object->patterns) {
      if (text(known) == pattern) found.push_back(sub);
    }
    if (object->patterns.empty()) add(found, object->additional);
  }
  return expand(std::move(found));
}

std::size_t View::prefix_size(const Facts& facts) const {
  std::size_t size = 0;
  for (const NodeId id : facts) {
    if (node(id).array) size = std::max(size, node(id).array->prefix.size());
  }
  return size;
}

Facts View::at_index(const Facts& facts, std::size_t index) const {
  Facts found;
  for (const NodeId id : facts) {
    const auto& array = node(id).array;
    if (!array) continue;
    if (index < array->prefix.size()) {
      found.push_back(array->prefix[index]);
    } else {
      add(found, array->items);
    }
  }
  return expand(std::move(found));
}

Facts View::at_other_indices(const Facts& facts) const {
  return at_index(facts, prefix_size(facts));
}

void View::collect_names(NodeId id, Seen& seen, std::set<std::string_view>& found) const {
  if (!seen.insert(id).second) return;
  const Node& one = node(id);
  if (one.object) {
    for (const auto& [name, sub] : one.object->properties) found.insert(name);
    for (const std::string_view name : one.object->required) found.insert(name);
  }
  std::vector<NodeId> next = unconditional(one);
  if (one.combination) branches(*one.combination, next);
  for (const NodeId inner : next) collect_names(inner, seen, found);
}

std::set<std::string_view> View::names(const Facts& facts) const {
  Seen seen;
  std::set<std::string_view> found;
  for (const NodeId id : facts) collect_names(id, seen, found);
  return found;
}

std::set<std::string_view> View::patterns(const Node& one) const {
  std::set<std::string_view> found;
  if (!one.object) return found;
  for (const auto& [pattern, sub] : one.object->patterns) found.insert(text(pattern));
  return found;
}

bool View::may_evaluate(NodeId id, const std::string_view* name,
                        const std::set<std::string_view>& excluded, bool own_branches) const {
  Seen seen;
  return may_evaluate(id, name, excluded, own_branches, true, seen);
}

bool View::may_evaluate(NodeId id, const std::string_view* name,
                        const std::set<std::string_view>& excluded, bool own_branches,
                        bool outermost, Seen& seen) const {
  if (!seen.insert(id).second) return false;
  const Node& one = node(id);
  if (one.unevaluated_properties && !outermost) return true;
  if (one.object) {
    if (one.object->additional) return true;
    if (name != nullptr && one.object->find(*name) != nullptr) return true;
    for (const auto& [pattern, sub] : one.object->patterns) {
      if (name == nullptr ? !excluded.contains(text(pattern)) : may_match(*pattern, *name)) {
        return true;
      }
    }
  }
  if (!one.combination) return false;
  const auto& dynamic = one.combination->dynamic_ref;
  if (dynamic && !dynamic->anchor.empty()) return true;
  std::vector<NodeId> next = unconditional(one);
  if (own_branches || !outermost) branches(*one.combination, next);
  return std::ranges::any_of(
      next, [&](NodeId inner) { return may_evaluate(inner, name, excluded, true, false, seen); });
}

bool View::surely_evaluates(NodeId id, const std::string_view* name) const {
  for (const NodeId inner : expand({id})) {
    const Node& one = node(inner);
    if (one.unevaluated_properties && inner != id) return true;
    if (!one.object) continue;
    if (one.object->additional) return true;
    if (name == nullptr) continue;
    if (one.object->find(*name) != nullptr) return true;
    for (const auto& [pattern, sub] : one.object->patterns) {
      if (surely_matches(*pattern, *name)) return true;
    }
  }
  return false;
}

namespace {

bool holds(const View& view, const Facts& facts, const Json& value) {
  return std::ranges::all_of(facts, [&](NodeId id) {
    const auto verdict = schema::Evaluation(view.program(), 1).run(value, id);
    return !verdict || verdict->valid;  // without a verdict it may hold
  });
}

const Constants* constants(const View& view, const Facts& facts) {
  const Constants* fewest = nullptr;
  for (const NodeId id : facts) {
    for (const Constants& one : view.node(id).constants) {
      if (fewest == nullptr || one.values.size() < fewest->values.size()) fewest = &one;
    }
  }
  return fewest;
}

}  // namespace

bool disjoint(const View& a, const Facts& a_facts, const View& b, const Facts& b_facts,
              TypeSet within, unsigned depth) {
  const TypeSet both = a.types(a_facts) & b.types(b_facts) & within;
  if (both == 0) return true;
  const auto none_of = [](const View& of, const Facts& its, const View& other,
                          const Facts& others) {
    const Constants* finite = constants(of, its);
    return finite != nullptr && std::ranges::none_of(finite->values, [&](const Json* value) {
             return holds(of, its, *value) && holds(other, others, *value);
           });
  };
  if (none_of(a, a_facts, b, b_facts) || none_of(b, b_facts, a, a_facts)) return true;
  if (both != schema::type_object || depth == 0) return false;
  std::set<std::string_view> names = a.names(a_facts);
  names.merge(b.names(b_facts));
  return std::ranges::any_of(names, [&](std::string_view name) {
    if (!a.requires_name(a_facts, name) && !b.requires_name(b_facts, name)) return false;
    return disjoint(a, a.at_name(a_facts, name), b, b.at_name(b_facts, name), schema::type_any,
                    depth - 1);
  });
}

namespace {

/// Equality of two programs' subschemas; a pair that is being compared counts as equal.
class Same {
 public:
  Same(const View& a, const View& b) : a_(a), b_(b) {}

  bool nodes(NodeId a, NodeId b) {
    if (!seen_.emplace(a, b).second) return true;
    const Node& left = a_.node(a);
    const Node& right = b_.node(b);
    return left.always_false == right.always_false && left.types == right.types &&
           constants(left, right) && numbers(left, right) && texts(left, right) &&
           arrays(left, right) && objects(left, right) && combinations(left, right) &&
           maybe(left.unevaluated_items, right.unevaluated_items) &&
           maybe(left.unevaluated_properties, right.unevaluated_properties);
  }

  bool branches(const Combination& left, const Combination& right) {
    return list(left.any_of, right.any_of) && list(left.one_of, right.one_of) &&
           maybe(left.condition, right.condition) && maybe(left.consequence, right.consequence) &&
           maybe(left.alternative, right.alternative) && named(left.dependent, right.dependent);
  }

 private:
  bool maybe(const std::optional<NodeId>& a, const std::optional<NodeId>& b) {
    return a.has_value() == b.has_value() && (!a || nodes(*a, *b));
  }

  bool list(const std::vector<NodeId>& a, const std::vector<NodeId>& b) {
    return std::ranges::equal(a, b, [this](NodeId x, NodeId y) { return nodes(x, y); });
  }

  bool named(const std::vector<Named<NodeId>>& a, const std::vector<Named<NodeId>>& b) {
    return std::ranges::equal(a, b, [this](const auto& x, const auto& y) {
      return x.first == y.first && nodes(x.second, y.second);
    });
  }

  static bool constants(const Node& a, const Node& b) {
    return std::ranges::equal(a.constants, b.constants, [](const auto& x, const auto& y) {
      return std::ranges::equal(x.values, y.values, [](const Json* one, const Json* other) {
        return schema::compare(*one, *other) == 0;
      });
    });
  }

  static bool numbers(const Node& a, const Node& b) {
    if (!a.number || !b.number) return !a.number && !b.number;
    return a.number->minimum == b.number->minimum && a.number->maximum == b.number->maximum &&
           a.number->exclusive_minimum == b.number->exclusive_minimum &&
           a.number->exclusive_maximum == b.number->exclusive_maximum &&
           a.number->multiple_of == b.number->multiple_of;
  }

  bool texts(const Node& a, const Node& b) {
    if (!a.text || !b.text) return !a.text && !b.text;
    return a.text->length_min == b.text->length_min && a.text->length_max == b.text->length_max &&
           a.text->format_name == b.text->format_name && patterns(a.text->pattern, b.text->pattern);
  }

  bool patterns(const Pattern* a, const Pattern* b) {
    if (a == nullptr || b == nullptr) return a == b;
    return a_.text(a) == b_.text(b);
  }

  bool arrays(const Node& a, const Node& b) {
    if (!a.array || !b.array) return !a.array && !b.array;
    const auto& x = *a.array;
    const auto& y = *b.array;
    return x.items_min == y.items_min && x.items_max == y.items_max && x.unique == y.unique &&
           x.contains_min == y.contains_min && x.contains_max == y.contains_max &&
           list(x.prefix, y.prefix) && maybe(x.items, y.items) && maybe(x.contains, y.contains);
  }

  bool objects(const Node& a, const Node& b) {
    if (!a.object || !b.object) return !a.object && !b.object;
    const auto& x = *a.object;
    const auto& y = *b.object;
    return x.properties_min == y.properties_min && x.properties_max == y.properties_max &&
           std::ranges::is_permutation(x.required, y.required) &&
           x.dependent_required == y.dependent_required && named(x.properties, y.properties) &&
           std::ranges::equal(x.patterns, y.patterns,
                              [this](const auto& one, const auto& other) {
                                return patterns(one.first, other.first) &&
                                       nodes(one.second, other.second);
                              }) &&
           maybe(x.additional, y.additional) && maybe(x.names, y.names);
  }

  bool combinations(const Node& a, const Node& b) {
    if (!a.combination || !b.combination) return !a.combination && !b.combination;
    const Combination& x = *a.combination;
    const Combination& y = *b.combination;
    const auto dynamic = [](const Combination& one) { return one.dynamic_ref.has_value(); };
    if (dynamic(x) != dynamic(y)) return false;
    if (dynamic(x) && !(x.dynamic_ref->anchor.empty() && y.dynamic_ref->anchor.empty() &&
                        nodes(x.dynamic_ref->target, y.dynamic_ref->target))) {
      return false;
    }
    return maybe(x.ref, y.ref) && list(x.all_of, y.all_of) && maybe(x.excluded, y.excluded) &&
           branches(x, y);
  }

  const View& a_;
  const View& b_;
  std::set<std::pair<NodeId, NodeId>> seen_;
};

}  // namespace

bool same(const View& a, NodeId a_id, const View& b, NodeId b_id) {
  return Same(a, b).nodes(a_id, b_id);
}

bool same_branches(const View& a, const Node& a_node, const View& b, const Node& b_node) {
  const Combination none;
  return Same(a, b).branches(a_node.combination ? *a_node.combination : none,
                             b_node.combination ? *b_node.combination : none);
}

}  // namespace crossfoot::contract::registry
