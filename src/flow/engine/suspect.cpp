#include "base/invariant.h"
#include "contract/error_codes.h"
#include "contract/transaction_hash.h"
#include "flow/engine/parts.h"

/// Transactions that look like another one of their shop under a new number (docs/adr/0015).
namespace crossfoot::flow {

namespace {

/// So often a unit also drops old fingerprints: faster than new ones come.
constexpr std::uint64_t forget_every = 64;
static_assert(forget_every < store::fingerprints_dropped_max);

}  // namespace

void Engine::add_fingerprint(const AcceptRequest& request, Id id, Id suspected, store::Unit& unit) {
  const contract::Transaction& transaction = *request.transaction;
  const auto channel = static_cast<std::size_t>(transaction.channel);
  if (!suspected.is_nil()) {
    unit.message->state = store::MessageState::suspected;
    unit.message->conflict_with = suspected;
    unit.counters.push_back({"suspected", 1});
  }
  if (options_.suspects[channel] == SuspectPolicy::ignore || !trades_goods(transaction.kind)) {
    return;
  }
  const Instant oldest = now() - options_.suspect_lateness - options_.suspect_window;
  if (++fingerprints_ % forget_every == 0) unit.forget_before = oldest;
  if (transaction.occurred_at < oldest) return;
  unit.fingerprint = {contract::content_fingerprint(transaction), transaction.occurred_at, id};
  if (suspected.is_nil()) unit.suspect_within = options_.suspect_window;
}

void Engine::suspect(const IncomingPtr& request, Accepted done, Id of) {
  const contract::Transaction& transaction = *request->transaction;
  const auto channel = static_cast<std::size_t>(transaction.channel);
  if (options_.suspects[channel] == SuspectPolicy::hold) {
    return hold(request, std::move(done), of, contract::error_code::suspected_duplicate,
                request->key);
  }
  Plan plan = processes_.plan({transaction,
                               request->natural_key,
                               options_.routing,
                               programme_,
                               zones_,
                               {},
                               request->unresolved});
  order_legs(plan.legs);
  stage_accept(request, std::move(plan), std::move(done), of);
}

void Engine::release_held(Id held, Decision decision, Done done) {
  find_held(held, [this, decision = std::move(decision),
                   done = std::move(done)](Result<store::MessageRow> found) mutable {
    if (!found) return done(fail(std::move(found.error())));
    if (found->code != contract::error_code::suspected_duplicate) {
      deciding_.erase(found->id);
      return done(fail({.code = std::string(contract::error_code::message_not_held),
                        .fault_class = FaultClass::conflict,
                        .where = "held message",
                        .cause = "its natural key is taken: it is replaced or discarded"}));
    }
    auto parsed = parse_(found->body);
    if (!parsed) return stop(parsed.error());
    release_suspect(std::move(*found), std::move(*parsed), std::move(decision), std::move(done));
  });
}

void Engine::release_suspect(store::MessageRow held, contract::Transaction transaction,
                             Decision decision, Done done) {
  AcceptRequest request;
  request.transaction = std::make_shared<const contract::Transaction>(std::move(transaction));
  request.body = std::make_shared<const std::string>(std::move(held.body));
  request.correlation_id = held.correlation_id;
  std::string natural_key = request.transaction->key.canonical();
  const Hash128 key = hash128(natural_key);
  const auto shared =
      std::make_shared<const Incoming>(Incoming{std::move(request), std::move(natural_key), key});
  Plan plan = processes_.plan(
      {*shared->transaction, shared->natural_key, options_.routing, programme_, zones_});
  order_legs(plan.legs);
  auto staged = std::make_shared<Staged>();
  store::Unit& unit = staged->unit;
  const ActivePtr active = new_flow(shared, std::move(plan), held.id, unit);
  // It is stored already: only its state changes.
  unit.message->state = store::MessageState::suspected;
  unit.message->conflict_with = held.conflict_with;
  unit.counters.push_back({"held", -1});
  unit.counters.push_back({"suspected", 1});
  staged->no_direct = true;
  staged->beginning = beginning_of(active->flow);
  const bool fresh = apply(active, Begun{}, *staged);
  INVARIANT(fresh, "a new flow begins");
  (void)apply(active, Suspected{held.conflict_with}, *staged);
  (void)apply(active, Decided{"accepted as it came", std::move(decision)}, *staged);
  auto told = std::make_shared<Done>(std::move(done));
  staged->committed.emplace_back([this, id = held.id, active, told] {
    deciding_.erase(id);
    (*told)(Status{});
    touch_book(active->flow);
  });
  commit(active, staged);
}

}  // namespace crossfoot::flow
