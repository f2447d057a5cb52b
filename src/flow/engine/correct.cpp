#include <algorithm>
#include <iterator>

#include "base/invariant.h"
#include "contract/transaction_json.h"
#include "flow/engine/accept_keys.h"
#include "flow/engine/parts.h"

/// Other revisions of a receipt that is there (docs/adr/0014): a higher one takes its place, a
/// lower one that comes late is kept and changes nothing.
namespace crossfoot::flow {

namespace {

/// More corrections of one receipt are held: somebody is at work there who is not correcting.
constexpr std::size_t corrections_max = 200;

Money tendered(const contract::Transaction& transaction) {
  Money sum{0, transaction.currency};
  for (const contract::Tender& tender : transaction.tenders) sum += tender.amount;
  return sum;
}

AcceptAnswer not_edited(std::string cause) {
  AcceptAnswer answer;
  answer.kind = AcceptAnswer::Kind::unavailable;
  answer.fault = {.code = std::string(contract::error_code::leg_state_conflict),
                  .fault_class = FaultClass::conflict,
                  .where = "edit",
                  .cause = std::move(cause)};
  return answer;
}

/// Why a person's edit cannot take the place of a flow; nothing when it can.
std::optional<std::string> not_editable(const Flow& flow, const contract::Transaction& instead) {
  if (!flow.superseded_by.is_nil()) return "another revision counts";
  const FlowState state = state_of(flow);
  if (state != FlowState::parked && state != FlowState::dead) return "nothing of it is stuck";
  if (instead.key.canonical() != flow.natural_key) return "an edit keeps the natural key";
  if (!trades_goods(flow.kind) || !trades_goods(instead.kind)) {
    return "only sales, returns and exchanges are edited";
  }
  return std::nullopt;
}

template <class Rows>
void append(Rows& rows, Rows& more) {
  rows.insert(rows.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

}  // namespace

struct Engine::Correction {
  enum class What : std::uint8_t {
    next,    ///< takes the receipt's place
    late,    ///< a lower revision than what counts
    repeat,  ///< the same content under a higher number: lower ones come late from now on
  };
  IncomingPtr request;
  Accepted done;
  store::KeyRow first;  ///< of the revision that took the natural key
  std::size_t steps = 0;
  ActivePtr receipt;  ///< the revision that counts
  What what = What::next;
  Id id;           ///< of the revision's message
  ActivePtr next;  ///< the flow of the correction; null for a late one
  Flow before;     ///< the receipt's flow, should nothing be stored
  Instant status_since;
};

void Engine::edit(Id stuck, AcceptRequest instead, Decision decision, Accepted done) {
  if (!ready_ || stopped_) {
    AcceptAnswer answer = not_edited({});
    answer.fault = not_ready("edit");
    return done(std::move(answer));
  }
  load(stuck, [this, instead = std::move(instead), decision = std::move(decision),
               done = std::move(done)](ActivePtr active) mutable {
    if (active == nullptr) {
      AcceptAnswer answer = not_edited("there is no such transaction, or it has no flow");
      answer.fault.code = contract::error_code::not_found;
      answer.fault.fault_class = FaultClass::not_found;
      return done(std::move(answer));
    }
    // By what is committed, and so that the flow comes to rest again when nothing follows.
    enqueue_read(active, [this, active, instead = std::move(instead),
                          decision = std::move(decision), done = std::move(done)]() mutable {
      if (auto cause = not_editable(active->flow, *instead.transaction)) {
        return done(not_edited(std::move(*cause)));
      }
      contract::Transaction edited = *instead.transaction;
      edited.revision = active->flow.known_revision() + 1;
      instead.body = std::make_shared<const std::string>(contract::render_transaction(edited));
      instead.transaction = std::make_shared<const contract::Transaction>(std::move(edited));
      instead.edit = std::move(decision);
      accept(std::move(instead), std::move(done));
    });
  });
}

void Engine::correct(const IncomingPtr& request, Accepted done, const store::KeyRow& first) {
  auto correction = std::make_shared<Correction>();
  correction->request = request;
  correction->done = std::move(done);
  correction->first = first;
  find_receipt(correction, first.id);
}

void Engine::find_receipt(const CorrectionPtr& correction, Id from) {
  load(from, [this, correction, from](ActivePtr active) {
    if (active == nullptr) return hold_beside(correction, from);
    // What is not committed yet may come to nothing.
    enqueue_read(active, [this, correction, active] {
      const Id next = active->flow.superseded_by;
      ++correction->steps;
      if (!next.is_nil()) return find_receipt(correction, next);
      correction->receipt = active;
      judge_revision(correction);
    });
  });
}

void Engine::hold_beside(const CorrectionPtr& correction, Id held) {
  auto found = std::make_shared<Result<std::optional<store::MessageRow>>>();
  read([found, held](store::Reader& reader) { *found = reader.load_message(held); },
       [this, correction, held, found] {
         if (!*found) return stop(found->error());
         if (!**found || (**found)->conflict_with.is_nil()) {
           return stop({.code = std::string(contract::error_code::stored_bytes_corrupt),
                        .fault_class = FaultClass::corrupt,
                        .where = "correction",
                        .cause = "the flow of " + to_string(held) + " is not there"});
         }
         hold(correction->request, std::move(correction->done), (**found)->conflict_with);
       });
}

void Engine::judge_revision(const CorrectionPtr& correction) {
  const IncomingPtr& request = correction->request;
  const Flow& receipt = correction->receipt->flow;
  if (receipt.id == correction->first.id) return judge_content(correction, correction->first);
  auto found = std::make_shared<Result<std::optional<store::KeyRow>>>();
  read(
      [found, date = key_date(request->transaction->key),
       hash = revision_hash(request->key, receipt.revision)](store::Reader& reader) {
        *found = reader.find_key(store::KeyKind::natural, date, hash);
      },
      [this, correction, found] {
        if (!*found) return stop(found->error());
        INVARIANT((*found)->has_value(), "a correction has the key of its revision");
        judge_content(correction, ***found);
      });
}

void Engine::judge_content(const CorrectionPtr& correction, const store::KeyRow& known) {
  const IncomingPtr& request = correction->request;
  const Flow& receipt = correction->receipt->flow;
  const std::uint32_t revision = request->transaction->revision;
  const bool same = known.content == request->content && known.projection == request->projection;
  const bool possible = correction->steps <= corrections_max && trades_goods(receipt.kind) &&
                        trades_goods(request->transaction->kind);
  const bool newer = revision > receipt.known_revision();
  if (same && revision >= receipt.revision && !(newer && possible)) {
    answer_stored(receipt.id, std::move(correction->done));
    return finish_accept(request->key);
  }
  if (!possible) return hold(request, std::move(correction->done), receipt.id);
  using What = Correction::What;
  // After a restore it may have come first, so that the targets have it under its own references.
  const bool adds_nothing = same && !occurred_before(receipt, restore_);
  correction->what = !newer ? What::late : adds_nothing ? What::repeat : What::next;
  if (request->edit && correction->what != What::next) {
    finish_accept(request->key);
    return correction->done(not_edited("nothing was changed, or another revision came meanwhile"));
  }
  const ActivePtr active = correction->receipt;
  active->queue.push_back({[this, correction](Staged&) {
                             stage_correction(correction);
                             return false;
                           },
                           true});
  run_next(active);
}

void Engine::stage_correction(const CorrectionPtr& correction) {
  const IncomingPtr& request = correction->request;
  const contract::Transaction& transaction = *request->transaction;
  const ActivePtr& receipt = correction->receipt;
  using What = Correction::What;
  const bool repeats = correction->what == What::repeat;
  const Id id = repeats ? receipt->flow.id : ids_.next(now(), transaction.key.home());
  correction->id = id;
  correction->before = receipt->flow;
  correction->status_since = receipt->status_since;

  auto staged = std::make_shared<Staged>();
  store::Unit& unit = staged->unit;
  unit.lane = static_cast<store::Lane>(request->lane);
  add_idempotency_key(*request, id, unit);
  add_natural_key(*request, revision_hash(request->key, transaction.revision), id, unit);
  const bool late = correction->what == What::late;
  const bool fresh = apply(receipt, Corrected{id, transaction.revision, late}, *staged);
  INVARIANT(fresh, "the receipt that counts has not been superseded");
  if (request->edit)
    (void)apply(receipt, Decided{"edited as " + to_string(id), *request->edit}, *staged);
  seal(receipt, *staged);
  receipt->committing = true;

  StagedPtr next;
  if (late) {
    unit.message = message_of(*request, id, tendered(transaction));
    unit.message->state = store::MessageState::superseded;
    unit.message->conflict_with = receipt->flow.id;
  } else if (!repeats) {
    next = stage_next(correction, id, unit);
    unit.changes.push_back({receipt->flow.id, store::MessageState::superseded, id});
  }
  if (!repeats) unit.counters.push_back({"superseded", 1});
  INVARIANT(staged->places.empty(), "a correction asks for no places before it is accepted");
  store_.commit(std::move(unit),
                [this, alive = alive_, correction, staged, next](store::UnitResult result) mutable {
                  if (!*alive || stopped_) return;
                  corrected(correction, staged, next, std::move(result));
                });
}

Engine::StagedPtr Engine::stage_next(const CorrectionPtr& correction, Id id, store::Unit& unit) {
  const IncomingPtr& request = correction->request;
  const Id before = correction->receipt->flow.id;
  Plan plan = processes_.plan(
      {*request->transaction, request->natural_key, options_.routing, programme_, zones_, before});
  order_legs(plan.legs);
  correction->next = new_flow(request, std::move(plan), id, unit);
  const ActivePtr& active = correction->next;
  active->flow.supersedes = before;
  auto staged = std::make_shared<Staged>();
  staged->beginning = beginning_of(active->flow);
  const bool fresh = apply(active, Begun{}, *staged);
  INVARIANT(fresh && staged->places.empty(), "a correction first takes back what is there");
  if (request->edit) {
    (void)apply(active, Decided{"edited from " + to_string(before), *request->edit}, *staged);
  }
  seal(active, *staged);
  active->committing = true;
  append(unit.flows, staged->unit.flows);
  append(unit.journal, staged->unit.journal);
  append(unit.counters, staged->unit.counters);
  return staged;
}

void Engine::corrected(const CorrectionPtr& correction, const StagedPtr& staged,
                       const StagedPtr& next, store::UnitResult result) {
  const IncomingPtr& request = correction->request;
  const ActivePtr receipt = correction->receipt;
  if (result.outcome == store::Outcome::conflict || result.outcome == store::Outcome::unknown) {
    AcceptAnswer answer;
    answer.kind = AcceptAnswer::Kind::unavailable;
    answer.fault = {.code = std::string(contract::error_code::commit_unknown),
                    .fault_class = FaultClass::transient,
                    .where = "accept",
                    .cause = "the commit's outcome is unknown"};
    correction->done(std::move(answer));
    return stop(std::move(result.fault));
  }
  if (result.outcome != store::Outcome::applied) {
    undo_correction(correction);
    run_next(receipt);
    return refuse_correction(correction, result);
  }
  settle(receipt, *staged, result);
  AcceptAnswer answer;
  answer.id = correction->id;
  answer.correlation_id =
      request->correlation_id.empty() ? to_string(answer.id) : request->correlation_id;
  switch (correction->what) {
    case Correction::What::next: {
      store::UnitResult nothing;
      settle(correction->next, *next, nothing);
      answer.kind = AcceptAnswer::Kind::corrected;
      answer.supersedes = receipt->flow.id;
      break;
    }
    case Correction::What::late:
      answer.kind = AcceptAnswer::Kind::superseded;
      answer.superseded_by = receipt->flow.id;
      break;
    case Correction::What::repeat:
      answer.kind = AcceptAnswer::Kind::replayed;
      answer.correlation_id = receipt->flow.correlation_id;
      break;
  }
  correction->done(std::move(answer));
  act(receipt, *staged);
  if (next != nullptr) act(correction->next, *next);
  touch_book(receipt->flow);
  run_next(receipt);
  if (next != nullptr) run_next(correction->next);
  finish_accept(request->key);
}

void Engine::undo_correction(const CorrectionPtr& correction) {
  const ActivePtr& receipt = correction->receipt;
  const Partition partition = receipt->flow.id.partition();
  if (correction->next != nullptr) {
    give_back(partition, correction->next->flow.journal.back());
    active_.erase(correction->next->flow.id);
  }
  give_back(partition, receipt->flow.journal.back());
  receipt->flow = std::move(correction->before);
  receipt->status_since = correction->status_since;
  receipt->committing = false;
}

void Engine::refuse_correction(const CorrectionPtr& correction, store::UnitResult& result) {
  const IncomingPtr& request = correction->request;
  if (result.outcome == store::Outcome::duplicate) {
    const store::KeyRow& taken = result.duplicate_of;
    const bool same = taken.content == request->content && taken.projection == request->projection;
    if (same) {
      answer_stored(taken.id, std::move(correction->done));
      return finish_accept(request->key);
    }
    if (taken.kind == store::KeyKind::natural) {
      return hold(request, std::move(correction->done), correction->receipt->flow.id);
    }
  }
  AcceptAnswer answer;
  if (result.outcome == store::Outcome::duplicate) {
    answer.kind = AcceptAnswer::Kind::idempotency_conflict;
    answer.id = result.duplicate_of.id;
  } else {
    answer.kind = AcceptAnswer::Kind::unavailable;
    answer.fault = std::move(result.fault);
  }
  finish_accept(request->key);
  correction->done(std::move(answer));
}

}  // namespace crossfoot::flow
