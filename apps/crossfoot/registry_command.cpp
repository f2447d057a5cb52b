#include "registry_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "api_client.h"
#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/registry/compatibility.h"
#include "contract/registry/lint.h"
#include "contract/registry/registry.h"
#include "runtime/asio_scheduler.h"
#include "runtime/files.h"

namespace crossfoot::app {

namespace registry = contract::registry;
namespace schema = contract::schema;
namespace error_code = contract::error_code;

namespace {

constexpr std::size_t file_bytes_max = 8UL << 20;

/// A registry on disk.
struct Folder {
  registry::ReadFile read;
  registry::Registry registry;
};

Result<Folder> open_folder(const std::filesystem::path& path) {
  Folder folder;
  folder.read = [path](const std::string& file) {
    return runtime::read_file(path / file, file_bytes_max);
  };
  std::vector<std::string> files;
  std::error_code fault;
  for (const auto& entry : std::filesystem::directory_iterator(path, fault)) {
    if (entry.is_regular_file()) files.push_back(entry.path().filename());
  }
  if (fault) {
    return fail({.code = std::string(error_code::invalid_contract),
                 .fault_class = FaultClass::not_found,
                 .where = path.string(),
                 .cause = "the registry's folder cannot be read"});
  }
  auto loaded = registry::load_registry(files, folder.read);
  if (!loaded) return fail(loaded.error());
  folder.registry = std::move(*loaded);
  return folder;
}

BusinessDate utc_date_of_the_clock() {
  boost::asio::io_context context;
  return utc_date(runtime::AsioScheduler(context).now());
}

CommandOutcome unusable(const Fault& fault, bool json) {
  CommandOutcome outcome{.status = 2};
  outcome.faults = fmt::format("{} {}: {}\n", fault.code, fault.where, fault.cause);
  if (json) {
    contract::JsonWriter out;
    out.begin_object().key("fault").begin_object().member("code", fault.code);
    out.member("where", fault.where).member("cause", fault.cause).end_object().end_object();
    outcome.out = out.newline().take();
  }
  return outcome;
}

std::string subject(std::string_view contract, std::string_view version) {
  return version.empty() ? std::string(contract) : fmt::format("{}@{}", contract, version);
}

struct Callers {
  std::vector<registry::Caller> list;
  std::map<std::string, BusinessDate> since;  ///< by contract
};

/// What the server has counted of one contract's callers.
Status read_callers(const std::filesystem::path& file, Callers& callers) {
  auto text = runtime::read_file(file, file_bytes_max);
  if (!text) return fail(text.error());
  const auto document = schema::JsonDocument::parse(std::move(*text));
  if (!document) return fail(document.error());
  const auto text_of = [](const schema::Json& object, std::string_view name) {
    const schema::Json* found = object.find(name);
    const bool good = found != nullptr && found->is(schema::JsonKind::text);
    return good ? std::string(found->text()) : std::string();
  };
  const std::string contract = text_of(document->root(), "contract");
  const schema::Json* items = document->root().find("callers");
  const bool listed = items != nullptr && items->is(schema::JsonKind::array);
  const auto refuse = [&] {
    return fail({.code = std::string(error_code::invalid_contract),
                 .fault_class = FaultClass::rejected,
                 .where = file.string(),
                 .cause = "expected the answer of /v1/contracts/{name}/consumers"});
  };
  const auto since = parse_instant(text_of(document->root(), "counted_since"));
  if (contract.empty() || !listed || !since) return refuse();
  callers.since.insert_or_assign(contract, utc_date(*since));
  for (const schema::Json& one : items->elements()) {
    const auto last = parse_instant(text_of(one, "last_at"));
    if (!last) return refuse();
    callers.list.push_back(
        {contract, text_of(one, "version"), text_of(one, "caller"), utc_date(*last)});
  }
  return {};
}

std::string lint_text(const std::vector<registry::Finding>& findings, std::size_t contracts,
                      std::size_t errors) {
  std::string out;
  for (const registry::Finding& one : findings) {
    out += fmt::format("{} {} {} {}: {}\n", one.error ? "error  " : "warning",
                       subject(one.contract, one.version), one.rule,
                       one.place.empty() ? "-" : one.place, one.message);
  }
  out += fmt::format("{} contracts, {} errors, {} warnings\n", contracts, errors,
                     findings.size() - errors);
  return out;
}

std::string lint_json(const std::vector<registry::Finding>& findings, std::size_t contracts,
                      std::size_t errors) {
  contract::JsonWriter out;
  out.begin_object().member("contracts", contracts).member("errors", errors);
  out.member("warnings", findings.size() - errors).key("findings").begin_array();
  for (const registry::Finding& one : findings) {
    out.begin_object().member("severity", one.error ? "error" : "warning");
    out.member("code", error_code::registry_rule_broken).member("rule", one.rule);
    out.member("contract", one.contract).member_or_null("version", one.version);
    out.member("place", one.place).member("message", one.message).end_object();
  }
  out.end_array().end_object();
  return out.newline().take();
}

}  // namespace

CommandOutcome lint_registry(const RegistryLintOptions& options) {
  auto folder = open_folder(options.folder);
  if (!folder) return unusable(folder.error(), options.json);
  Callers callers;
  for (const auto& file : options.callers) {
    const Status read = read_callers(file, callers);
    if (!read) return unusable(read.error(), options.json);
  }
  const BusinessDate today = options.today ? *options.today : utc_date_of_the_clock();
  const auto findings = registry::lint(
      {folder->registry, folder->read, today, std::move(callers.list), std::move(callers.since)});
  const auto errors =
      static_cast<std::size_t>(std::ranges::count(findings, true, &registry::Finding::error));
  const std::size_t contracts = folder->registry.contracts.size();
  return {.status = errors == 0 ? 0 : 1,
          .out = options.json ? lint_json(findings, contracts, errors)
                              : lint_text(findings, contracts, errors)};
}

namespace {

/// A file beside whose folder its relative references lie, or a version of the registry.
Result<schema::Schema> open_schema(const std::string& name, const std::filesystem::path& root) {
  if (!std::filesystem::is_regular_file(name)) {
    const auto folder = open_folder(root);
    if (!folder) return fail(folder.error());
    const auto found = folder->registry.resolve(name);
    if (!found) return fail(found.error());
    return registry::compile_version(folder->registry, *found->second, folder->read);
  }
  const std::filesystem::path file(name);
  registry::Registry one;
  if (const auto policy = runtime::read_file(root / "registry.json", file_bytes_max)) {
    auto parsed = registry::parse_policy(*policy);
    if (!parsed) return fail(parsed.error());
    one.policy = std::move(*parsed);
  }
  registry::Version version;
  version.schema = std::filesystem::absolute(file).string();
  // Documents are named as seen from the registry's folder; the schema itself absolutely.
  return registry::compile_version(one, version, [&root](const std::string& path) {
    return runtime::read_file(root / path, file_bytes_max);
  });
}

std::string diff_text(const ContractDiffOptions& options, const registry::Comparison& result) {
  std::string out;
  for (const registry::Change& one : result.changes) {
    out += fmt::format("{:9} {:8} {} {}: {} [{}]\n", registry::to_string(one.severity),
                       registry::to_string(one.direction),
                       one.instance.empty() ? "the whole" : one.instance, one.keyword, one.message,
                       one.schema);
  }
  out += result.compatible()
             ? fmt::format("{} compatible: {} -> {}\n", options.direction, options.older,
                           options.newer)
             : fmt::format("{} not {} compatible: {} -> {}\n", error_code::breaking_change,
                           options.direction, options.older, options.newer);
  return out;
}

std::string diff_json(const ContractDiffOptions& options, const registry::Comparison& result) {
  contract::JsonWriter out;
  out.begin_object().member("older", options.older).member("newer", options.newer);
  out.member("direction", options.direction).member("compatible", result.compatible());
  out.key("changes").begin_array();
  for (const registry::Change& one : result.changes) {
    out.begin_object().member("severity", registry::to_string(one.severity));
    out.member("direction", registry::to_string(one.direction));
    out.member("instance_pointer", one.instance).member("schema_pointer", one.schema);
    out.member("keyword", one.keyword).member("message", one.message).end_object();
  }
  out.end_array().end_object();
  return out.newline().take();
}

}  // namespace

CommandOutcome diff_contracts(const ContractDiffOptions& options) {
  const auto older = open_schema(options.older, options.folder);
  if (!older) return unusable(older.error(), options.json);
  const auto newer = open_schema(options.newer, options.folder);
  if (!newer) return unusable(newer.error(), options.json);
  const auto result =
      registry::compare_versions(*older, *newer,
                                 {.backward = options.direction != "forward",
                                  .forward = options.direction != "backward",
                                  .tolerate_additions = options.tolerate_additions});
  return {.status = result.compatible() ? 0 : 1,
          .out = options.json ? diff_json(options, result) : diff_text(options, result)};
}

namespace {

/// One message or example, and what was wrong with it.
struct Trial {
  std::string name;  ///< file, with the line where it has several
  std::vector<schema::SchemaError> errors;
  std::string cause;  ///< empty: nothing but the errors stands against it

