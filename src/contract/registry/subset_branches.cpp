#include <fmt/format.h>

#include <algorithm>

#include "contract/registry/subset.h"

namespace crossfoot::contract::registry {

using schema::Combination;

bool Subset::check_branches(const Facts& facts, const Node& node, const At& at) {
  if (!node.combination) return true;
  const Combination& wanted = *node.combination;
  bool all = true;
  const auto follow = [&](NodeId id) {
    if (all || at.report != nullptr) all = prove(facts, id, at) && all;
  };
  if (wanted.ref) follow(*wanted.ref);
  if (wanted.dynamic_ref) {
    if (wanted.dynamic_ref->anchor.empty()) {
      follow(wanted.dynamic_ref->target);
    } else {
      all = refuse(node, at, "$dynamicRef", Severity::undecided,
                   "where a dynamic reference leads is not followed");
    }
  }
  for (const NodeId id : wanted.all_of) follow(id);
  const auto check = [&](bool (Subset::*rule)(const Facts&, const Node&, const At&)) {
    if (all || at.report != nullptr) all = (this->*rule)(facts, node, at) && all;
  };
  check(&Subset::check_any_of);
  check(&Subset::check_one_of);
  check(&Subset::check_not);
  check(&Subset::check_condition);
  check(&Subset::check_dependent);
  return all;
}

/// Names what stands against it: branch by branch where the writer has as many, else as a whole.
bool Subset::explain_branches(const Facts& facts, const Node& node, std::string_view keyword,
                              const At& at) {
  if (at.report == nullptr) return false;
  const auto list = [&](const Node& of) -> const std::vector<NodeId>* {
    if (!of.combination) return nullptr;
    return keyword == "anyOf" ? &of.combination->any_of : &of.combination->one_of;
  };
  const std::vector<NodeId>& wanted = *list(node);
  for (const NodeId id : facts) {
    const std::vector<NodeId>* promised = list(writer_.node(id));
    if (promised == nullptr || promised->empty()) continue;
    const std::size_t before = at.report->size();
    for (std::size_t i = 0; i < promised->size(); ++i) {
      Facts joined = facts;
      joined.push_back((*promised)[i]);
      joined = writer_.expand(std::move(joined));
      const bool covered =
          std::ranges::any_of(wanted, [&](NodeId goal) { return silently(joined, goal, at); });
      if (covered) continue;
      if (promised->size() == wanted.size()) {
        (void)prove(joined, wanted[i], at);
      } else {
        (void)refuse(node, at, keyword, Severity::breaking,
                     fmt::format("branch {} of the {} version is covered by none of the {} one", i,
                                 was_, is_));
      }
    }
    if (at.report->size() > before) return false;
  }
  return refuse(node, at, keyword, Severity::undecided,
                fmt::format("it cannot be shown that {} of the branches holds",
                            keyword == "anyOf" ? "one" : "exactly one"));
}

bool Subset::check_any_of(const Facts& facts, const Node& node, const At& at) {
  const auto& wanted = node.combination->any_of;
  if (wanted.empty()) return true;
  if (std::ranges::any_of(wanted, [&](NodeId id) { return silently(facts, id, at); })) return true;
  return explain_branches(facts, node, "anyOf", at);
}

bool Subset::check_one_of(const Facts& facts, const Node& node, const At& at) {
  const auto& wanted = node.combination->one_of;
  if (wanted.empty()) return true;
  const bool kept = std::ranges::any_of(facts, [&](NodeId id) {
    const auto& combination = writer_.node(id).combination;
    if (!combination || combination->one_of.size() != wanted.size()) return false;
    return std::ranges::equal(combination->one_of, wanted,
                              [&](NodeId a, NodeId b) { return same(writer_, a, reader_, b); });
  });
  if (kept) return true;
  const TypeSet types = writer_.types(facts);
  const auto alone = [&](NodeId id) {
    return std::ranges::all_of(wanted, [&](NodeId other) {
      if (other == id) return std::ranges::count(wanted, id) == 1;
      const Facts others = reader_.expand({other});
      return disjoint(writer_, facts, reader_, others) ||
             disjoint(reader_, reader_.expand({id}), reader_, others, types);
    });
  };
  const bool holds =
      std::ranges::any_of(wanted, [&](NodeId id) { return silently(facts, id, at) && alone(id); });
  return holds || explain_branches(facts, node, "oneOf", at);
}

bool Subset::check_not(const Facts& facts, const Node& node, const At& at) {
  if (!node.combination->excluded) return true;
  const NodeId excluded = *node.combination->excluded;
  if (disjoint(writer_, facts, reader_, reader_.expand({excluded}))) return true;
  const bool kept = std::ranges::any_of(facts, [&](NodeId id) {
    const auto& combination = writer_.node(id).combination;
    return combination && combination->excluded &&
           same(writer_, *combination->excluded, reader_, excluded);
  });
  if (kept) return true;
  return refuse(
      node, at, "not", Severity::undecided,
      fmt::format("what the {} version excludes may stand in documents of the {} one", is_, was_));
}

bool Subset::check_condition(const Facts& facts, const Node& node, const At& at) {
  const Combination& wanted = *node.combination;
  if (!wanted.condition || (!wanted.consequence && !wanted.alternative)) return true;
  const auto holds = [&](const Facts& known, const std::optional<NodeId>& goal) {
    return !goal || silently(known, *goal, at);
  };
  const Facts condition = reader_.expand({*wanted.condition});
  const bool never = disjoint(writer_, facts, reader_, condition);
  const bool always = silently(facts, *wanted.condition, at);
  if ((never || holds(facts, wanted.consequence)) && (always || holds(facts, wanted.alternative))) {
    return true;
  }
  for (const NodeId id : facts) {
    const auto& combination = writer_.node(id).combination;
    if (!combination || !combination->condition) continue;
    if (!same(writer_, *combination->condition, reader_, *wanted.condition)) continue;
    const auto joined = [&](const std::optional<NodeId>& more, std::optional<NodeId> also) {
      Facts known = facts;
      if (more) known.push_back(*more);
      if (also) known.push_back(*also);
      return writer_.expand(std::move(known));
    };
    const Facts then = joined(combination->consequence, combination->condition);
    const Facts otherwise = joined(combination->alternative, std::nullopt);
    if (holds(then, wanted.consequence) && holds(otherwise, wanted.alternative)) return true;
    if (at.report == nullptr) continue;
    bool all = !wanted.consequence || prove(then, *wanted.consequence, at);
    all = (!wanted.alternative || prove(otherwise, *wanted.alternative, at)) && all;
    if (!all) return false;
  }
  return refuse(
      node, at, "if", Severity::undecided,
      fmt::format("a condition stands in the {} version that the {} one does not have", is_, was_));
}

bool Subset::check_dependent(const Facts& facts, const Node& node, const At& at) {
  bool all = true;
  for (const auto& [name, goal] : node.combination->dependent) {
    if (writer_.types(writer_.at_name(facts, name)) == 0) continue;
    Facts joined = facts;
    for (const NodeId id : facts) {
      const auto& combination = writer_.node(id).combination;
      if (!combination) continue;
      for (const auto& [known, sub] : combination->dependent) {
        if (known == name) joined.push_back(sub);
      }
    }
    if (silently(writer_.expand(std::move(joined)), goal, at)) continue;
    all = refuse(
        node, at, "dependentSchemas", Severity::undecided,
        fmt::format("with \"{}\" the {} version asks for more than the {} one", name, is_, was_));
    if (at.report == nullptr) return false;
  }
  return all;
}

}  // namespace crossfoot::contract::registry
