#include "connector/exchange.h"

#include <algorithm>
#include <charconv>

#include "connector/classify.h"
#include "contract/error_codes.h"

namespace crossfoot::connector {

namespace {

namespace code = contract::error_code;

Fault rejected(std::string cause) {
  return {.code = std::string(code::mapping_failed),
          .fault_class = FaultClass::rejected,
          .where = "mapping",
          .cause = std::move(cause)};
}

/// A success that cannot be read: the effect is likely there, so the target must be asked.
Fault unreadable(std::string cause) {
  return {.code = std::string(code::corrupt_answer),
          .fault_class = FaultClass::unknown_outcome,
          .where = "answer",
          .cause = std::move(cause)};
}

void append_item(std::string& out, const flow::CallItem& item) {
  out += "\"reference\":";
  append_json_string(out, item.reference);
  if (!item.previous_id.empty()) {
    out += ",\"previous_id\":";
    append_json_string(out, item.previous_id);
  }
  out += ",\"arguments\":";
  out += item.arguments.empty() ? std::string_view("{}") : std::string_view(item.arguments);
  if (item.transaction && !item.transaction->empty()) {
    out += ",\"transaction\":";
    out += *item.transaction;
  }
}

/// The input of the mappings: what both a template's paths and a jq program see.
void write_input(std::string& out, const flow::CallRequest& request,
                 std::span<const flow::CallItem> items, bool batch) {
  out = "{\"correlation_id\":";
  append_json_string(out, request.correlation_id);
  if (batch) {
    out += ",\"items\":[";
    for (const flow::CallItem& item : items) {
      if (&item != items.data()) out += ',';
      out += '{';
      append_item(out, item);
      out += '}';
    }
    out += ']';
  } else {
    out += ',';
    append_item(out, items.front());
  }
  out += '}';
}

std::optional<Json> parse_input(Workspace& workspace) {
  Json root;
  // The parser reads up to its padding behind the text; the buffer is its own to grow.
  workspace.input.reserve(workspace.input.size() + simdjson::SIMDJSON_PADDING);
  if (workspace.input_parser.parse(workspace.input.data(), workspace.input.size(), false)
          .get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return root;
}

Status render_body(const Mapping& mapping, Json input, const std::string& text, std::string& out) {
  if (const auto* written = std::get_if<Template>(&mapping)) return written->render(input, out);
  if (const auto* jq = std::get_if<JqMapping>(&mapping)) return jq->run(text, out);
  return {};
}

/// A W3C trace context made from the correlation id, so that a flow's calls share one trace.
std::string traceparent(const flow::CallRequest& request) {
  const std::string trace = to_string(hash128(request.correlation_id));
  const std::string span =
      to_string(hash128(request.items.front().reference + "/" + std::to_string(request.attempt)));
  return "00-" + trace + "-" + span.substr(0, 16) + "-01";
}

bool is_header_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c != 0x7f; });
}

void add_headers(runtime::HttpCall& http, const Operation& operation,
                 const flow::CallRequest& request) {
  http.headers.emplace_back("Accept", "application/json");
  if (!http.body.empty()) http.headers.emplace_back("Content-Type", "application/json");
  if (operation.idempotency_header) {
    http.headers.emplace_back(*operation.idempotency_header, request.items.front().reference);
  }
  if (!request.correlation_id.empty() && is_header_value(request.correlation_id)) {
    http.headers.emplace_back("X-Correlation-Id", request.correlation_id);
    http.headers.emplace_back("traceparent", traceparent(request));
  }
}

/// The entries of a batch's body, by item. A reference that is no item's own is the pack's fault.
Result<std::vector<std::vector<std::string>>> entries_of(const BatchRules& rules,
                                                         std::span<const flow::CallItem> items,
                                                         std::string_view body,
                                                         simdjson::dom::parser& parser) {
  std::vector<std::vector<std::string>> entries(items.size());
  const auto root = parse_json(body, parser);
  const auto list = root ? find(*root, rules.sent) : std::nullopt;
  if (!list || !list->is_array()) return fail(rejected("the batch has no list at " + rules.sent));
  for (Json entry : list->get_array().value_unsafe()) {
    const auto reference = find_text(entry, rules.sent_reference);
    if (!reference) return fail(rejected("an entry of the batch has no reference"));
    const auto owner = std::ranges::find_if(items, [&](const flow::CallItem& item) {
      return *reference == item.reference || reference->starts_with(item.reference + "-");
    });
    if (owner == items.end()) return fail(rejected("'" + *reference + "' is no item's reference"));
    entries[static_cast<std::size_t>(owner - items.begin())].push_back(std::move(*reference));
  }
  return entries;
}