  [[nodiscard]] bool good() const { return errors.empty() && cause.empty(); }
};

void judge(const schema::Schema& compiled, std::string text, Trial& trial) {
  const auto document = schema::JsonDocument::parse(std::move(text));
  if (!document) {
    trial.cause = fmt::format("{} {}: {}", document.error().code, document.error().where,
                              document.error().cause);
    return;
  }
  auto verdict = compiled.validate(document->root());
  if (!verdict) {
    trial.cause = verdict.error().cause;
    return;
  }
  trial.errors = std::move(verdict->errors);
}

Status try_messages(const schema::Schema& compiled, const std::filesystem::path& file,
                    std::vector<Trial>& trials) {
  auto text = runtime::read_file(file);
  if (!text) return fail(text.error());
  const auto extension = file.extension();
  if (extension != ".ndjson" && extension != ".jsonl") {
    judge(compiled, std::move(*text), trials.emplace_back(Trial{file.string(), {}, {}}));
    return {};
  }
  std::size_t number = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    judge(compiled, std::string(line),
          trials.emplace_back(Trial{fmt::format("{}:{}", file.string(), number), {}, {}}));
  }
  return {};
}

/// The running server under test and what its API declares.
class Provider {
 public:
  Provider(const Folder& folder, const registry::ProviderRoute& route, const std::string& url)
      : folder_(folder), route_(route), api_(url) {}

