#include "flow/plan/leg.h"

#include <array>

namespace crossfoot::flow {

std::string_view to_string(LegKind kind) {
  static constexpr std::array<std::string_view, 18> names{
      "validate",    "link",      "claim",      "accrue",        "reverse",   "post",
      "post_refund", "post_void", "move_stock", "reinstate",     "supersede", "authorise",
      "capture",     "release",   "hold",       "share_profile", "approve",   "adjust"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(LegState state) {
  static constexpr std::array<std::string_view, 10> names{"waiting",  "due",      "calling", "done",
                                                          "retrying", "unknown",  "parked",  "dead",
                                                          "rejected", "cancelled"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace crossfoot::flow
