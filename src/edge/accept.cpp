#include <algorithm>
#include <deque>
#include <utility>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/till_record.h"
#include "contract/transaction_hash.h"
#include "edge/accept_request.h"
#include "edge/api.h"
#include "edge/original.h"
#include "edge/views.h"

namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::JsonWriter;
using contract::make_problem;
using contract::Problem;
using flow::AcceptAnswer;
using runtime::HttpResponse;

/// Lines that are begun without a pause between them.
constexpr std::size_t lines_at_once = 64;

AcceptAnswer dropped() {
  AcceptAnswer answer;
  answer.kind = AcceptAnswer::Kind::unavailable;
  answer.fault = {.code = std::string(code::store_unavailable),
                  .fault_class = FaultClass::transient,
                  .where = "accept",
                  .cause = "the data store is being opened"};
  return answer;
}

Problem problem_of_answer(const AcceptAnswer& answer) {
  if (answer.kind == AcceptAnswer::Kind::idempotency_conflict) {
    return make_problem(code::idempotency_key_reuse,
                        "the key was first used for " + location_of(answer.id));
  }
  return problem_of(answer.fault);
}

bool is_refusal(const AcceptAnswer& answer) {
  return answer.kind == AcceptAnswer::Kind::idempotency_conflict ||
         answer.kind == AcceptAnswer::Kind::unavailable;
}

std::string_view state_of(const AcceptAnswer& answer) {
  if (!answer.superseded_by.is_nil()) return to_string(store::MessageState::superseded);
  return to_string(answer.held ? store::MessageState::held : store::MessageState::accepted);
}

void write_related(JsonWriter& out, const AcceptAnswer& answer) {
  if (answer.held) out.member("conflict_with", to_string(answer.conflict_with));
  if (!answer.supersedes.is_nil()) out.member("supersedes", to_string(answer.supersedes));
  if (!answer.suspected_of.is_nil()) {
    out.member("suspected_duplicate_of", to_string(answer.suspected_of));
  }
  if (!answer.superseded_by.is_nil()) {
    out.member("superseded_by", to_string(answer.superseded_by));
  }
}

/// Under which a receipt is counted; a till record is none.
std::optional<contract::Channel> counted_channel(const contract::Transaction& transaction) {
  if (transaction.till != nullptr) return std::nullopt;
  return transaction.channel;
}

void count(Metrics& metrics, const AcceptAnswer& answer, std::optional<contract::Channel> channel) {
  switch (answer.kind) {
    case AcceptAnswer::Kind::accepted:
      if (channel) metrics.accepted(*channel);
      if (!answer.suspected_of.is_nil()) metrics.verdict(Verdict::suspected);
      return metrics.verdict(Verdict::accepted);
    case AcceptAnswer::Kind::replayed:
      return metrics.verdict(Verdict::replayed);
    case AcceptAnswer::Kind::corrected:
      if (channel) metrics.accepted(*channel);
      return metrics.verdict(Verdict::corrected);
    case AcceptAnswer::Kind::superseded:
      return metrics.verdict(Verdict::superseded);
    case AcceptAnswer::Kind::held:
      return metrics.verdict(Verdict::held);
    case AcceptAnswer::Kind::idempotency_conflict:
      return metrics.verdict(Verdict::key_reused);
    case AcceptAnswer::Kind::unsupported:
    case AcceptAnswer::Kind::over_limit:
    case AcceptAnswer::Kind::unavailable:
      return metrics.verdict(Verdict::unavailable);
  }
}

std::string_view trim(std::string_view line) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!line.empty() && space(line.back())) line.remove_suffix(1);
  while (!line.empty() && space(line.front())) line.remove_prefix(1);
  return line;
}

}  // namespace

flow::AcceptRequest accept_request(contract::Transaction transaction, std::string_view body) {
  flow::AcceptRequest request;
  const contract::ContentHash content = transaction.till == nullptr
                                            ? contract::transaction_hash(transaction)
                                            : contract::till_record_hash(transaction);
  request.content = content.hash;
  request.projection = content.projection;
  request.transaction = std::make_shared<const contract::Transaction>(std::move(transaction));
  request.body = std::make_shared<const std::string>(body);
  return request;
}

contract::ParsePolicy Api::policy() const {
  return {.unknown_fields = options_.unknown_fields,
          .now = parts_.scheduler.now(),
          .limits = options_.limits};
}

