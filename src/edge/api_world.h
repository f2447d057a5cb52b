#pragma once

// Test code: a whole server on a loopback port over the memory store, with a real engine, the real
// processes and targets that do what the test says.

#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <simdjson.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/stored_message.h"
#include "edge/api.h"
#include "ledger/programme.h"
#include "ledger/programme_json.h"
#include "runtime/asio_scheduler.h"
#include "runtime/http_client.h"
#include "runtime/http_server.h"
#include "store/memory/memory_store.h"

namespace crossfoot::edge::test {

/// Grants ten points a sale, unless told otherwise, and books everything, unless told to refuse.
class PliantTargets final : public flow::Caller {
 public:
  explicit PliantTargets(runtime::Scheduler& scheduler) : scheduler_(scheduler) {}

  const flow::OperationTraits* traits(std::string_view, std::string_view) const override {
    return &traits_;
  }
  void call(flow::CallRequest request, Called done) override {
    calls[request.target] += request.items.size();
    for (const flow::CallItem& item : request.items) {
      arguments[request.operation].push_back(item.arguments);
      if (request.operation.starts_with("member_")) {
        told.push_back(request.operation + " " + *item.transaction);
      }
    }
    if (silent.contains(request.target)) {
      scheduler_.post([target = request.target, done = std::move(done)]() mutable {
        done(fail({.code = "CF-3108",
                   .fault_class = FaultClass::unknown_outcome,
                   .where = target,
                   .cause = "no answer came"}));
      });
      return;
    }
    if (const auto fails = failing.find(request.operation); fails != failing.end()) {
      scheduler_.post([target = request.target, fault = fails->second,
                       done = std::move(done)]() mutable {
        done(fail({.code = "CF-3101", .fault_class = fault, .where = target, .cause = "not now"}));
      });
      return;
    }
    flow::CallAnswer answers;
    for (const flow::CallItem& item : request.items) {
      if (refused.contains(request.target)) {
        answers.emplace_back(fail({.code = "CF-3103",
                                   .fault_class = FaultClass::rejected,
                                   .where = request.target,
                                   .cause = "the article is not on sale"}));
        continue;
      }
      flow::ItemAnswer answer{.target_id = "T-" + item.reference,
                              .response_hash = hash128(item.reference)};
      if (request.operation == "accrue") {
        answer.points = Points{0};
        for (const auto& [line, points] : granted) *answer.points += points;
        answer.line_points = granted;
      }
      if (request.operation == "balance") answer.points = balance;
      if (request.operation == "eligibility") {
        answer.points = balance;
        answer.line_points = {{1, balance}};
      }
      answers.emplace_back(std::move(answer));
    }
    scheduler_.post([answers = std::move(answers), done = std::move(done)]() mutable {
      done(std::move(answers));
    });
  }
  void lookup(std::string_view, std::string_view, std::string_view, Duration, Found done) override {
    scheduler_.post([done = std::move(done)]() mutable { done(std::nullopt); });
  }

  void survey(std::string_view, std::string_view, std::string_view, Duration,
              Surveyed done) override {
    scheduler_.post([done = std::move(done)]() mutable { done({}); });
  }

  /// From now on the targets can neither be asked nor know idempotency keys.
  void make_blind() {
    traits_.idempotent = false;
    traits_.lookup = false;
  }

  /// From now on what is sent to a target stands in the order of its key.
  void keep_order() { traits_.order = flow::Order::commutative; }

  std::vector<std::pair<std::uint32_t, Points>> granted{{1, Points{10}}};  ///< of every sale
  Points balance{120};                                                     ///< of every member
  std::map<std::string, FaultClass> failing;  ///< operations that fail, and how
  std::map<std::string, bool> refused;
  std::map<std::string, bool> silent;  ///< calls to them end without an answer
  std::map<std::string, std::size_t> calls;
  std::vector<std::string> told;  ///< about members: operation and message
  std::map<std::string, std::vector<std::string>> arguments;  ///< of calls, by operation