/// How many items from the front fit into one call.
std::size_t fitting(const std::vector<std::vector<std::string>>& entries, std::size_t max) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    sum += entries[i].size();
    if (sum > max) return i;
  }
  return entries.size();
}

Status fill(const Operation& operation, const flow::CallRequest& request, std::size_t count,
            PreparedCall& prepared, Workspace& workspace) {
  const std::span items(request.items.data(), count);
  write_input(workspace.input, request, items, operation.batch.has_value());
  const auto input = parse_input(workspace);
  if (!input) return fail(rejected("the transaction or the arguments are not JSON"));
  auto http = make_request(operation.endpoint, *input);
  if (!http) return fail(std::move(http.error()));
  prepared.http = std::move(*http);
  return render_body(operation.request, *input, workspace.input, prepared.http.body);
}

}  // namespace

std::optional<Json> parse_json(std::string_view body, simdjson::dom::parser& parser) {
  Json root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
  return root;
}

Result<runtime::HttpCall> make_request(const Endpoint& endpoint, Json input) {
  runtime::HttpCall call;
  call.method = endpoint.method;
  const Scope scope{input, {}};
  auto path = endpoint.path.render(scope, TextTemplate::Encoding::path, call.target);
  if (!path) return fail(std::move(path.error()));
  if (!*path) return fail(rejected("a part of the path is absent"));
  char separator = '?';
  for (const auto& [name, value] : endpoint.query) {
    const std::size_t before = call.target.size();
    call.target += separator;
    append_percent_encoded(call.target, name);
    call.target += '=';
    auto present = value.render(scope, TextTemplate::Encoding::query, call.target);
    if (!present) return fail(std::move(present.error()));
    if (*present) {
      separator = '&';
    } else {
      call.target.resize(before);
    }
  }
  for (const auto& [name, value] : endpoint.headers) {
    std::string text;
    auto present = value.render(scope, TextTemplate::Encoding::plain, text);
    if (!present) return fail(std::move(present.error()));
    if (*present) call.headers.emplace_back(name, std::move(text));
  }
  return call;
}

Result<PreparedCall> make_call(const Operation& operation, const flow::CallRequest& request,
                               Workspace& workspace) {
  PreparedCall prepared;
  if (request.items.empty()) return fail(rejected("the call carries nothing"));
  if (!operation.batch && request.items.size() > 1) {
    return fail(rejected("the operation takes one item a call"));
  }
  std::size_t count = request.items.size();
  if (auto made = fill(operation, request, count, prepared, workspace); !made) {
    return fail(std::move(made.error()));
  }
  if (operation.batch) {
    auto entries =
        entries_of(*operation.batch, request.items, prepared.http.body, workspace.answer_parser);
    if (!entries) return fail(std::move(entries.error()));
    count = fitting(*entries, operation.batch->entries_max);
    if (count == 0) return fail(rejected("it has more entries than one call may carry"));
    if (count < request.items.size()) {
      entries->resize(count);
      if (auto made = fill(operation, request, count, prepared, workspace); !made) {
        return fail(std::move(made.error()));
      }
    }
    prepared.entries = std::move(*entries);
    prepared.items_sent = count;
    if (std::ranges::all_of(prepared.entries, [](const auto& list) { return list.empty(); })) {
      return fail(rejected("the mapping yields no entry"));
    }
  }
  prepared.http.deadline = request.deadline;
  add_headers(prepared.http, operation, request);
  return prepared;
}

namespace {

std::optional<Points> points_at(Json root, std::string_view pointer) {
  const auto text = find_text(root, pointer);
  if (!text) return std::nullopt;
  std::int64_t count = 0;
  const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error != std::errc{} || stop != text->data() + text->size()) return std::nullopt;
  return Points{count};
}

