#include "contract/registry/compatibility.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "contract/registry/subset.h"

namespace crossfoot::contract::registry {

namespace {

/// Where a dynamic reference with an anchor leads depends on who refers to it: it is not followed.
bool is_static(const Program& program) {
  return std::ranges::none_of(program.nodes, [](const Node& node) {
    return node.combination && node.combination->dynamic_ref &&
           !node.combination->dynamic_ref->anchor.empty();
  });
}

/// What changes the meaning of documents that stay valid.
class Meaning {
 public:
  Meaning(const View& older, const View& newer, std::size_t changes_max,
          std::vector<Change>& changes)
      : older_(older), newer_(newer), changes_max_(changes_max), changes_(changes) {}

  void compare(const Facts& older, const Facts& newer, const schema::JsonPath& path) {
    if (older.empty() || newer.empty() || !seen_.emplace(older, newer).second) return;
    compare_default(older, newer, path);
    const std::set<std::string_view> known = newer_.names(newer);
    for (const std::string_view name : older_.names(older)) {
      if (!describes(older_, older, name)) continue;
      const schema::JsonPath inner{&path, name};
      const Facts was = older_.at_name(older, name);
      const Facts is = newer_.at_name(newer, name);
      if (older_.types(was) == 0 || newer_.types(is) == 0) continue;
      if (!known.contains(name)) {
        add(newer, inner, "properties",
            fmt::format("\"{}\" is not described any more; it may still stand there and says "
                        "nothing",
                        name));
        continue;
      }
      compare(was, is, inner);
    }
    const schema::JsonPath any{&path, "*"};
    compare(older_.at_other_indices(older), newer_.at_other_indices(newer), any);
  }

 private:
  static bool describes(const View& view, const Facts& facts, std::string_view name) {
    return std::ranges::any_of(facts, [&](NodeId id) {
      const auto& object = view.node(id).object;
      return object && object->find(name) != nullptr;
    });
  }

  static const Json* find(const View& view, const Facts& facts, std::string_view keyword) {
    for (const NodeId id : facts) {
      if (const Json* found = view.node(id).source->find(keyword)) return found;
    }
    return nullptr;
  }

  void compare_default(const Facts& older, const Facts& newer, const schema::JsonPath& path) {
    const Json* was = find(older_, older, "default");
    const Json* is = find(newer_, newer, "default");
    if (was == nullptr && is == nullptr) return;
    if (was != nullptr && is != nullptr && schema::compare(*was, *is) == 0) return;
    add(newer, path, "default",
        is == nullptr ? "the default is gone: a document without the value says something else"
                      : "the default is another one: a document without the value says something "
                        "else");
  }

  void add(const Facts& newer, const schema::JsonPath& path, std::string_view keyword,
           std::string message) {
    if (changes_.size() >= changes_max_) return;
    Change change{Severity::warning,    Direction::backward,
                  path.pointer(),       newer_.node(newer.front()).place.text(),
                  std::string(keyword), std::move(message)};
    if (std::ranges::find(changes_, change) == changes_.end())
      changes_.push_back(std::move(change));
  }

  const View& older_;
  const View& newer_;
  std::size_t changes_max_;
  std::vector<Change>& changes_;
  std::set<std::pair<Facts, Facts>> seen_;
};

}  // namespace

bool Comparison::compatible() const {
  return std::ranges::all_of(changes,
                             [](const Change& one) { return one.severity == Severity::warning; });
}

Comparison compare_versions(const schema::Schema& older, const schema::Schema& newer,
                            const CompareOptions& options) {
  Comparison comparison;
  const View was(older.program());
  const View is(newer.program());
  const auto one_way = [&](const View& writer, const View& reader, Direction direction) {
    if (is_static(writer.program()) && is_static(reader.program())) {
      Subset(writer, reader, direction, options).run(comparison.changes);
      return;
    }
    comparison.changes.push_back({Severity::undecided, direction, "", "#", "$dynamicRef",
                                  "where a dynamic reference leads is not followed"});
  };
  if (options.backward) one_way(was, is, Direction::backward);
  if (options.forward) one_way(is, was, Direction::forward);
  const schema::JsonPath root;
  Meaning(was, is, options.changes_max, comparison.changes)
      .compare(was.expand({older.program().root}), is.expand({newer.program().root}), root);
  return comparison;
}

}  // namespace crossfoot::contract::registry
