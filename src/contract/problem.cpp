#include "contract/problem.h"

#include <utility>

#include "base/invariant.h"
#include "contract/json_writer.h"

namespace crossfoot::contract {

Problem make_problem(std::string_view code, std::string detail, std::vector<ProblemItem> errors) {
  const ErrorInfo* info = find_error(code);
  INVARIANT(info != nullptr, "every public error code has a page under api/errors");
  return {.code = std::string(code),
          .status = info->status,
          .title = std::string(info->title),
          .detail = std::move(detail),
          .retryable = info->retryable,
          .errors = std::move(errors)};
}

std::string to_json(const Problem& problem) {
  JsonWriter out;
  out.begin_object();
  out.member("type", "/errors/" + problem.code);
  out.member("title", problem.title);
  out.member("status", problem.status);
  if (!problem.detail.empty()) out.member("detail", problem.detail);
  out.member("code", problem.code);
  out.member("retryable", problem.retryable);
  if (!problem.correlation_id.empty()) out.member("correlation_id", problem.correlation_id);
  if (!problem.errors.empty()) {
    out.key("errors").begin_array();
    for (const ProblemItem& item : problem.errors) {
      out.begin_object();
      out.member("pointer", item.pointer);
      out.member("code", item.code);
      out.member("detail", item.detail);
      out.end_object();
    }
    out.end_array();
  }
  out.end_object();
  return out.take();
}

}  // namespace crossfoot::contract
