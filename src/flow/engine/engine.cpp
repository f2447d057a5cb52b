#include "flow/engine/engine.h"

#include <algorithm>

#include "base/codec.h"
#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/engine/parts.h"
#include "flow/engine/references.h"

namespace crossfoot::flow {

namespace {

/// A wall clock that is ahead by more than this has been set …
constexpr Duration clock_step_max{std::chrono::seconds{1}};
/// … and the engine's clock comes up to one that was set by one part in so many.
constexpr std::int64_t clock_catch_up = 16;

store::FlowStatus status_of(const Flow& flow) {
  switch (state_of(flow)) {
    case FlowState::open:
      return store::FlowStatus::open;
    case FlowState::done:
      return store::FlowStatus::done;
    case FlowState::parked:
      return store::FlowStatus::parked;
    case FlowState::dead:
      return store::FlowStatus::dead;
  }
  return store::FlowStatus::open;
}

bool is_moving(const Leg& leg) {
  if (is_local(leg.kind)) return leg.state == LegState::calling;
  return leg.state == LegState::due || leg.state == LegState::calling ||
         leg.state == LegState::retrying || leg.state == LegState::unknown;
}

using Ending = Redemption::Ending;

constexpr std::string_view local_target = "crossfoot";

/// How long the commit of an answer waits for the answers to the flow's other calls. A crash
/// meanwhile costs a question to the target, as it would before the answer came.
constexpr Duration answer_linger{2'000};

FlowSummary summarise(const Flow& flow) {
  FlowSummary summary;
  summary.status = status_of(flow);
  if (summary.status == store::FlowStatus::parked || summary.status == store::FlowStatus::dead) {
    if (const Leg* stuck = first_stuck(flow); stuck != nullptr) summary.code = stuck->reason;
  }
  for (const Leg& leg : flow.legs) {
    const bool timer = leg.kind == LegKind::release && flow.redemption->ending == Ending::open;
    if (!is_moving(leg) || timer) continue;
    const std::string_view name = is_local(leg.kind) ? local_target : std::string_view(leg.target);
    const auto at =
        std::ranges::find(summary.moving, name, &std::pair<std::string_view, std::int64_t>::first);
    if (at == summary.moving.end()) {
      summary.moving.emplace_back(name, 1);
    } else {
      ++at->second;
    }
  }
  return summary;
}

constexpr std::string_view status_counter(store::FlowStatus status) {
  switch (status) {
    case store::FlowStatus::open:
      return "flows|open";
    case store::FlowStatus::done:
      return "flows|done";
    case store::FlowStatus::parked:
      return "flows|parked";
    case store::FlowStatus::dead:
      return "flows|dead";
  }
  return {};
}

}  // namespace

Engine::Engine(runtime::Scheduler& scheduler, store::Store& data_store, Caller& caller,
               const Processes& processes, const ledger::Programme& programme,
               const ledger::ZoneLookup& zones, Parse parse, EngineOptions options,
               std::uint64_t seed, std::function<void(Fault)> on_fatal)
    : scheduler_(scheduler),
      store_(data_store),
      caller_(caller),
      processes_(processes),
      programme_(programme),
      zones_(zones),
      parse_(std::move(parse)),
      options_(std::move(options)),
      random_(seed),
      salt_secret_(options_.salt_secret.empty() ? std::to_string(seed) : options_.salt_secret),
      on_fatal_(std::move(on_fatal)),
      ids_(data_store.opened().incarnation),
      started_(std::max(data_store.opened().last_recorded_at, scheduler.now())),
      floor_(started_),
      read_at_(scheduler.monotonic()) {
  options_.routing.loyalty_holds = offers("authorise");
}

Engine::~Engine() {
  *alive_ = false;
  // What waits for a flow holds that flow.
  for (const auto& [id, active] : active_) active->queue.clear();
}

Instant Engine::now() {
  const Duration passed = scheduler_.monotonic() - read_at_;
  read_at_ += passed;
  // The engine's clock never runs below what it has committed. When the wall clock is set, it comes
  // up to it slowly: set forward, a target that may still be at work must not be given less time
  // for it; set back, timers go on all the same.
  const Instant wall = scheduler_.now();
  const Instant straight = floor_ + passed;
  const Duration drift = passed / clock_catch_up;
  if (wall > straight + clock_step_max) {
    floor_ = straight + drift;
  } else {
    floor_ = std::max(wall, straight - drift);
  }
  return floor_;
}

Activity Engine::activity() const {
  return {.accepts = accepts_,
          .active_flows = active_.size() - std::min(active_.size(), retired_.size()),
          .calls = calls_,
          .moving_legs = moving_legs_,
          .pending_books = books_.size()};
}

std::vector<TargetStatus> Engine::targets() const {
  std::vector<TargetStatus> all;
  for (const auto& [name, target] : targets_) {
    all.push_back({name, target.number, target.in_flight, target.concurrency, target.backlog});
  }
  return all;
}

Target* Engine::target_of(std::string_view name) {
  const auto at = targets_.find(name);
  return at == targets_.end() ? nullptr : &at->second;
}

void Engine::read(store::Store::Work work, store::Store::Done done) {
  // A flow that is retired while a read is under way stays in memory until the read has ended, so
  // that its result never replaces something newer.
  const std::uint64_t epoch = ++epoch_;
  ++reading_[epoch];
  store_.read(std::move(work), [this, alive = alive_, epoch, done = std::move(done)]() mutable {
    if (!*alive || stopped_) return;
    done();
    if (!*alive) return;
    reading_.erase(epoch);
    purge();
  });
}

void Engine::retire(const ActivePtr& active) {
  if (active->committing || !active->queue.empty() || active->outstanding > 0) return;
  if (!active->watchers.empty()) return;
  active->retired_at = epoch_;
  retired_.emplace_back(epoch_, active->flow.id);
  if (reading_.empty()) purge();
}

void Engine::purge() {
  const std::uint64_t oldest = reading_.empty() ? UINT64_MAX : reading_.begin()->first;
  while (!retired_.empty() && retired_.front().first < oldest) {
    const auto [epoch, id] = retired_.front();
    retired_.pop_front();
    const auto at = active_.find(id);
    if (at == active_.end() || at->second->retired_at != epoch) continue;
    const Active& active = *at->second;
    const bool idle = !active.committing && active.queue.empty() && active.outstanding == 0 &&
                      active.stored && active.watchers.empty();
    if (idle) active_.erase(at);
  }
}

Engine::ActivePtr Engine::adopt(Flow flow, store::MessageRow message) {
  const auto known = active_.find(flow.id);
  if (known != active_.end()) return known->second;
  auto active = std::make_shared<Active>();
  active->flow = std::move(flow);
  active->body = std::make_shared<const std::string>(std::move(message.body));
  active->shop = std::move(message.shop);
  active->channel = static_cast<contract::Channel>(message.channel);
  active->currency = std::move(message.currency);
  active->gross_minor = message.gross_minor;
  active->committed = summarise(active->flow);
  active->waits = references_of(active->flow.legs.front());
  active->stored = true;
  active->owed = is_owing(active->flow);
  for (auto& [name, count] : active->committed.moving) {
    const Target* target = target_of(name);
    if (target != nullptr) name = target->name;
  }
  active_.emplace(active->flow.id, active);
  return active;
}

void Engine::load(Id flow, std::move_only_function<void(ActivePtr)> done) {
  const auto known = active_.find(flow);
  if (known != active_.end()) return done(known->second);
  struct Loaded {
    Result<std::optional<store::FlowRow>> row;
    Result<std::optional<store::MessageRow>> message;
  };
  auto loaded = std::make_shared<Loaded>();
  read(
      [loaded, flow](store::Reader& reader) {
        loaded->row = reader.load_flow(flow);
        loaded->message = reader.load_message(flow);
      },
      [this, loaded, done = std::move(done)]() mutable {
        if (!loaded->row) return stop(loaded->row.error());
        if (!loaded->message) return stop(loaded->message.error());
        if (!*loaded->row || !*loaded->message) return done(nullptr);
        auto decoded = decode_flow((*loaded->row)->state);
        if (!decoded) return stop(decoded.error());
        done(adopt(std::move(*decoded), std::move(**loaded->message)));
      });
}

std::uint64_t Engine::next_position(Partition partition) {
  const auto at = positions_.find(partition);
  INVARIANT(at != positions_.end(), "positions are read before a partition's first write");
  return ++at->second;
}

Hash128 Engine::salt_of(Id flow, std::uint64_t position) const {
  ByteWriter secret;
  secret.text(salt_secret_);
  secret.id(flow);
  secret.u64(position);
  return hash128(secret.view());
}

Facts Engine::facts_for(const Flow& flow, std::uint16_t number) {
  Facts facts;
  facts.now = now();
  facts.restore = restore_;
  facts.random = random_.next() >> 32U;  // enough for a jitter, and short in the journal
  const Leg* leg = flow.leg(number);
  const auto own =
      leg == nullptr ? options_.retry_of_target.end() : options_.retry_of_target.find(leg->target);
  facts.retry = own == options_.retry_of_target.end() ? options_.retry : own->second;
  if (leg != nullptr) {
    if (const Step* step = next_step(*leg); step != nullptr) {
      const OperationTraits* traits = caller_.traits(leg->target, step->operation);
      if (traits != nullptr) facts.traits = *traits;
    }
    // Whether the clock was set before this process began cannot be told from how long nobody was
    // there: what was under way then has its settle time from the beginning.
    if (leg->calling_until < started_) facts.traits.settle += started_ - leg->calling_until;
  }
  return facts;
}

void Engine::order_legs(std::vector<Leg>& legs) const {
  for (Leg& leg : legs) {
    if (leg.steps.empty()) continue;
    const OperationTraits* traits = caller_.traits(leg.target, leg.steps.front().operation);
    if (traits == nullptr || traits->order == Order::none) leg.order_key = {};
    if (!redirects_.empty()) leg.order_key = redirected(leg.order_key);
  }
}

void Engine::enqueue(const ActivePtr& active, Work work) {
  active->queue.push_back({std::move(work), false});
  run_next(active);
}

void Engine::enqueue_read(const ActivePtr& active, std::move_only_function<void()> work) {
  active->queue.push_back({[work = std::move(work)](Staged&) mutable {
                             work();
                             return false;
                           },
                           true});
  run_next(active);
}

void Engine::enqueue_answer(const ActivePtr& active, Work work) {
  if (active->calls == 0 || active->committing || !active->queue.empty()) {
    return enqueue(active, std::move(work));
  }
  active->queue.push_back({std::move(work), false});
  lingering_.push_back(active);
  if (lingering_.size() > 1) return;
  scheduler_.after(answer_linger, [this, alive = alive_] {
    if (!*alive) return;
    for (const ActivePtr& waiting : std::exchange(lingering_, {})) run_next(waiting);
  });
}

void Engine::run_next(const ActivePtr& active) {
  if (active->committing || active->running) return;
  active->running = true;
  StagedPtr staged;
  bool begun = false;
  while (!stopped_ && !active->committing && !active->queue.empty()) {
    if (begun && active->queue.front().on_committed) break;
    Queued next = std::move(active->queue.front());
    active->queue.pop_front();
    if (staged == nullptr) staged = std::make_shared<Staged>();
    begun |= next.work(*staged);
  }
  active->running = false;
  if (stopped_) return;
  if (begun) {
    commit(active, staged);
  } else {
    retire(active);
  }
}

bool Engine::apply(const ActivePtr& active, Event event, Staged& staged,
                   std::optional<Instant> asked) {
  if (auto* claimed = std::get_if<Claimed>(&event)) order_legs(claimed->more);
  const std::uint16_t leg = std::visit(LegOf{}, event);
  Facts facts = facts_for(active->flow, leg);
  // "Not found" says how it was when the target was asked, however late that is heard.
  if (asked) facts.traits.settle += facts.now - *asked;
  Transition transition = decide(active->flow, event, facts);
  if (transition.stale) return false;
  staged.inputs.push_back({std::move(event), facts});
  collect(active, std::move(transition), staged);
  return true;
}

void Engine::collect(const ActivePtr& active, Transition transition, Staged& staged) {
  staged.has_flow = true;
  staged.sale_facts_changed |= transition.sale_facts_changed;
  std::ranges::move(transition.events, std::back_inserter(staged.events));
  for (const Action& action : transition.actions) {
    const Leg& leg = *active->flow.leg(action.leg);
    switch (action.kind) {
      case Action::Kind::place: {
        if (take_directly(active, action, staged)) break;
        Target* target = target_of(leg.target);
        INVARIANT(target != nullptr, "legs are planned for configured targets");
        store::PlaceRequest request;
        request.row = {target->number, static_cast<store::Lane>(leg.lane),
                       action.due_at,  active->flow.id,
                       leg.number,     action.order_key};
        // Without a partition, places of one millisecond are in the order of their requests.
        request.place = ids_.next(now(), 0);
        request.occupied = !action.holder && target->is_busy(action.order_key);
        request.holder = action.holder;
        staged.unit.places.push_back(request);
        staged.places.push_back({target, action.order_key, action.due_at, action.holder});
        ++target->placed;
        ++target->placing;
        // From now on nobody overtakes it, and who gives up its key looks for it.
        if (action.due_at <= now()) target->backlog = true;
        if (!action.order_key.is_zero()) target->waiters = true;
        break;
      }
      case Action::Kind::leave: {
        Target* target = target_of(leg.target);
        INVARIANT(target != nullptr, "legs are planned for configured targets");
        // Units of a lane are committed in order: whoever asks for the key from now on finds it
        // free.
        target->free(action.order_key);
        if (target->waiters) {
          staged.unit.leaves.push_back({target->number, action.order_key, now()});
        }
        break;
      }
      case Action::Kind::call:
      case Action::Kind::ask:
      case Action::Kind::local:
        staged.after.push_back(action);
        break;
    }
  }
}

bool Engine::take_directly(const ActivePtr& active, const Action& action, Staged& staged) {
  const Leg& leg = *active->flow.leg(action.leg);
  if (staged.no_direct || leg.state != LegState::due || action.due_at > now()) return false;
  Target* target = target_of(leg.target);
  const Step* step = next_step(leg);
  if (target == nullptr || step == nullptr) return false;
  const OperationTraits* traits = caller_.traits(leg.target, step->operation);
  if (traits == nullptr || traits->batch_max > 1) return false;
  if (in_doubt(active->flow, leg, restore_)) return false;
  if (!target->direct(action.order_key, action.holder) || is_paused(*active, leg)) return false;
  if (active_.size() > options_.active_flows_max) return false;
  const Departure departure = departure_of(leg);
  if (caller_.gate(departure) > Duration{0}) return false;
  caller_.reserve(departure);
  ++target->in_flight;
  ++calls_;
  if (!action.order_key.is_zero()) target->busy.emplace(action.order_key, active->flow.id);
  staged.taken.push_back(leg.number);
  const Id call_id = ids_.next(now(), active->flow.id.partition());
  const Event event = Taken{leg.number, call_id};
  const Facts facts = facts_for(active->flow, leg.number);
  Transition transition = decide(active->flow, event, facts);
  INVARIANT(!transition.stale, "a leg that became due can be taken");
  staged.inputs.push_back({event, facts});
  collect(active, std::move(transition), staged);
  note_posting_date(*active, leg, staged);
  return true;
}

/// Counts the flow and its money under what holds it up.
void Engine::count_stuck(const Active& active, const FlowSummary& summary, int sign,
                         std::vector<store::CounterAdd>& counters) {
  const bool stuck =
      summary.status == store::FlowStatus::parked || summary.status == store::FlowStatus::dead;
  if (!stuck) return;
  const std::string_view status = summary.status == store::FlowStatus::dead ? "dead" : "parked";
  std::string name = "stuck|";
  name.append(status).append("|").append(summary.code).append("|").append(active.currency);
  counters.push_back({name + "|count", sign});
  counters.push_back({name + "|minor", sign * active.gross_minor});
}

void Engine::seal(const ActivePtr& active, Staged& staged) {
  Flow& flow = active->flow;
  ++flow.version;
  const Partition partition = flow.id.partition();
  const std::uint64_t position = next_position(partition);
  flow.journal.push_back(position);
  store::FlowRow row;
  row.id = flow.id;
  row.version = flow.version;
  row.state = encode(flow);
  staged.summary = summarise(flow);
  for (auto& [name, count] : staged.summary.moving) {
    const Target* target = target_of(name);
    if (target != nullptr) name = target->name;
  }
  row.status = staged.summary.status;
  row.code = staged.summary.code;
  if (!active->stored || staged.summary.status != active->committed.status) {
    active->status_since = now();
  }
  row.since = active->status_since;
  row.calling =
      std::ranges::any_of(flow.legs, [](const Leg& leg) { return leg.state == LegState::calling; });

  JournalEntry entry;
  entry.at = now();
  entry.state_hash = hash128(row.state);
  entry.salt = salt_of(flow.id, position);
  entry.events = std::move(staged.events);
  entry.beginning = std::move(staged.beginning);
  entry.inputs = std::move(staged.inputs);
  staged.unit.journal.push_back({partition, position, flow.id, entry.at, encode(entry)});
  staged.unit.flows.push_back(std::move(row));
  note_owed(*active, staged.unit);

  auto& counters = staged.unit.counters;
  const FlowSummary none{.status = store::FlowStatus::open, .code = {}, .moving = {}};
  const FlowSummary& before = active->stored ? active->committed : none;
  if (!active->stored || before.status != staged.summary.status) {
    if (active->stored) counters.push_back({std::string(status_counter(before.status)), -1});
    counters.push_back({std::string(status_counter(staged.summary.status)), 1});
  }
  const bool same_cause = active->stored && before.status == staged.summary.status &&
                          before.code == staged.summary.code;
  if (!same_cause) {
    if (active->stored) count_stuck(*active, before, -1, counters);
    count_stuck(*active, staged.summary, 1, counters);
  }
  count_references(*active, staged);
  for (const auto& [name, count] : before.moving) {
    counters.push_back({"moving|" + std::string(name), -count});
  }
  for (const auto& [name, count] : staged.summary.moving) {
    counters.push_back({"moving|" + std::string(name), count});
  }
  std::erase_if(counters, [](const store::CounterAdd& add) { return add.delta == 0; });
}

void Engine::commit(const ActivePtr& active, const StagedPtr& staged) {
  if (staged->has_flow) seal(active, *staged);
  active->committing = true;
  store_.commit(std::move(staged->unit),
                [this, alive = alive_, active, staged](store::UnitResult result) {
                  if (!*alive || stopped_) return;
                  if (result.outcome != store::Outcome::applied) {
                    Fault fault = std::move(result.fault);
                    if (fault.code.empty()) fault.code = contract::error_code::store_conflict;
                    return stop(std::move(fault));
                  }
                  settle(active, *staged, result);
                  tell_watchers(active);
                  settle_references(active, *staged);
                  act(active, *staged);
                  for (auto& follow : staged->committed) follow();
                  if (staged->sale_facts_changed) touch_book(active->flow);
                  check_link_done(active);
                  if (active->committed.status == store::FlowStatus::parked) {
                    resume_unpaused(active);
                  }
                  run_next(active);
                });
}

void Engine::settle(const ActivePtr& active, Staged& staged, store::UnitResult& result) {
  active->committing = false;
  if (staged.has_flow) {
    for (const auto& [name, count] : active->committed.moving) {
      if (active->stored) moving_legs_ -= count;
    }
    for (const auto& [name, count] : staged.summary.moving) moving_legs_ += count;
    active->committed = std::move(staged.summary);
    active->stored = true;
  }
  for (const store::DueRow& row : result.promoted) {
    for (auto& [name, target] : targets_) {
      if (target.number != row.target) continue;
      target.backlog = true;
      wake(target);
    }
  }
  for (std::size_t i = 0; i < staged.places.size(); ++i) {
    const Staged::Place& place = staged.places[i];
    --place.target->placing;
    if (!result.place_is_due[i]) {
      // Its key may have been given up by a unit of another lane that was committed before.
      if (!place.target->is_busy(place.order_key)) promote(*place.target, place.order_key);
      continue;
    }
    if (place.holder) place.target->busy.erase(place.order_key);
    if (place.due_at <= now()) {
      place.target->backlog = true;
      wake(*place.target);
    } else {
      place.target->hold(place.order_key);
      arm(*place.target, place.due_at);
    }
  }
}

void Engine::promote(Target& target, const Hash128& order_key) {
  store::Unit unit;
  unit.leaves.push_back({target.number, order_key, now()});
  store_.commit(std::move(unit), [this, alive = alive_, &target](store::UnitResult result) {
    if (!*alive || stopped_) return;
    if (result.outcome != store::Outcome::applied) return stop(std::move(result.fault));
    if (result.promoted.empty()) return;
    target.backlog = true;
    wake(target);
  });
}

void Engine::act(const ActivePtr& active, const Staged& staged) {
  for (const Action& action : staged.after) {
    switch (action.kind) {
      case Action::Kind::call:
        if (std::ranges::find(staged.batched, action.leg) == staged.batched.end()) {
          call(active, action.leg);
        }
        break;
      case Action::Kind::ask:
        ask(active, action.leg);
        break;
      case Action::Kind::local:
        ++active->outstanding;
        switch (active->flow.leg(action.leg)->kind) {
          case LegKind::link:
            link(active, action.leg);
            break;
          case LegKind::hold:
            reserve(active, action.leg);
            break;
          default:
            claim(active, action.leg);
        }
        break;
      case Action::Kind::place:
      case Action::Kind::leave:
        break;
    }
  }
}

void Engine::instruct(Id flow, Instruction instruction, Done done) {
  order(flow, std::visit([](auto& one) { return Event(std::move(one)); }, instruction),
        std::move(done));
}

void Engine::order(Id flow, Event event, Done done) {
  load(flow, [this, event = std::move(event), done = std::move(done)](ActivePtr active) mutable {
    if (active == nullptr) {
      return done(fail({.code = std::string(contract::error_code::not_found),
                        .fault_class = FaultClass::not_found,
                        .where = "flow",
                        .cause = "no such flow"}));
    }
    auto shared = std::make_shared<Done>(std::move(done));
    enqueue(active, [this, active, event = std::move(event), shared](Staged& staged) mutable {
      const Leg* leg = active->flow.leg(std::visit(LegOf{}, event));
      const bool open = leg != nullptr && is_stuck(leg->state) && leg->uncertain;
      if (!apply(active, std::move(event), staged)) {
        (*shared)(fail({.code = std::string(contract::error_code::leg_state_conflict),
                        .fault_class = FaultClass::conflict,
                        .where = "leg",
                        .cause = open ? "its outcome is open: a person confirms first whether it "
                                        "happened"
                                      : "the leg is in no state for this"}));
        return false;
      }
      staged.committed.emplace_back([shared] { (*shared)(Status{}); });
      return true;
    });
  });
}

void Engine::stop(Fault fault) {
  if (stopped_) return;
  stopped_ = true;
  if (!slot_waiters_.empty()) {
    scheduler_.post([this, alive = alive_] {
      if (*alive) admit();
    });
  }
  if (!on_fatal_) return;
  // The task owns the callback: whoever is told may discard this engine at once.
  scheduler_.post([alive = alive_, tell = std::exchange(on_fatal_, nullptr),
                   fault = std::move(fault)]() mutable {
    if (*alive) tell(std::move(fault));
  });
}

}  // namespace crossfoot::flow
