#include "server.h"

#include <fmt/format.h>
#include <prometheus/registry.h>

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <future>

#include "connector/book_reader.h"
#include "connector/http_caller.h"
#include "connector/pack.h"
#include "connector/targets.h"
#include "connector_control.h"
#include "console_assets.h"
#include "contract/error_codes.h"
#include "edge/access/gate.h"
#include "edge/api.h"
#include "edge/day_closer.h"
#include "engine_host.h"
#include "ledger/programme_json.h"
#include "ledger/settlement_policy.h"
#include "ledger/zones.h"
#include "observe/audit/keeper.h"
#include "observe/audit/older.h"
#include "observe/reconciler.h"
#include "observe/store_days.h"
#include "process/policies.h"
#include "runtime/files.h"
#include "runtime/http_server.h"
#include "runtime/random.h"
#include "runtime/resources.h"
#include "runtime/shard.h"
#include "runtime/signing.h"
#include "secrets.h"
#include "store_opener.h"

namespace crossfoot::app {

namespace {
/// Of the file that says who owns which field.
constexpr std::size_t ownership_bytes_max = 1U << 20U;
constexpr std::size_t settlement_bytes_max = 16U << 20U;

Fault config_fault(std::string_view code, std::string cause) {
  return {.code = std::string(code),
          .fault_class = FaultClass::rejected,
          .where = "configuration",
          .cause = std::move(cause)};
}

Result<std::vector<connector::TargetSetup>> load_targets(const Config& config) {
  std::vector<connector::TargetSetup> setups;
  for (const ConnectorConfig& entry : config.connectors) {
    connector::LoadedPack loaded = connector::load_pack(entry.pack);
    if (!loaded.faults.empty()) {
      const connector::PackFault& first = loaded.faults.front();
      return fail(config_fault(contract::error_code::bad_connector_pack,
                               fmt::format("{}:{}: {}", first.file, first.line, first.message)));
    }
    std::shared_ptr<const runtime::TlsContext> tls;
    if (!entry.tls.authorities.empty() || !entry.tls.certificate.empty()) {
      auto context = runtime::TlsContext::client(entry.tls);
      if (!context) return fail(context.error());
      tls = std::move(*context);
    }
    setups.push_back({entry.name, loaded.pack, entry.base_url, std::move(tls)});
  }
  return setups;
}

}  // namespace

class Server::Impl {
 public:
  Impl(Config config, runtime::Log& log)
      : config_(std::move(config)),
        log_(log),
        logger_(log, "server"),
        shard_([this](std::exception_ptr) {
          logger_.error("task.failed", {}, {{"cause", "a task ended with an exception"}});
        }) {}

  ~Impl() { stop(std::chrono::seconds{1}); }

  Status start() {
    std::error_code made;
    std::filesystem::create_directories(config_.data_folder, made);
    if (made) {
      return fail(config_fault(contract::error_code::store_unavailable,
                               config_.data_folder.string() + ": " + made.message()));
    }
    if (Status prepared = prepare_audit(); !prepared) return prepared;
    auto text = runtime::read_file(config_.programme);
    if (!text) return fail(text.error());
    auto programme = ledger::parse_programme(*text);
    if (!programme) return fail(programme.error());
    if (const auto unapplied = process::unapplied_policies(*programme); !unapplied.empty()) {
      return fail(config_fault(contract::error_code::policy_not_applied,
                               fmt::format("{}", fmt::join(unapplied, ", "))));
    }
    programme_ = std::move(*programme);
    if (Status read = read_settlement_policy(); !read) return read;
    programme_text_ = std::move(*text);
    auto setups = load_targets(config_);
    if (!setups) return fail(setups.error());

    shard_.start();
    std::promise<Status> opened;
    shard_.run([&] { open(std::move(*setups), opened); });
    Status status = opened.get_future().get();
    if (!status) return status;
    shard_.run([&] { status = listen(); });
    return status;
  }

  void stop(Duration grace) {
    if (stopped_) return;
    stopped_ = true;
    if (server_ != nullptr) {
      std::promise<void> done;
      shard_.run([&] {
        const bool spawned = shard_.tasks().spawn(close_server(grace, done));
        if (!spawned) done.set_value();
      });
      done.get_future().wait();
    }
    if (keeper_ != nullptr) last_anchor(grace);
    shard_.run([&] {
      if (!tls_files_.empty()) shard_.scheduler().cancel(tls_watch_);
      keeper_.reset();
      day_closer_.reset();
      if (host_ != nullptr) host_->close();
      server_.reset();
      reconciler_.reset();
      store_days_.reset();
      books_.reset();
      host_.reset();
      caller_.reset();
      targets_.reset();
      api_.reset();
    });
    shard_.stop(grace);
  }

