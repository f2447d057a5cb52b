#pragma once

#include <optional>

#include "contract/problem.h"
#include "flow/engine/records.h"
#include "runtime/http_server.h"

namespace crossfoot::edge {

/// What an engine that was given up would have answered.
[[nodiscard]] flow::RecordAnswer dropped_record();
/// The refusal in an answer; none when something was taken or known.
[[nodiscard]] std::optional<contract::Problem> problem_of(flow::RecordAnswer& answer);
[[nodiscard]] runtime::HttpResponse record_taken(const flow::RecordAnswer& answer);

}  // namespace crossfoot::edge
