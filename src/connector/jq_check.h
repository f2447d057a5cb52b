#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crossfoot::connector {

struct JqProblem {
  int line = 0;
  std::string message;
};

/// Nothing when the program ends by construction and reaches nothing outside of its input: it names
/// no refused built-in and no definition calls itself. It reads words only; jq judges the syntax.
[[nodiscard]] std::optional<JqProblem> check_jq_ends(std::string_view program);

}  // namespace crossfoot::connector
