#include <algorithm>

#include "flow/engine/parts.h"
#include "flow/engine/record_task.h"
#include "flow/engine/references.h"

/// Transactions that name what nobody knows wait, counted by name; one record lets go on all that
/// wait for its names.
namespace crossfoot::flow {

namespace {

constexpr std::uint32_t released_per_second = 1'000;

void add_once(std::vector<std::string>& names, std::string name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

}  // namespace

std::vector<std::string> Engine::names_to_check(const contract::Transaction& of) const {
  std::vector<std::string> names;
  const auto channel = static_cast<std::size_t>(of.channel);
  if (of.profile != nullptr) return names;
  if (options_.check_products[channel]) {
    for (const contract::Line& line : of.lines) {
      if (line.article.empty() || line.kind != contract::LineKind::goods) continue;
      add_once(names, reference_name(contract::record::product_alias, line.article));
    }
  }
  if (options_.check_members[channel] && !of.member.empty()) {
    add_once(names, reference_name(contract::record::member_alias, of.member));
  }
  return names;
}

void Engine::count_references(const Active& active, Staged& staged) {
  std::vector<std::string> waits = references_of(active.flow.legs.front());
  if (waits == active.waits) return;
  const auto count = [&staged](const std::string& name, std::int64_t sign) {
    staged.unit.counters.push_back({std::string(unresolved_counters) + name, sign});
  };
  for (const std::string& name : active.waits) count(name, -1);
  for (const std::string& name : waits) count(name, 1);
  staged.waits = std::move(waits);
}

void Engine::settle_references(const ActivePtr& active, Staged& staged) {
  if (!staged.waits) return;
  for (const std::string& name : active->waits) {
    if (--unresolved_[name] <= 0) unresolved_.erase(name);
  }
  for (const std::string& name : *staged.waits) ++unresolved_[name];
  active->waits = std::move(*staged.waits);
  if (!active->waits.empty()) check_again(active);
}

void Engine::check_again(const ActivePtr& active) {
  ++active->outstanding;
  const ReferenceQuery query{active->flow.tenant, active->waits, active->flow.occurred_at};
  auto open = std::make_shared<Result<std::vector<std::string>>>();
  read([open, query](store::Reader& reader) { *open = unresolved(reader, query); },
       [this, open, active] {
         --active->outstanding;
         if (!*open) return stop(open->error());
         enqueue(active, [this, active, known = (*open)->empty()](Staged& staged) {
           if (!known || active->waits.empty()) return false;
           return apply(active, Released{1, {}, {"crossfoot", "what it names is known now"}},
                        staged);
         });
       });
}

void Engine::release_waiting(const RecordTask& task) {
  for (const auto& alias : contract::record::aliases_of(task.name.kind, task.merged.body)) {
    const std::string name = reference_name(alias.type, alias.value);
    if (!unresolved_.contains(name)) continue;
    ReplayRequest request{.dry_run = false,
                          .by = "crossfoot",
                          .reason = name + " is known now",
                          .flows_per_second = released_per_second};
    request.filter.reference = name;
    start_replay(std::move(request), [](const Result<ReplayJob>&) {});
  }
}

}  // namespace crossfoot::flow