std::expected<std::string, HttpResponse> Api::idempotency_key(Exchange& exchange) {
  const RequestHeaders& headers = exchange.headers;
  if (headers.idempotency_keys == 0) return std::string{};
  auto key = parse_idempotency_key(headers.idempotency_key);
  if (key && headers.idempotency_keys == 1) return std::move(*key);
  return std::unexpected(refuse(exchange, code::malformed_request,
                                "Idempotency-Key is not one text of 1 to 255 visible characters"));
}

std::expected<contract::ParsedTransaction, Problem> Api::read_transaction(std::string_view body) {
  return parser_.parse(body, policy());
}

std::expected<contract::ParsedTransaction, Problem> Api::read_till_record(std::string_view body) {
  auto record = contract::read_till_record(till_contract_, body, parts_.scheduler.now());
  if (!record) return std::unexpected(std::move(record.error()));
  return contract::ParsedTransaction{std::move(*record), {}};
}

Api::Reply Api::post_transaction(Exchange& exchange) {
  note_contract(exchange);
  return hand_over(exchange, &Api::read_transaction);
}

Api::Reply Api::post_till_record(Exchange& exchange) {
  return hand_over(exchange, &Api::read_till_record);
}

Api::Reply Api::hand_over(Exchange& exchange, Reading reading) {
  const RequestHeaders& headers = exchange.headers;
  auto key = idempotency_key(exchange);
  if (!key) co_return std::move(key.error());
  const std::string_view body = exchange.request.body;
  auto parsed = (this->*reading)(body);
  if (!parsed) {
    metrics_->verdict(Verdict::refused);
    make_correlation_id(exchange);
    auto kept = std::make_shared<Slot<Status>>(home());
    if (keep(body, parsed.error(), exchange.correlation_id, kept->callback())) {
      co_await value_of(kept);
    }
    co_return refuse(exchange, std::move(parsed.error()));
  }
  if (auto problem = check_limits(exchange.caller.get(), parsed->transaction)) {
    co_return refuse(exchange, std::move(*problem));
  }
  flow::Engine* engine = parts_.engine();
  if (engine == nullptr) co_return accepted(exchange, dropped(), {});
  const auto channel = counted_channel(parsed->transaction);
  flow::AcceptRequest request = accept_request(std::move(parsed->transaction), body);
  request.idempotency_key = std::move(*key);
  request.correlation_id = exchange.correlation_id;
  if (headers.lane == "checkout") request.lane = flow::Lane::checkout;
  if (headers.lane == "batch") request.lane = flow::Lane::batch;
  auto slot = std::make_shared<Slot<AcceptAnswer>>(home());
  engine->accept(std::move(request), slot->callback());
  if (!slot->done()) co_await slot->wait();
  const AcceptAnswer answer = slot->take().value_or(dropped());
  count(*metrics_, answer, channel);
  co_return accepted(exchange, answer, parsed->ignored);
}

HttpResponse Api::accepted(Exchange& exchange, const AcceptAnswer& answer,
                           const std::vector<std::string>& ignored) {
  if (is_refusal(answer)) return refuse(exchange, problem_of_answer(answer));
  if (exchange.correlation_id.empty()) exchange.correlation_id = answer.correlation_id;
  std::string location = location_of(answer.id);
  JsonWriter out;
  out.reserve(256);
  out.begin_object();
  out.member("id", std::string_view(location).substr(location.rfind('/') + 1));
  out.member("correlation_id", answer.correlation_id);
  out.member("state", state_of(answer));
  out.member("location", location);
  write_related(out, answer);
  if (!ignored.empty()) {
    out.key("ignored").begin_array();
    for (const std::string& pointer : ignored) out.text(pointer);
    out.end_array();
  }
  out.end_object();
  HttpResponse response;
  response.status = 202;
  response.body = out.take();
  response.headers.reserve(4);
  response.headers.emplace_back("Location", std::move(location));
  if (answer.kind == AcceptAnswer::Kind::replayed) {
    response.headers.emplace_back("Idempotent-Replayed", "true");
  }
  return response;
}

bool Api::keep(std::string_view body, const Problem& problem, std::string correlation_id,
               Once<Status> done) {
  flow::Engine* engine = parts_.engine();
  std::optional<store::MessageRow> row = refused_message(body, options_.refused_bytes_max);
  if (!row) return false;
  if (engine == nullptr) {
    metrics_->refused_original_lost();
    return false;
  }
  row->code = problem.code;
  row->correlation_id = std::move(correlation_id);
  engine->keep_invalid(std::move(*row),
                       [metrics = metrics_, done = std::move(done)](Status kept) mutable {
                         if (!kept) metrics->refused_original_lost();
                         done(std::move(kept));
                       });
  return true;
}

