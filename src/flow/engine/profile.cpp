#include <algorithm>

#include "base/invariant.h"
#include "contract/record/customer.h"
#include "flow/engine/parts.h"
#include "flow/engine/record_task.h"
#include "flow/plan/reference.h"

/// What happens to customers is told to every target that must know it: by a flow that begins in
/// the commit of the record's version, so that neither is without the other.
namespace crossfoot::flow {

using contract::ProfileChange;
using contract::ProfileChangeKind;
using contract::record::Merged;

namespace {

constexpr std::string_view told_contract = "customer";
/// Members merged one into another in a row; more would be a circle.
constexpr int redirects_max = 100;

ProfileChangeKind kind_of(const std::optional<ProfileOrder>& order) {
  if (!order) return ProfileChangeKind::put;
  switch (order->what) {
    case ProfileOrder::Kind::merge:
      return ProfileChangeKind::merge;
    case ProfileOrder::Kind::unmerge:
      return ProfileChangeKind::unmerge;
    case ProfileOrder::Kind::erase:
      return ProfileChangeKind::erase;
    case ProfileOrder::Kind::consent:
      break;
  }
  return ProfileChangeKind::put;
}

}  // namespace

void Engine::change_profile(ProfileOrder order, RecordDone done) {
  auto task = std::make_shared<RecordTask>();
  task->name = order.name;
  task->request.kind = order.kind;
  task->request.correlation_id = order.correlation_id;
  task->request.statement.tenant = order.name.scope;
  task->request.statement.key = order.name.key;
  task->request.statement.system = contract::record::process_system;
  task->order = std::move(order);
  task->done = std::move(done);
  queue_record(task);
}

bool Engine::is_told(const RecordTask& task) const {
  const Merged::Outcome outcome = task.merged.outcome;
  const bool changed = outcome == Merged::Outcome::created || outcome == Merged::Outcome::updated;
  if (!changed || task.name.kind != told_contract || options_.routing.profile.empty()) return false;
  const bool erases = task.is(ProfileOrder::Kind::erase);
  if (contract::record::member_of(erases ? task.known->body : task.merged.body).empty()) {
    return false;
  }
  return !task.into || !contract::record::member_of(task.into->body).empty();
}

void Engine::tell_record(const RecordTaskPtr& task) {
  const bool erases = task->is(ProfileOrder::Kind::erase);
  ProfileChange change{
      .kind = kind_of(task->order),
      .tenant = task->name.scope,
      .customer = task->name.key,
      .version = task->version(),
      .member = contract::record::member_of(erases ? task->known->body : task->merged.body),
      .at = task->merged.valid_from};
  if (task->into) change.into = contract::record::member_of(task->into->body);
  auto stage = std::make_shared<RecordStage>();
  stage->said = task->said;
  stage->write = [this, task](Id id, store::Unit& unit) {
    task->merged.provenance.told = to_string(id);
    write_record(*task, id, unit);
    add_redirects(*task, unit);
  };
  AcceptRequest request;
  request.transaction =
      std::make_shared<const contract::Transaction>(contract::profile_transaction(change));
  request.body =
      std::make_shared<const std::string>(contract::profile_message(change, task->merged.body));
  request.content = hash128(task->merged.provenance.salt + *request.body);
  request.correlation_id = task->request.correlation_id;
  request.record = std::move(stage);
  accept(std::move(request),
         [this, task](const AcceptAnswer& answer) { told_record(task, answer); });
}

void Engine::told_record(const RecordTaskPtr& task, const AcceptAnswer& answer) {
  if (answer.kind == AcceptAnswer::Kind::replayed) return try_record_again(task);
  if (answer.kind != AcceptAnswer::Kind::accepted) {
    task->answer.fault = answer.fault;
    return finish_record(task);
  }
  task->answer.version = task->version();
  task->answer.id = answer.id;
  store::Unit written;
  add_redirects(*task, written);
  for (const store::DocumentRow& row : written.documents) {
    const auto from = contract::record::parse_hash(row.key);
    INVARIANT(from.has_value(), "redirects are written by their order key");
    if (row.value.empty()) {
      redirects_.erase(*from);
    } else {
      std::copy_n(row.value.begin(), sizeof(Hash128), redirects_[*from].bytes.begin());
    }
  }
  const auto kind = kind_of(task->order);
  const bool replaces = kind == ProfileChangeKind::put || kind == ProfileChangeKind::erase;
  if (replaces && task->known) {
    if (const auto told = parse_id(task->known->provenance.told)) drop_moot(*told);
  }
  finish_record(task);
}

void Engine::add_redirects(const RecordTask& task, store::Unit& unit) const {
  const bool merges = task.is(ProfileOrder::Kind::merge);
  if (!merges && !task.is(ProfileOrder::Kind::unmerge)) return;
  const std::string member = contract::record::member_of(task.merged.body);
  std::vector<std::string> targets = options_.routing.profile;
  if (!holds(targets, options_.routing.loyalty)) {
    targets.push_back(options_.routing.loyalty);
  }
  for (const std::string& target : targets) {
    const auto key = [&](const std::string& of) {
      return make_order_key(target, "points", task.name.scope, of);
    };
    std::string value;
    if (merges) value = key(contract::record::member_of(task.into->body)).view();
    unit.documents.push_back(
        {std::string(order_redirects), to_string(key(member)), std::move(value)});
  }
}

void Engine::drop_moot(Id flow) {
  load(flow, [this](const ActivePtr& active) {
    if (active == nullptr) return;
    enqueue(active, [this, active](Staged& staged) {
      bool any = false;
      for (const Leg& leg : std::vector(active->flow.legs)) {
        const bool moot = !leg.steps.empty() && leg.steps.front().operation == member_put_step;
        if (!moot || !is_stuck(leg.state)) continue;
        any |= apply(active,
                     Discarded{leg.number, {"crossfoot", "a later version is told in its place"}},
                     staged);
      }
      return any;
    });
  });
}

Hash128 Engine::redirected(Hash128 order_key) const {
  for (int steps = 0; steps < redirects_max; ++steps) {
    const auto next = redirects_.find(order_key);
    if (next == redirects_.end()) break;
    order_key = next->second;
  }
  return order_key;
}

}  // namespace crossfoot::flow
