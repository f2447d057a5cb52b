#include <fmt/format.h>

#include <algorithm>

#include "contract/registry/subset.h"
#include "contract/schema/evaluation.h"

namespace crossfoot::contract::registry {

using schema::ObjectRules;

bool Subset::check_objects(const Facts& facts, const Node& node, const At& at) {
  if (!node.object || (writer_.types(facts) & schema::type_object) == 0) return true;
  bool all = true;
  const auto check = [&](bool (Subset::*rule)(const Facts&, const Node&, const At&)) {
    if (all || at.report != nullptr) all = (this->*rule)(facts, node, at) && all;
  };
  check(&Subset::check_required);
  check(&Subset::check_object_sizes);
  check(&Subset::check_properties);
  check(&Subset::check_patterns);
  check(&Subset::check_additional);
  check(&Subset::check_names);
  return all;
}

bool Subset::check_required(const Facts& facts, const Node& node, const At& at) {
  bool all = true;
  for (const std::string_view name : node.object->required) {
    if (writer_.requires_name(facts, name)) continue;
    const JsonPath path{&at.path, name};
    all = refuse(
        node, At{path, at.report, {}}, "required", Severity::breaking,
        fmt::format("\"{}\" is required in the {} version, not in the {} one", name, is_, was_));
    if (at.report == nullptr) return false;
  }
  for (const auto& [name, wanted] : node.object->dependent_required) {
    if (writer_.types(writer_.at_name(facts, name)) == 0) continue;
    const auto promised = [&](std::string_view other) {
      return writer_.requires_name(facts, other) || std::ranges::any_of(facts, [&](NodeId id) {
               const auto& object = writer_.node(id).object;
               return object &&
                      std::ranges::any_of(object->dependent_required, [&](const auto& one) {
                        return one.first == name &&
                               std::ranges::find(one.second, other) != one.second.end();
                      });
             });
    };
    if (std::ranges::all_of(wanted, promised)) continue;
    all = refuse(
        node, at, "dependentRequired", Severity::breaking,
        fmt::format("with \"{}\" the {} version requires more than the {} one", name, is_, was_));
  }
  return all;
}

bool Subset::check_object_sizes(const Facts& facts, const Node& node, const At& at) {
  std::uint64_t fewest = 0;
  std::uint64_t most = UINT64_MAX;
  std::set<std::string_view> required;
  for (const NodeId id : facts) {
    const auto& object = writer_.node(id).object;
    if (!object) continue;
    required.insert(object->required.begin(), object->required.end());
    fewest = std::max(fewest, object->properties_min);
    most = std::min(most, object->properties_max);
  }
  fewest = std::max<std::uint64_t>(fewest, required.size());
  bool all = true;
  if (fewest < node.object->properties_min) {
    all = refuse(node, at, "minProperties", Severity::breaking,
                 fmt::format("objects of the {} version may have fewer members", was_));
  }
  if (most > node.object->properties_max) {
    all = refuse(node, at, "maxProperties", Severity::breaking,
                 fmt::format("objects of the {} version may have more members", was_));
  }
  return all;
}

/// A member that is known by name, judged by `goal`, which stands under `keyword`.
bool Subset::check_name(const Facts& facts, const Node& node, std::string_view keyword,
                        std::string_view name, NodeId goal, const At& at) {
  const JsonPath path{&at.path, name};
  const Facts member = writer_.at_name(facts, name);
  if (at.report == nullptr) return descend(member, goal, path, at);
  if (prove(member, goal, At{path, nullptr, {}})) return true;
  const At here{path, at.report, {}};
  if (reader_.node(goal).always_false) {
    return refuse(node, here, keyword, Severity::breaking,
                  fmt::format("\"{}\" may stand in documents of the {} version and is refused by "
                              "the {} one",
                              name, was_, is_));
  }
  if (!writer_.names(facts).contains(name)) {
    return refuse(node, here, keyword,
                  options_.tolerate_additions ? Severity::warning : Severity::breaking,
                  fmt::format("\"{}\" is described in the {} version; the {} one leaves it open, "
                              "so its documents may carry anything under that name",
                              name, is_, was_));
  }
  return prove(member, goal, here);
}

bool Subset::check_properties(const Facts& facts, const Node& node, const At& at) {
  bool all = true;
  for (const auto& [name, goal] : node.object->properties) {
    all = check_name(facts, node, "properties", name, goal, at) && all;
    if (!all && at.report == nullptr) return false;
  }
  return all;
}

bool Subset::check_patterns(const Facts& facts, const Node& node, const At& at) {
  bool all = true;
  for (const auto& [pattern, goal] : node.object->patterns) {
    const std::string_view text = reader_.text(pattern);
    std::set<std::string_view> names = writer_.names(facts);
    for (const auto& [name, sub] : node.object->properties) names.insert(name);
    for (const std::string_view name : names) {
      if (!View::may_match(*pattern, name)) continue;
      all = check_name(facts, node, "patternProperties", name, goal, at) && all;
    }
    const JsonPath path{&at.path, "*"};
    if (prove(writer_.at_pattern(facts, text), goal, At{path, nullptr, {}})) continue;
    all = refuse(node, At{path, at.report, {}}, "patternProperties", Severity::breaking,
                 fmt::format("the {} version says more of members named like {}", is_, text));
  }
  return all;
}

bool Subset::check_additional(const Facts& facts, const Node& node, const At& at) {
  const ObjectRules& wanted = *node.object;
  if (!wanted.additional) return true;
  bool all = true;
  for (const std::string_view name : writer_.names(facts)) {
    if (wanted.find(name) != nullptr) continue;
    const bool matched = std::ranges::any_of(
        wanted.patterns, [&](const auto& one) { return View::surely_matches(*one.first, name); });
    if (matched) continue;
    all = check_name(facts, node, "additionalProperties", name, *wanted.additional, at) && all;
    if (!all && at.report == nullptr) return false;
  }
  const JsonPath path{&at.path, "*"};
  const Facts others = writer_.at_other_names(facts, reader_.patterns(node));
  if (prove(others, *wanted.additional, At{path, nullptr, {}})) return all;
  return refuse(node, At{path, at.report, {}}, "additionalProperties", Severity::breaking,
                fmt::format("further members are restricted in the {} version more than in the {} "
                            "one",
                            is_, was_));
}

bool Subset::check_names(const Facts& facts, const Node& node, const At& at) {
  if (!node.object->names) return true;
  Facts promised;
  for (const NodeId id : facts) {
    const auto& object = writer_.node(id).object;
    if (object && object->names) promised.push_back(*object->names);
  }
  const NodeId goal = *node.object->names;
  const JsonPath path{&at.path, "*"};
  if (prove(writer_.expand(promised), goal, At{path, nullptr, {}})) return true;
  // All names are known when no other is possible.
  const bool closed = writer_.types(writer_.at_other_names(facts, {})) == 0;
  const auto fits = [&](std::string_view name) {
    if (writer_.types(writer_.at_name(facts, name)) == 0) return true;
    const auto verdict = schema::Evaluation(reader_.program(), 1).run(Json::of_text(name), goal);
    return verdict && verdict->valid;
  };
  if (closed && std::ranges::all_of(writer_.names(facts), fits)) return true;
  return refuse(node, at, "propertyNames", Severity::breaking,
                fmt::format("names of members are restricted in the {} version more than in the "
                            "{} one",
                            is_, was_));
}

/// A name that neither side evaluates but in branches that are the same on both: where they do not
/// evaluate it here, they did not there, and the writer's own rule for the rest was met.
bool Subset::unevaluated_by_both(const Facts& facts, const Node& node, std::string_view name) {
  return std::ranges::any_of(facts, [&](NodeId id) {
    const Node& promised = writer_.node(id);
    if (!promised.unevaluated_properties) return false;
    if (!same_branches(writer_, promised, reader_, node)) return false;
    if (writer_.may_evaluate(id, &name, {}, false)) return false;
    const JsonPath path;
    return prove(writer_.expand({*promised.unevaluated_properties}), *node.unevaluated_properties,
                 At{path, nullptr, {}});
  });
}

bool Subset::check_unevaluated(const Facts& facts, const Node& node, NodeId id, const At& at) {
  if (!node.unevaluated_properties) return true;
  if ((writer_.types(facts) & schema::type_object) == 0) return true;
  std::set<std::string_view> names = writer_.names(facts);
  names.merge(reader_.names({id}));
  bool all = true;
  for (const std::string_view name : names) {
    if (reader_.surely_evaluates(id, &name)) continue;
    if (unevaluated_by_both(facts, node, name)) continue;
    all =
        check_name(facts, node, "unevaluatedProperties", name, *node.unevaluated_properties, at) &&
        all;
    if (!all && at.report == nullptr) return false;
  }
  if (reader_.surely_evaluates(id, nullptr)) return all;
  const JsonPath path{&at.path, "*"};
  if (prove(writer_.at_other_names(facts, {}), *node.unevaluated_properties,
            At{path, nullptr, {}})) {
    return all;
  }
  return refuse(node, At{path, at.report, {}}, "unevaluatedProperties", Severity::breaking,
                fmt::format("further members are restricted in the {} version more than in the {} "
                            "one",
                            is_, was_));
}

}  // namespace crossfoot::contract::registry
