#include "local_stack.h"

#include <fmt/format.h>

#include "contract/error_codes.h"
#include "runtime/files.h"

namespace crossfoot::app {

namespace {

constexpr Duration start_patience = std::chrono::seconds{20};
constexpr Duration stop_grace = std::chrono::seconds{5};

std::filesystem::path own_program() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

Result<std::pair<runtime::Process, std::string>> start_sandbox(
    const std::string& kind, const LocalStackOptions& options,
    const std::filesystem::path& programme) {
  const std::filesystem::path data = options.data / ("sandbox-" + kind);
  auto process = runtime::Process::spawn(
      {.arguments = {own_program().string(), "sandbox", kind, "--port", "0", "--data",
                     data.string(), "--seed", std::to_string(options.seed), "--programme",
                     programme.string()},
       .environment = {},
       .folder = {},
       .error_file = options.data / ("sandbox-" + kind + ".log")});
  if (!process) return fail(process.error());
  const auto line = process->read_line(start_patience);
  if (!line) return fail(line.error());
  constexpr std::string_view mark = "listening ";
  if (!line->starts_with(mark)) {
    return fail({.code = std::string(contract::error_code::process_failed),
                 .fault_class = FaultClass::transient,
                 .where = "sandbox " + kind,
                 .cause = *line});
  }
  return std::pair{std::move(*process), "http://" + line->substr(mark.size())};
}

std::string simple_programme(const std::string& currency) {
  return fmt::format(
      R"({{"programme": "default", "version": 1, "currency": "{}",
 "earn": {{"points_per_unit": "1", "rounding": "floor", "base": "gross",
          "stacking": "multiplicative", "line_kinds": ["goods"], "excluded_tenders": []}},
 "rates": [], "tiers": [], "campaigns": [], "zones": {{"GB": "Europe/London"}}}}
)",
      currency);
}

}  // namespace

std::filesystem::path packs_folder() {
  const std::filesystem::path program = own_program().parent_path();
  for (const std::filesystem::path& candidate :
       {program / "connectors", program / "../share/crossfoot/connectors",
        std::filesystem::path(CROSSFOOT_SOURCE_FOLDER) / "connectors"}) {
    if (std::filesystem::exists(candidate / "sandbox-erp")) return candidate;
  }
  return "connectors";
}

Result<std::unique_ptr<LocalStack>> LocalStack::start(const LocalStackOptions& options,
                                                      runtime::Log& log) {
  std::error_code made;
  std::filesystem::create_directories(options.data, made);
  if (made) {
    return fail({.code = std::string(contract::error_code::file_failed),
                 .fault_class = FaultClass::rejected,
                 .where = options.data.string(),
                 .cause = made.message()});
  }
  std::filesystem::path programme = options.programme;
  if (programme.empty()) {
    programme = options.data / "programme.json";
    const auto written =
        runtime::write_file_atomic(programme, simple_programme(options.programme_currency));
    if (!written) return fail(written.error());
  }
  std::unique_ptr<LocalStack> stack(new LocalStack);
  auto erp = start_sandbox("erp", options, programme);
  if (!erp) return fail(erp.error());
  stack->erp_.emplace(std::move(erp->first));
  stack->erp_url_ = std::move(erp->second);
  auto loyalty = start_sandbox("loyalty", options, programme);
  if (!loyalty) return fail(loyalty.error());
  stack->loyalty_.emplace(std::move(loyalty->first));
  stack->loyalty_url_ = std::move(loyalty->second);

  Config config;
  config.listen_port = options.port;
  config.data_folder = options.data / "crossfoot";
  config.anchor_folder = options.data / "anchors";  // beside the store's folder, not in it
  config.anchor_folder_named = true;
  config.programme = programme;
  config.profile_targets = "loyalty";
  config.retry_longest = std::chrono::seconds{5};
  config.in_flight_sla_s = 60;
  config.connectors = {{"erp", packs_folder() / "sandbox-erp", stack->erp_url_},
                       {"loyalty", packs_folder() / "sandbox-loyalty", stack->loyalty_url_}};
  auto server = Server::start(config, log);
  if (!server) return fail(server.error());
  stack->server_ = std::move(*server);
  return stack;
}

LocalStack::~LocalStack() {
  stop();
}

void LocalStack::stop() {
  if (server_ != nullptr) server_->stop(stop_grace);
  server_.reset();
  if (erp_) (void)erp_->stop(stop_grace);
  if (loyalty_) (void)loyalty_->stop(stop_grace);
  erp_.reset();
  loyalty_.reset();
}

}  // namespace crossfoot::app
