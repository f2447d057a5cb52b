#pragma once

#include "edge/access/caller.h"
#include "edge/body.h"
#include "flow/decide/decide.h"

namespace crossfoot::edge {

/// `by` of a body: who decides. Where the caller is known, its proven name stands behind the one
/// that the body claims, or for it.
[[nodiscard]] inline std::string person_of(BodyReader& body, const Caller* caller) {
  using Presence = BodyReader::Presence;
  if (caller == nullptr) return body.text("by", name_max, Presence::required);
  const std::string claimed = body.text("by", name_max, Presence::optional);
  return claimed.empty() ? caller->name : claimed + " as " + caller->name;
}

/// `by` and `reason` of a body with which a person decides something.
[[nodiscard]] inline flow::Decision decision_of(BodyReader& body, const Caller* caller) {
  flow::Decision decision;
  decision.by = person_of(body, caller);
  decision.reason = body.text("reason", reason_max, BodyReader::Presence::required);
  return decision;
}

}  // namespace crossfoot::edge
