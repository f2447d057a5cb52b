#include "connector_control.h"

namespace crossfoot::app {

namespace {

connector::Breaker::Force force_of(edge::ConnectorService::State state) {
  switch (state) {
    case edge::ConnectorService::State::open:
      return connector::Breaker::Force::open;
    case edge::ConnectorService::State::closed:
      return connector::Breaker::Force::closed;
    case edge::ConnectorService::State::automatic:
      return connector::Breaker::Force::none;
  }
  return connector::Breaker::Force::none;
}

std::string_view name_of(edge::ConnectorService::State state) {
  switch (state) {
    case edge::ConnectorService::State::open:
      return "open";
    case edge::ConnectorService::State::closed:
      return "closed";
    case edge::ConnectorService::State::automatic:
      return "auto";
  }
  return "auto";
}

}  // namespace

std::vector<edge::ConnectorStatus> ConnectorControl::connectors() const {
  std::vector<edge::ConnectorStatus> all;
  for (const std::string& name : targets_.names()) {
    const connector::Link& link = *targets_.find(name);
    const Instant now = link.clock();
    edge::ConnectorStatus status;
    status.name = name;
    status.pack = link.pack().name;
    status.pack_version = link.pack().version;
    status.breaker = connector::to_string(link.state());
    status.quota_per_minute = link.pacer().policy().per_minute;
    status.rate_per_minute = link.pacer().per_minute(now);
    // Breakers and pace run on the monotonic clock; people read the wall's.
    const auto on_the_wall = [&](Instant at) { return scheduler_.now() + (at - now); };
    if (link.pacer().paused_until() > now) {
      status.paused_until = on_the_wall(link.pacer().paused_until());
    }
    for (const auto& [operation, line] : link.lines()) {
      edge::ConnectorStatus::Line shown;
      shown.operation = operation;
      shown.breaker = connector::to_string(line.breaker.state(now));
      shown.forced = line.breaker.forced() != connector::Breaker::Force::none;
      if (const auto why = reasons_.find({name, operation}); why != reasons_.end()) {
        shown.forced_reason = why->second;
      }
      shown.opened_because = connector::to_string(line.breaker.reason());
      shown.openings = line.breaker.openings();
      const Instant next = line.breaker.next_allowed_at(now);
      if (next > now && next != Instant::never()) shown.next_probe = on_the_wall(next);
      status.lines.push_back(std::move(shown));
    }
    all.push_back(std::move(status));
  }
  return all;
}

edge::ConnectorService::Forced ConnectorControl::force(const Order& order) {
  connector::Link* link = targets_.find(order.connector);
  if (link == nullptr) return Forced::no_connector;
  if (!link->force(order.operation, force_of(order.state))) return Forced::no_operation;
  for (const auto& [operation, line] : link->lines()) {
    if (!order.operation.empty() && operation != order.operation) continue;
    if (order.state == State::automatic) {
      reasons_.erase({order.connector, operation});
    } else {
      reasons_[{order.connector, operation}] = order.reason;
    }
  }
  log_.warning("breaker.forced", order.correlation_id,
               {{"connector", order.connector},
                {"operation", order.operation},
                {"state", name_of(order.state)},
                {"reason", order.reason}});
  return Forced::done;
}

}  // namespace crossfoot::app