Api::Reply Api::post_batch(Exchange& exchange) {
  note_contract(exchange);
  return hand_over_lines(exchange, &Api::read_transaction);
}

Api::Reply Api::post_till_records(Exchange& exchange) {
  return hand_over_lines(exchange, &Api::read_till_record);
}

Api::Reply Api::hand_over_lines(Exchange& exchange, Reading reading) {
  if (exchange.headers.idempotency_keys > 0) {
    co_return refuse(exchange, code::malformed_request,
                     "a batch takes no Idempotency-Key: each line has its natural key");
  }
  if (parts_.engine() == nullptr) co_return accepted(exchange, dropped(), {});
  co_return co_await run_lines(
      exchange, [this, reading](const std::shared_ptr<LineBatch>& batch, std::string_view line) {
        start_line(batch, line, reading);
      });
}

Api::Reply Api::run_lines(
    Exchange& exchange,
    std::function<void(const std::shared_ptr<LineBatch>&, std::string_view)> start) {
  std::string_view rest = exchange.request.body;
  if (static_cast<std::size_t>(std::ranges::count(rest, '\n')) > options_.batch_lines_max) {
    co_return refuse(
        exchange, code::request_too_large,
        "at most " + std::to_string(options_.batch_lines_max) + " lines are taken at once");
  }
  auto batch = std::make_shared<LineBatch>(home());
  batch->caller = exchange.caller;
  batch->correlation_of_lines = exchange.correlation_id;
  make_correlation_id(exchange);
  batch->correlation_id = exchange.correlation_id;
  std::size_t started = 0;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    if (batch->in_flight >= options_.batch_in_flight_max) {
      batch->wake_at = options_.batch_in_flight_max / 2;
      co_await batch->sleeper.sleep();
    }
    if (++started % lines_at_once == 0) co_await batch->sleeper.yield();
    batch->lines.push_back({.number = number});
    ++batch->in_flight;
    start(batch, line);
  }
  batch->wake_at = 0;
  while (batch->in_flight > 0) co_await batch->sleeper.sleep();
  HttpResponse response;
  response.content_type = "application/x-ndjson";
  for (const LineBatch::Line& line : batch->lines) {
    response.body += line.result;
    response.body += '\n';
  }
  co_return response;
}

void Api::start_line(const std::shared_ptr<LineBatch>& batch, std::string_view text,
                     Reading reading) {
  const std::size_t index = batch->lines.size() - 1;
  if (const auto refusal = shed(AdmissionClass::bulk)) {
    metrics_->verdict(Verdict::unavailable);
    Problem problem = make_problem(
        code::overloaded, "too little is left of: " + std::string(to_string(refusal->resource)));
    return batch->answer(index, batch->refusal(batch->lines[index], std::move(problem)));
  }
  auto parsed = (this->*reading)(text);
  if (!parsed) {
    metrics_->verdict(Verdict::refused);
    const std::string result = batch->refusal(batch->lines[index], parsed.error());
    // Dropped or called, the line is answered once.
    keep(text, parsed.error(), batch->correlation_id,
         Once<Status>(
             [batch, index, result](std::optional<Status>) { batch->answer(index, result); }));
    return;
  }
  if (auto problem = check_limits(batch->caller.get(), parsed->transaction)) {
    metrics_->verdict(Verdict::refused);
    return batch->answer(index, batch->refusal(batch->lines[index], std::move(*problem)));
  }
  const auto channel = counted_channel(parsed->transaction);
  Once<AcceptAnswer> done(
      [metrics = metrics_, batch, index, channel](std::optional<AcceptAnswer> given) {
        const AcceptAnswer answer = given ? std::move(*given) : dropped();
        count(*metrics, answer, channel);
        const LineBatch::Line& line = batch->lines[index];
        if (is_refusal(answer)) {
          return batch->answer(index, batch->refusal(line, problem_of_answer(answer)));
        }
        JsonWriter out;
        out.begin_object().member("line", line.number).member("status", 202);
        out.member("id", to_string(answer.id)).member("state", state_of(answer));
        out.member("replayed", answer.kind == AcceptAnswer::Kind::replayed);
        write_related(out, answer);
        out.end_object();
        batch->answer(index, out.take());
      });
  flow::Engine* engine = parts_.engine();
  if (engine == nullptr) return done(dropped());
  flow::AcceptRequest request = accept_request(std::move(parsed->transaction), text);
  request.correlation_id = batch->correlation_of_lines;
  request.lane = flow::Lane::batch;
  engine->accept(std::move(request), std::move(done));
}

}  // namespace crossfoot::edge
