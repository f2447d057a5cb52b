#include <algorithm>

#include "base/invariant.h"
#include "contract/json_writer.h"
#include "flow/engine/parts.h"

/// Members' accounts: points that Crossfoot itself reserves or grants (flow/plan/account.h).
namespace crossfoot::flow {

namespace {

constexpr std::string_view balance_operation = "balance";

std::string member_argument(const std::string& member) {
  contract::JsonWriter out;
  out.begin_object().member("member", member).end_object();
  return out.take();
}

}  // namespace

void Engine::reserve(const ActivePtr& active, std::uint16_t leg) {
  queue_account({active, leg, [](Status) {}});
}

void Engine::grant_offline(Id redemption, Done done) {
  load(redemption, [this, done = std::move(done)](ActivePtr active) mutable {
    if (active == nullptr) return done({});
    if (options_.floor_limits[static_cast<std::size_t>(active->channel)].count == 0) {
      retire(active);
      return done({});
    }
    ++active->outstanding;
    queue_account({active, 0, std::move(done)});
  });
}

void Engine::queue_account(AccountWork work) {
  const Flow& flow = work.active->flow;
  const Hash128 key = account_key(flow.tenant, flow.member);
  auto& task = accounts_[key];
  const bool idle = task == nullptr;
  if (idle) {
    task = std::make_shared<AccountTask>();
    task->key = key;
  }
  task->waiting.push_back(std::move(work));
  if (idle) run_account(task);
}

void Engine::run_account(const AccountTaskPtr& task) {
  const AccountWork& work = task->waiting.front();
  task->asked = now();
  task->free.reset();
  if (work.leg == 0) return read_account(task);
  const Flow& flow = work.active->flow;
  ask_free(flow.member, flow.correlation_id, [this, task](Result<Points> free) {
    task->free = std::move(free);
    read_account(task);
  });
}

void Engine::ask_platform(std::string_view operation, CallItem item,
                          const std::string& correlation_id,
                          std::move_only_function<void(Result<ItemAnswer>)> done) {
  const Departure departure{
      .target = options_.routing.loyalty, .operation = operation, .lane = Lane::checkout};
  if (caller_.gate(departure) > Duration{0}) {
    return done(fail({.code = std::string(contract::error_code::target_unavailable),
                      .fault_class = FaultClass::transient,
                      .where = std::string(operation),
                      .cause = "the platform is not asked now"}));
  }
  caller_.reserve(departure);
  CallRequest request;
  request.target = options_.routing.loyalty;
  request.operation = operation;
  request.correlation_id = correlation_id;
  request.deadline = caller_.traits(request.target, request.operation)->deadline;
  request.items.push_back(std::move(item));
  caller_.call(std::move(request),
               [this, alive = alive_, done = std::move(done)](Result<CallAnswer> answer) mutable {
                 if (!*alive || stopped_) return;
                 if (!answer) return done(fail(std::move(answer.error())));
                 if (answer->size() == 1) return done(std::move(answer->front()));
                 done(fail({.code = std::string(contract::error_code::corrupt_answer),
                            .fault_class = FaultClass::corrupt,
                            .where = "question",
                            .cause = "the answer does not speak of what was asked"}));
               });
}

void Engine::ask_free(const std::string& member, const std::string& correlation_id,
                      std::move_only_function<void(Result<Points>)> done) {
  CallItem item{.reference = {},
                .arguments = member_argument(member),
                .transaction = std::make_shared<const std::string>("{}"),
                .previous_id = {}};
  ask_platform(balance_operation, std::move(item), correlation_id,
               [done = std::move(done)](Result<ItemAnswer> answer) mutable {
                 if (answer && answer->points) return done(*answer->points);
                 // A member without points is not known at some platforms.
                 if (!answer && answer.error().fault_class == FaultClass::not_found) {
                   return done(Points{});
                 }
                 if (!answer) return done(fail(std::move(answer.error())));
                 done(fail({.code = std::string(contract::error_code::corrupt_answer),
                            .fault_class = FaultClass::corrupt,
                            .where = "balance",
                            .cause = "the answer names no points"}));
               });
}

void Engine::read_account(const AccountTaskPtr& task) {
  auto row = std::make_shared<Result<std::optional<store::BookRow>>>();
  read([row, key = task->key](store::Reader& reader) { *row = reader.load_book(key); },
       [this, row, task] {
         if (!*row) return stop(row->error());
         task->account = {};
         if (**row) {
           auto account = decode_account((**row)->state);
           if (!account) return stop(account.error());
           task->account = std::move(*account);
         }
         task->reserved = {};
         task->granted = {};
         task->kept.clear();
         add_up(task);
       });
}

void Engine::add_up(const AccountTaskPtr& task) {
  each_committed(
      task->account.redemptions,
      [this, task](const Flow& flow) {
        task->reserved += reserved_by(flow, now(), task->asked);
        task->granted += granted_by(flow, now());
        if (!is_past(flow, now(), task->asked)) task->kept.push_back(flow.id);
      },
      [this, task] { decide_account(task); });
}

void Engine::each_committed(std::vector<Id> flows, std::function<void(const Flow&)> look,
                            std::move_only_function<void()> done) {
  if (flows.empty()) return done();
  const Id next = flows.back();
  flows.pop_back();
  load(next, [this, flows = std::move(flows), look = std::move(look),
              done = std::move(done)](ActivePtr active) mutable {
    if (active == nullptr)
      return each_committed(std::move(flows), std::move(look), std::move(done));
    enqueue_read(active, [this, active, flows = std::move(flows), look = std::move(look),
                          done = std::move(done)]() mutable {
      look(active->flow);
      each_committed(std::move(flows), std::move(look), std::move(done));
    });
  });
}

void Engine::decide_account(const AccountTaskPtr& task) {
  const AccountWork& work = task->waiting.front();
  enqueue(work.active, [this, task, active = work.active, leg = work.leg](Staged& staged) {
    --active->outstanding;
    const Points asked = active->flow.redemption ? active->flow.redemption->points : Points{};
    const bool room = task->kept.size() < account_redemptions_max;
    const Points limit = options_.floor_limits[static_cast<std::size_t>(active->channel)];
    const bool grants = room && asked.count > 0 && task->granted + asked <= limit;
    Event event = Granted{};
    bool changes = grants;
    if (leg != 0) {
      Reserved held{leg, Reserved::Outcome::refused, {}};
      const Result<Points>& free = *task->free;
      if (!free) {
        held.outcome = grants ? Reserved::Outcome::granted : Reserved::Outcome::refused;
        held.code = free.error().code;
      } else if (room && task->reserved + asked <= *free) {
        held.outcome = Reserved::Outcome::reserved;
      } else {
        held.code = contract::error_code::points_insufficient;
      }
      changes = held.outcome != Reserved::Outcome::refused;
      event = std::move(held);
    }
    const bool applied = (leg != 0 || grants) && apply(active, std::move(event), staged);
    if (!applied) {
      scheduler_.post([this, alive = alive_, task] {
        if (*alive && !stopped_) finish_account(task);
      });
      return false;
    }
    if (changes) {
      task->account.redemptions = task->kept;
      task->account.redemptions.push_back(active->flow.id);
      ++task->account.version;
      staged.unit.books.push_back({task->key, task->account.version, false, encode(task->account)});
    }
    staged.committed.emplace_back([this, task] { finish_account(task); });
    return true;
  });
}

void Engine::finish_account(const AccountTaskPtr& task) {
  task->waiting.front().done({});
  task->waiting.pop_front();
  if (!task->waiting.empty()) return run_account(task);
  accounts_.erase(task->key);
}

}  // namespace crossfoot::flow