 private:
  runtime::Scheduler& scheduler_;
  flow::OperationTraits traits_{
      .idempotent = true, .idempotent_for = std::chrono::hours{24}, .lookup = true};
};

/// Every zone is UTC.
class OneZone final : public ledger::ZoneLookup {
 public:
  Result<ledger::LocalTime> local(std::string_view, Instant at) const override {
    return ledger::LocalTime{at.micros};
  }
};

/// Reconciliations that remember what they were asked.
class ToldReconciliations final : public ReconciliationService {
 public:
  explicit ToldReconciliations(runtime::Scheduler& scheduler) : scheduler_(scheduler) {}

  void start_reconciliation(Period period, StartAnswer answer) override {
    asked = to_string(period.from) + " " + to_string(period.to);
    scheduler_.post([answer = std::move(answer)]() mutable {
      answer(Started{.id = "R1", .json = R"({"id":"R1","state":"running"})"});
    });
  }
  void list(PageQuery query, Answer answer) override {
    asked = query.after + " " + std::to_string(query.limit);
    later(std::move(answer), R"({"items":[],"next":null})");
  }
  void get(std::string id, Answer answer) override {
    if (id == "R1") return later(std::move(answer), R"({"id":"R1","state":"done"})");
    later(std::move(answer), fail({.code = "CF-2404",
                                   .fault_class = FaultClass::not_found,
                                   .where = "reconciliations",
                                   .cause = "there is no such reconciliation"}));
  }
  void breaks(BreakQuery query, Answer answer) override {
    asked = query.reconciliation + " " + query.break_class + " " + std::to_string(query.limit);
    later(std::move(answer), R"({"items":[],"next":null})");
  }

  std::string asked;

 private:
  void later(Answer answer, Result<std::string> result) {
    scheduler_.post([answer = std::move(answer), result = std::move(result)]() mutable {
      answer(std::move(result));
    });
  }
  runtime::Scheduler& scheduler_;
};

/// Store days as whoever lends them sees them; nobody does at first.
class LentStoreDays final : public StoreDayService {
 public:
  void get(Name day, Visible visible, Answer answer) override {
    owner->get(std::move(day), std::move(visible), std::move(answer));
  }
  void list(PageQuery query, Answer answer) override {
    owner->list(std::move(query), std::move(answer));
  }
  void slice(Name day, std::uint32_t number, Visible visible, Answer answer) override {
    owner->slice(std::move(day), number, std::move(visible), std::move(answer));
  }
  void prepare(CloseOrder order, Prepared prepared) override {
    owner->prepare(std::move(order), std::move(prepared));
  }
  void due(DueDays days) override { owner->due(std::move(days)); }

  StoreDayService* owner = nullptr;
};

/// Two connectors that remember what they were told.
class ToldConnectors final : public ConnectorService {
 public:
  [[nodiscard]] std::vector<ConnectorStatus> connectors() const override { return all; }
  [[nodiscard]] Forced force(const Order& order) override {
    for (ConnectorStatus& connector : all) {
      if (connector.name != order.connector) continue;
      if (order.operation == "fly") return Forced::no_operation;
      orders.push_back(order);
      ConnectorStatus::Line& line = connector.lines.front();
      line.forced = order.state != State::automatic;
      line.forced_reason = line.forced ? order.reason : "";
      line.breaker = connector.breaker = order.state == State::open ? "open" : "closed";
      return Forced::done;
    }
    return Forced::no_connector;
  }

