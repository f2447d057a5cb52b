#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "contract/registry/subset.h"

namespace crossfoot::contract::registry {

using schema::ArrayRules;
using schema::Number;
using schema::NumberRules;
using schema::TextRules;

namespace {

constexpr TypeSet numeric = schema::type_integer | schema::type_number;

std::string names_of(TypeSet types) {
  static constexpr std::array<std::pair<TypeSet, std::string_view>, 7> words{
      {{schema::type_null, "null"},
       {schema::type_boolean, "boolean"},
       {schema::type_integer, "whole number"},
       {schema::type_number, "number with a fraction"},
       {schema::type_string, "string"},
       {schema::type_array, "array"},
       {schema::type_object, "object"}}};
  std::string text;
  for (const auto& [type, word] : words) {
    if ((types & type) == 0) continue;
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

/// Whether any fact has rules of the group that say it.
template <class Rules, class Test>
bool some(const View& view, const Facts& facts, std::unique_ptr<Rules> Node::* group, Test test) {
  return std::ranges::any_of(facts, [&](NodeId id) {
    const auto& rules = view.node(id).*group;
    return rules && test(*rules);
  });
}

bool at_least(const NumberRules& rules, const Number& bound, bool exclusive) {
  if (rules.exclusive_minimum && *rules.exclusive_minimum >= bound) return true;
  return rules.minimum && (exclusive ? *rules.minimum > bound : *rules.minimum >= bound);
}

bool at_most(const NumberRules& rules, const Number& bound, bool exclusive) {
  if (rules.exclusive_maximum && *rules.exclusive_maximum <= bound) return true;
  return rules.maximum && (exclusive ? *rules.maximum < bound : *rules.maximum <= bound);
}

std::string bound_message(std::string_view what, bool has_other, std::string_view is,
                          std::string_view was) {
  return has_other
             ? fmt::format("{} is narrower in the {} version than in the {} one", what, is, was)
             : fmt::format("{} stands in the {} version, not in the {} one", what, is, was);
}

}  // namespace

bool Subset::check_types(const Facts& facts, const Node& node, const At& at) {
  const TypeSet lost = writer_.types(facts) & static_cast<TypeSet>(~node.types);
  if (lost == 0) return true;
  return refuse(node, at, "type", Severity::breaking,
                fmt::format("{} is allowed by the {} version and not by the {} one", names_of(lost),
                            was_, is_));
}

bool Subset::check_numbers(const Facts& facts, const Node& node, const At& at) {
  const TypeSet types = writer_.types(facts) & numeric;
  if (!node.number || types == 0) return true;
  const NumberRules& wanted = *node.number;
  bool all = true;
  const auto bound = [&](const std::optional<Number>& limit, std::string_view keyword,
                         std::string_view what, auto keeps, auto has) {
    if (!limit) return;
    const auto holds = [&](const NumberRules& rules) { return keeps(rules, *limit); };
    if (some(writer_, facts, &Node::number, holds)) return;
    all = refuse(node, at, keyword, Severity::breaking,
                 bound_message(what, some(writer_, facts, &Node::number, has), is_, was_));
  };
  const auto low = [](const NumberRules& rules) {
    return rules.minimum || rules.exclusive_minimum;
  };
  const auto high = [](const NumberRules& rules) {
    return rules.maximum || rules.exclusive_maximum;
  };
  const auto least = [](bool exclusive) {
    return [exclusive](const NumberRules& rules, const Number& limit) {
      return at_least(rules, limit, exclusive);
    };
  };
  const auto most = [](bool exclusive) {
    return [exclusive](const NumberRules& rules, const Number& limit) {
      return at_most(rules, limit, exclusive);
    };
  };
  bound(wanted.minimum, "minimum", "the smallest value", least(false), low);
  bound(wanted.exclusive_minimum, "exclusiveMinimum", "the smallest value", least(true), low);
  bound(wanted.maximum, "maximum", "the largest value", most(false), high);
  bound(wanted.exclusive_maximum, "exclusiveMaximum", "the largest value", most(true), high);
  static constexpr Number one{"1", 0, false};
  if (wanted.multiple_of && types == schema::type_integer &&
      is_multiple(one, *wanted.multiple_of)) {
    return all;
  }
  bound(
      wanted.multiple_of, "multipleOf", "the step of values",
      [](const NumberRules& rules, const Number& unit) {
        return rules.multiple_of && is_multiple(*rules.multiple_of, unit);
      },
      [](const NumberRules& rules) { return rules.multiple_of.has_value(); });
  return all;
}

bool Subset::check_texts(const Facts& facts, const Node& node, const At& at) {
  if (!node.text || (writer_.types(facts) & schema::type_string) == 0) return true;
  const TextRules& wanted = *node.text;
  const auto any = [&](auto test) { return some(writer_, facts, &Node::text, test); };
  bool all = true;
  if (!any([&](const TextRules& rules) { return rules.length_min >= wanted.length_min; }) &&
      wanted.length_min > 0) {
    all = refuse(node, at, "minLength", Severity::breaking,
                 fmt::format("texts of the {} version may be shorter than {} characters", was_,
                             wanted.length_min));
  }
  if (!any([&](const TextRules& rules) { return rules.length_max <= wanted.length_max; }) &&
      wanted.length_max < UINT64_MAX) {
    all = refuse(node, at, "maxLength", Severity::breaking,
                 fmt::format("texts of the {} version may be longer than {} characters", was_,
                             wanted.length_max));
  }
  if (wanted.pattern != nullptr) {
    const std::string_view text = reader_.text(wanted.pattern);
    const auto equal = [&](const TextRules& rules) {
      return rules.pattern != nullptr && writer_.text(rules.pattern) == text;
    };
    const bool other = any([](const TextRules& rules) { return rules.pattern != nullptr; });
    if (!any(equal)) {
      all = refuse(
          node, at, "pattern", other ? Severity::undecided : Severity::breaking,
          other ? std::string("the pattern is another one; patterns are not compared")
                : fmt::format("a pattern stands in the {} version, not in the {} one", is_, was_));
    }
  }
  if (wanted.format != nullptr &&
      !any([&](const TextRules& rules) { return rules.format_name == wanted.format_name; })) {
    all = refuse(node, at, "format", Severity::breaking,
                 fmt::format("the {} version wants the format {}, the {} one does not", is_,
                             wanted.format_name, was_));
  }
  return all;
}

bool Subset::check_arrays(const Facts& facts, const Node& node, const At& at) {
  if (!node.array || (writer_.types(facts) & schema::type_array) == 0) return true;
  const ArrayRules& wanted = *node.array;
  const auto any = [&](auto test) { return some(writer_, facts, &Node::array, test); };
  bool all = true;
  if (wanted.items_min > 0 &&
      !any([&](const ArrayRules& rules) { return rules.items_min >= wanted.items_min; })) {
    all = refuse(node, at, "minItems", Severity::breaking,
                 fmt::format("arrays of the {} version may have fewer than {} items", was_,
                             wanted.items_min));
  }
  std::uint64_t longest = UINT64_MAX;
  (void)any([&](const ArrayRules& rules) {
    longest = std::min(longest, rules.items_max);
    return false;
  });
  if (longest > wanted.items_max) {
    all = refuse(node, at, "maxItems", Severity::breaking,
                 fmt::format("arrays of the {} version may have more than {} items", was_,
                             wanted.items_max));
  }
  if (wanted.unique && longest > 1 && !any([](const ArrayRules& rules) { return rules.unique; })) {
    all = refuse(node, at, "uniqueItems", Severity::breaking,
                 fmt::format("items of the {} version may repeat", was_));
  }
  const std::size_t named = std::max(writer_.prefix_size(facts), wanted.prefix.size());
  for (std::size_t i = 0; i < named && i < longest; ++i) {
    if (!all && at.report == nullptr) return false;
    const std::optional<NodeId> goal =
        i < wanted.prefix.size() ? std::optional(wanted.prefix[i]) : wanted.items;
    const JsonPath path{&at.path, {}, i};
    if (goal) all = descend(writer_.at_index(facts, i), *goal, path, at) && all;
  }
  if (wanted.items && longest > named && (all || at.report != nullptr)) {
    const JsonPath path{&at.path, "*"};
    all = descend(writer_.at_other_indices(facts), *wanted.items, path, at) && all;
  }
  return check_contains(facts, node, at) && all;
}

bool Subset::check_contains(const Facts& facts, const Node& node, const At& at) {
  const ArrayRules& wanted = *node.array;
  if (!wanted.contains) return true;
  bool enough = wanted.contains_min == 0;
  bool few = wanted.contains_max == UINT64_MAX;
  for (const NodeId id : facts) {
    const auto& rules = writer_.node(id).array;
    if (!rules) continue;
    few = few || rules->items_max <= wanted.contains_max;
    if (!rules->contains) continue;
    const JsonPath path{&at.path, "*"};
    enough = enough ||
             (rules->contains_min >= wanted.contains_min &&
              prove(writer_.expand({*rules->contains}), *wanted.contains, At{path, nullptr, {}}));
    few = few || (rules->contains_max <= wanted.contains_max &&
                  same(writer_, *rules->contains, reader_, *wanted.contains));
  }
  if (enough && few) return true;
  return refuse(node, at, "contains", Severity::undecided,
                fmt::format("the {} version wants certain items, the {} one does not promise them",
                            is_, was_));
}

bool Subset::check_unevaluated_items(const Facts& facts, const Node& node, const At& at) {
  if (!node.unevaluated_items || (writer_.types(facts) & schema::type_array) == 0) return true;
  if (node.array && node.array->items) return true;
  const bool kept = some(writer_, facts, &Node::array, [&](const ArrayRules& rules) {
    return rules.items_max <= (node.array ? node.array->prefix.size() : 0);
  });
  if (kept) return true;
  return refuse(node, at, "unevaluatedItems", Severity::undecided,
                "it cannot be shown that all items are known");
}

}  // namespace crossfoot::contract::registry