  flow::Activity activity() {
    flow::Activity activity;
    shard_.run([&] {
      flow::Engine* engine = host_->engine();
      if (engine != nullptr) {
        activity = engine->activity();
      } else {
        activity.accepts = 1;  // while it recovers, everything may still move
      }
    });
    return activity;
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool speaks_tls() const { return !config_.tls_certificate.empty(); }

 private:
  Status prepare_audit() {
    std::error_code made;
    std::filesystem::create_directories(config_.anchor_folder, made);
    if (made) {
      return fail(config_fault(contract::error_code::bad_setting,
                               config_.anchor_folder.string() + ": " + made.message()));
    }
    auto key = runtime::SigningKey::load_or_make(config_.data_folder / audit_key_name);
    if (!key) return fail(key.error());
    audit_key_.emplace(std::move(*key));
    if (!config_.anchor_folder_named) {
      logger_.warning("audit.anchors_beside_data", {},
                      {{"folder", config_.anchor_folder.string()},
                       {"advice", "name another place in audit.anchor_folder"}});
    }
    return {};
  }

  Status read_settlement_policy() {
    if (config_.settlement_policy.empty()) return {};
    const auto text = runtime::read_file(config_.settlement_policy, settlement_bytes_max);
    if (!text) return fail(text.error());
    auto policy = ledger::parse_settlement_policy(*text);
    if (!policy) {
      policy.error().where = config_.settlement_policy.string() + ": " + policy.error().where;
      return fail(policy.error());
    }
    settlement_policy_ = std::move(*policy);
    return {};
  }

  /// What was decided until now is anchored before the store closes.
  void last_anchor(Duration grace) {
    auto done = std::make_shared<std::promise<Status>>();
    shard_.run([&] {
      host_->stop_engine();
      keeper_->finish([done](Status status) { done->set_value(std::move(status)); });
    });
    const auto ended = done->get_future().wait_for(grace + std::chrono::seconds{5});
    if (ended != std::future_status::ready) logger_.warning("audit.no_last_anchor", {});
  }

  void open(std::vector<connector::TargetSetup> setups, std::promise<Status>& opened) {
    auto targets = connector::Targets::create(shard_.context(), shard_.scheduler(),
                                              std::move(setups), look_up_secret);
    if (!targets) return opened.set_value(fail(targets.error()));
    targets_ = std::move(*targets);
    caller_ = std::make_unique<connector::HttpCaller>(shard_.scheduler(), *targets_);
    books_ = std::make_unique<connector::BookReader>(shard_.scheduler(), *targets_);

    EngineHost::Setup setup;
    auto open_store = store_opener(config_, shard_.scheduler());
    if (!open_store) return opened.set_value(fail(open_store.error()));
    setup.open_store = std::move(*open_store);
    setup.check_store = [folder = config_.anchor_folder,
                         key = audit_key_->public_key()](store::Reader& reader) {
      return observe::check_not_older(reader, folder, key);
    };
    setup.engine.programme_text = programme_text_;
    setup.engine.routing = {.erp = config_.routing_erp,
                            .loyalty = config_.routing_loyalty,
                            .profile = config_.profile_target_names()};
    setup.engine.check_products = *Config::channels_of(config_.check_products);
    setup.engine.check_members = *Config::channels_of(config_.check_members);
    set_retry(setup.engine);
    set_suspects(setup.engine);
    for (std::size_t channel = 0; channel < config_.floor_limits.size(); ++channel) {
      setup.engine.floor_limits[channel] = Points{config_.floor_limits[channel]};
    }
    setup.engine.periods = settlement_policy_.periods;
    setup.engine.accepts_in_flight_max = static_cast<std::size_t>(config_.accepts_in_flight_max);
    // As many bits as a salt's hash can use.
    for (int i = 0; i < 4; ++i) setup.engine.salt_secret += std::to_string(runtime::system_seed());
    setup.targets = targets_->names();
    setup.seed = runtime::system_seed();
    host_ = std::make_unique<EngineHost>(shard_.scheduler(), *caller_, programme_, zones_,
                                         std::move(setup), runtime::Logger(log_, "engine"));
    host_->open([&opened](Status status) { opened.set_value(std::move(status)); });
  }

  void set_retry(flow::EngineOptions& options) const {
    const flow::RetryPolicy policy{config_.retry_first, config_.retry_longest, config_.retry_budget,
                                   static_cast<std::uint16_t>(config_.retry_tries_max)};
    options.retry.usual = policy;
    for (const ConnectorConfig& connector : config_.connectors) {
      options.retry_of_target[connector.name] = connector.retry.over(policy);
    }
  }

  void set_suspects(flow::EngineOptions& options) const {
    for (std::size_t channel = 0; channel < config_.suspects.size(); ++channel) {
      const std::string& policy = config_.suspects[channel];
      options.suspects[channel] = policy == "hold"   ? flow::SuspectPolicy::hold
                                  : policy == "flag" ? flow::SuspectPolicy::flag
                                                     : flow::SuspectPolicy::ignore;
    }
    options.suspect_window = std::chrono::seconds{config_.suspect_window_s};
    options.suspect_lateness = std::chrono::hours{config_.suspect_late_hours};
  }

  Status listen() {
    observe::ReconcilerOptions options;
    options.erp = config_.routing_erp;
    options.loyalty = config_.routing_loyalty;
    options.in_flight = std::chrono::seconds{config_.in_flight_sla_s};
    reconciler_ = std::make_unique<observe::Reconciler>(
        shard_.scheduler(), [this] { return host_->data_store(); }, *books_, programme_, zones_,
        options);
    keeper_ = std::make_unique<observe::AuditKeeper>(
        shard_.scheduler(), [this] { return host_->data_store(); }, *audit_key_,
        observe::AuditOptions{.anchor_folder = config_.anchor_folder,
                              .interval = std::chrono::minutes{config_.anchor_minutes},
                              .entries = static_cast<std::uint64_t>(config_.anchor_entries)},
        runtime::Logger(log_, "audit"));
    keeper_->start();
    store_days_ = std::make_unique<observe::StoreDays>(
        shard_.scheduler(), [this] { return host_->data_store(); }, settlement_policy_);
    day_closer_ = std::make_unique<edge::DayCloser>(
        shard_.scheduler(), *store_days_, [this] { return host_->engine(); },
        runtime::Logger(log_, "settlement"));
    if (settlement_policy_.close_after_z) day_closer_->start();
    connectors_ = std::make_unique<ConnectorControl>(shard_.scheduler(), *targets_,
                                                     runtime::Logger(log_, "connector"));
    auto contracts = edge::ContractBook::built_in(metrics_, shard_.scheduler().now());
    if (!contracts) return fail(contracts.error());
    contracts_ = std::move(*contracts);
    std::string ownership;
    if (!config_.record_ownership.empty()) {
      auto text = runtime::read_file(config_.record_ownership, ownership_bytes_max);
      if (!text) return fail(text.error());
      ownership = std::move(*text);
    }
    auto records = edge::RecordBook::built_in(ownership);
    if (!records) {
      records.error().where = config_.record_ownership.string() + records.error().where;
      return fail(records.error());
    }
    records_ = std::move(*records);
    if (Status opened = open_gate(); !opened) return opened;
    edge::ApiParts parts{.scheduler = shard_.scheduler(),
                         .data_store = [this] { return host_->data_store(); },
                         .engine = [this] { return host_->engine(); },
                         .metrics = metrics_,
                         .zones = zones_,
                         .reconciliations = reconciler_.get(),
                         .store_days = store_days_.get(),
                         .connectors = connectors_.get(),
                         .contracts = contracts_.get(),
                         .records = records_.get(),
                         .identify = identify(),
                         .machine =
                             [folder = config_.data_folder] {
                               return edge::MachineFigures{runtime::disk_free_bytes(folder),
                                                           runtime::resident_bytes()};
                             },
                         .console = console_assets(),
                         .log = runtime::Logger(log_, "edge"),
                         .seed = runtime::system_seed()};
    edge::ApiOptions api_options;
    api_options.unknown_fields = config_.unknown_fields == "strict"
                                     ? contract::UnknownFields::strict
                                     : contract::UnknownFields::record_and_ignore;
    api_options.client_limits.requests_per_minute = config_.client_requests_per_minute;
    api_options.client_limits.burst = config_.client_burst;
    api_options.admission = admission_limits();
    api_options.authorise_deadline = config_.authorise_deadline;
    api_options.question_deadline = config_.question_deadline;
    api_options.redemptions.hold_default = std::chrono::seconds{config_.hold_default_s};
    api_options.redemptions.hold_max = std::chrono::seconds{config_.hold_max_s};
    api_options.service.agent = {Points{config_.service_agent_alone},
                                 Points{config_.service_agent_a_day}};
    api_options.service.lead = {Points{config_.service_lead_alone},
                                Points{config_.service_lead_a_day}};
    api_options.service.reasons = config_.service_reason_names();
    api_ = std::make_unique<edge::Api>(std::move(parts), api_options);
    runtime::HttpServerLimits limits;
    limits.body_bytes_max = static_cast<std::size_t>(config_.body_mb_max) << 20U;
    limits.connections_max = static_cast<std::size_t>(config_.connections_max);
    server_ = std::make_unique<runtime::HttpServer>(shard_.context(), limits, api_->handler(),
                                                    api_->refusal());
    if (Status secure = speak_tls(); !secure) return secure;
    auto port = server_->listen(config_.listen_address, config_.listen_port);
    if (!port) return fail(port.error());
    port_ = *port;
    logger_.info("listening", {}, {{"address", config_.listen_address}, {"port", port_}});
    return {};
  }

  /// Later connections speak by what the files hold now; looks at them again each second.
  Status speak_tls() {
    if (config_.tls_certificate.empty()) return {};
    auto context = runtime::TlsContext::server({.certificate = config_.tls_certificate,
                                                .key = config_.tls_key,
                                                .authorities = config_.tls_client_authorities},
                                               config_.tls_client_certificate == "required");
    if (!context) return fail(context.error());
    server_->use_tls(std::move(*context));
    if (tls_files_.empty()) {
      for (const auto& path :
           {config_.tls_certificate, config_.tls_key, config_.tls_client_authorities}) {
        if (path.empty()) continue;
        (void)tls_files_.emplace_back(path).differs();
      }
      watch_tls();
    }
    return {};
  }

  void watch_tls() {
    tls_watch_ = shard_.scheduler().after(std::chrono::seconds{1}, [this] {
      // Each is looked at, so that one renewal is one reading.
      const auto changed = std::ranges::count_if(tls_files_, &runtime::WatchedFile::differs);
      if (changed > 0) {
        const Status secure = speak_tls();
        if (secure) logger_.info("tls.read_again", {}, {});
        if (!secure) logger_.error("tls.unreadable", {}, {{"cause", secure.error().cause}});
      }
      watch_tls();
    });
  }

  Status open_gate() {
    if (!config_.has_access_control()) return {};
    auto gate = edge::AccessGate::load(
        {.key_set = config_.access_key_set,
         .api_keys = config_.access_api_keys,
         .rules = {.issuer = config_.access_issuer, .audience = config_.access_audience}},
        runtime::Logger(log_, "access"));
    if (!gate) return fail(std::move(gate.error()));
    gate_ = std::move(*gate);
    return {};
  }

  std::function<Result<edge::CallerPtr>(const runtime::HttpRequest&)> identify() {
    if (gate_ == nullptr) return nullptr;
    return [this](const runtime::HttpRequest& request) {
      return gate_->identify(request, shard_.scheduler().now());
    };
  }

  [[nodiscard]] edge::AdmissionLimits admission_limits() const {
    const auto bytes = [](std::int64_t mb) { return static_cast<std::uint64_t>(mb) << 20U; };
    edge::AdmissionLimits limits;
    limits.accepts_max = static_cast<std::uint64_t>(config_.accepts_in_flight_max);
    limits.queue_max = static_cast<std::uint64_t>(config_.shed_queue_max);
    limits.log_bytes_max = bytes(config_.log_hard_limit_mb);
    limits.disk_free_bytes_min = bytes(config_.shed_disk_free_mb);
    limits.resident_bytes_max = bytes(config_.shed_memory_mb);
    return limits;
  }

  boost::asio::awaitable<void> close_server(Duration grace, std::promise<void>& done) {
    co_await server_->stop(grace);
    done.set_value();
  }

  Config config_;
  runtime::Log& log_;
  runtime::Logger logger_;
  prometheus::Registry metrics_;
  ledger::Programme programme_;
  std::string programme_text_;  ///< as it was written
  ledger::SystemZones zones_;
  runtime::Shard shard_;
  std::unique_ptr<connector::Targets> targets_;
  std::unique_ptr<connector::HttpCaller> caller_;
  std::unique_ptr<connector::BookReader> books_;
  std::unique_ptr<EngineHost> host_;
  std::unique_ptr<observe::Reconciler> reconciler_;
  ledger::SettlementPolicy settlement_policy_;
  std::unique_ptr<observe::StoreDays> store_days_;
  std::unique_ptr<edge::DayCloser> day_closer_;
  std::optional<runtime::SigningKey> audit_key_;
  std::unique_ptr<observe::AuditKeeper> keeper_;
  std::unique_ptr<ConnectorControl> connectors_;
  std::unique_ptr<edge::ContractBook> contracts_;
  std::unique_ptr<edge::RecordBook> records_;
  std::unique_ptr<edge::AccessGate> gate_;
  std::unique_ptr<edge::Api> api_;
  std::unique_ptr<runtime::HttpServer> server_;
  std::vector<runtime::WatchedFile> tls_files_;
  runtime::Scheduler::TimerId tls_watch_ = 0;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const Config& config, runtime::Log& log) {
  auto impl = std::make_unique<Impl>(config, log);
  if (Status status = impl->start(); !status) return fail(status.error());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const {
  return impl_->port();
}
std::string Server::url() const {
  return fmt::format("{}://127.0.0.1:{}", impl_->speaks_tls() ? "https" : "http", impl_->port());
}
flow::Activity Server::activity() {
  return impl_->activity();
}
void Server::stop(Duration grace) {
  impl_->stop(grace);
}

}  // namespace crossfoot::app
