#pragma once

#include <deque>
#include <string>

#include "contract/json_writer.h"
#include "contract/problem.h"
#include "edge/access/caller.h"
#include "edge/waiting.h"

namespace crossfoot::edge {

/// The lines of one batch: results in their order, some of them still to come.
struct LineBatch {
  struct Line {
    std::size_t number = 0;
    std::string result;
  };

  explicit LineBatch(Home home) : sleeper(std::move(home)) {}

  void answer(std::size_t index, std::string result) {
    lines[index].result = std::move(result);
    --in_flight;
    if (in_flight <= wake_at) sleeper.wake();
  }
  void refuse(std::size_t index, contract::Problem problem) {
    answer(index, refusal(lines[index], std::move(problem)));
  }
  [[nodiscard]] std::string refusal(const Line& line, contract::Problem problem) const {
    problem.correlation_id = correlation_id;
    contract::JsonWriter out;
    out.begin_object().member("line", line.number).member("status", problem.status);
    out.key("problem").raw(contract::to_json(problem)).end_object();
    return out.take();
  }

  Sleeper sleeper;
  CallerPtr caller;
  std::string correlation_id;        ///< of the request, in problems
  std::string correlation_of_lines;  ///< what the caller stated; empty: each its own
  std::deque<Line> lines;
  std::size_t in_flight = 0;
  std::size_t wake_at = 0;
};

}  // namespace crossfoot::edge
