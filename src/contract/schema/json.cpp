#include "contract/schema/json.h"

#include <algorithm>
#include <vector>

namespace crossfoot::contract::schema {

std::strong_ordering compare_names(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

const Json* Json::find(std::string_view name) const {
  if (kind_ != JsonKind::object) return nullptr;
  const std::size_t index = index_of(name);
  return index == count_ ? nullptr : &members_[index].value;
}

std::size_t Json::index_of(std::string_view name) const {
  const auto order = by_name();
  const auto at = std::ranges::lower_bound(
      order, name, [](auto a, auto b) { return compare_names(a, b) < 0; },
      [this](std::uint32_t index) { return members_[index].name; });
  return at == order.end() || members_[*at].name != name ? count_ : *at;
}

namespace {

std::strong_ordering compare_objects(const Json& a, const Json& b, std::uint64_t& steps) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const JsonMember& left = a.members()[a.by_name()[i]];
    const JsonMember& right = b.members()[b.by_name()[i]];
    if (const auto by_name = compare_names(left.name, right.name); by_name != 0) return by_name;
    const auto by_value = compare(left.value, right.value, steps);
    if (by_value != 0) return by_value;
  }
  return std::strong_ordering::equal;
}

std::strong_ordering compare_arrays(const Json& a, const Json& b, std::uint64_t& steps) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto order = compare(a.elements()[i], b.elements()[i], steps);
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering compare(const Json& a, const Json& b) {
  std::uint64_t steps = 0;
  return compare(a, b, steps);
}

std::strong_ordering compare(const Json& a, const Json& b, std::uint64_t& steps) {
  ++steps;
  if (a.kind() != b.kind()) return a.kind() <=> b.kind();
  switch (a.kind()) {
    case JsonKind::null:
      return std::strong_ordering::equal;
    case JsonKind::boolean:
      return a.boolean() <=> b.boolean();
    case JsonKind::number:
      return a.number() <=> b.number();
    case JsonKind::text:
      if (a.size() == b.size()) steps += a.size() / 64;
      return compare_names(a.text(), b.text());
    case JsonKind::array:
      return a.size() != b.size() ? a.size() <=> b.size() : compare_arrays(a, b, steps);
    case JsonKind::object:
      break;
  }
  return a.size() != b.size() ? a.size() <=> b.size() : compare_objects(a, b, steps);
}

void append_token(std::string& pointer, std::string_view name) {
  pointer += '/';
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

std::string JsonPath::pointer() const {
  std::vector<const JsonPath*> steps;
  for (const JsonPath* step = this; step->parent != nullptr; step = step->parent) {
    steps.push_back(step);
  }
  std::string text;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if ((*step)->index != no_index) {
      text += '/' + std::to_string((*step)->index);
    } else {
      append_token(text, (*step)->name);
    }
  }
  return text;
}

}  // namespace crossfoot::contract::schema
