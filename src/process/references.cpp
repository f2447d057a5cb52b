#include <algorithm>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "process/parts.h"

namespace crossfoot::process {

/// Nothing is sent while a product or a member of the transaction is not known; a business fault
/// that holds it up already goes first.
void park_unresolved(const flow::PlanInput& input, flow::Plan& plan) {
  if (input.unresolved.empty()) return;
  flow::Leg& validate = plan.legs.front();
  if (validate.state == flow::LegState::parked) return;
  const bool products = std::ranges::any_of(
      input.unresolved, [](const std::string& name) { return name.starts_with("product:"); });
  validate.state = flow::LegState::parked;
  validate.reason =
      products ? contract::error_code::unknown_product : contract::error_code::unknown_member;
  contract::JsonWriter arguments;
  arguments.begin_object().key("unresolved").begin_array();
  for (const std::string& name : input.unresolved) {
    arguments.text(name);
    if (!validate.detail.empty()) validate.detail += ", ";
    validate.detail += name;
  }
  validate.arguments = arguments.end_array().end_object().take();
  validate.detail += " not known";
}

}  // namespace crossfoot::process
