#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "connector/book_reader.h"
#include "connector/http_caller.h"
#include "contract/transaction_hash.h"
#include "contract/transaction_json.h"
#include "flow/engine/engine.h"
#include "ledger/programme_json.h"
#include "ledger/zones.h"
#include "observe/reconciler.h"
#include "process/processes.h"
#include "runtime/asio_scheduler.h"
#include "runtime/files.h"
#include "sandbox/sandbox.h"
#include "sandbox/service.h"
#include "store/sqlite/sqlite_store.h"
#include "store/test_folder.h"

/// Everything between the channels and the stand-ins, on real connectors and a real data store: for
/// whole-product tests in one process.
namespace crossfoot::testing {

namespace asio = boost::asio;
using contract::Transaction;

inline const std::string source_folder = CROSSFOOT_SOURCE_DIR;
inline const std::string programme_file = source_folder + "/apps/sandbox/programme.example.json";
inline constexpr std::chrono::seconds patience{60};

inline BusinessDate day(std::int32_t number) {
  return {parse_business_date("2026-11-20")->days + number};
}

/// A stand-in on HTTP whose books are also at hand directly.
class SandboxHost {
 public:
  using Open = Result<std::unique_ptr<sandbox::System>> (*)(const sandbox::SandboxOptions&);

  SandboxHost(asio::io_context& context, const runtime::Scheduler& clock, Open open)
      : context_(context) {
    sandbox::SandboxOptions options;
    options.data = folder_.file("books");
    options.programme = programme_file;
    auto system = open(options);
    EXPECT_TRUE(system) << system.error().cause;
    system_ = system->get();
    service_.emplace(context, clock, std::move(*system), 1);
    server_.emplace(
        context, runtime::HttpServerLimits{},
        [this](const runtime::HttpRequest& request) { return service_->serve(request); },
        &sandbox::Service::refuse);
    const auto port = server_->listen("127.0.0.1", 0);
    EXPECT_TRUE(port) << port.error().cause;
    url_ = fmt::format("http://127.0.0.1:{}", *port);
  }

  /// Reference → kind of what was damaged.
  std::map<std::string, std::string> tamper(std::uint64_t seed, std::size_t count) {
    const auto reply = system_->tamper(fmt::format(R"({{"seed":{},"count":{}}})", seed, count));
    simdjson::dom::parser parser;
    std::map<std::string, std::string> kinds;
    for (const auto done : parser.parse(reply.body)["tampers"].get_array()) {
      kinds.emplace(std::string(done["reference"].get_string().value()),
                    std::string(done["kind"].get_string().value()));
    }
    return kinds;
  }
  void untamper() { EXPECT_EQ(system_->untamper().status, 200); }
  /// What the stand-in answers to a question; the call itself has no fault.
  std::string ask(const std::string& path, const std::string& query = {}) {
    const sandbox::Reply reply =
        system_->handle({.method = runtime::Method::get, .path = path, .query = query}, {});
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.body;
  }
  void stop() {
    service_->stop();
    asio::co_spawn(context_, server_->stop(std::chrono::milliseconds{10}), asio::detached);
  }

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  asio::io_context& context_;
  store::TestFolder folder_;
  sandbox::System* system_ = nullptr;
  std::optional<sandbox::Service> service_;
  std::optional<runtime::HttpServer> server_;
  std::string url_;
};

/// Everything between the channels and the stand-ins, on one thread and a real data store.
class World {
 public:
  World() {
    const auto text = runtime::read_file(programme_file);
    programme_ = ledger::parse_programme(*text).value();
    std::vector<connector::TargetSetup> setups;
    for (const auto& [name, host] : {std::pair{"erp", &erp}, std::pair{"loyalty", &loyalty}}) {
      auto loaded =
          connector::load_pack(source_folder + "/connectors/sandbox-" + std::string(name));
      EXPECT_TRUE(loaded.faults.empty());
      setups.push_back({name, loaded.pack, host->url()});
    }
    targets_ = connector::Targets::create(
                   context_, scheduler_, std::move(setups),
                   [](const connector::SecretReference&) { return Result<std::string>(fail({})); })
                   .value();
    caller_.emplace(scheduler_, *targets_);
    books_.emplace(scheduler_, *targets_);
    store::SqliteOptions options;
    options.path = folder_.file("crossfoot.sqlite");
    options.home = &scheduler_;
    store_ = store::open_sqlite(options).value();
    engine_.emplace(
        scheduler_, *store_, *caller_, processes_, programme_, zones_,
        [](std::string_view body) -> Result<Transaction> {
          return contract::parse_transaction(body, contract::ParsePolicy::stored())->transaction;
        },
        flow::EngineOptions{}, 1, [](const Fault& fault) { ADD_FAILURE() << fault.cause; });
    bool started = false;
    engine_->start({"erp", "loyalty"}, [&started](Status) { started = true; });
    until([&started] { return started; });
    reconciler_.emplace(
        scheduler_, [this] { return store_.get(); }, *books_, programme_, zones_,
        observe::ReconcilerOptions{});
  }