Result<flow::ItemAnswer> read_item(const AnswerPointers& pointers, Json body) {
  flow::ItemAnswer item;
  const auto id = find_text(body, pointers.id);
  if (!id || id->empty()) return fail(unreadable("there is no id at " + pointers.id));
  item.target_id = *id;
  if (pointers.points) {
    item.points = points_at(body, *pointers.points);
    if (!item.points) return fail(unreadable("there are no whole points at " + *pointers.points));
  }
  if (!pointers.lines) return item;
  const auto lines = find(body, *pointers.lines);
  if (!lines || !lines->is_array()) {
    return fail(unreadable("there is no list at " + *pointers.lines));
  }
  for (Json line : lines->get_array().value_unsafe()) {
    const auto number = points_at(line, pointers.line);
    const auto points = points_at(line, pointers.line_points);
    if (!number || !points || number->count < 0 || number->count > UINT32_MAX) {
      return fail(unreadable("a line's number or points cannot be read"));
    }
    item.line_points.emplace_back(static_cast<std::uint32_t>(number->count), *points);
  }
  return item;
}

struct EntryResult {
  std::string reference;
  Json value;
};

std::vector<EntryResult> results_of(const BatchRules& rules, Json list) {
  std::vector<EntryResult> results;
  for (Json value : list.get_array().value_unsafe()) {
    if (auto reference = find_text(value, rules.reference)) {
      results.push_back({std::move(*reference), value});
    }
  }
  return results;
}

/// What the results say of one item's entries together.
class EntryTally {
 public:
  EntryTally(const BatchRules& rules, const AnswerPointers& pointers)
      : rules_(rules), pointers_(pointers) {}

  void add(const std::string& reference, const std::vector<EntryResult>& results,
           const std::string& own_reference) {
    const auto found = std::ranges::find(results, reference, &EntryResult::reference);
    if (found == results.end()) {
      ++unknown_;
      cause_ = "the answer does not speak of '" + reference + "'";
      return;
    }
    append_json(bytes_, found->value);
    const std::string status = find_text(found->value, rules_.status).value_or("");
    if (std::ranges::find(rules_.done, status) != rules_.done.end()) {
      auto item = read_item(pointers_, found->value);
      if (!item) {
        ++unknown_;
        cause_ = item.error().cause;
        return;
      }
      ++done_;
      if (answer_.target_id.empty() || reference == own_reference) answer_ = std::move(*item);
    } else if (std::ranges::find(rules_.rejected, status) != rules_.rejected.end()) {
      ++rejected_;
      cause_ = find_text(found->value, rules_.cause).value_or("status " + status);
    } else {
      ++unknown_;
      cause_ = "status '" + status + "' is not known";
    }
  }

  Result<flow::ItemAnswer> take() {
    if (unknown_ > 0) return fail(unreadable(std::move(cause_)));
    if (rejected_ > 0 && done_ > 0) {
      return fail({.code = std::string(code::outcome_needs_person),
                   .fault_class = FaultClass::rejected,
                   .where = "batch",
                   .cause = std::to_string(rejected_) + " of " + std::to_string(rejected_ + done_) +
                            " entries were refused, the others are done: " + cause_});
    }
    if (rejected_ > 0) {
      return fail({.code = std::string(code::target_rejected),
                   .fault_class = FaultClass::rejected,
                   .where = "batch",
                   .cause = std::move(cause_)});
    }
    answer_.response_hash = hash128(bytes_);
    return std::move(answer_);
  }

 private:
  const BatchRules& rules_;
  const AnswerPointers& pointers_;
  std::size_t done_ = 0;
  std::size_t rejected_ = 0;
  std::size_t unknown_ = 0;
  std::string cause_;
  std::string bytes_;
  flow::ItemAnswer answer_;
};

Result<flow::CallAnswer> read_batch(const Operation& operation, const flow::CallRequest& request,
                                    const PreparedCall& sent, Json body) {
  const auto list = find(body, operation.batch->results);
  if (!list || !list->is_array()) {
    return fail(unreadable("there is no list at " + operation.batch->results));
  }
  const std::vector<EntryResult> results = results_of(*operation.batch, *list);
  flow::CallAnswer answers;
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    if (i >= sent.items_sent) {
      answers.emplace_back(fail({.code = std::string(code::target_throttled),
                                 .fault_class = FaultClass::throttled,
                                 .where = "batch",
                                 .cause = "did not fit into this call; nothing was sent",
                                 .retry_after = std::chrono::milliseconds{1}}));
      continue;
    }
    if (sent.entries[i].empty()) {
      answers.emplace_back(fail(rejected("the mapping yields no entry")));
      continue;
    }
    EntryTally tally(*operation.batch, operation.answer);
    for (const std::string& reference : sent.entries[i]) {
      tally.add(reference, results, request.items[i].reference);
    }
    answers.push_back(tally.take());
  }
  return answers;
}

