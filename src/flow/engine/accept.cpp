#include <algorithm>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/engine/accept_keys.h"
#include "flow/engine/parts.h"
#include "flow/engine/records.h"
#include "flow/engine/references.h"

namespace crossfoot::flow {

namespace {

constexpr std::string_view channel_counter(contract::Channel channel) {
  switch (channel) {
    case contract::Channel::pos:
      return "accepted|pos";
    case contract::Channel::ecommerce:
      return "accepted|ecommerce";
    case contract::Channel::mobile:
      return "accepted|mobile";
    case contract::Channel::partner:
      return "accepted|partner";
    case contract::Channel::customer_service:
      return "accepted|customer_service";
    case contract::Channel::file:
      return "accepted|file";
  }
  return {};
}

constexpr std::string_view till_record_counter = "till_records";

/// Longest wait of an accept for a slot at its targets: short beside a till's patience, long enough
/// for a call or two to end.
constexpr Duration slot_wait{8'000};

AcceptAnswer unavailable(std::string_view code, std::string cause) {
  AcceptAnswer answer;
  answer.kind = AcceptAnswer::Kind::unavailable;
  answer.fault = {.code = std::string(code),
                  .fault_class = FaultClass::transient,
                  .where = "accept",
                  .cause = std::move(cause)};
  return answer;
}

}  // namespace

void Engine::accept(AcceptRequest request, Accepted done) {
  if (!ready_ || stopped_) {
    return done(unavailable(contract::error_code::store_unavailable, "the engine is not ready"));
  }
  if (accepts_ >= options_.accepts_in_flight_max || store_.under_pressure()) {
    return done(unavailable(contract::error_code::overloaded, "too much is being accepted"));
  }
  ++accepts_;
  std::string natural_key = request.transaction->key.canonical();
  const Hash128 key = hash128(natural_key);
  const auto shared =
      std::make_shared<const Incoming>(Incoming{std::move(request), std::move(natural_key), key});
  auto [at, first] = accepting_.try_emplace(key);
  auto run = [this, shared, done = std::move(done)]() mutable {
    begin_accept(shared, std::move(done));
  };
  // A repeat of what is being accepted waits for it, then finds its key taken.
  if (!first) {
    at->second.emplace_back(std::move(run));
    return;
  }
  run();
}

void Engine::finish_accept(const Hash128& key) {
  --accepts_;
  const auto at = accepting_.find(key);
  INVARIANT(at != accepting_.end(), "an accept that ends was begun");
  if (at->second.empty()) {
    accepting_.erase(at);
    return;
  }
  auto next = std::move(at->second.front());
  at->second.pop_front();
  next();
}

store::MessageRow Engine::message_of(const AcceptRequest& request, Id id,
                                     const Money& gross) const {
  const contract::Transaction& transaction = *request.transaction;
  store::MessageRow row;
  row.id = id;
  row.recorded_at = floor_;
  row.kind = static_cast<std::uint8_t>(transaction.kind);
  row.channel = static_cast<std::uint8_t>(transaction.channel);
  row.business_date = transaction.business_date;
  row.occurred_at = transaction.occurred_at;
  row.shop = transaction.shop;
  row.register_name = transaction.key.register_name;
  row.sequence = transaction.key.form == contract::NaturalKey::Form::till
                     ? transaction.key.sequence
                     : transaction.key.external_id;
  row.currency = transaction.currency.code();
  row.gross_minor = gross.minor;
  row.member = transaction.member;
  row.correlation_id = request.correlation_id.empty() ? to_string(id) : request.correlation_id;
  row.body = *request.body;
  return row;
}

void Engine::begin_accept(const IncomingPtr& request, Accepted done) {
  const contract::Transaction& transaction = *request->transaction;
  const bool unsupported =
      (transaction.redemption && !can_redeem()) || (transaction.adjustment && !offers(adjust_step));
  if (unsupported) {
    finish_accept(request->key);
    AcceptAnswer answer;
    answer.kind = AcceptAnswer::Kind::unsupported;
    return done(std::move(answer));
  }
  ReferenceQuery query{.names = names_to_check(transaction)};
  if (query.names.empty()) return plan_accept(request, std::move(done));
  query.tenant = transaction.key.tenant;
  query.at = transaction.occurred_at;
  auto open = std::make_shared<Result<std::vector<std::string>>>();
  read([open,
        query = std::move(query)](store::Reader& reader) { *open = unresolved(reader, query); },
       [this, open, request, done = std::move(done)]() mutable {
         if (!*open) {
           finish_accept(request->key);
           return done(unavailable(open->error().code, open->error().cause));
         }
         auto checked = std::make_shared<Incoming>(*request);
         checked->unresolved = std::move(**open);
         plan_accept(checked, std::move(done));
       });
}

void Engine::plan_accept(const IncomingPtr& request, Accepted done) {
  Plan plan = processes_.plan({*request->transaction,
                               request->natural_key,
                               options_.routing,
                               programme_,
                               zones_,
                               {},
                               request->unresolved});
  order_legs(plan.legs);
  if (slot_waiters_.empty() && !briefly_full(plan.legs)) {
    return stage_accept(request, std::move(plan), std::move(done));
  }
  slot_waiters_.push_back(
      {request, std::move(plan), std::move(done), scheduler_.monotonic() + slot_wait});
  admit();
}

bool Engine::briefly_full(const std::vector<Leg>& legs) {
  bool full = false;
  for (const Leg& leg : legs) {
    if (is_local(leg.kind)) continue;
    const Target* target = target_of(leg.target);
    if (target == nullptr || target->is_behind()) return false;
    if (caller_.gate({.target = leg.target, .lane = leg.lane}) > Duration{0}) return false;
    full |= target->free_slots() == 0;
  }
  return full;
}

void Engine::admit() {
  while (!slot_waiters_.empty()) {
    SlotWaiter& first = slot_waiters_.front();
    if (first.until > scheduler_.monotonic() && !stopped_ && briefly_full(first.plan.legs)) break;
    SlotWaiter next = std::move(first);
    slot_waiters_.pop_front();
    stage_accept(next.request, std::move(next.plan), std::move(next.done));
  }
  if (slot_waiters_.empty() || slot_timer_armed_) return;
  slot_timer_armed_ = true;
  scheduler_.after(slot_waiters_.front().until - scheduler_.monotonic(), [this, alive = alive_] {
    if (!*alive) return;
    slot_timer_armed_ = false;
    admit();
  });
}

Engine::ActivePtr Engine::new_flow(const IncomingPtr& request, Plan plan, Id id,
                                   store::Unit& unit) {
  const contract::Transaction& transaction = *request->transaction;
  auto active = std::make_shared<Active>();
  active->body = request->body;
  active->transaction = request->transaction;
  active->shop = transaction.shop;
  active->channel = transaction.channel;
  active->currency = transaction.currency.code();
  active->gross_minor = plan.gross.minor;
  Flow& flow = active->flow;
  flow.id = id;
  flow.kind = transaction.kind;
  flow.natural_key = request->natural_key;
  flow.tenant = transaction.key.tenant;
  flow.member = transaction.member;
  flow.revision = transaction.revision;
  flow.occurred_at = transaction.occurred_at;
  flow.recorded_at = floor_;
  flow.programme_version = programme_.version;
  flow.legs = std::move(plan.legs);
  for (std::size_t i = 0; i < flow.legs.size(); ++i) {
    flow.legs[i].number = static_cast<std::uint16_t>(i + 1);
    flow.legs[i].lane = request->lane;
  }
  flow.expected = plan.expected;
  flow.frozen = std::move(plan.frozen);
  flow.links = std::move(plan.links);
  flow.redemption = plan.redemption;
  flow.correlation_id = request->correlation_id.empty() ? to_string(id) : request->correlation_id;
  unit.message = message_of(*request, id, plan.gross);
  note_day(transaction, unit);
  add_sold_lines(*request, plan, id, unit);
  if (transaction.till != nullptr) {
    unit.counters.push_back({std::string(till_record_counter), 1});
  } else if (transaction.profile == nullptr && transaction.close == nullptr) {
    unit.counters.push_back({std::string(channel_counter(transaction.channel)), 1});
  }
  active_.emplace(id, active);
  return active;
}

void Engine::give_back(Partition partition, std::uint64_t position) {
  if (positions_[partition] == position) {
    --positions_[partition];
    return;
  }
  store::Unit filler;  // positions are gap-free
  filler.journal.push_back({partition, position, Id{}, now(), {}});
  store_.commit(std::move(filler), [](store::UnitResult) {});
}

void Engine::stage_accept(const IncomingPtr& request, Plan plan, Accepted done, Id suspected) {
  const contract::Transaction& transaction = *request->transaction;
  const Hash128 key = request->key;
  if (stopped_) {
    finish_accept(key);
    return done(unavailable(contract::error_code::store_unavailable, "the engine has stopped"));
  }
  const Id id = ids_.next(now(), transaction.key.home());
  auto staged = std::make_shared<Staged>();
  store::Unit& unit = staged->unit;
  unit.lane = static_cast<store::Lane>(request->lane);
  const bool with_idempotency = !request->idempotency_key.empty();
  add_idempotency_key(*request, id, unit);
  add_natural_key(*request, key, id, unit);
  const ActivePtr active = new_flow(request, std::move(plan), id, unit);
  add_fingerprint(*request, id, suspected, unit);
  if (request->also) unit.books.push_back(*request->also);

  // A void that came first will cancel what has not been sent: nothing is sent before it was asked.
  staged->no_direct = pending_books_.contains(key) || books_.contains(key);
  staged->beginning = beginning_of(active->flow);
  const bool fresh = apply(active, Begun{}, *staged);
  INVARIANT(fresh, "a new flow begins");
  if (!suspected.is_nil()) (void)apply(active, Suspected{suspected}, *staged);
  if (request->record != nullptr) {
    if (request->record->write) request->record->write(id, unit);
    staged->events.push_back({.kind = JournalEvent::Kind::recorded,
                              .state = LegState::done,
                              .detail = request->record->said});
  }
  seal(active, *staged);
  active->committing = true;
  const bool notes_day = !unit.documents.empty();
  store_.commit(std::move(unit), [this, alive = alive_, active, staged, request, key, suspected,
                                  with_idempotency, notes_day,
                                  done = std::move(done)](store::UnitResult result) mutable {
    if (!*alive) return;
    if (stopped_) {
      return done(unavailable(contract::error_code::store_unavailable, "the engine has stopped"));
    }
    if (result.outcome == store::Outcome::applied) {
      settle(active, *staged, result);
      settle_references(active, *staged);
      if (notes_day) day_is_noted(*request->transaction);
      AcceptAnswer answer;
      answer.id = active->flow.id;
      answer.correlation_id = active->flow.correlation_id;
      answer.suspected_of = suspected;
      done(std::move(answer));
      act(active, *staged);
      touch_book(active->flow);
      run_next(active);
      return finish_accept(key);
    }
    // Nothing was stored: what was taken for it is given back.
    for (const Staged::Place& place : staged->places) --place.target->placing;
    for (const std::uint16_t number : staged->taken) {
      const Leg& leg = *active->flow.leg(number);
      Target* target = target_of(leg.target);
      target->busy.erase(leg.order_key);
      caller_.give_back(departure_of(leg));
      release_slot(*target);
    }
    const Partition partition = active->flow.id.partition();
    const std::uint64_t position = active->flow.journal.back();
    active_.erase(active->flow.id);
    give_back(partition, position);
    switch (result.outcome) {
      case store::Outcome::duplicate:
        if (request->record != nullptr) {
          // This version of the record, or this slice of the day, has been written meanwhile.
          finish_accept(key);
          AcceptAnswer answer;
          answer.kind = AcceptAnswer::Kind::replayed;
          return done(std::move(answer));
        }
        return resolve_duplicate(request, std::move(done), result, with_idempotency);
      case store::Outcome::suspected:
        return suspect(request, std::move(done), result.suspected);
      case store::Outcome::failed: {
        finish_accept(key);
        AcceptAnswer answer;
        answer.kind = AcceptAnswer::Kind::unavailable;
        answer.fault = std::move(result.fault);
        return done(std::move(answer));
      }
      case store::Outcome::conflict:
      case store::Outcome::unknown:
      case store::Outcome::applied:
        break;
    }
    finish_accept(key);
    done(unavailable(contract::error_code::commit_unknown, "the commit's outcome is unknown"));
    stop(std::move(result.fault));
  });
}

void Engine::resolve_duplicate(const IncomingPtr& request, Accepted done,
                               const store::UnitResult& result, bool idempotency_first) {
  const store::KeyRow& first = result.duplicate_of;
  const bool same = first.content == request->content && first.projection == request->projection;
  const bool by_idempotency = idempotency_first && result.duplicate_index == 0;
  const std::uint32_t revision = request->transaction->revision;
  // The same content under a higher revision may go back to what a correction had changed.
  if (same && (by_idempotency || revision <= first.revision)) {
    answer_stored(first.id, std::move(done));
    return finish_accept(request->key);
  }
  // What is asked for is no fact yet: with other content under its key it is not kept.
  const bool asks = request->transaction->redemption || request->transaction->adjustment;
  if (by_idempotency || asks) {
    AcceptAnswer answer;
    answer.kind = AcceptAnswer::Kind::idempotency_conflict;
    answer.id = first.id;
    done(std::move(answer));
    return finish_accept(request->key);
  }
  if (revision == first.revision) return hold(request, std::move(done), first.id);
  correct(request, std::move(done), first);
}

void Engine::answer_stored(Id id, Accepted done) {
  auto found = std::make_shared<Result<std::optional<store::MessageRow>>>();
  read([found, id](store::Reader& reader) { *found = reader.load_message(id); },
       [this, found, id, done = std::move(done)]() mutable {
         if (!*found) return stop(found->error());
         AcceptAnswer answer;
         answer.kind = AcceptAnswer::Kind::replayed;
         answer.id = id;
         if (**found) {
           const store::MessageRow& message = ***found;
           switch (message.state) {
             case store::MessageState::accepted:
               break;
             case store::MessageState::superseded:
               answer.superseded_by = message.conflict_with;
               break;
             case store::MessageState::suspected:
               answer.suspected_of = message.conflict_with;
               break;
             case store::MessageState::held:
             case store::MessageState::invalid:
             case store::MessageState::replaced:
             case store::MessageState::discarded:
               answer.held = true;
               answer.conflict_with = message.conflict_with;
           }
           answer.correlation_id = (**found)->correlation_id;
         }
         done(std::move(answer));
       });
}

void Engine::hold(const IncomingPtr& request, Accepted done, Id conflict_with) {
  hold(request, std::move(done), conflict_with, contract::error_code::identity_conflict,
       conflict_hash(request->key, request->content));
}

void Engine::hold(const IncomingPtr& request, Accepted done, Id conflict_with,
                  std::string_view code, const Hash128& natural) {
  const contract::Transaction& transaction = *request->transaction;
  const Hash128 key = request->key;
  const Id id = ids_.next(now(), transaction.key.home());
  store::Unit unit;
  unit.lane = static_cast<store::Lane>(request->lane);
  add_idempotency_key(*request, id, unit);
  add_natural_key(*request, natural, id, unit);
  Money gross{0, transaction.currency};
  for (const contract::Tender& tender : transaction.tenders) gross += tender.amount;
  unit.message = message_of(*request, id, gross);
  note_day(transaction, unit);
  unit.message->state = store::MessageState::held;
  unit.message->conflict_with = conflict_with;
  unit.message->code = code;
  unit.counters.push_back({"held", 1});
  store_.commit(std::move(unit), [this, alive = alive_, request, key, id, conflict_with,
                                  done = std::move(done)](store::UnitResult result) mutable {
    if (!*alive) return;
    finish_accept(key);
    AcceptAnswer answer;
    switch (result.outcome) {
      case store::Outcome::applied:
        answer.kind = AcceptAnswer::Kind::held;
        answer.id = id;
        answer.held = true;
        answer.conflict_with = conflict_with;
        answer.correlation_id =
            request->correlation_id.empty() ? to_string(id) : request->correlation_id;
        return done(std::move(answer));
      case store::Outcome::duplicate:
        return answer_stored(result.duplicate_of.id, std::move(done));
      case store::Outcome::failed:
      case store::Outcome::conflict:
      case store::Outcome::suspected:
        answer.kind = AcceptAnswer::Kind::unavailable;
        answer.fault = std::move(result.fault);
        return done(std::move(answer));
      case store::Outcome::unknown:
        done(unavailable(contract::error_code::commit_unknown, "the commit's outcome is unknown"));
        return stop(std::move(result.fault));
    }
  });
}

void Engine::keep_invalid(store::MessageRow message, Done done) {
  if (!ready_ || stopped_) {
    return done(fail(not_ready("invalid messages")));
  }
  const Hash128 content = hash128(message.body);
  message.id =
      ids_.next(now(), static_cast<Partition>((content.bytes[0] << 4) | (content.bytes[1] >> 4)));
  message.recorded_at = now();
  message.state = store::MessageState::invalid;
  store::Unit unit;
  // The same bytes sent again and again are kept once.
  unit.keys.push_back({store::KeyKind::call, BusinessDate{}, content, message.id, content, 0, 0});
  note_day(message, unit);
  unit.message = std::move(message);
  unit.counters.push_back({"invalid", 1});
  store_.commit(std::move(unit), [done = std::move(done)](store::UnitResult result) mutable {
    const bool kept =
        result.outcome == store::Outcome::applied || result.outcome == store::Outcome::duplicate;
    if (kept) return done({});
    done(fail(std::move(result.fault)));
  });
}

}  // namespace crossfoot::flow
