#pragma once

#include <map>
#include <string>
#include <utility>

#include "connector/targets.h"
#include "edge/connector_service.h"
#include "runtime/log.h"
#include "runtime/scheduler.h"

namespace crossfoot::app {

/// Shows and steers the connectors of one shard. Every order goes to the log with its reason. Shard
/// thread; the targets outlive it.
class ConnectorControl final : public edge::ConnectorService {
 public:
  ConnectorControl(runtime::Scheduler& scheduler, connector::Targets& targets, runtime::Logger log)
      : scheduler_(scheduler), targets_(targets), log_(log) {}

  [[nodiscard]] std::vector<edge::ConnectorStatus> connectors() const override;
  [[nodiscard]] Forced force(const Order& order) override;

 private:
  runtime::Scheduler& scheduler_;
  connector::Targets& targets_;
  runtime::Logger log_;
  std::map<std::pair<std::string, std::string>, std::string> reasons_;  ///< of forced lines
};

}  // namespace crossfoot::app
