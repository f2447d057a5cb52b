#include <algorithm>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/engine/parts.h"

namespace crossfoot::flow {

namespace {

constexpr std::size_t page_max = 64;
/// Rows that are read of each lane, however many wait in the lanes above it.
constexpr std::size_t lane_rows_min = 4;

/// A row behind all rows of (target, lane) that are due at `at`.
store::DueRow behind(store::TargetNumber target, store::Lane lane, Instant at) {
  store::DueRow row;
  row.target = target;
  row.lane = lane;
  row.due_at = at;
  row.flow = {UINT64_MAX, UINT64_MAX};
  row.leg = UINT16_MAX;
  return row;
}

Fault missing_answer() {
  return {.code = std::string(contract::error_code::corrupt_answer),
          .fault_class = FaultClass::corrupt,
          .where = "call",
          .cause = "the answer does not speak of this item"};
}

}  // namespace

Departure Engine::departure_of(const Leg& leg) {
  const Step* step = next_step(leg);
  return {.target = leg.target,
          .operation = step == nullptr ? std::string_view() : std::string_view(step->operation),
          .lane = leg.lane,
          .question = is_question(leg)};
}

CallItem Engine::item_of(const Active& active, const Leg& leg) const {
  CallItem item;
  item.transaction = active.body;
  item.arguments = active.flow.redemption ? redemption_arguments(active.flow, leg)
                   : leg.rest.empty()     ? leg.arguments
                                          : leg.rest;
  for (const Step& step : leg.steps) {
    if (!step.done) {
      item.reference = sent_reference(leg, step);
      break;
    }
    item.previous_id = step.acknowledgement.target_id;
  }
  return item;
}

void Engine::call(const ActivePtr& active, std::uint16_t number) {
  const Leg& leg = *active->flow.leg(number);
  const Step* step = next_step(leg);
  Target* target = target_of(leg.target);
  INVARIANT(step != nullptr && target != nullptr, "a taken leg has a step and a target");
  const OperationTraits* traits = caller_.traits(leg.target, step->operation);
  CallRequest request;
  request.target = leg.target;
  request.operation = step->operation;
  request.attempt = leg.attempts;
  request.correlation_id = active->flow.correlation_id;
  request.deadline = traits->deadline;
  request.items.push_back(item_of(*active, leg));
  ++active->outstanding;
  ++active->calls;
  if (Status dated = add_posting_dates(*active, leg, request.items.front()); !dated) {
    caller_.give_back(departure_of(leg));
    release_slot(*target);
    return refuse_unsent(active, number, std::move(dated.error()));
  }
  caller_.call(std::move(request),
               [this, alive = alive_, active, number, target](Result<CallAnswer> answer) {
                 if (!*alive || stopped_) return;
                 --active->outstanding;
                 --active->calls;
                 release_slot(*target);
                 if (!answer) return answered(active, number, fail(std::move(answer.error())));
                 if (answer->size() != 1) return answered(active, number, fail(missing_answer()));
                 answered(active, number, std::move(answer->front()));
               });
}

void Engine::send(const std::shared_ptr<BatchCall>& batch) {
  if (--batch->waiting > 0) return;
  const OperationTraits* traits = caller_.traits(batch->target->name, batch->operation);
  CallRequest request;
  request.target = batch->target->name;
  request.operation = batch->operation;
  request.correlation_id = to_string(batch->id);
  request.deadline = traits->deadline;
  std::erase_if(batch->legs, [&](const auto& one) {
    const auto& [active, number] = one;
    const Leg& leg = *active->flow.leg(number);
    ++active->calls;
    ++active->outstanding;
    CallItem item = item_of(*active, leg);
    if (Status dated = add_posting_dates(*active, leg, item); !dated) {
      refuse_unsent(active, number, std::move(dated.error()));
      return true;
    }
    request.attempt = std::max(request.attempt, leg.attempts);
    request.items.push_back(std::move(item));
    return false;
  });
  if (request.items.empty()) {
    caller_.give_back(
        {.target = batch->target->name, .operation = batch->operation, .lane = batch->lane});
    return release_slot(*batch->target);
  }
  caller_.call(std::move(request), [this, alive = alive_, batch](Result<CallAnswer> answer) {
    if (!*alive || stopped_) return;
    release_slot(*batch->target);
    for (std::size_t i = 0; i < batch->legs.size(); ++i) {
      const auto& [active, number] = batch->legs[i];
      --active->outstanding;
      --active->calls;
      if (!answer) {
        answered(active, number, fail(answer.error()));
      } else if (i >= answer->size()) {
        answered(active, number, fail(missing_answer()));
      } else {
        answered(active, number, std::move((*answer)[i]));
      }
    }
  });
}

void Engine::answered(const ActivePtr& active, std::uint16_t leg, Result<ItemAnswer> answer) {
  enqueue_answer(active, [this, active, leg, answer = std::move(answer)](Staged& staged) mutable {
    Event event = Failed{};
    if (answer) {
      event = Answered{leg, std::move(*answer)};
    } else {
      event = Failed{leg, std::move(answer.error())};
    }
    return apply(active, std::move(event), staged);
  });
}

void Engine::ask(const ActivePtr& active, std::uint16_t number) {
  const Leg& leg = *active->flow.leg(number);
  if (is_delta(leg.kind) && in_doubt(active->flow, leg, restore_)) return survey(active, number);
  const Step* step = next_step(leg);
  Target* target = target_of(leg.target);
  const OperationTraits* traits = caller_.traits(leg.target, step->operation);
  ++active->outstanding;
  caller_.lookup(leg.target, step->operation, sent_reference(leg, *step), traits->deadline,
                 [this, alive = alive_, active, number, target,
                  asked = now()](Result<std::optional<ItemAnswer>> found) {
                   if (!*alive || stopped_) return;
                   --active->outstanding;
                   release_slot(*target);
                   question_answered(active, LookedUp{number, std::move(found)}, asked);
                 });
}

void Engine::question_answered(const ActivePtr& active, Event event, Instant asked) {
  enqueue(active, [this, active, asked, event = std::move(event)](Staged& staged) mutable {
    const std::uint16_t number = std::visit(LegOf{}, event);
    Target* target = target_of(active->flow.leg(number)->target);
    const auto at = std::ranges::find(active->asking, number, &store::DueRow::leg);
    INVARIANT(at != active->asking.end(), "a question under way has its due row");
    staged.unit.taken.push_back(*at);
    staged.committed.emplace_back([target, row = *at] { target->taken(row); });
    target->held.erase(at->order_key);
    active->asking.erase(at);
    (void)apply(active, std::move(event), staged, asked);
    return true;
  });
}

void Engine::release_slot(Target& target) {
  INVARIANT(target.in_flight > 0, "a slot that is given back was taken");
  --target.in_flight;
  --calls_;
  // The end of a call may have closed the breaker that others wait for.
  if (target.passed_rows > 0) {
    const Departure departure{.target = target.name,
                              .operation = target.passed_operation,
                              .question = target.passed_question};
    if (caller_.gate(departure) == Duration{0}) target.ungate();
  }
  wake(target);
  if (!slot_waiters_.empty()) admit();
}

void Engine::wake(Target& target) {
  if (target.backlog && target.free_slots() > 0) poll(target);
}

void Engine::arm(Target& target, Instant at) {
  if (at >= target.timer_at) return;
  scheduler_.cancel(target.timer);
  target.timer_at = at;
  target.timer = scheduler_.after(at - now(), [this, alive = alive_, &target] {
    if (!*alive || stopped_) return;
    target.timer_at = Instant::never();
    target.backlog = true;
    if (target.gated && target.gated_until <= now()) target.ungate();
    wake(target);
  });
}

void Engine::poll(Target& target) {
  if (target.polling) {
    target.poll_again = true;
    return;
  }
  if (target.free_slots() == 0) return;
  auto page = std::make_shared<DuePage>();
  Duration shortest = Duration::max();
  for (std::size_t i = 0; i < lane_count; ++i) {
    const Duration wait = caller_.gate({.target = target.name, .lane = static_cast<Lane>(i)});
    page->lanes[i] = wait <= Duration{0};
    if (!page->lanes[i]) shortest = std::min(shortest, wait);
  }
  if (shortest < Duration::max()) arm(target, now() + shortest);
  if (page->lanes == std::array<bool, lane_count>{}) return;
  if (shortest < Duration::max()) target.gate(now() + shortest);
  target.polling = true;
  page->placed = target.placed;
  const Instant until = now();
  const std::size_t limit = std::min(target.free_slots(), page_max) + target.taking.size();
  read([page, number = target.number, until, limit, passed = target.passed](
           store::Reader& reader) { read_due(reader, *page, number, until, limit, passed); },
       [this, &target, page] { polled(target, *page); });
}

void Engine::read_due(store::Reader& reader, DuePage& page, store::TargetNumber number,
                      Instant until, std::size_t limit, const Passed& passed) {
  for (std::size_t i = 0; i < store::lane_count; ++i) {
    if (!page.lanes[i]) continue;
    const auto lane = static_cast<store::Lane>(i);
    // What waits in the lanes above leaves every lane its turns.
    const std::size_t most =
        std::max(limit - std::min(limit, page.rows.size()), std::min(limit, lane_rows_min));
    auto rows = reader.due(number, lane, until, passed[i] ? &*passed[i] : nullptr, most);
    const store::DueRow later = behind(number, lane, until);
    auto next = reader.due(number, lane, Instant::never(), &later, 1);
    if (!rows || !next) {
      page.fault = !rows ? rows.error() : next.error();
      return;
    }
    page.full |= rows->size() >= most;
    std::ranges::move(*rows, std::back_inserter(page.rows));
    if (!next->empty() && (!page.next || next->front().due_at < *page.next)) {
      page.next = next->front().due_at;
    }
  }
  for (const store::DueRow& row : page.rows) {
    auto flow = reader.load_flow(row.flow);
    auto message = reader.load_message(row.flow);
    if (!flow || !message) {
      page.fault = !flow ? flow.error() : message.error();
      return;
    }
    page.flows.push_back(std::move(*flow));
    page.messages.push_back(*message ? std::move(**message) : store::MessageRow{});
  }
  auto waiters = reader.has_waiters(number);
  if (!waiters) {
    page.fault = waiters.error();
    return;
  }
  page.waiters = *waiters;
}

void Engine::polled(Target& target, DuePage& page) {
  target.polling = false;
  if (page.fault) return stop(std::move(*page.fault));
  const bool again = std::exchange(target.poll_again, false);
  target.backlog = page.full || again;
  if (page.next) arm(target, *page.next);
  const bool certain = page.placed == target.placed && target.placing == 0 && !target.gated;
  if (certain && !page.full && page.rows.empty() && target.taking.empty()) {
    target.waiters = page.waiters;
    if (!page.next) {
      target.complete = true;
      target.held.clear();
    }
  }
  std::array<std::size_t, lane_count> at{};
  std::array<std::size_t, lane_count> end{};
  LaneTurns::Working working{};
  for (std::size_t i = 0; i < page.rows.size(); ++i) {
    const auto lane = static_cast<std::size_t>(page.rows[i].lane);
    if (!std::exchange(working[lane], true)) at[lane] = i;
    end[lane] = i + 1;
  }
  OpenBatches batches;
  while (const auto lane = target.turns.next(working)) {
    if (!take_row(target, page, at[*lane], batches)) break;
    if (stopped_) return;
    working[*lane] = ++at[*lane] < end[*lane] && page.lanes[*lane];
  }
  target.taken_meanwhile.clear();
  for (const auto& [operation, batch] : batches) {
    if (batch != nullptr) send(batch);
  }
  // The timer may have been set for something earlier, and has then fired without this.
  if (target.gated) arm(target, target.gated_until);
  wake(target);
}

bool Engine::passes_gate(Target& target, const store::DueRow& row, const Departure& departure,
                         DuePage& page) {
  const Duration wait = caller_.gate(departure);
  if (wait <= Duration{0}) return true;
  target.gate(now() + wait);
  arm(target, now() + wait);
  const auto lane = static_cast<std::size_t>(row.lane);
  if (caller_.gate({.target = target.name, .lane = departure.lane}) > Duration{0}) {
    page.lanes[lane] = false;  // its quota: all that follows in the lane waits too
  } else if (++target.passed_rows < Target::passed_max) {
    target.passed[lane] = row;
    target.passed_operation = departure.operation;
    target.passed_question = departure.question;
  } else {
    page.lanes[lane] = false;
    target.backlog = false;
  }
  return false;
}

bool Engine::take_row(Target& target, DuePage& page, std::size_t index, OpenBatches& batches) {
  const store::DueRow& row = page.rows[index];
  const std::pair leg_id{row.flow, row.leg};
  if (target.taking.contains(leg_id)) return true;
  if (target.taken_meanwhile.contains(leg_id)) {
    target.backlog = true;  // the row is gone, or is a new one: the next page tells
    return true;
  }
  if (!page.flows[index]) return true;
  auto flow = decode_flow(page.flows[index]->state);
  if (!flow) {
    stop(flow.error());
    return true;
  }
  const ActivePtr active = adopt(std::move(*flow), std::move(page.messages[index]));
  const Leg* leg = active->flow.leg(row.leg);
  if (leg != nullptr && is_timer(active->flow, *leg)) {
    take_lapsed(target, active, row);
    return true;
  }
  if (leg != nullptr && !is_question(*leg) && is_paused(*active, *leg)) {
    take_paused(target, active, row);
    return true;
  }
  const Step* step = leg == nullptr ? nullptr : next_step(*leg);
  const OperationTraits* traits =
      step == nullptr ? nullptr : caller_.traits(leg->target, step->operation);
  const bool batched = traits != nullptr && traits->batch_max > 1 &&
                       (leg->state == LegState::due || leg->state == LegState::retrying);
  std::shared_ptr<BatchCall> batch;
  if (batched) {
    auto& open = batches[step->operation];
    if (open != nullptr && open->waiting > traits->batch_max) {
      const auto full = std::exchange(open, nullptr);
      send(full);
    }
    batch = open;
  }
  if (batch == nullptr) {
    if (target.free_slots() == 0) {
      target.backlog = true;
      return false;
    }
    if (step != nullptr) {
      const Departure departure = departure_of(*leg);
      if (!passes_gate(target, row, departure, page)) return true;
      caller_.reserve(departure);
    }
    ++target.in_flight;
    ++calls_;
    target.turns.served(static_cast<std::size_t>(row.lane));
    if (batched) {
      batch = std::make_shared<BatchCall>();
      batch->id = ids_.next(now(), row.flow.partition());
      batch->target = &target;
      batch->operation = step->operation;
      batch->lane = leg->lane;
      batch->waiting = 1;
      batches[step->operation] = batch;
    }
  }
  if (batch != nullptr) ++batch->waiting;
  take_due(target, active, row, batch);
  return true;
}

void Engine::take_due(Target& target, const ActivePtr& active, const store::DueRow& row,
                      std::shared_ptr<BatchCall> batch) {
  target.taking.insert({row.flow, row.leg});
  const Leg* waiting = active->flow.leg(row.leg);
  const Step* next = waiting == nullptr ? nullptr : next_step(*waiting);
  // What was reserved; the leg may have moved on when its turn comes.
  const std::string operation = next == nullptr ? std::string() : next->operation;
  const Lane lane = waiting == nullptr ? Lane::live : waiting->lane;
  const bool question = waiting != nullptr && departure_of(*waiting).question;
  enqueue(active, [this, active, row, &target, operation, lane, question,
                   batch = std::move(batch)](Staged& staged) {
    const std::size_t before = staged.after.size();
    const Id call_id = batch != nullptr ? batch->id : ids_.next(now(), active->flow.id.partition());
    const bool fresh = apply(active, Taken{row.leg, call_id}, staged);
    if (fresh) note_posting_date(*active, *active->flow.leg(row.leg), staged);
    const bool acts = fresh && staged.after.size() > before;
    const bool asks = acts && staged.after.back().kind == Action::Kind::ask;
    if (asks) {
      // Its row stays until the answer and holds the key: nobody passes the question.
      target.hold(row.order_key);
      active->asking.push_back(row);
      if (batch != nullptr) staged.committed.emplace_back([this, batch] { send(batch); });
      return true;
    }
    staged.unit.taken.push_back(row);
    target.held.erase(row.order_key);
    staged.committed.emplace_back([&target, row] { target.taken(row); });
    if (!fresh) {
      // The leg was cancelled or moved on: its row goes, and so does its place.
      if (!row.order_key.is_zero()) {
        target.free(row.order_key);
        staged.unit.leaves.push_back({row.target, row.order_key, now()});
      }
    }
    if (!acts) {
      // Nothing leaves: it moved on, or it may have happened before a restore and is asked for.
      staged.committed.emplace_back([this, &target, batch, operation, lane, question] {
        if (batch != nullptr) return send(batch);
        caller_.give_back({target.name, operation, lane, question});
        release_slot(target);
      });
    } else {
      if (!row.order_key.is_zero()) target.busy.emplace(row.order_key, row.flow);
      if (batch != nullptr) {
        batch->legs.emplace_back(active, row.leg);
        staged.batched.push_back(row.leg);
        staged.committed.emplace_back([this, batch] { send(batch); });
      }
    }
    return true;
  });
}

}  // namespace crossfoot::flow