  std::vector<ConnectorStatus> all{
      {.name = "erp",
       .pack = "sandbox-erp",
       .pack_version = "1",
       .breaker = "half_open",
       .lines = {{.operation = "post", .breaker = "half_open", .openings = 3}}},
      {.name = "loyalty",
       .pack = "sandbox-loyalty",
       .pack_version = "1",
       .breaker = "closed",
       .lines = {{.operation = "accrue", .breaker = "closed"}},
       .quota_per_minute = 600,
       .rate_per_minute = 300,
       .paused_until = Instant{1'795'000'000'000'000}}};
  std::vector<Order> orders;
};

/// The real processes.
std::unique_ptr<flow::Processes> retail_processes();

inline constexpr std::string_view test_rules = R"({"programme": "default", "version": 1,
    "currency": "EUR", "earn": {"points_per_unit": "1", "rounding": "floor", "base": "gross",
    "stacking": "multiplicative", "line_kinds": ["goods"], "excluded_tenders": []},
    "rates": [], "tiers": [], "campaigns": [], "zones": {}})";

inline ledger::Programme test_programme(std::string_view rules = test_rules) {
  auto parsed = ledger::parse_programme(rules);
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().cause);
  return std::move(*parsed);
}

inline Result<std::unique_ptr<ContractBook>> built_in_book(prometheus::Registry& metrics) {
  return ContractBook::built_in(metrics, Instant{1'795'000'000'000'000});
}

/// A sale of two wooden trains; what differs between sales is the sequence and, for conflicts, the
/// price.
inline std::string sale(int sequence, const std::string& price = "19.99",
                        const std::string& extra = "") {
  return R"({"kind":"sale","channel":"pos","shop":"DE-001","register":"3",)"
         R"("business_date":"2026-11-21","sequence":")" +
         std::to_string(sequence) +
         R"(","occurred_at":"2026-11-21T10:03:04+01:00","currency":"EUR",)"
         R"("tax_mode":"inclusive","region":"DE","member":"M-1001","lines":[{"line":1,)"
         R"("kind":"goods","article":"TOY-1","quantity":"2","unit_price":")" +
         price + R"("}])" + extra + "}";
}

/// May do everything, and is whom the header names; without it nobody.
inline Result<Caller> whom_the_header_names(const runtime::HttpRequest& request) {
  if (request.header("x-test-principal").empty()) {
    return fail({.code = "CF-2401", .fault_class = FaultClass::unauthorised, .cause = "no header"});
  }
  Caller caller{.name = std::string(request.header("x-test-principal"))};
  caller.permissions.set();
  return caller;
}

class World {
 public:
  /// How a test makes its own registry.
  using MakeBook = Result<std::unique_ptr<ContractBook>> (*)(prometheus::Registry&);

  using Identify = std::function<Result<Caller>(const runtime::HttpRequest&)>;
  static std::function<Result<CallerPtr>(const runtime::HttpRequest&)> shared(Identify identify) {
    if (!identify) return nullptr;
    return [identify = std::move(identify)](const runtime::HttpRequest& request) {
      return transform(identify(request), [](Caller caller) {
        return std::make_shared<const Caller>(std::move(caller));
      });
    };
  }

  explicit World(ApiOptions options = {}, store::MemoryOptions store_options = {},
                 MakeBook make_book = built_in_book, Identify identify = nullptr)
      : store_(std::make_unique<store::MemoryStore>(disk_, scheduler_, store_options)) {
    // Where no commit ends within the test, nothing can be kept at the start either.
    if (store_options.commit_latency > std::chrono::minutes{1}) {
      engine_options.programme_text.clear();
    }
    start_engine();
    auto book = make_book(registry);
    EXPECT_TRUE(book.has_value()) << (book ? "" : book.error().where + book.error().cause);
    if (book) contracts_ = std::move(*book);
    auto records = RecordBook::built_in({});
    EXPECT_TRUE(records.has_value()) << (records ? "" : records.error().where);
    if (records) records_ = std::move(*records);
    Assets console;
    console["index.html"] = {"text/html; charset=utf-8", "<!doctype html><title>c</title>"};
    console["assets/index-AbC123.js"] = {"text/javascript; charset=utf-8", "let a = 1;"};
    api_ = std::make_unique<Api>(
        ApiParts{.scheduler = scheduler_,
                 .data_store = [this]() -> store::Store* { return store_.get(); },
                 .engine = [this] { return engine_.get(); },
                 .metrics = registry,
                 .zones = zones_,
                 .reconciliations = &reconciliations,
                 .store_days = &store_days,
                 .connectors = &connectors,
                 .contracts = contracts_.get(),
                 .records = records_.get(),
                 .identify = shared(std::move(identify)),
                 .machine = [this] { return machine; },
                 .console = std::move(console),
                 .log = runtime::Logger(log, "edge"),
                 .seed = 7},
        options);
    server_ = std::make_unique<runtime::HttpServer>(context_, runtime::HttpServerLimits{},
                                                    api_->handler(), api_->refusal());
    const auto port = server_->listen("127.0.0.1", 0);
    EXPECT_TRUE(port.has_value());
    port_ = *port;
    client_ = std::make_unique<runtime::HttpClient>(
        context_, "http://127.0.0.1:" + std::to_string(port_), runtime::HttpClientLimits{});
  }