/// The answer that says that an earlier call did it.
std::optional<flow::ItemAnswer> read_already(const Operation& operation,
                                             const flow::CallRequest& request,
                                             const runtime::HttpAnswer& answer,
                                             std::optional<Json> body) {
  if (!operation.already || operation.already->status != answer.status) return std::nullopt;
  if (operation.already->match && !matches(*operation.already->match, body)) return std::nullopt;
  flow::ItemAnswer item;
  if (operation.already->id) {
    const auto id = body ? find_text(*body, *operation.already->id) : std::nullopt;
    if (!id || id->empty()) return std::nullopt;
    item.target_id = *id;
  } else {
    item.target_id = request.items.front().previous_id;
  }
  if (item.target_id.empty()) return std::nullopt;
  if (body && operation.answer.points) item.points = points_at(*body, *operation.answer.points);
  item.response_hash = hash128(answer.body);
  return item;
}

}  // namespace

Result<flow::CallAnswer> read_answer(const Pack& pack, const Operation& operation,
                                     const flow::CallRequest& request, const PreparedCall& sent,
                                     const runtime::HttpAnswer& answer, Instant now,
                                     Workspace& workspace) {
  const auto body = parse_json(answer.body, workspace.answer_parser);
  if (!operation.batch) {
    if (auto item = read_already(operation, request, answer, body)) {
      flow::CallAnswer answers;
      answers.emplace_back(std::move(*item));
      return answers;
    }
  }
  if (auto fault = classify(operation.errors, pack.errors, answer, body, now)) {
    return fail(std::move(*fault));
  }
  if (!body) return fail(unreadable("the answer is not JSON"));
  if (operation.batch) return read_batch(operation, request, sent, *body);
  auto item = read_item(operation.answer, *body);
  if (!item) return fail(std::move(item.error()));
  item->response_hash = hash128(answer.body);
  flow::CallAnswer answers;
  answers.push_back(std::move(item));
  return answers;
}

Fault as_read_fault(Fault fault) {
  if (fault.fault_class == FaultClass::unknown_outcome) {
    fault.fault_class = FaultClass::transient;
    fault.code = code::target_unavailable;
  }
  return fault;
}

Result<runtime::HttpCall> make_question(const Endpoint& endpoint, std::string_view reference,
                                        Duration deadline, Workspace& workspace) {
  workspace.input = "{\"reference\":";
  append_json_string(workspace.input, reference);
  workspace.input += '}';
  const auto input = parse_input(workspace);
  if (!input) return fail(rejected("the reference is not text"));
  auto call = make_request(endpoint, *input);
  if (!call) return call;
  call->deadline = deadline;
  call->headers.emplace_back("Accept", "application/json");
  return call;
}

namespace {

Result<std::optional<flow::ItemAnswer>> as_found(const LookupRules& rules, Json item) {
  auto read = read_item(rules.answer, item);
  if (!read) {
    Fault fault = as_read_fault(std::move(read.error()));
    return fail(std::move(fault));
  }
  std::string bytes;
  append_json(bytes, item);
  read->response_hash = hash128(bytes);
  return std::optional(std::move(*read));
}

}  // namespace

Result<std::optional<flow::ItemAnswer>> read_lookup(const Pack& pack, const Operation& operation,
                                                    std::string_view reference,
                                                    const runtime::HttpAnswer& answer, Instant now,
                                                    Workspace& workspace) {
  const LookupRules& rules = *operation.lookup;
  const auto body = parse_json(answer.body, workspace.answer_parser);
  if (!rules.items && answer.status == 404) return std::optional<flow::ItemAnswer>();
  if (auto fault = classify({}, pack.errors, answer, body, now)) {
    return fail(as_read_fault(std::move(*fault)));
  }
  if (!body) return fail(as_read_fault(unreadable("the answer is not JSON")));
  const auto fits = [&](Json item) {
    if (rules.reference && find_text(item, *rules.reference) != reference) return false;
    return !rules.only || matches(*rules.only, item);
  };
  if (!rules.items) {
    if (!fits(*body)) return std::optional<flow::ItemAnswer>();
    return as_found(rules, *body);
  }
  const auto list = find(*body, *rules.items);
  if (!list || !list->is_array()) {
    return fail(as_read_fault(unreadable("there is no list at " + *rules.items)));
  }
  for (Json item : list->get_array().value_unsafe()) {
    if (fits(item)) return as_found(rules, item);
  }
  return std::optional<flow::ItemAnswer>();
}

}  // namespace crossfoot::connector
