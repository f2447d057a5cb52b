#include <algorithm>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "flow/engine/parts.h"
#include "flow/engine/references.h"

namespace crossfoot::flow {

namespace {

constexpr std::size_t page_max = 64;

struct Found {
  Id flow;
  bool wanted = false;
  std::string body;  ///< where the filter names a region
  std::string currency;
  std::int64_t gross_minor = 0;
  std::uint64_t legs = 0;
  std::uint64_t legs_done = 0;
  std::uint64_t legs_selected = 0;
};

struct Page {
  std::vector<Found> found;
  bool last = false;
  std::optional<Fault> fault;
};

Result<Found> look_at(store::Reader& reader, const ReplayFilter& filter,
                      const store::FlowRow& row) {
  Found found;
  found.flow = row.id;
  auto flow = decode_flow(row.state);
  if (!flow) return fail(flow.error());
  found.legs_selected = stuck_legs(filter, *flow).size();
  if (found.legs_selected == 0) return found;
  auto message = reader.load_message(row.id);
  if (!message) return fail(message.error());
  if (!*message || !matches(filter, **message)) return found;
  // It may wait for more than the reference that the filter names.
  if (!filter.reference.empty()) {
    const auto open = unresolved(
        reader, {flow->tenant, references_of(flow->legs.front()), (*message)->occurred_at});
    if (!open) return fail(open.error());
    if (!open->empty()) return found;
  }
  found.wanted = true;
  found.currency = (*message)->currency;
  if (!filter.region.empty()) found.body = std::move((*message)->body);
  found.gross_minor = (*message)->gross_minor;
  for (const Leg& leg : flow->legs) {
    if (is_local(leg.kind)) continue;
    ++found.legs;
    if (leg.state == LegState::done) ++found.legs_done;
  }
  return found;
}

Page read_page(store::Reader& reader, const ReplayFilter& filter, store::FlowStatus status,
               Id after) {
  Page page;
  auto rows = reader.flows_by_status(status, {}, after, page_max);
  if (!rows) {
    page.fault = rows.error();
    return page;
  }
  page.last = rows->size() < page_max;
  for (const store::FlowRow& row : *rows) {
    auto found = look_at(reader, filter, row);
    if (!found) {
      page.fault = found.error();
      return page;
    }
    page.found.push_back(std::move(*found));
  }
  return page;
}

store::DocumentRow document_of(const ReplayJob& job) {
  return {std::string(replay_documents), to_string(job.id), encode(job)};
}

/// What of a filter names the same as a pause of this kind.
std::string& part_of(ReplayFilter& filter, PauseKind kind) {
  switch (kind) {
    case PauseKind::target:
      return filter.target;
    case PauseKind::shop:
      return filter.shop;
    case PauseKind::member:
      return filter.member;
    case PauseKind::region:
      return filter.region;
    case PauseKind::key:
      break;
  }
  return filter.key;
}

Fault no_such_replay() {
  return {.code = std::string(contract::error_code::not_found),
          .fault_class = FaultClass::not_found,
          .where = "replay",
          .cause = "no such replay is running"};
}

}  // namespace

struct Engine::Replay {
  ReplayJob job;
  bool cancel = false;
  std::size_t open = 0;  ///< flows of the page that are not committed yet, plus one
  bool last_page = false;
  Duration page_pause{0};
};

void Engine::start_replay(ReplayRequest request, ReplayAnswer done) {
  if (!ready_ || stopped_) return done(fail(not_ready("replay")));
  const ReplayPtr replay = new_replay(std::move(request));
  save_replay(replay, [this, replay, done = std::move(done)]() mutable {
    done(replay->job);
    begin_replay(replay);
  });
}

Engine::ReplayPtr Engine::new_replay(ReplayRequest request) {
  auto replay = std::make_shared<Replay>();
  replay->job.id = ids_.next(now(), 0);
  replay->job.request = std::move(request);
  replay->job.created_at = now();
  return replay;
}

void Engine::begin_replay(const ReplayPtr& replay) {
  replays_[replay->job.id] = replay;
  if (pausing_ > 0) {
    after_pausing_.push_back(replay);
  } else {
    run_replay(replay);
  }
}

void Engine::cancel_replay(Id id, ReplayAnswer done) {
  const auto at = replays_.find(id);
  if (at == replays_.end()) return done(fail(no_such_replay()));
  at->second->cancel = true;
  done(at->second->job);
}

void Engine::adopt_replay(ReplayJob job) {
  auto replay = std::make_shared<Replay>();
  replay->job = std::move(job);
  begin_replay(replay);
}

void Engine::save_replay(const ReplayPtr& replay, std::move_only_function<void()> done) {
  store::Unit unit;
  unit.lane = store::Lane::replay;
  unit.documents.push_back(document_of(replay->job));
  store_.commit(std::move(unit),
                [this, alive = alive_, done = std::move(done)](store::UnitResult result) mutable {
                  if (!*alive || stopped_) return;
                  if (result.outcome != store::Outcome::applied) {
                    return stop(std::move(result.fault));
                  }
                  done();
                });
}

void Engine::run_replay(const ReplayPtr& replay) {
  if (replay->cancel) return finish_replay(replay, ReplayState::cancelled);
  auto page = std::make_shared<Page>();
  read([page, filter = replay->job.request.filter, status = replay->job.walking,
        after = replay->job.after](
           store::Reader& reader) { *page = read_page(reader, filter, status, after); },
       [this, replay, page] {
         if (page->fault) return stop(std::move(*page->fault));
         ReplayJob& job = replay->job;
         replay->last_page = page->last;
         replay->open = 1;
         std::size_t wanted = 0;
         for (const Found& found : page->found) {
           job.after = found.flow;
           ++job.examined;
           if (!found.wanted || !is_of_region(found.body, job.request.filter.region)) continue;
           ++wanted;
           ++job.flows;
           job.legs += found.legs;
           job.legs_done += found.legs_done;
           job.add_money(found.currency, found.gross_minor);
           if (job.request.dry_run) {
             job.legs_selected += found.legs_selected;
           } else {
             ++replay->open;
             release_for(replay, found.flow);
           }
         }
         replay->page_pause = job.request.dry_run
                                  ? Duration{0}
                                  : Duration{static_cast<std::int64_t>(wanted) * 1'000'000 /
                                             job.request.flows_per_second};
         page_done(replay);
       });
}

bool Engine::is_of_region(std::string_view body, const std::string& region) const {
  if (region.empty()) return true;
  const auto parsed = parse_(body);
  return parsed && parsed->region == region;
}

void Engine::release_for(const ReplayPtr& replay, Id flow) {
  load(flow, [this, replay](ActivePtr active) {
    if (active == nullptr) return page_done(replay);
    enqueue(active, [this, replay, active](Staged& staged) {
      ReplayJob& job = replay->job;
      bool any = false;
      for (const std::uint16_t number : stuck_legs(job.request.filter, active->flow)) {
        Released event{number, Lane::replay, {job.request.by, job.request.reason}};
        const bool released = apply(active, std::move(event), staged);
        any |= released;
        ++(released ? job.legs_selected : job.legs_refused);
      }
      if (!any) {
        page_done(replay);
        return false;
      }
      staged.committed.emplace_back([this, replay] { page_done(replay); });
      return true;
    });
  });
}

void Engine::page_done(const ReplayPtr& replay) {
  if (--replay->open > 0) return;
  ReplayJob& job = replay->job;
  if (replay->last_page) {
    if (job.walking == store::FlowStatus::parked || job.request.filter.dead_only) {
      return finish_replay(replay, ReplayState::done);
    }
    job.walking = store::FlowStatus::parked;
    job.after = {};
  }
  save_replay(replay, [this, replay] {
    scheduler_.after(replay->page_pause, [this, alive = alive_, replay] {
      if (*alive && !stopped_) run_replay(replay);
    });
  });
}

void Engine::finish_replay(const ReplayPtr& replay, ReplayState state) {
  replay->job.state = state;
  replay->job.finished_at = now();
  save_replay(replay, [this, replay] { replays_.erase(replay->job.id); });
}

void Engine::pause(Pause pause, Done done) {
  if (!ready_ || stopped_) return done(fail(not_ready("replay")));
  pause.since = now();
  const std::string key = pause_key(pause.kind, pause.value);
  if (pause.kind == PauseKind::target && target_of(pause.value) == nullptr) {
    return done(fail({.code = std::string(contract::error_code::not_found),
                      .fault_class = FaultClass::not_found,
                      .where = "pause",
                      .cause = "no such target"}));
  }
  store::Unit unit;
  unit.documents.push_back({std::string(pause_documents), key, encode(pause)});
  store_.commit(std::move(unit), [this, alive = alive_, pause = std::move(pause),
                                  done = std::move(done)](store::UnitResult result) mutable {
    if (!*alive || stopped_) return;
    if (result.outcome != store::Outcome::applied) return stop(std::move(result.fault));
    adopt_pause(std::move(pause));
    done({});
  });
}

void Engine::adopt_pause(Pause pause) {
  if (Target* target = pause.kind == PauseKind::target ? target_of(pause.value) : nullptr) {
    target->paused = true;
  }
  std::string key = pause_key(pause.kind, pause.value);
  const auto kind = static_cast<std::size_t>(pause.kind);
  if (pauses_.insert_or_assign(std::move(key), std::move(pause)).second) ++pauses_of_kind_[kind];
}

void Engine::unpause(PauseKind kind, const std::string& value, std::string by, Done done) {
  const std::string key = pause_key(kind, value);
  if (!ready_ || stopped_) return done(fail(not_ready("replay")));
  if (!pauses_.contains(key)) {
    return done(fail({.code = std::string(contract::error_code::not_found),
                      .fault_class = FaultClass::not_found,
                      .where = "pause",
                      .cause = "nothing is paused under this name"}));
  }
  // What was parked by the pause goes on by a job of its own, in small commits; a pause of a target
  // parks nothing. The job is stored with the end of the pause: neither comes without the other.
  ReplayPtr replay;
  if (kind != PauseKind::target) {
    ReplayRequest request;
    request.filter.code = contract::error_code::paused;
    part_of(request.filter, kind) = value;
    request.dry_run = false;
    request.by = std::move(by);
    request.reason = "the pause has ended";
    replay = new_replay(std::move(request));
  }
  store::Unit unit;
  unit.documents.push_back({std::string(pause_documents), key, {}});
  if (replay != nullptr) unit.documents.push_back(document_of(replay->job));
  store_.commit(std::move(unit), [this, alive = alive_, key, kind, value, replay,
                                  done = std::move(done)](store::UnitResult result) mutable {
    if (!*alive || stopped_) return;
    if (result.outcome != store::Outcome::applied) return stop(std::move(result.fault));
    if (pauses_.erase(key) > 0) --pauses_of_kind_[static_cast<std::size_t>(kind)];
    if (kind == PauseKind::target) {
      Target& target = *target_of(value);
      target.paused = false;
      target.backlog = true;
      wake(target);
    } else {
      begin_replay(replay);
    }
    done({});
  });
}

std::vector<Pause> Engine::pauses() const {
  std::vector<Pause> all;
  for (const auto& [key, pause] : pauses_) all.push_back(pause);
  return all;
}

bool Engine::is_paused(Active& active, const Leg& leg) {
  if (pauses_.empty()) return false;
  const auto any = [this](PauseKind kind) {
    return pauses_of_kind_[static_cast<std::size_t>(kind)] > 0;
  };
  const auto held = [this](PauseKind kind, std::string_view value) {
    return pauses_.contains(pause_key(kind, value));
  };
  const Flow& flow = active.flow;
  if (held(PauseKind::shop, active.shop)) return true;
  if (!flow.member.empty() && held(PauseKind::member, flow.member)) return true;
  if (any(PauseKind::key)) {
    for (const Hash128& key : {leg.order_key, leg.book, hash128(flow.natural_key)}) {
      if (!key.is_zero() && held(PauseKind::key, to_string(key))) return true;
    }
  }
  if (!any(PauseKind::region)) return false;
  if (active.transaction == nullptr) {
    auto parsed = parse_(*active.body);
    if (!parsed) return false;
    active.transaction = std::make_shared<const contract::Transaction>(std::move(*parsed));
  }
  return held(PauseKind::region, active.transaction->region);
}

void Engine::resume_unpaused(const ActivePtr& active) {
  for (const Leg& leg : active->flow.legs) {
    const bool waits = leg.state == LegState::parked && leg.reason == contract::error_code::paused;
    if (!waits || is_paused(*active, leg)) continue;
    enqueue(active, [this, active, number = leg.number](Staged& staged) {
      return apply(active, Released{number, {}, {{}, "the pause has ended"}}, staged);
    });
  }
}

void Engine::take_paused(Target& target, const ActivePtr& active, const store::DueRow& row) {
  target.taking.insert({row.flow, row.leg});
  ++pausing_;
  enqueue(active, [this, active, row, &target](Staged& staged) {
    if (!apply(active, Paused{row.leg}, staged) && !row.order_key.is_zero()) {
      target.free(row.order_key);
      staged.unit.leaves.push_back({row.target, row.order_key, now()});
    }
    staged.unit.taken.push_back(row);
    target.held.erase(row.order_key);
    staged.committed.emplace_back([this, &target, row] {
      target.taken(row);
      if (--pausing_ > 0) return;
      for (const ReplayPtr& replay : std::exchange(after_pausing_, {})) run_replay(replay);
    });
    return true;
  });
}

}  // namespace crossfoot::flow
