#pragma once

#include "flow/plan/process.h"

namespace crossfoot::process {

/// All processes behind the engine's interface. Stateless; every answer is a function of what is
/// given.
class RetailProcesses final : public flow::Processes {
 public:
  [[nodiscard]] flow::Plan plan(const flow::PlanInput& input) const override;
  [[nodiscard]] std::vector<flow::Leg> after_claim(const flow::Flow& flow, const flow::Leg& claim,
                                                   const flow::ClaimAnswer& answer,
                                                   const flow::Routing& routing) const override;
  [[nodiscard]] std::string delta_arguments(
      std::string_view original_reference,
      const std::vector<flow::ReversalLine>& lines) const override;
  [[nodiscard]] std::vector<flow::LineLink> link(
      const contract::Transaction& transaction, const std::vector<flow::LineLink>& known,
      std::vector<flow::Candidate> candidates) const override;
  [[nodiscard]] std::vector<flow::Leg> after_link(
      const flow::Flow& flow, const std::vector<flow::LineLink>& links,
      const std::vector<flow::Candidate>& candidates) const override;
};

}  // namespace crossfoot::process
