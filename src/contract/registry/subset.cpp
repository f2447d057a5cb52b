#include "contract/registry/subset.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/schema/evaluation.h"

namespace crossfoot::contract::registry {

using schema::Constants;
using schema::JsonDocument;
using schema::JsonKind;

namespace {

constexpr std::size_t splits_max = 2;     ///< alternatives told apart at one place
constexpr std::size_t values_max = 2000;  ///< of an enumeration that is tried value by value

/// `null`, `true`, `false`.
const JsonDocument& small_values() {
  static const JsonDocument values = *JsonDocument::parse("[null,true,false]");
  return values;
}

std::string shown(const Json& value) {
  switch (value.kind()) {
    case JsonKind::null:
      return "null";
    case JsonKind::boolean:
      return value.boolean() ? "true" : "false";
    case JsonKind::text:
      if (value.text().size() <= 64) return fmt::format("\"{}\"", value.text());
      return "a long text";
    case JsonKind::number: {
      const schema::Number number = value.number();
      if (number.is_zero()) return "0";
      return fmt::format("{}{}{}", number.negative ? "-" : "", number.digits,
                         number.exponent == 0 ? "" : fmt::format("e{}", number.exponent));
    }
    case JsonKind::array:
      return "an array";
    case JsonKind::object:
      break;
  }
  return "an object";
}

Facts with(const Facts& facts, NodeId more, const View& view) {
  Facts joined = facts;
  joined.push_back(more);
  return view.expand(std::move(joined));
}

}  // namespace

Subset::Subset(const View& writer, const View& reader, Direction direction,
               const CompareOptions& options)
    : writer_(writer),
      reader_(reader),
      direction_(direction),
      options_(options),
      was_(direction == Direction::backward ? "older" : "newer"),
      is_(direction == Direction::backward ? "newer" : "older"),
      steps_left_(options.steps_max) {}

void Subset::run(std::vector<Change>& changes) {
  const JsonPath root;
  (void)prove(writer_.expand({writer_.program().root}), reader_.program().root,
              At{root, &changes, {}});
}

bool Subset::refuse(const Node& node, const At& at, std::string_view keyword, Severity severity,
                    std::string message) {
  if (at.report == nullptr || at.report->size() >= options_.changes_max) return false;
  std::string place = node.place.text();
  if (!keyword.empty()) schema::append_token(place, keyword);
  Change change{severity,         direction_,           at.path.pointer(),
                std::move(place), std::string(keyword), std::move(message)};
  if (std::ranges::find(*at.report, change) == at.report->end()) {
    at.report->push_back(std::move(change));
  }
  return false;
}

bool Subset::prove(const Facts& facts, NodeId goal, const At& at) {
  const Node& node = reader_.node(goal);
  if (writer_.types(facts) == 0) return true;
  if (node.source->is(JsonKind::boolean) && !node.always_false) return true;
  if (steps_left_ == 0) {
    return refuse(node, at, "", Severity::undecided, "the schemas are too large to compare");
  }
  --steps_left_;
  if (std::ranges::any_of(facts, [&](NodeId id) { return is_same(id, goal); })) return true;
  const Goal key{facts, at.split, goal};
  if (const auto open = open_.find(key); open != open_.end()) {
    lowest_used_ = std::min(lowest_used_, open->second);
    return true;
  }
  if (proven_.contains(key)) return true;
  if (at.report == nullptr && failed_.contains(key)) return false;
  return try_rules(key, facts, goal, at);
}

bool Subset::is_same(NodeId promised, NodeId goal) {
  const auto [entry, fresh] = same_.try_emplace({promised, goal}, false);
  if (fresh) entry->second = same(writer_, promised, reader_, goal);
  return entry->second;
}

bool Subset::try_rules(const Goal& key, const Facts& facts, NodeId goal, const At& at) {
  const std::size_t depth = open_.size();
  open_.emplace(key, depth);
  const std::size_t outer = std::exchange(lowest_used_, SIZE_MAX);
  const Node& node = reader_.node(goal);
  const At silent{at.path, nullptr, at.split};
  bool holds =
      !failed_.contains(key) && (rules(facts, node, goal, silent) || split(facts, goal, silent));
  if (holds && lowest_used_ >= depth) proven_.insert(key);
  if (!holds) failed_.insert(key);
  if (!holds && at.report != nullptr) {
    const std::size_t before = at.report->size();
    (void)rules(facts, node, goal, at);
    if (at.report->size() == before) {
      (void)refuse(node, at, "", Severity::undecided,
                   "it cannot be shown that all of it still holds");
    }
  }
  open_.erase(key);
  lowest_used_ = std::min(outer, lowest_used_ >= depth ? SIZE_MAX : lowest_used_);
  return holds;
}

/// Case by case: when one of several must hold, each of them is tried as a fact.
bool Subset::split(const Facts& facts, NodeId goal, const At& at) {
  if (at.split.size() >= splits_max) return false;
  for (const NodeId id : facts) {
    const auto& combination = writer_.node(id).combination;
    if (!combination || at.split.contains(id)) continue;
    At inner{at.path, nullptr, at.split};
    inner.split.insert(id);
    const auto all = [&](const std::vector<NodeId>& branches) {
      return !branches.empty() && std::ranges::all_of(branches, [&](NodeId branch) {
        return prove(with(facts, branch, writer_), goal, inner);
      });
    };
    if (all(combination->any_of) || all(combination->one_of)) return true;
    // Without an `else` one of the two cases is what has failed already.
    if (!combination->condition || !combination->alternative) continue;
    Facts then = with(facts, *combination->condition, writer_);
    if (combination->consequence) then = with(then, *combination->consequence, writer_);
    if (prove(then, goal, inner) &&
        prove(with(facts, *combination->alternative, writer_), goal, inner)) {
      return true;
    }
  }
  return false;
}

bool Subset::finite(const Facts& facts, std::vector<const Json*>& values) const {
  const Constants* fewest = nullptr;
  for (const NodeId id : facts) {
    for (const Constants& one : writer_.node(id).constants) {
      if (fewest == nullptr || one.values.size() < fewest->values.size()) fewest = &one;
    }
  }
  if (fewest != nullptr && fewest->values.size() <= values_max) {
    values = fewest->values;
    return true;
  }
  const schema::TypeSet types = writer_.types(facts);
  if ((types & ~(schema::type_null | schema::type_boolean)) != 0) return false;
  for (const Json& value : small_values().root().elements()) values.push_back(&value);
  return true;
}

bool Subset::check_values(const std::vector<const Json*>& values, const Facts& facts, NodeId goal,
                          const At& at) {
  bool all = true;
  for (const Json* value : values) {
    const bool possible = std::ranges::all_of(facts, [&](NodeId id) {
      const auto verdict = schema::Evaluation(writer_.program(), 1).run(*value, id);
      return !verdict || verdict->valid;
    });
    if (!possible) continue;
    const auto verdict = schema::Evaluation(reader_.program(), 1).run(*value, goal);
    if (verdict && verdict->valid) continue;
    all = false;
    if (at.report == nullptr) return false;
    const std::string_view keyword =
        verdict && !verdict->errors.empty() ? verdict->errors[0].keyword : std::string_view{};
    (void)refuse(reader_.node(goal), at, reader_.node(goal).source->has(keyword) ? keyword : "",
                 Severity::breaking,
                 fmt::format("{} is allowed by the {} version and not by the {} one", shown(*value),
                             was_, is_));
  }
  return all;
}

bool Subset::rules(const Facts& facts, const Node& node, NodeId id, const At& at) {
  std::vector<const Json*> values;
  if (finite(facts, values)) return check_values(values, facts, id, at);
  if (node.always_false) {
    return refuse(node, at, "", Severity::breaking,
                  fmt::format("nothing is allowed here in the {} version", is_));
  }
  bool all = check_types(facts, node, at);
  const auto check = [&](bool (Subset::*rule)(const Facts&, const Node&, const At&)) {
    if (!all && at.report == nullptr) return;
    all = (this->*rule)(facts, node, at) && all;
  };
  if (!node.constants.empty()) {
    all = refuse(node, at, node.constants[0].single ? "const" : "enum", Severity::breaking,
                 fmt::format("only some values are allowed in the {} version, any in the {} one",
                             is_, was_));
  }
  check(&Subset::check_numbers);
  check(&Subset::check_texts);
  check(&Subset::check_arrays);
  check(&Subset::check_unevaluated_items);
  check(&Subset::check_objects);
  check(&Subset::check_branches);
  if (all || at.report != nullptr) all = check_unevaluated(facts, node, id, at) && all;
  return all;
}

std::string_view to_string(Direction direction) {
  return direction == Direction::backward ? "backward" : "forward";
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::breaking:
      return "breaking";
    case Severity::undecided:
      return "undecided";
    case Severity::warning:
      break;
  }
  return "warning";
}

}  // namespace crossfoot::contract::registry
