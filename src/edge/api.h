#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "contract/error_codes.h"
#include "contract/problem.h"
#include "contract/transaction_json.h"
#include "edge/access/caller.h"
#include "edge/adjustment_request.h"
#include "edge/admission.h"
#include "edge/client_limits.h"
#include "edge/connector_service.h"
#include "edge/console.h"
#include "edge/contract_book.h"
#include "edge/line_batch.h"
#include "edge/metrics.h"
#include "edge/reconciliation_service.h"
#include "edge/record_book.h"
#include "edge/redemption_request.h"
#include "edge/request.h"
#include "edge/store_day_service.h"
#include "edge/waiting.h"
#include "flow/engine/engine.h"
#include "flow/engine/records.h"
#include "ledger/programme.h"
#include "runtime/http_server.h"
#include "runtime/log.h"
#include "runtime/random.h"
#include "runtime/scheduler.h"
#include "store/api/store.h"

namespace crossfoot::edge {

struct ApiOptions {
  contract::UnknownFields unknown_fields = contract::UnknownFields::record_and_ignore;
  contract::ParseLimits limits;
  std::size_t batch_lines_max = 100'000;
  std::size_t batch_in_flight_max = 256;
  std::size_t refused_bytes_max = 64 * 1024;  ///< kept of a refused original
  ClientLimitOptions client_limits;
  AdmissionLimits admission;
  RedemptionLimits redemptions;
  ServicePolicy service;
  /// How long a till waits at most for the loyalty platform's word on a redemption.
  Duration authorise_deadline{std::chrono::milliseconds{1'500}};
  /// How long a till waits at most for an answer that changes nothing.
  Duration question_deadline{std::chrono::milliseconds{300}};
};

/// What the machine has left, as far as it says.
struct MachineFigures {
  std::optional<std::uint64_t> disk_free_bytes;
  std::optional<std::uint64_t> resident_bytes;
};

/// What the API stands on. Everything outlives it; the functions answer null while the data store
/// is being reopened, and requests then get a retryable 503.
struct ApiParts {
  runtime::Scheduler& scheduler;
  std::function<store::Store*()> data_store;
  std::function<flow::Engine*()> engine;
  prometheus::Registry& metrics;
  const ledger::ZoneLookup& zones;                   ///< of shops, for explanations; any thread
  ReconciliationService* reconciliations = nullptr;  ///< null: its addresses answer 404
  StoreDayService* store_days = nullptr;             ///< null: its addresses answer 404
  ConnectorService* connectors = nullptr;            ///< null: its addresses answer 404
  ContractBook* contracts = nullptr;                 ///< null: its addresses answer 404
  const RecordBook* records = nullptr;               ///< null: its addresses answer 404
  /// Who asks; an unauthorised fault for who cannot prove it. Absent: no access control, whoever
  /// reaches the server may do everything, and the peer's address stands for the client.
  std::function<Result<CallerPtr>(const runtime::HttpRequest&)> identify;
  std::function<MachineFigures()> machine;  ///< asked once a second at most
  Assets console;
  std::optional<runtime::Logger> log;  ///< of requests: debug, and warnings from status 500 on
  std::uint64_t seed = 0;              ///< for correlation and span ids
};

/// The HTTP API: the routes of api/routes.json behind one handler. Shard thread only. It is
/// destroyed after the server, when no request waits any more or the shard runs nothing any more;
/// an engine that is given up answers what waits for it with a retryable 503.
class Api {
 public:
  Api(ApiParts parts, ApiOptions options);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// For runtime::HttpServer; the API outlives the server.
  [[nodiscard]] runtime::HttpHandler handler();
  [[nodiscard]] runtime::HttpRefusal refusal();

 private:
  using HttpResponse = runtime::HttpResponse;
  using Reply = boost::asio::awaitable<HttpResponse>;

  /// One request while it is being answered. Stays in its place.
  struct Exchange {
    const runtime::HttpRequest& request;
    RequestHeaders headers;
    std::optional<std::string> decoded_path;
    Match target;
    Query query;
    std::string correlation_id;  ///< of the caller; else made when it is first needed
    std::string trace;           ///< `traceparent` of the answer, empty: none
    std::string_view media;      ///< chosen of what the route produces
    CallerPtr caller;            ///< null: nobody had to prove anything
    Duration began{0};
    std::optional<ClientLimits::Verdict> limit;   ///< of the client, when it was asked for
    const ContractBook::Headers* life = nullptr;  ///< of the contract's version that it uses
  };

  // api.cpp
  [[nodiscard]] Reply serve(const runtime::HttpRequest& request);
  [[nodiscard]] std::optional<HttpResponse> admit(Exchange& exchange);
  [[nodiscard]] std::optional<HttpResponse> check_query(Exchange& exchange);
  [[nodiscard]] std::optional<HttpResponse> check_media(Exchange& exchange);
  [[nodiscard]] Reply dispatch(Exchange& exchange);
  [[nodiscard]] Home home() const { return {parts_.scheduler, alive_}; }
  void read_trace(Exchange& exchange);
  void finish(Exchange& exchange, HttpResponse& response);
  void make_correlation_id(Exchange& exchange);
  /// `retry_s`: of `Retry-After`, with 429 and 503.
  [[nodiscard]] HttpResponse refuse(Exchange& exchange, contract::Problem problem,
                                    std::int64_t retry_s = 1);
  [[nodiscard]] HttpResponse refuse(Exchange& exchange, std::string_view code, std::string detail);
  [[nodiscard]] HttpResponse refuse(Exchange& exchange, const Fault& fault);
  [[nodiscard]] HttpResponse refuse_parameter(Exchange& exchange, std::string_view name,
                                              std::string_view code, std::string detail);
  [[nodiscard]] HttpResponse error_code_page(Exchange& exchange);
  [[nodiscard]] HttpResponse console_file(Exchange& exchange);
  [[nodiscard]] HttpResponse readiness(Exchange& exchange);

  // authorise.cpp
  /// Refuses who is not known here, and who may not do what the route does.
  [[nodiscard]] std::optional<HttpResponse> check_access(Exchange& exchange);
  /// Why a limited caller may not hand this transaction over.
  [[nodiscard]] static std::optional<contract::Problem> check_limits(
      const Caller* caller, const contract::Transaction& transaction);

  // protect.cpp
  /// Takes the request off the client's share; the refusal when that is used up.
  [[nodiscard]] std::optional<HttpResponse> check_client(Exchange& exchange);
  /// Refuses the work when the server is in danger.
  [[nodiscard]] std::optional<HttpResponse> check_pressure(Exchange& exchange);
  [[nodiscard]] std::optional<Admission::Refusal> shed(AdmissionClass admission_class);
  void look_at_pressure();
  [[nodiscard]] Reply list_connectors(Exchange& exchange);
  [[nodiscard]] Reply force_breaker(Exchange& exchange);

  // contracts.cpp
  void note_contract(Exchange& exchange);
  [[nodiscard]] Reply list_contracts(Exchange& exchange);
  [[nodiscard]] Reply get_contract(Exchange& exchange, bool consumers);
  [[nodiscard]] Reply get_contract_version(Exchange& exchange);

  // accept.cpp
  [[nodiscard]] contract::ParsePolicy policy() const;
  /// Of the request, empty when it has none; the refusal of a malformed one.
  [[nodiscard]] std::expected<std::string, HttpResponse> idempotency_key(Exchange& exchange);
  /// How the body of a request, or a line of it, is read.
  using Reading =
      std::expected<contract::ParsedTransaction, contract::Problem> (Api::*)(std::string_view);
  [[nodiscard]] std::expected<contract::ParsedTransaction, contract::Problem> read_transaction(
      std::string_view body);
  [[nodiscard]] std::expected<contract::ParsedTransaction, contract::Problem> read_till_record(
      std::string_view body);
  [[nodiscard]] Reply post_transaction(Exchange& exchange);
  [[nodiscard]] Reply post_till_record(Exchange& exchange);
  [[nodiscard]] Reply hand_over(Exchange& exchange, Reading reading);
  [[nodiscard]] HttpResponse accepted(Exchange& exchange, const flow::AcceptAnswer& answer,
                                      const std::vector<std::string>& ignored);
  /// Keeps a refused original; false when there is nothing to keep and `done` will not be called.
  bool keep(std::string_view body, const contract::Problem& problem, std::string correlation_id,
            Once<Status> done);
  [[nodiscard]] Reply post_batch(Exchange& exchange);
  [[nodiscard]] Reply post_till_records(Exchange& exchange);
  [[nodiscard]] Reply hand_over_lines(Exchange& exchange, Reading reading);
  void start_line(const std::shared_ptr<LineBatch>& batch, std::string_view line, Reading reading);
  /// Begins the lines of an NDJSON body one after the other, a bounded number at a time; each is
  /// answered by the batch that it is given.
  [[nodiscard]] Reply run_lines(
      Exchange& exchange,
      std::function<void(const std::shared_ptr<LineBatch>&, std::string_view)> start);

  // records.cpp
  [[nodiscard]] Reply post_record(Exchange& exchange);
  [[nodiscard]] Reply post_records(Exchange& exchange);
  [[nodiscard]] Reply list_records(Exchange& exchange);
  [[nodiscard]] Reply get_record(Exchange& exchange);
  [[nodiscard]] Reply list_record_versions(Exchange& exchange);
  [[nodiscard]] Reply list_record_proposals(Exchange& exchange);
  [[nodiscard]] Reply judge_proposal(Exchange& exchange, bool accepted);
  [[nodiscard]] Reply get_field_ownership(Exchange& exchange);
  [[nodiscard]] Reply list_unresolved(Exchange& exchange);

  // price_lookup.cpp
  [[nodiscard]] Reply look_up_price(Exchange& exchange);

  // profile.cpp
  [[nodiscard]] Reply get_profile(Exchange& exchange);
  [[nodiscard]] Reply change_profile(Exchange& exchange, flow::ProfileOrder::Kind what);

  // records.cpp
  /// The kind that the address names, where the caller may deal with it.
  [[nodiscard]] std::expected<RecordBook::KindPtr, HttpResponse> record_kind(Exchange& exchange,
                                                                             std::string_view path);
  /// As whom the caller writes.
  [[nodiscard]] std::expected<std::string, HttpResponse> writing_system(Exchange& exchange);
  /// The query parameters `as_of` and `known_at`, each now when absent.
  [[nodiscard]] std::expected<store::RecordTime, HttpResponse> record_time(Exchange& exchange);

  // redeem.cpp
  [[nodiscard]] Reply post_authorisation(Exchange& exchange);
  [[nodiscard]] Reply post_redemption_void(Exchange& exchange);
  [[nodiscard]] Reply get_authorisation(Exchange& exchange);
  [[nodiscard]] Reply capture_authorisation(Exchange& exchange);
  [[nodiscard]] Reply void_authorisation(Exchange& exchange);
  /// The answer to a till that waits, counted.
  [[nodiscard]] HttpResponse told(Exchange& exchange, const flow::RedemptionView& view,
                                  bool replayed);
  /// Takes a redemption on, or one whose void came first.
  [[nodiscard]] Reply ask_redemption(Exchange& exchange, bool revoked);
  /// Hands over what the till says of it and waits for what follows.
  [[nodiscard]] Reply say(Exchange& exchange, Id id, flow::Engine::TillWord word);
  [[nodiscard]] boost::asio::awaitable<Result<flow::RedemptionView>> view_redemption(
      Id id, Duration patience);
  /// By the channel's floor limit, while the platform gives no answer.
  [[nodiscard]] boost::asio::awaitable<Result<flow::RedemptionView>> grant_redemption(Id id);
  /// Whether the caller may see it.
  [[nodiscard]] boost::asio::awaitable<Status> find_redemption(Exchange& exchange,
                                                               std::optional<Id> id);
  struct Done {};

  // service.cpp
  [[nodiscard]] Reply post_adjustment(Exchange& exchange);
  [[nodiscard]] Reply list_adjustments(Exchange& exchange);
  [[nodiscard]] Reply get_adjustment(Exchange& exchange);
  [[nodiscard]] Reply judge_adjustment(Exchange& exchange, bool approved);
  /// 202 with what is committed of it.
  [[nodiscard]] Reply adjustment_answer(Exchange& exchange, Id id, bool replayed);

  // promise.cpp
  [[nodiscard]] Reply validate_basket(Exchange& exchange);

  // balance.cpp
  [[nodiscard]] Reply get_balance(Exchange& exchange);

  // reads.cpp
  /// Runs `work` on a snapshot of the data store, off the shard's thread.
  template <class T>
  [[nodiscard]] boost::asio::awaitable<Result<T>> read(
      std::move_only_function<Result<T>(store::Reader&)> work);
  [[nodiscard]] Reply json_of(Exchange& exchange,
                              std::move_only_function<Result<std::string>(store::Reader&)> work);
  [[nodiscard]] Reply get_transaction(Exchange& exchange);
  [[nodiscard]] Reply get_timeline(Exchange& exchange);
  [[nodiscard]] Reply list_transactions(Exchange& exchange);
  [[nodiscard]] Reply post_states(Exchange& exchange);

  // explain.cpp
  [[nodiscard]] Reply get_explanation(Exchange& exchange);

  // operations.cpp
  [[nodiscard]] Reply get_overview(Exchange& exchange);
  [[nodiscard]] Reply get_metrics(Exchange& exchange);
  [[nodiscard]] Reply start_reconciliation(Exchange& exchange);
  [[nodiscard]] Reply list_reconciliations(Exchange& exchange);
  [[nodiscard]] Reply get_reconciliation(Exchange& exchange);
  [[nodiscard]] Reply list_breaks(Exchange& exchange);

  // store_days.cpp
  [[nodiscard]] Reply get_store_day(Exchange& exchange);
  [[nodiscard]] Reply list_store_days(Exchange& exchange);
  [[nodiscard]] Reply get_slice(Exchange& exchange);
  [[nodiscard]] Reply close_store_day(Exchange& exchange);
  /// The day that the address names.
  [[nodiscard]] std::expected<StoreDayService::Name, HttpResponse> store_day_name(
      Exchange& exchange);

  // dead_letters.cpp
  [[nodiscard]] Reply release_leg(Exchange& exchange);
  [[nodiscard]] Reply discard_leg(Exchange& exchange);
  [[nodiscard]] Reply confirm_leg(Exchange& exchange);
  [[nodiscard]] Reply resend_leg(Exchange& exchange);
  [[nodiscard]] Reply instruct(Exchange& exchange,
                               std::function<flow::Engine::Instruction(std::uint16_t leg)> make);
  [[nodiscard]] Reply list_dead_letters(Exchange& exchange);
  [[nodiscard]] Reply list_dead_letter_groups(Exchange& exchange);

  // held.cpp
  [[nodiscard]] Reply discard_held(Exchange& exchange);
  [[nodiscard]] Reply release_held(Exchange& exchange);
  [[nodiscard]] Reply decide_held(Exchange& exchange, store::MessageState state);
  [[nodiscard]] Reply replace_held(Exchange& exchange);
  [[nodiscard]] Reply edit_transaction(Exchange& exchange);
  using Instead = void (flow::Engine::*)(Id, flow::AcceptRequest, flow::Decision,
                                         flow::Engine::Accepted);
  [[nodiscard]] Reply accept_instead(Exchange& exchange, Instead work);

  // replays.cpp
  [[nodiscard]] Reply start_replay(Exchange& exchange);
  [[nodiscard]] Reply cancel_replay(Exchange& exchange);
  [[nodiscard]] Reply get_replay(Exchange& exchange);
  [[nodiscard]] Reply list_replays(Exchange& exchange);
  [[nodiscard]] Reply list_pauses(Exchange& exchange);
  [[nodiscard]] Reply start_pause(Exchange& exchange);
  [[nodiscard]] Reply end_pause(Exchange& exchange);

  /// What the engine answers to `ask`, or the opening fault while there is no engine.
  template <class T>
  [[nodiscard]] boost::asio::awaitable<Result<T>> ask_engine(
      std::move_only_function<void(flow::Engine&, Once<Result<T>>)> ask);

  using ServiceAnswer = std::move_only_function<void(Result<std::string>)>;
  /// Answers what a service answers.
  [[nodiscard]] Reply relay(Exchange& exchange, std::function<void(ServiceAnswer)> ask);
  /// The same of reconciliations, where they are kept.
  [[nodiscard]] Reply relay_reconciliation(Exchange& exchange,
                                           std::function<void(ServiceAnswer)> ask);
  /// The query parameter `limit`, or the refusal of it.
  [[nodiscard]] std::expected<std::size_t, HttpResponse> page_limit(Exchange& exchange);

  ApiParts parts_;
  ApiOptions options_;
  std::shared_ptr<Metrics> metrics_;  ///< shared with answers that are still to come
  Console console_;
  runtime::Random random_;
  contract::TransactionParser parser_;
  contract::schema::Schema till_contract_;
  ClientLimits client_limits_;
  Admission admission_;
  Pressure pressure_;
  ContractBook::Use* transaction_use_ = nullptr;  ///< what posted transactions are written in
  std::string caller_;                            ///< reused: who is being counted
  std::optional<Duration> stats_seen_at_;         ///< monotonic
  std::optional<Duration> machine_asked_at_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

/// What is answered while the data store is being opened: a retryable 503.
[[nodiscard]] Fault opening_fault();

template <class T>
boost::asio::awaitable<Result<T>> Api::ask_engine(
    std::move_only_function<void(flow::Engine&, Once<Result<T>>)> ask) {
  flow::Engine* engine = parts_.engine();
  if (engine == nullptr) co_return fail(opening_fault());
  auto slot = std::make_shared<Slot<Result<T>>>(home());
  ask(*engine, slot->callback());
  std::optional<Result<T>> answer = co_await value_of(slot);
  co_return answer ? std::move(*answer) : fail(opening_fault());
}

template <class T>
boost::asio::awaitable<Result<T>> Api::read(
    std::move_only_function<Result<T>(store::Reader&)> work) {
  store::Store* data_store = parts_.data_store();
  const Fault closed{.code = std::string(contract::error_code::store_unavailable),
                     .fault_class = FaultClass::transient,
                     .where = "read",
                     .cause = "the data store is being opened"};
  if (data_store == nullptr) co_return fail(closed);
  auto slot = std::make_shared<Slot<bool>>(home());
  auto result = std::make_shared<std::optional<Result<T>>>();
  data_store->read(
      [result, work = std::move(work)](store::Reader& reader) mutable { *result = work(reader); },
      [done = slot->callback()]() mutable { done(true); });
  const std::optional<bool> finished = co_await value_of(slot);
  if (!finished || !*result) co_return fail(closed);
  co_return std::move(**result);
}

/// A problem for an operating fault: the code's page where it is an HTTP answer, else the status of
/// the fault's class.
[[nodiscard]] contract::Problem problem_of(const Fault& fault);

}  // namespace crossfoot::edge