  Status open() {
    auto text = folder_.read(folder_.registry.policy.openapi);
    if (!text) return fail(text.error());
    openapi_ = std::move(*text);
    return {};
  }

  void try_example(const std::string& file, Trial& trial) {
    auto body = folder_.read(file);
    if (!body) {
      trial.cause = body.error().cause;
      return;
    }
    const auto method = route_.method == "PUT" ? runtime::Method::put : runtime::Method::post;
    const auto answer = api_.call(method, route_.path, std::move(*body));
    if (!answer) {
      trial.cause = fmt::format("{} {}", answer.error().where, answer.error().cause);
      return;
    }
    if (answer->status < 200 || answer->status > 299) {
      trial.cause = fmt::format("status {}: {}", answer->status,
                                std::string_view(answer->body).substr(0, 300));
      return;
    }
    const auto shape = shape_of(answer->status);
    if (!shape) {
      trial.cause = fmt::format("status {} is not declared with a shape: {}", answer->status,
                                shape.error().cause);
      return;
    }
    judge(*shape, answer->body, trial);
  }

 private:
  /// The declared schema of an answer. An OpenAPI 3.1 document is one of JSON Schema 2020-12.
  Result<schema::Schema> shape_of(int status) {
    std::string pointer = "/paths";
    std::string method = route_.method;
    std::ranges::transform(method, method.begin(),
                           [](char c) { return static_cast<char>(c | 32); });
    for (const std::string& token :
         {route_.path, method, std::string("responses"), std::to_string(status),
          std::string("content"), std::string("application/json"), std::string("schema")}) {
      schema::append_token(pointer, token);
    }
    contract::JsonWriter out;
    out.begin_object().member("$ref", "openapi.json#" + pointer).end_object();
    schema::SchemaOptions options;
    options.assert_formats = true;
    options.fetch = [this](const std::string&) -> Result<std::string> { return openapi_; };
    return schema::Schema::compile(out.take(), options);
  }

