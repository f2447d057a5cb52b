#pragma once

#include "edge/body.h"
#include "flow/decide/decide.h"

namespace crossfoot::edge {

/// `by` and `reason` of a body with which a person decides something.
[[nodiscard]] inline flow::Decision decision_of(BodyReader& body) {
  flow::Decision decision;
  decision.by = body.text("by", name_max, BodyReader::Presence::required);
  decision.reason = body.text("reason", reason_max, BodyReader::Presence::required);
  return decision;
}

}  // namespace crossfoot::edge
