#include <algorithm>

#include "flow/engine/parts.h"

/// Redemptions: what a till says of its own, who waits for an answer, and the end of a hold's time
/// (docs/adr/0018).
namespace crossfoot::flow {

namespace {

RedemptionView view_of(const Flow& flow) {
  return {.id = flow.id,
          .correlation_id = flow.correlation_id,
          .member = flow.member,
          .state = redemption_state(flow),
          .redemption = *flow.redemption,
          .code = std::string(refusal_code(flow))};
}

}  // namespace

bool Engine::offers(std::string_view operation) const {
  return caller_.traits(options_.routing.loyalty, operation) != nullptr;
}

bool Engine::can_redeem() const {
  if (options_.routing.loyalty_holds) return offers("capture") && offers("release");
  return offers("deduct") && offers("balance");
}

void Engine::redeem(Id redemption, TillWord word, Done done) {
  order(redemption, std::visit([](auto& said) { return Event(std::move(said)); }, word),
        std::move(done));
}

void Engine::await_redemption(Id redemption, Duration patience, Watched done) {
  load(redemption, [this, patience, done = std::move(done)](ActivePtr active) mutable {
    if (active == nullptr) return done(std::nullopt);
    if (!active->flow.redemption) {
      retire(active);  // it was loaded for nothing
      return done(std::nullopt);
    }
    enqueue_read(active, [this, active, patience, done = std::move(done)]() mutable {
      RedemptionView view = view_of(active->flow);
      if (is_answered(view.state) || patience <= Duration{0}) return done(std::move(view));
      watch(active, patience, std::move(done));
    });
  });
}

void Engine::watch(const ActivePtr& active, Duration patience, Watched done) {
  auto watcher = std::make_shared<Watcher>();
  watcher->done = std::move(done);
  active->watchers.push_back(watcher);
  watcher->timer = scheduler_.after(patience, [this, alive = alive_, active, watcher] {
    if (!*alive) return;
    // A commit that is under way may be the answer.
    enqueue_read(active, [this, active, watcher] {
      if (std::erase(active->watchers, watcher) == 0) return;
      watcher->done(view_of(active->flow));
      retire(active);
    });
  });
}

void Engine::tell_watchers(const ActivePtr& active) {
  if (active->watchers.empty() || !is_answered(redemption_state(active->flow))) return;
  for (const auto& watcher : std::exchange(active->watchers, {})) {
    scheduler_.cancel(watcher->timer);
    watcher->done(view_of(active->flow));
  }
}

bool Engine::is_timer(const Flow& flow, const Leg& leg) {
  return leg.kind == LegKind::release && leg.state == LegState::due &&
         flow.redemption->ending == Redemption::Ending::open;
}

void Engine::take_lapsed(Target& target, const ActivePtr& active, const store::DueRow& row) {
  target.taking.insert({row.flow, row.leg});
  enqueue(active, [this, active, row, &target](Staged& staged) {
    // The till may have spoken since; its row goes all the same.
    (void)apply(active, Lapsed{row.leg}, staged);
    staged.unit.taken.push_back(row);
    staged.committed.emplace_back([&target, row] { target.taken(row); });
    return true;
  });
}

}  // namespace crossfoot::flow