  const Folder& folder_;
  const registry::ProviderRoute& route_;
  ApiClient api_;
  std::string openapi_;
};

std::string test_text(const std::string& name, const std::vector<Trial>& trials, std::size_t good) {
  std::string out;
  for (const Trial& one : trials) {
    if (one.good()) continue;
    out += fmt::format("{}: {} not as agreed\n", one.name, error_code::contract_not_kept);
    if (!one.cause.empty()) out += fmt::format("  {}\n", one.cause);
    for (const schema::SchemaError& error : one.errors) {
      out += fmt::format("  {}: {}  [{}]\n",
                         error.instance.empty() ? "the whole document" : error.instance,
                         error.message, error.schema);
    }
  }
  out += fmt::format("{}: {} of {} as agreed\n", name, good, trials.size());
  return out;
}

std::string test_json(std::string_view contract, std::string_view version,
                      const std::vector<Trial>& trials, std::size_t good) {
  contract::JsonWriter out;
  out.begin_object().member("contract", contract).member("version", version);
  out.member("tried", trials.size()).member("good", good).key("trials").begin_array();
  for (const Trial& one : trials) {
    out.begin_object().member("name", one.name).member("good", one.good());
    out.member_or_null("cause", one.cause).key("errors").begin_array();
    for (const schema::SchemaError& error : one.errors) {
      out.begin_object().member("instance_pointer", error.instance);
      out.member("schema_pointer", error.schema).member("keyword", error.keyword);
      out.member("message", error.message).end_object();
    }
    out.end_array().end_object();
  }
  out.end_array().end_object();
  return out.newline().take();
}

}  // namespace

CommandOutcome test_contract(const ContractTestOptions& options) {
  const auto folder = open_folder(options.folder);
  if (!folder) return unusable(folder.error(), options.json);
  const auto found = folder->registry.resolve(options.contract);
  if (!found) return unusable(found.error(), options.json);
  const auto& [contract, version] = *found;
  const auto compiled = registry::compile_version(folder->registry, *version, folder->read);
  if (!compiled) return unusable(compiled.error(), options.json);
  std::vector<Trial> trials;
  for (const auto& file : options.messages) {
    const Status read = try_messages(*compiled, file, trials);
    if (!read) return unusable(read.error(), options.json);
  }
  if (!options.provider.empty()) {
    if (!contract->provider) {
      return unusable({.code = std::string(error_code::invalid_contract),
                       .fault_class = FaultClass::rejected,
                       .where = contract->name + ".json:/provider",
                       .cause = "the contract does not say how its documents are handed over"},
                      options.json);
    }
    Provider provider(*folder, *contract->provider, options.provider);
    if (const Status open = provider.open(); !open) return unusable(open.error(), options.json);
    for (const std::string& file : version->examples) {
      provider.try_example(file, trials.emplace_back(Trial{file, {}, {}}));
    }
  } else if (options.messages.empty()) {
    for (const std::string& file : version->examples) {
      const Status read = try_messages(*compiled, options.folder / file, trials);
      if (!read) return unusable(read.error(), options.json);
    }
  }
  const auto good = static_cast<std::size_t>(std::ranges::count_if(trials, &Trial::good));
  const std::string number = registry::to_string(version->number);
  return {.status = good == trials.size() ? 0 : 1,
          .out = options.json ? test_json(contract->name, number, trials, good)
                              : test_text(subject(contract->name, number), trials, good)};
}

}  // namespace crossfoot::app
