#pragma once

#include <memory>

#include "connector/exchange.h"
#include "connector/targets.h"
#include "flow/plan/caller.h"

namespace crossfoot::connector {

/// The engine's way to the targets over HTTP, as their packs describe it. Shard thread; the targets
/// outlive it, and it outlives the calls that are in flight through them.
///
/// A call is sent once and never repeated here: the engine decides what an unknown outcome means.
/// A request that cannot be made is answered as rejected, nothing having left.
class HttpCaller final : public flow::Caller {
 public:
  HttpCaller(runtime::Scheduler& scheduler, Targets& targets)
      : scheduler_(scheduler), targets_(targets) {}

  [[nodiscard]] const flow::OperationTraits* traits(std::string_view target,
                                                    std::string_view operation) const override;
  [[nodiscard]] std::size_t concurrency(std::string_view target) const override;
  [[nodiscard]] Duration gate(const flow::Departure& departure) override;
  void reserve(const flow::Departure& departure) override;
  void give_back(const flow::Departure& departure) override;
  void begin() override;
  void call(flow::CallRequest request, Called done) override;
  void lookup(std::string_view target, std::string_view operation, std::string_view reference,
              Duration deadline, Found done) override;
  void survey(std::string_view target, std::string_view operation,
              std::string_view original_reference, Duration deadline, Surveyed done) override;

 private:
  /// Sends a question and has its answer read. `endpoint`: null when the pack has none.
  template <class Done, class Read>
  void question(std::string_view target, const Operation* operation, std::string_view name,
                const Endpoint* endpoint, std::string_view reference, Duration deadline, Read read,
                Done done);
  [[nodiscard]] const Operation* find(std::string_view target, std::string_view operation) const;

  runtime::Scheduler& scheduler_;
  Targets& targets_;
  Workspace workspace_;
};

}  // namespace crossfoot::connector
