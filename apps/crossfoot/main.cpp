#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "access_command.h"
#include "audit_command.h"
#include "config.h"
#include "connector/connector_test_runner.h"
#include "contract/error_codes.h"
#include "contract/registry/registry.h"
#include "contract_command.h"
#include "demo.h"
#include "import_online_retail.h"
#include "local_stack.h"
#include "migrate_command.h"
#include "pause_command.h"
#include "policy_reference.h"
#include "reconcile_command.h"
#include "registry_command.h"
#include "replay_command.h"
#include "restored_command.h"
#include "runtime/files.h"
#include "sandbox/sandbox.h"
#include "server.h"
#include "signals.h"

namespace crossfoot::app {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_differs = 1;   ///< it ran, and something does not tie out
constexpr int exit_unusable = 2;  ///< it could not run

int report(const Fault& fault) {
  fmt::print(stderr, "{} {}: {}\n", fault.code, fault.where, fault.cause);
  return exit_unusable;
}

int print_faults(const LoadedConfig& loaded, const std::string& file) {
  for (const ConfigFault& fault : loaded.faults) {
    fmt::print(stderr, "{}:{}: {} {}: {}\n", file, fault.line, fault.code, fault.key, fault.text);
  }
  return exit_unusable;
}

int serve(const std::string& file) {
  const LoadedConfig loaded = load_config(file);
  if (!loaded.faults.empty()) return print_faults(loaded, file);
  runtime::Log log(*runtime::parse_log_level(loaded.config.log_level));
  StopSignals signals;
  auto server = Server::start(loaded.config, log);
  if (!server) return report(server.error());
  fmt::print("listening {}\n", (*server)->url());
  std::fflush(stdout);
  signals.wait();
  (*server)->stop(std::chrono::seconds{10});
  return exit_ok;
}

int check(const std::string& file) {
  const LoadedConfig loaded = load_config(file);
  if (!loaded.faults.empty()) return print_faults(loaded, file);
  int result = exit_ok;
  for (const ConnectorConfig& connector : loaded.config.connectors) {
    for (const auto& fault : connector::load_pack(connector.pack).faults) {
      fmt::print(stderr, "{}:{}: {}\n", fault.file, fault.line, fault.message);
      result = exit_unusable;
    }
  }
  if (result == exit_ok) fmt::print("{}: the configuration can be used\n", file);
  return result;
}

struct ImportArguments {
  std::string format;
  std::vector<std::string> files;
  std::string to;
  std::string data;
  bool json = false;
  bool no_reconcile = false;
};

int finish_import(const Result<ImportReport>& report_or, bool json) {
  if (!report_or) return report(report_or.error());
  fmt::print("{}", json ? report_or->json() + "\n" : report_or->text());
  bool tied = report_or->adds_up() && report_or->in_flight.rows == 0;
  if (!report_or->reconciliation.empty()) {
    if (!json) fmt::print("{}", describe_reconciliation(report_or->reconciliation));
    const auto summary = summarise_reconciliation(report_or->reconciliation);
    tied = tied && summary && summary->ties_out();
  }
  return tied ? exit_ok : exit_differs;
}

int import(const ImportArguments& arguments) {
  if (arguments.format != "online-retail") {
    return report({.code = "CF-4006",
                   .fault_class = FaultClass::rejected,
                   .where = arguments.format,
                   .cause = "no such format; known: online-retail"});
  }
  ImportOptions options;
  options.files.assign(arguments.files.begin(), arguments.files.end());
  options.reconcile = !arguments.no_reconcile;
  if (!arguments.to.empty()) {
    ApiClient api(arguments.to);
    return finish_import(import_online_retail(options, api), arguments.json);
  }
  runtime::Log log(runtime::LogLevel::warning);
  LocalStackOptions stack_options;
  stack_options.data = arguments.data;
  stack_options.programme_currency = "GBP";
  auto stack = LocalStack::start(stack_options, log);
  if (!stack) return report(stack.error());
  ApiClient api((*stack)->server().url());
  const auto outcome = import_online_retail(options, api);
  return finish_import(outcome, arguments.json);
}

int run_reconcile(const std::string& to, const std::string& from_day, const std::string& to_day,
                  bool json) {
  const auto from = parse_business_date(from_day);
  const auto until = parse_business_date(to_day);
  if (!from || !until || *until < *from) {
    fmt::print(stderr, "CF-1204 --from and --until: two days as YYYY-MM-DD, in order\n");
    return exit_unusable;
  }
  ApiClient api(to);
  const auto outcome = reconcile(api, *from, *until);
  if (!outcome) return report(outcome.error());
  fmt::print("{}", json ? *outcome + "\n" : describe_reconciliation(*outcome));
  const auto summary = summarise_reconciliation(*outcome);
  return summary && summary->ties_out() ? exit_ok : exit_differs;
}

int run_replay(const std::string& to, const ReplayArguments& arguments, bool json) {
  ApiClient api(to);
  const auto outcome = replay(api, arguments);
  if (!outcome) return report(outcome.error());
  fmt::print("{}", json ? *outcome + "\n" : describe_replay(*outcome));
  return exit_ok;
}

int print_pauses(const Result<std::string>& outcome, bool json) {
  if (!outcome) return report(outcome.error());
  fmt::print("{}", json ? *outcome + "\n" : describe_pauses(*outcome));
  return exit_ok;
}

int test_connector(const std::string& pack) {
  const connector::PackReport outcome = connector::test_pack(pack);
  fmt::print("{}", connector::to_text(outcome));
  return outcome.passed() ? exit_ok : exit_differs;
}

int new_connector(const std::string& name) {
  const std::filesystem::path target = name;
  std::error_code failed;
  if (std::filesystem::exists(target)) {
    fmt::print(stderr, "CF-8121 {}: there is something already\n", name);
    return exit_unusable;
  }
  std::filesystem::copy(packs_folder() / "generic-http", target,
                        std::filesystem::copy_options::recursive, failed);
  if (failed) {
    fmt::print(stderr, "CF-8121 {}: {}\n", name, failed.message());
    return exit_unusable;
  }
  fmt::print("{}: edit connector.yaml, then try `crossfoot connector test {}`\n", name, name);
  return exit_ok;
}

CLI::App* add_store_command(CLI::App& parent, const char* name, const char* about,
                            AuditArguments& arguments) {
  auto* command = parent.add_subcommand(name, about);
  auto* config = command->add_option("--config", arguments.config, "Configuration file");
  auto* data = command->add_option("--data", arguments.data, "Folder of the data store");
  config->excludes(data);
  command->add_flag("--json", arguments.json, "For programs");
  command->parse_complete_callback([&arguments] {
    if (arguments.config.empty() && arguments.data.empty()) {
      throw CLI::RequiredError("--config or --data");
    }
  });
  return command;
}

void add_audit_commands(CLI::App& app, AuditArguments& arguments, int& result) {
  auto* audit = app.add_subcommand("audit", "The journal: is it whole, what does it say");
  audit->require_subcommand(1);
  auto* verify =
      add_store_command(*audit, "verify", "Compare the journal with its signed anchors", arguments);
  verify->add_option("--anchor", arguments.anchor, "Anchor file or folder from another place");
  verify->add_option("--key", arguments.key, "Public key; default: the one beside the data store");
  verify->callback([&] { result = audit_verify(arguments); });
  auto* print = add_store_command(*audit, "export", "Print journal entries", arguments);
  print->callback([&] { result = audit_export(arguments); });
  auto* replay =
      add_store_command(*audit, "replay", "Decide the flows again and compare", arguments);
  replay->callback([&] { result = audit_replay(arguments); });
  for (CLI::App* one : {print, replay}) {
    one->add_option("--from", arguments.from, "Day or time; default: the first entry");
    one->add_option("--until,--to", arguments.until, "Day or time; default: the last entry");
  }
}

void add_restored_command(CLI::App& app, RestoredArguments& arguments, int& result) {
  auto* command = app.add_subcommand(
      "restored", "Mark a data store as restored from a backup, before its server starts");
  command->add_option("--config", arguments.config, "Configuration file")->required();
  command->add_option("--at", arguments.at,
                      "When the lost server was surely gone, as RFC 3339; default: now");
  command->add_flag("--json", arguments.json, "For programs");
  command->callback([&] { result = mark_restored(arguments); });
}

void add_migrate_command(CLI::App& app, MigrateArguments& arguments, int& result) {
  auto* command = app.add_subcommand(
      "migrate", "Move a stopped embedded data store into an empty PostgreSQL database");
  command->add_option("--from", arguments.from, "Data folder of the stopped server")->required();
  command
      ->add_option("--to", arguments.to, "PostgreSQL's connection string, or env:NAME or file:PATH")
      ->required();
  command->add_option("--anchor", arguments.anchor, "Anchor folder; default: beside the data");
  command->add_option("--key", arguments.key, "Public key; default: the one in the data folder");
  command->add_flag("--verify-only", arguments.verify_only, "Compare, write nothing");
  command->add_flag("--json", arguments.json, "For programs");
  command->callback([&] { result = migrate(arguments); });
}

int validate(const ValidateOptions& options, bool json) {
  const ValidationReport outcome = validate_files(options);
  fmt::print("{}", json ? outcome.json() : outcome.text());
  fmt::print(stderr, "{}", outcome.faults());
  return outcome.exit_status();
}

int say(const CommandOutcome& outcome) {
  fmt::print("{}", outcome.out);
  fmt::print(stderr, "{}", outcome.faults);
  return outcome.status;
}

struct ContractOptions {
  RegistryLintOptions lint{.folder = "api/contracts"};
  ContractDiffOptions diff{.folder = "api/contracts"};
  ContractTestOptions test{.folder = "api/contracts"};
  std::string today;
};

void add_lint(CLI::App& contract, ContractOptions& options, int& result) {
  auto* lint = contract.add_subcommand(
      "lint", "Judge a registry of contracts; exit status 0 no errors, 1 some, 2 unusable");
  lint->add_option("folder", options.lint.folder, "Folder of the registry")->capture_default_str();
  lint->add_option("--today", options.today, "Judge as of this day (YYYY-MM-DD)");
  lint->add_option("--callers", options.lint.callers,
                   "Saved answer of GET /v1/contracts/{name}/consumers; repeatable")
      ->allow_extra_args(false);
  lint->add_flag("--json", options.lint.json, "Report for programs");
  lint->callback([&] {
    options.lint.today = parse_business_date(options.today);
    if (!options.today.empty() && !options.lint.today) {
      result = report({.code = std::string(contract::error_code::date_out_of_range),
                       .fault_class = FaultClass::rejected,
                       .where = "--today",
                       .cause = "expected YYYY-MM-DD"});
      return;
    }
    result = say(lint_registry(options.lint));
  });
}

void add_registry_commands(CLI::App& contract, ContractOptions& options, int& result) {
  add_lint(contract, options, result);
  auto* diff = contract.add_subcommand(
      "diff", "Compare two versions; exit status 0 compatible, 1 not, 2 unusable");
  diff->add_option("older", options.diff.older, "A schema's file, or NAME@VERSION")->required();
  diff->add_option("newer", options.diff.newer, "A schema's file, or NAME@VERSION")->required();
  diff->add_option("--direction", options.diff.direction,
                   "backward: the newer reads older documents; forward: the older newer ones; full")
      ->check(CLI::IsMember({"backward", "forward", "full"}))
      ->capture_default_str();
  diff->add_option("--registry", options.diff.folder, "Folder of the registry")
      ->capture_default_str();
  diff->add_flag("--tolerate-additions", options.diff.tolerate_additions,
                 "A field described for the first time in an open object only warns");
  diff->add_flag("--json", options.diff.json, "Report for programs");
  diff->callback([&] { result = say(diff_contracts(options.diff)); });
  auto* test = contract.add_subcommand(
      "test",
      "Try messages or a running server by a contract; exit status 0 kept, 1 not, 2 unusable");
  test->add_option("contract", options.test.contract, "NAME, NAME@MAJOR or NAME@VERSION")
      ->required();
  test->add_option("--messages", options.test.messages,
                   "Messages of a consumer: .ndjson and .jsonl one a line, else one document");
  test->add_option("--provider", options.test.provider,
                   "URL of a running server: hand it the examples, judge its answers");
  test->add_option("--registry", options.test.folder, "Folder of the registry")
      ->capture_default_str();
  test->add_flag("--json", options.test.json, "Report for programs");
  test->callback([&] { result = say(test_contract(options.test)); });
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app{"Crossfoot: retail integration that proves its books agree", "crossfoot"};
  app.require_subcommand(1);
  int result = exit_ok;

  std::string config_file;
  auto* serve_command = app.add_subcommand("serve", "Run the server");
  serve_command->add_option("--config", config_file, "Configuration file")->required();
  serve_command->callback([&] { result = serve(config_file); });

  auto* check_command = app.add_subcommand("check", "Explain every fault of a configuration");
  check_command->add_option("--config", config_file, "Configuration file")->required();
  check_command->callback([&] { result = check(config_file); });

  DemoOptions demo_options;
  auto* demo_command =
      app.add_subcommand("demo", "Sandbox systems and a weekend's story, then the proof");
  demo_command->add_flag("--once", demo_options.once,
                         "Stop by itself; exit status 0 only if everything tied out");
  demo_command->add_option("--data", demo_options.data, "Folder; default: a temporary one");
  demo_command->add_option("--port", demo_options.port, "Port of the server (default 8080)");
  demo_command->add_option("--seed", demo_options.seed, "Of the story and of the faults");
  demo_command->callback([&] { result = run_demo(demo_options); });

  ImportArguments import_arguments;
  auto* import_command = app.add_subcommand("import", "Take files through the front door");
  import_command->add_option("format", import_arguments.format, "online-retail")->required();
  import_command->add_option("files", import_arguments.files, "csv or csv.gz")->required();
  auto* to = import_command->add_option("--to", import_arguments.to,
                                        "URL of a running server; else an embedded one starts");
  import_command
      ->add_option("--data", import_arguments.data, "Folder of the embedded server's store")
      ->default_str("crossfoot-data")
      ->excludes(to);
  import_command->add_flag("--json", import_arguments.json, "Report for programs");
  import_command->add_flag("--no-reconcile", import_arguments.no_reconcile,
                           "Do not compare the three sides afterwards");
  import_command->callback([&] {
    if (import_arguments.data.empty()) import_arguments.data = "crossfoot-data";
    result = import(import_arguments);
  });

  std::string url = "http://127.0.0.1:8080";
  std::string from_day;
  std::string to_day;
  bool json = false;
  auto* reconcile_app = app.add_subcommand("reconcile", "Compare channel, ERP and loyalty");
  reconcile_app->add_option("--to", url, "URL of the server")->capture_default_str();
  reconcile_app->add_option("--from", from_day, "First business date")->required();
  reconcile_app->add_option("--until", to_day, "Last business date")->required();
  reconcile_app->add_flag("--json", json, "Report for programs");
  reconcile_app->callback([&] { result = run_reconcile(url, from_day, to_day, json); });

  ReplayArguments replay_arguments;
  auto* replay_app =
      app.add_subcommand("replay", "Count the stuck legs that match, or with --run let them go on");
  replay_app->add_option("--to", url, "URL of the server")->capture_default_str();
  replay_app->add_option("--code", replay_arguments.code, "Cause, such as CF-3102");
  replay_app->add_option("--target", replay_arguments.target, "Of the leg");
  replay_app->add_option("--shop", replay_arguments.shop, "Of the receipt");
  replay_app->add_option("--member", replay_arguments.member, "Of the receipt");
  replay_app->add_option("--channel", replay_arguments.channel, "Of the receipt");
  replay_app->add_option("--from", replay_arguments.from, "First business date");
  replay_app->add_option("--until", replay_arguments.until, "Last business date");
  replay_app->add_flag("--dead-only", replay_arguments.dead_only, "Not what is parked");
  replay_app->add_option("--rate", replay_arguments.flows_per_second, "Flows a second, 1 to 10000")
      ->capture_default_str();
  replay_app->add_option("--by", replay_arguments.by, "Who decides; stays in the timeline")
      ->required();
  replay_app->add_option("--reason", replay_arguments.reason, "Why; stays in the timeline")
      ->required();
  replay_app->add_flag("--run", replay_arguments.run, "Without it everything is only counted");
  replay_app->add_flag("--json", json, "Report for programs");
  replay_app->callback([&] { result = run_replay(url, replay_arguments, json); });

  PauseArguments pause_arguments;
  const auto add_pause_command = [&](const char* name, const char* about) {
    auto* command = app.add_subcommand(name, about);
    command->add_option("--to", url, "URL of the server")->capture_default_str();
    command->add_flag("--json", json, "Report for programs");
    command->add_option("kind", pause_arguments.kind, "What it is")
        ->check(CLI::IsMember({"target", "shop", "member", "region", "key"}));
    command->add_option("value", pause_arguments.value, "Which one");
    command->add_option("--by", pause_arguments.by, "Who decides");
    command->add_option("--reason", pause_arguments.reason, "Why");
    return command;
  };
  auto* pause_app = add_pause_command("pause", "Hold something back; without a kind, list");
  pause_app->callback([&] {
    ApiClient api(url);
    result = print_pauses(start_pause(api, pause_arguments), json);
  });
  auto* resume_app = add_pause_command("resume", "Let go on what is held back");
  resume_app->get_option("kind")->required();
  resume_app->get_option("value")->required();
  resume_app->callback([&] {
    ApiClient api(url);
    result = print_pauses(end_pause(api, pause_arguments), json);
  });

  auto* sandbox_command = app.add_subcommand("sandbox", "Run one stand-in system");
  sandbox_command->require_subcommand(1);
  sandbox::SandboxOptions sandbox_options;
  sandbox_options.parent_pid_death = false;
  for (const char* kind : {"erp", "loyalty"}) {
    auto* one = sandbox_command->add_subcommand(kind, fmt::format("A stand-in {}", kind));
    one->add_option("--address", sandbox_options.address, "Where it listens")
        ->capture_default_str();
    one->add_option("--port", sandbox_options.port, "0 takes a free one");
    one->add_option("--data", sandbox_options.data, "Folder of its books")->required();
    one->add_option("--seed", sandbox_options.seed, "Of its faults");
    one->add_option("--programme", sandbox_options.programme, "File with the loyalty rules");
    one->callback([&, erp = std::string_view(kind) == "erp"] {
      result = erp ? sandbox::run_erp(sandbox_options) : sandbox::run_loyalty(sandbox_options);
    });
  }

  AccessArguments access_arguments;
  add_access_commands(app, access_arguments, result);

  AuditArguments audit_arguments;
  add_audit_commands(app, audit_arguments, result);

  RestoredArguments restored_arguments;
  add_restored_command(app, restored_arguments, result);

  MigrateArguments migrate_arguments;
  add_migrate_command(app, migrate_arguments, result);

  std::string pack;
  auto* connector_command = app.add_subcommand("connector", "Connector packs");
  connector_command->require_subcommand(1);
  auto* connector_test =
      connector_command->add_subcommand("test", "Run a pack's examples without the system");
  connector_test->add_option("pack", pack, "Folder of the pack")->required();
  connector_test->callback([&] { result = test_connector(pack); });
  auto* connector_new = connector_command->add_subcommand("new", "Start a pack from the example");
  connector_new->add_option("name", pack, "Folder to make")->required();
  connector_new->callback([&] { result = new_connector(pack); });

  ValidateOptions validate_options;
  auto* contract_app =
      app.add_subcommand("contract", "Contracts: schemas, versions, who keeps them");
  contract_app->require_subcommand(1);
  auto* validate_app = contract_app->add_subcommand(
      "validate",
      "Judge JSON files by a JSON Schema 2020-12; exit status 0 all valid, 1 some not, 2 unusable");
  validate_app->add_option("schema", validate_options.schema, "File of the schema")->required();
  validate_app->add_option("instances", validate_options.instances, "Files to judge")->required();
  validate_app
      ->add_option("--remotes", validate_options.remotes,
                   "FOLDER=URI: documents whose URI begins so are files there; repeatable")
      ->allow_extra_args(false);
  validate_app->add_flag("--format-assertion", validate_options.assert_formats,
                         "A text that is not of its format is an error");
  validate_app->add_option("--errors", validate_options.errors_max, "At most so many of each file")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  validate_app->add_flag("--json", json, "Report for programs");
  validate_app->callback([&] { result = validate(validate_options, json); });

  ContractOptions contract_options;
  add_registry_commands(*contract_app, contract_options, result);

  auto* reference = app.add_subcommand("reference", "Print generated documents");
  reference->require_subcommand(1);
  reference->add_subcommand("configuration", "The settings, in Markdown")->callback([] {
    fmt::print("{}", config_reference());
  });
  reference->add_subcommand("configuration-schema", "JSON Schema of the configuration")
      ->callback([] { fmt::print("{}\n", config_schema()); });

  reference->add_subcommand("contract-schema", "JSON Schema of a contract's description")
      ->callback([] { fmt::print("{}\n", contract::registry::description_schema()); });

  reference->add_subcommand("policy", "What follows from faults and events, in Markdown")
      ->callback([] { fmt::print("{}", policy_reference()); });

  app.add_subcommand("version", "Print the version")->callback([] {
    fmt::print("crossfoot {}\n", CROSSFOOT_VERSION);
  });

  CLI11_PARSE(app, argc, argv);
  return result;
}

}  // namespace crossfoot::app

int main(int argc, char** argv) {
  return crossfoot::app::run(argc, argv);
}