  /// What is under way ends first: an engine is not destroyed amid its work for nothing.
  ~World() {
    if (engine_) settle();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// Starts a call; `run` until `answers` has it.
  void send(runtime::Method method, std::string target, Headers headers = {},
            std::string body = {}) {
    const std::size_t index = answers.size();
    answers.emplace_back();
    client_->call({.method = method,
                   .target = std::move(target),
                   .headers = std::move(headers),
                   .body = std::move(body),
                   .deadline = std::chrono::seconds{60}},
                  [this, index](Result<runtime::HttpAnswer> answer) {
                    if (answer) {
                      answers[index] = std::move(*answer);
                    } else {
                      answers[index].emplace().body = answer.error().cause;
                    }
                  });
  }
  runtime::HttpAnswer last() {
    run_until([this] { return answers.back().has_value(); });
    return answers.back().value_or(runtime::HttpAnswer{});
  }
  runtime::HttpAnswer get(std::string target, Headers headers = {}) {
    send(runtime::Method::get, std::move(target), std::move(headers));
    return last();
  }
  runtime::HttpAnswer post(std::string target, std::string body, Headers headers = {}) {
    headers.emplace_back("Content-Type", "application/json");
    send(runtime::Method::post, std::move(target), std::move(headers), std::move(body));
    return last();
  }
  runtime::HttpAnswer post_sale(const std::string& body, Headers headers = {}) {
    return post("/v1/transactions", body, std::move(headers));
  }
  runtime::HttpAnswer post_batch(std::string body, Headers headers = {}) {
    headers.emplace_back("Content-Type", "application/x-ndjson");
    send(runtime::Method::post, "/v1/transactions:batch", std::move(headers), std::move(body));
    return last();
  }
  /// The bytes that come back for these bytes, until the server closes.
  std::string raw(const std::string& bytes) {
    namespace asio = boost::asio;
    asio::ip::tcp::socket socket(context_);
    socket.connect({asio::ip::address_v4::loopback(), port_});
    std::string received;
    bool closed = false;
    asio::async_write(socket, asio::buffer(bytes), [](boost::system::error_code, std::size_t) {});
    asio::async_read(socket, asio::dynamic_buffer(received),
                     [&](boost::system::error_code, std::size_t) { closed = true; });
    run_until([&] { return closed; });
    return received;
  }

  template <class Condition>
  void run_until(Condition condition) {
    context_.restart();  // it stops whenever it has nothing to do
    const Duration limit = scheduler_.monotonic() + std::chrono::seconds{30};
    while (!condition()) {
      const bool in_time = scheduler_.monotonic() < limit;
      ASSERT_TRUE(in_time && context_.run_one_for(std::chrono::seconds{30}) > 0)
          << "what the test waits for does not happen";
    }
  }
  /// Until no call is under way and nothing is accepted.
  void settle() {
    run_until([this] {
      const flow::Activity now = engine_->activity();
      return now.accepts == 0 && now.calls == 0 && now.active_flows == 0 && now.moving_legs == 0;
    });
  }
  /// Of the engine that is started next.
  flow::EngineOptions engine_options{.programme_text = std::string(test_rules)};
  void drop_engine() { engine_.reset(); }
  void drop_api() {
    server_.reset();
    api_.reset();
  }
  /// As after a restart with another programme file.
  void use_rules(std::string_view rules, bool kept = true) {
    settle();
    programme_ = test_programme(rules);
    engine_options.programme_text = kept ? rules : std::string_view{};
    reopen();
  }
  std::unique_ptr<flow::Engine> make_engine() {
    return std::make_unique<flow::Engine>(scheduler_, *store_, targets, *processes_, programme_,
                                          zones_, contract::read_stored_message, engine_options, 1,
                                          [](Fault) {});
  }
  void start_engine() {
    engine_ = make_engine();
    bool started = false;
    engine_->start({"erp", "loyalty"}, [&started](Status status) {
      EXPECT_TRUE(status.has_value());
      started = true;
    });
    run_until([&started] { return started; });
  }
  /// As after an unclear commit: the data store is opened again, and the engine with it.
  void reopen() {
    drop_engine();
    store_ = std::make_unique<store::MemoryStore>(disk_, scheduler_);
    start_engine();
  }
  [[nodiscard]] store::MemoryStore& data_store() { return *store_; }
  [[nodiscard]] flow::Engine& engine() { return *engine_; }
  [[nodiscard]] runtime::Scheduler& scheduler() { return scheduler_; }
  /// On a snapshot of the data store.
  template <class F>
  auto read(F work) {
    std::optional<decltype(work(std::declval<store::Reader&>()))> value;
    bool done = false;
    store_->read([&](store::Reader& reader) { value.emplace(work(reader)); }, [&] { done = true; });
    run_until([&done] { return done; });
    return std::move(*value);
  }
  /// A flow as it is stored.
  flow::Flow read_flow(Id id) {
    return *flow::decode_flow(
        read([id](store::Reader& reader) { return (*reader.load_flow(id))->state; }));
  }
  /// All that the data store says of anybody.
  std::string everything() {
    return read([](store::Reader& reader) {
      std::string all;
      for (const store::MessageRow& message : *reader.messages({.limit = 1000}, true)) {
        all += message.body + message.member;
        if (const auto flow = *reader.load_flow(message.id)) all += flow->state;
      }
      const store::RecordQuery customers{
          .kind = "customer", .scope = "default", .at = {Instant::never() - Duration{1}}};
      for (const store::RecordRow& one : *reader.records(customers)) {
        for (const store::RecordRow& row : *reader.record_versions(one.name, 0, 1000)) {
          all += row.body + row.provenance;
        }
      }
      for (const auto& row : *reader.documents("record_proposal", {}, 1000, false))
        all += row.value;
      for (Partition partition = 0; partition < partition_count; ++partition) {
        for (const auto& row : *reader.journal_after(partition, 0, 1000)) all += row.entry;
      }
      return all;
    });
  }

 private:
  boost::asio::io_context context_{1};
  runtime::AsioScheduler scheduler_{context_};
  store::MemoryDisk disk_;
  ledger::Programme programme_ = test_programme();
  OneZone zones_;
  std::unique_ptr<flow::Processes> processes_ = retail_processes();

 public:
  prometheus::Registry registry;
  PliantTargets targets{scheduler_};
  ToldReconciliations reconciliations{scheduler_};
  LentStoreDays store_days;
  ToldConnectors connectors;
  MachineFigures machine;
  std::vector<std::string> log_lines;
  runtime::Log log{runtime::LogLevel::off,
                   [this](std::string_view line) { log_lines.emplace_back(line); },
                   [] { return Instant{}; }};
  std::deque<std::optional<runtime::HttpAnswer>> answers;

 private:
  std::unique_ptr<store::MemoryStore> store_;
  std::unique_ptr<flow::Engine> engine_;
  std::unique_ptr<ContractBook> contracts_;
  std::unique_ptr<RecordBook> records_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<runtime::HttpServer> server_;
  std::uint16_t port_ = 0;
  std::unique_ptr<runtime::HttpClient> client_;
};

/// The value under a JSON pointer, texts without their quotes; `<none>` when it is not there.
inline std::string at(std::string_view json, std::string_view pointer) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return "<not json>";
  simdjson::dom::element found = root;
  if (!pointer.empty() && root.at_pointer(pointer).get(found) != simdjson::SUCCESS) {
    return "<none>";
  }
  std::string_view text;
  if (found.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::to_string(found);
}

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace crossfoot::edge::test
