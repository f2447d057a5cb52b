#include "contract/error_codes.h"
#include "flow/engine/parts.h"

namespace crossfoot::flow {

namespace {

Fault not_held(std::string cause) {
  return {.code = std::string(contract::error_code::message_not_held),
          .fault_class = FaultClass::conflict,
          .where = "held message",
          .cause = std::move(cause)};
}

}  // namespace

void Engine::find_held(Id held, Held done) {
  if (!ready_ || stopped_) {
    return done(fail(not_ready("held message")));
  }
  if (!deciding_.insert(held).second) {
    return done(fail(not_held("another decision about it is under way")));
  }
  auto found = std::make_shared<Result<std::optional<store::MessageRow>>>();
  read([found, held](store::Reader& reader) { *found = reader.load_message(held); },
       [this, held, found, done = std::move(done)]() mutable {
         if (!*found) return stop(found->error());
         if (!**found) {
           deciding_.erase(held);
           return done(fail({.code = std::string(contract::error_code::not_found),
                             .fault_class = FaultClass::not_found,
                             .where = "held message",
                             .cause = "there is no such message"}));
         }
         if ((**found)->state != store::MessageState::held) {
           deciding_.erase(held);
           return done(fail(not_held("the message is not held, or no longer")));
         }
         done(std::move(***found));
       });
}

void Engine::decide_held(const store::MessageRow& held, store::MessageState state, std::string what,
                         Decision decision, Done done) {
  load(held.conflict_with,
       [this, held, state, what = std::move(what), decision = std::move(decision),
        done = std::move(done)](ActivePtr active) mutable {
         if (active == nullptr) {
           return stop({.code = std::string(contract::error_code::stored_bytes_corrupt),
                        .fault_class = FaultClass::corrupt,
                        .where = "held message",
                        .cause = "the receipt with its natural key is not there"});
         }
         auto shared = std::make_shared<Done>(std::move(done));
         enqueue(active, [this, active, held, state, what = std::move(what),
                          decision = std::move(decision), shared](Staged& staged) mutable {
           (void)apply(active, Decided{std::move(what), std::move(decision)}, staged);
           staged.unit.message = held;
           staged.unit.message->state = state;
           staged.unit.counters.push_back({"held", -1});
           staged.committed.emplace_back([this, id = held.id, shared] {
             deciding_.erase(id);
             (*shared)(Status{});
           });
           return true;
         });
       });
}

void Engine::discard_held(Id held, Decision decision, Done done) {
  find_held(held, [this, decision = std::move(decision),
                   done = std::move(done)](Result<store::MessageRow> found) mutable {
    if (!found) return done(fail(std::move(found.error())));
    decide_held(*found, store::MessageState::discarded,
                "held message " + to_string(found->id) + " discarded", std::move(decision),
                std::move(done));
  });
}

void Engine::replace_held(Id held, AcceptRequest instead, Decision decision, Accepted done) {
  auto shared = std::make_shared<Accepted>(std::move(done));
  const auto refuse = [shared](Fault fault) {
    AcceptAnswer answer;
    answer.kind = AcceptAnswer::Kind::unavailable;
    answer.fault = std::move(fault);
    (*shared)(std::move(answer));
  };
  find_held(held, [this, shared, refuse, instead = std::move(instead),
                   decision = std::move(decision)](Result<store::MessageRow> found) mutable {
    if (!found) return refuse(std::move(found.error()));
    load(found->conflict_with,
         [this, shared, refuse, instead = std::move(instead), message = std::move(*found),
          decision = std::move(decision)](ActivePtr active) mutable {
           const std::string key = instead.transaction->key.canonical();
           if (active != nullptr && active->flow.natural_key == key) {
             deciding_.erase(message.id);
             run_next(active);  // it comes to rest again
             return refuse(not_held("it would be held again: its natural key is taken"));
           }
           accept_instead(std::move(message), std::move(instead), std::move(decision),
                          std::move(*shared));
         });
  });
}

void Engine::accept_instead(store::MessageRow held, AcceptRequest instead, Decision decision,
                            Accepted done) {
  accept(std::move(instead), [this, held = std::move(held), decision = std::move(decision),
                              done = std::move(done)](AcceptAnswer answer) mutable {
    const bool taken = answer.kind == AcceptAnswer::Kind::accepted ||
                       (answer.kind == AcceptAnswer::Kind::replayed && !answer.held);
    if (!taken) {
      deciding_.erase(held.id);
      return done(std::move(answer));
    }
    std::string what =
        "held message " + to_string(held.id) + " accepted as " + to_string(answer.id);
    decide_held(held, store::MessageState::replaced, std::move(what), std::move(decision),
                [done = std::move(done), answer = std::move(answer)](Status) mutable {
                  done(std::move(answer));
                });
  });
}

}  // namespace crossfoot::flow
