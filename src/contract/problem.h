#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "contract/error_codes.h"

namespace crossfoot::contract {

/// One fault inside a document: where (JSON Pointer, RFC 6901; empty is the whole document), which
/// code, and what was expected. `detail` never repeats the document's values.
struct ProblemItem {
  std::string pointer;
  std::string code;
  std::string detail;

  bool operator==(const ProblemItem&) const = default;
};

/// A refusal as the caller sees it (RFC 9457). `correlation_id` is filled in by the edge.
struct Problem {
  std::string code;
  std::uint16_t status = 400;
  std::string title;
  std::string detail;
  bool retryable = false;
  std::string correlation_id;
  std::vector<ProblemItem> errors;
};

/// A problem with title, status and retryable as the code's page declares them. A code without a
/// page is a programmer's error.
[[nodiscard]] Problem make_problem(std::string_view code, std::string detail,
                                   std::vector<ProblemItem> errors = {});

/// `application/problem+json`: type `/errors/<code>`, title, status, detail, code, retryable,
/// correlation_id when known, errors when there are any.
[[nodiscard]] std::string to_json(const Problem& problem);

inline constexpr std::string_view problem_media_type = "application/problem+json";

}  // namespace crossfoot::contract