  ~World() {
    reconciler_.reset();
    engine_.reset();
    store_->close();
    store_.reset();
    books_.reset();
    caller_.reset();
    targets_.reset();
    erp.stop();
    loyalty.stop();
    guard_.reset();
    context_.run_for(std::chrono::seconds{2});
  }

  [[nodiscard]] std::string stuck() const {
    if (!engine_) return "the engine does not start";
    const flow::Activity activity = engine_->activity();
    return fmt::format("still {} accepts, {} calls, {} legs, {} flows after a minute",
                       activity.accepts, activity.calls, activity.moving_legs,
                       activity.active_flows);
  }

  template <class Predicate>
  void until(Predicate predicate) {
    const Duration deadline = scheduler_.monotonic() + patience;
    while (!predicate()) {
      context_.run_one_for(patience);
      if (scheduler_.monotonic() > deadline) throw std::runtime_error(stuck());
    }
  }

  flow::AcceptAnswer::Kind accept(const Transaction& transaction) {
    flow::AcceptRequest request;
    request.transaction = std::make_shared<const Transaction>(transaction);
    request.body = std::make_shared<const std::string>(contract::render_transaction(transaction));
    const auto content = contract::transaction_hash(transaction);
    request.content = content.hash;
    request.projection = content.projection;
    std::optional<flow::AcceptAnswer::Kind> kind;
    engine_->accept(std::move(request),
                    [&kind](const flow::AcceptAnswer& answer) { kind = answer.kind; });
    until([&kind] { return kind.has_value(); });
    return *kind;
  }
  /// Until nothing moves. A book may still wait for an original that never comes.
  void settle() {
    until([this] {
      const flow::Activity activity = engine_->activity();
      return activity.accepts == 0 && activity.calls == 0 && activity.moving_legs == 0 &&
             activity.active_flows == 0 && activity.pending_books == 0;
    });
  }

  /// JSON of a finished reconciliation of the period.
  std::string reconcile(BusinessDate from, BusinessDate to) {
    std::optional<std::string> id;
    reconciler_->start_reconciliation(
        {from, to},
        [&id](Result<edge::ReconciliationService::Started> started) { id = started.value().id; });
    until([&id] { return id.has_value(); });
    for (;;) {
      const std::string json = answer([&](auto done) { reconciler_->get(*id, std::move(done)); });
      if (json.find(R"("state":"running")") == std::string::npos) return json;
    }
  }

  /// side|reference|class of every break of a reconciliation.
  std::multiset<std::string> breaks(const std::string& id) {
    std::multiset<std::string> found;
    edge::ReconciliationService::BreakQuery query{.reconciliation = id, .limit = 7};
    simdjson::dom::parser parser;
    for (;;) {
      const std::string json =
          answer([&](auto done) { reconciler_->breaks(query, std::move(done)); });
      const simdjson::dom::element page = parser.parse(json);
      for (const auto item : page["items"].get_array()) {
        std::string_view reference;
        (void)item["reference"].get(reference);
        found.insert(fmt::format("{}|{}|{}", item["side"].get_string().value(), reference,
                                 item["class"].get_string().value()));
        details[std::string(reference)] = simdjson::minify(item);
      }
      std::string_view next;
      if (page["next"].get(next) != simdjson::SUCCESS) return found;
      query.after = next;
    }
  }

  std::map<std::string, std::string> details;  ///< break JSON by reference, for messages

 private:
  template <class Ask>
  std::string answer(Ask ask) {
    std::optional<std::string> text;
    ask([&text](Result<std::string> got) { text = got.value(); });
    until([&text] { return text.has_value(); });
    return *text;
  }

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_{context_.get_executor()};
  runtime::AsioScheduler scheduler_{context_};

 public:
  SandboxHost erp{context_, scheduler_, &sandbox::open_erp};
  SandboxHost loyalty{context_, scheduler_, &sandbox::open_loyalty};

 private:
  store::TestFolder folder_;
  ledger::Programme programme_;
  ledger::SystemZones zones_;
  process::RetailProcesses processes_;
  std::unique_ptr<connector::Targets> targets_;
  std::optional<connector::HttpCaller> caller_;
  std::optional<connector::BookReader> books_;
  std::unique_ptr<store::Store> store_;
  std::optional<flow::Engine> engine_;
  std::optional<observe::Reconciler> reconciler_;
};

}  // namespace crossfoot::testing
