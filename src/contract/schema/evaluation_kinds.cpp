// The keywords that judge one kind of value.
#include <fmt/format.h>

#include <algorithm>

#include "contract/schema/evaluation.h"
#include "contract/utf8.h"

namespace crossfoot::contract::schema {

const NodeId* ObjectRules::find(std::string_view name) const {
  const auto at = std::ranges::lower_bound(
      properties, name, [](auto a, auto b) { return compare_names(a, b) < 0; },
      &Named<NodeId>::first);
  return at != properties.end() && at->first == name ? &at->second : nullptr;
}

bool Evaluation::check_number(const Node& node, const At& at) {
  const NumberRules& rules = *node.number;
  const Number value = at.value.number();
  bool good = true;
  const auto need = [&](bool fine, std::string_view keyword, std::string_view message) {
    if (!fine) good = report(node, at.path, keyword, std::string(message));
  };
  need(!rules.minimum || value >= *rules.minimum, "minimum", "below the smallest value allowed");
  need(!rules.maximum || value <= *rules.maximum, "maximum", "above the largest value allowed");
  need(!rules.exclusive_minimum || value > *rules.exclusive_minimum, "exclusiveMinimum",
       "not above the limit");
  need(!rules.exclusive_maximum || value < *rules.exclusive_maximum, "exclusiveMaximum",
       "not below the limit");
  if (rules.multiple_of) {
    const std::size_t digits = value.digits.size() + rules.multiple_of->digits.size();
    if (!charge(digits / 16, node)) return false;
    need(is_multiple(value, *rules.multiple_of), "multipleOf", "not a multiple as required");
  }
  return good;
}

bool Evaluation::check_text(const Node& node, const At& at) {
  const TextRules& rules = *node.text;
  const std::string_view text = at.value.text();
  bool good = true;
  if (rules.length_min > 0 || rules.length_max != UINT64_MAX) {
    const std::size_t length = utf8_length(text);
    if (length < rules.length_min) {
      good = report(node, at.path, "minLength",
                    fmt::format("shorter than {} characters", rules.length_min));
    } else if (length > rules.length_max) {
      good = report(node, at.path, "maxLength",
                    fmt::format("longer than {} characters", rules.length_max));
    }
  }
  if (!good && stop()) return false;
  if (rules.pattern != nullptr && !matches(*rules.pattern, text, node)) {
    good = report(node, at.path, "pattern", "does not match the pattern");
  }
  if (rules.format != nullptr && (good || !stop()) && !rules.format(text)) {
    good =
        report(node, at.path, "format", fmt::format("not of the form \"{}\"", rules.format_name));
  }
  return good;
}

bool Evaluation::check_array(const Node& node, const At& at) {
  const ArrayRules& rules = *node.array;
  bool good = true;
  if (at.value.size() < rules.items_min) {
    good = report(node, at.path, "minItems", fmt::format("fewer than {} entries", rules.items_min));
  } else if (at.value.size() > rules.items_max) {
    good = report(node, at.path, "maxItems", fmt::format("more than {} entries", rules.items_max));
  }
  if (good || !stop()) good = check_items(node, at) && good;
  if (rules.contains && (good || !stop())) good = check_contains(node, at) && good;
  if (rules.unique && (good || !stop())) good = check_unique(node, at) && good;
  return good;
}

bool Evaluation::check_items(const Node& node, const At& at) {
  const ArrayRules& rules = *node.array;
  if (rules.prefix.empty() && !rules.items) return true;
  bool good = true;
  std::size_t index = 0;
  for (const Json& element : at.value.elements()) {
    const JsonPath path{&at.path, {}, index};
    const bool in_prefix = index < rules.prefix.size();
    if (!in_prefix && !rules.items) break;
    const NodeId id = in_prefix ? rules.prefix[index] : *rules.items;
    good = visit(id, element, path, at.scope, nullptr) && good;
    if (!good && stop()) return false;
    ++index;
  }
  if (at.marks != nullptr) {
    at.marks->mark_first(index);
    if (rules.items) at.marks->mark_all();
  }
  return good;
}

bool Evaluation::check_contains(const Node& node, const At& at) {
  const ArrayRules& rules = *node.array;
  std::uint64_t found = 0;
  std::size_t index = 0;
  ++quiet_;
  for (const Json& element : at.value.elements()) {
    const JsonPath path{&at.path, {}, index};
    if (visit(*rules.contains, element, path, at.scope, nullptr)) {
      ++found;
      if (at.marks != nullptr) at.marks->mark(index);
    }
    ++index;
  }
  --quiet_;
  if (fault_) return false;
  if (found < rules.contains_min) {
    const bool named = rules.contains_min != 1;
    return report(node, at.path, named ? "minContains" : "contains",
                  fmt::format("fewer than {} entries of the required form", rules.contains_min));
  }
  if (found > rules.contains_max) {
    return report(node, at.path, "maxContains",
                  fmt::format("more than {} entries of the form", rules.contains_max));
  }
  return true;
}

bool Evaluation::check_unique(const Node& node, const At& at) {
  const auto elements = at.value.elements();
  if (!charge(elements.size(), node)) return false;
  std::vector<const Json*> sorted;
  sorted.reserve(elements.size());
  for (const Json& element : elements) sorted.push_back(&element);
  std::uint64_t compared = 0;
  std::ranges::sort(sorted, [&compared](const Json* a, const Json* b) {
    const auto order = compare(*a, *b, compared);
    return order != 0 ? order < 0 : a < b;
  });
  const auto same = std::ranges::adjacent_find(
      sorted, [&compared](const Json* a, const Json* b) { return compare(*a, *b, compared) == 0; });
  // Sorting is bounded by the instance; that it is asked for again and again is what the charge
  // ends.
  if (!charge(compared / 4, node)) return false;
  if (same == sorted.end()) return true;
  const auto index = [&](const Json* element) { return element - elements.data(); };
  return report(node, at.path, "uniqueItems",
                fmt::format("entries {} and {} are equal", index(same[0]), index(same[1])));
}

bool Evaluation::check_object(const Node& node, const At& at) {
  const ObjectRules& rules = *node.object;
  bool good = check_object_size(node, at);
  if (!good && stop()) return false;
  const bool judges_all = !rules.patterns.empty() || rules.additional || rules.names;
  // A few names are looked up in the object, rather than all its members in them.
  if (judges_all || rules.properties.size() > at.value.size() / 2) {
    return check_members(node, at) && good;
  }
  return check_named_members(node, at) && good;
}

bool Evaluation::check_named_members(const Node& node, const At& at) {
  const auto& properties = node.object->properties;
  if (!charge(properties.size() / 4, node)) return false;
  bool good = true;
  for (const auto& [name, id] : properties) {
    const std::size_t index = at.value.index_of(name);
    if (index == at.value.size()) continue;
    const JsonPath path{&at.path, name};
    good = visit(id, at.value.members()[index].value, path, at.scope, nullptr) && good;
    if (!good && stop()) return false;
    if (at.marks != nullptr) at.marks->mark(index);
  }
  return good;
}

bool Evaluation::check_object_size(const Node& node, const At& at) {
  const ObjectRules& rules = *node.object;
  bool good = true;
  if (at.value.size() < rules.properties_min) {
    good = report(node, at.path, "minProperties",
                  fmt::format("fewer than {} properties", rules.properties_min));
  } else if (at.value.size() > rules.properties_max) {
    good = report(node, at.path, "maxProperties",
                  fmt::format("more than {} properties", rules.properties_max));
  }
  if (!charge(rules.required.size() / 4, node)) return false;
  for (const std::string_view name : rules.required) {
    if (!good && stop()) return false;
    if (at.value.has(name)) continue;
    good = report(node, at.path, "required", fmt::format("\"{}\" is missing", name));
  }
  for (const auto& [cause, needed] : rules.dependent_required) {
    if (!charge(1, node)) return false;
    if (!at.value.has(cause)) continue;
    if (!charge(needed.size() / 4, node)) return false;
    for (const std::string_view name : needed) {
      if (!good && stop()) return false;
      if (at.value.has(name)) continue;
      good = report(node, at.path, "dependentRequired",
                    fmt::format("\"{}\" is missing and needed with \"{}\"", name, cause));
    }
  }
  return good;
}

bool Evaluation::check_members(const Node& node, const At& at) {
  const std::size_t count = at.value.members().size();
  bool good = true;
  for (std::size_t index = 0; index < count; ++index) {
    good = check_member(node, at, index) && good;
    if (!good && stop()) return false;
  }
  return good;
}

bool Evaluation::check_member(const Node& node, const At& at, std::size_t index) {
  const ObjectRules& rules = *node.object;
  const auto& [name, value] = at.value.members()[index];
  const JsonPath path{&at.path, name};
  if (!charge(1 + rules.patterns.size(), node)) return false;
  bool good = true;
  bool judged = false;
  if (const NodeId* id = rules.find(name)) {
    judged = true;
    good = visit(*id, value, path, at.scope, nullptr);
  }
  for (const auto& [pattern, id] : rules.patterns) {
    if (!good && stop()) return false;
    if (!matches(*pattern, name, node)) continue;
    judged = true;
    good = visit(id, value, path, at.scope, nullptr) && good;
  }
  if (fault_) return false;
  if (!judged && rules.additional) {
    judged = true;
    good = visit(*rules.additional, value, path, at.scope, nullptr) && good;
  }
  if (judged && at.marks != nullptr) at.marks->mark(index);
  if (!rules.names || (!good && stop())) return good;
  const Json as_text = Json::of_text(name);
  ++quiet_;
  const bool named_well = visit(*rules.names, as_text, path, at.scope, nullptr);
  --quiet_;
  if (!named_well) good = report(node, path, "propertyNames", "the name is not allowed");
  return good;
}

}  // namespace crossfoot::contract::schema
