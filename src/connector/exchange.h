#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "connector/pack.h"
#include "flow/plan/caller.h"
#include "runtime/http_client.h"

namespace crossfoot::connector {

/// Reused buffers and parsers of one shard. What is made with it ends before the next use.
struct Workspace {
  std::string input;
  simdjson::dom::parser input_parser;
  simdjson::dom::parser answer_parser;
};

/// A request made, and what it carries.
struct PreparedCall {
  runtime::HttpCall http;
  std::size_t items_sent = 1;  ///< from the front; the others did not fit into this call
  /// Of a batch: the references of the entries sent, by item.
  std::vector<std::vector<std::string>> entries;
};

/// The request of an operation, without authentication. Pure. A batch leaves out the items at its
/// end that exceed the target's limit; `read_answer` answers them as throttled. Every fault is
/// `rejected`.
[[nodiscard]] Result<PreparedCall> make_call(const Operation& operation,
                                             const flow::CallRequest& request,
                                             Workspace& workspace);

/// The target's answer to it, item by item, or the fault of the whole call.
[[nodiscard]] Result<flow::CallAnswer> read_answer(const Pack& pack, const Operation& operation,
                                                   const flow::CallRequest& request,
                                                   const PreparedCall& sent,
                                                   const runtime::HttpAnswer& answer, Instant now,
                                                   Workspace& workspace);

/// The question by reference that an endpoint describes: of lookup rules, or of survey rules.
[[nodiscard]] Result<runtime::HttpCall> make_question(const Endpoint& endpoint,
                                                      std::string_view reference, Duration deadline,
                                                      Workspace& workspace);

/// Its answer, by the operation's lookup rules. A question has no effect, so no fault of it is
/// `unknown_outcome`.
[[nodiscard]] Result<std::optional<flow::ItemAnswer>> read_lookup(
    const Pack& pack, const Operation& operation, std::string_view reference,
    const runtime::HttpAnswer& answer, Instant now, Workspace& workspace);

/// Its answer, by the operation's survey rules.
[[nodiscard]] Result<std::vector<flow::SurveyEntry>> read_survey(const Pack& pack,
                                                                 const Operation& operation,
                                                                 const runtime::HttpAnswer& answer,
                                                                 Instant now, Workspace& workspace);

/// A question may be repeated: what made its outcome unknown makes it `transient`.
[[nodiscard]] Fault as_read_fault(Fault fault);

/// The request that an endpoint describes over an input, without a body.
[[nodiscard]] Result<runtime::HttpCall> make_request(const Endpoint& endpoint, Json input);

/// The body as JSON; no value when it is not.
[[nodiscard]] std::optional<Json> parse_json(std::string_view body, simdjson::dom::parser& parser);

}  // namespace crossfoot::connector
