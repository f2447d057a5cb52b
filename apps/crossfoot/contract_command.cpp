#include "contract_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/schema/uri.h"
#include "runtime/files.h"

namespace crossfoot::app {

namespace schema = contract::schema;

namespace {

struct Remote {
  std::filesystem::path folder;
  std::string uri;
};

Result<std::vector<Remote>> parse_remotes(const std::vector<std::string>& texts) {
  std::vector<Remote> remotes;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const bool named = equals != std::string::npos && equals > 0 && equals + 1 < text.size();
    if (!named || !std::filesystem::is_directory(text.substr(0, equals))) {
      return fail({.code = std::string(contract::error_code::unresolved_reference),
                   .fault_class = FaultClass::rejected,
                   .where = "--remotes " + text,
                   .cause = "expected FOLDER=URI with a folder that is there"});
    }
    std::string uri = text.substr(equals + 1);
    if (uri.ends_with('/')) uri.pop_back();
    remotes.push_back({text.substr(0, equals), std::move(uri)});
  }
  return remotes;
}

/// The documents that a schema may refer to. A URI never leads out of the folder it belongs to.
class Documents {
 public:
  Documents(std::vector<Remote> remotes, std::filesystem::path beside)
      : remotes_(std::move(remotes)), beside_(std::move(beside)) {}

  [[nodiscard]] Result<std::string> read(const std::string& uri) const {
    for (const Remote& remote : remotes_) {
      if (!uri.starts_with(remote.uri)) continue;
      const std::string_view rest = std::string_view(uri).substr(remote.uri.size());
      if (!rest.starts_with('/')) continue;
      auto text = read_under(remote.folder, rest.substr(1));
      if (text) return text;
    }
    if (!schema::split_uri(uri).scheme && !uri.starts_with('/')) return read_under(beside_, uri);
    return fail(absent("no --remotes has it"));
  }

 private:
  static Fault absent(std::string cause) {
    return {.code = std::string(contract::error_code::unresolved_reference),
            .fault_class = FaultClass::not_found,
            .where = {},
            .cause = std::move(cause)};
  }

  static Result<std::string> read_under(const std::filesystem::path& folder,
                                        std::string_view name) {
    const auto decoded = schema::percent_decode(name);
    if (!decoded || decoded->empty() || decoded->contains('\0')) {
      return fail(absent("the URI is no file's name"));
    }
    const std::filesystem::path path(*decoded);
    const bool leaves = path.is_absolute() ||
                        std::ranges::any_of(path, [](const auto& part) { return part == ".."; });
    if (leaves) return fail(absent("the URI leads out of its folder"));
    return runtime::read_file(folder / path, schema::SchemaLimits{}.json.bytes_max);
  }

  std::vector<Remote> remotes_;
  std::filesystem::path beside_;
};

Result<schema::Schema> compile(const ValidateOptions& options) {
  auto remotes = parse_remotes(options.remotes);
  if (!remotes) return fail(remotes.error());
  schema::SchemaOptions compile_options;
  compile_options.assert_formats = options.assert_formats;
  auto text = runtime::read_file(options.schema, compile_options.limits.json.bytes_max);
  if (!text) return fail(text.error());
  const Documents documents(std::move(*remotes), options.schema.parent_path());
  compile_options.fetch = [&documents](const std::string& uri) { return documents.read(uri); };
  auto compiled = schema::Schema::compile(std::move(*text), compile_options);
  if (!compiled) {
    Fault fault = compiled.error();
    const bool place = fault.where.starts_with('#') || fault.where.find("://") == std::string::npos;
    if (place) fault.where = options.schema.string() + ":" + fault.where;
    return fail(std::move(fault));
  }
  return compiled;
}

Result<schema::Verdict> judge(const schema::Schema& compiled, const std::filesystem::path& file,
                              std::size_t errors_max) {
  const schema::JsonLimits limits;
  auto text = runtime::read_file(file, limits.bytes_max);
  if (!text) return fail(text.error());
  const auto document = schema::JsonDocument::parse(std::move(*text), limits);
  if (!document) {
    Fault fault = document.error();
    fault.where = file.string() + ":" + fault.where;
    return fail(std::move(fault));
  }
  return compiled.validate(document->root(), errors_max);
}

void write_fault(contract::JsonWriter& out, const std::optional<Fault>& fault) {
  out.key("fault");
  if (!fault) {
    out.null();
    return;
  }
  out.begin_object().member("code", fault->code).member("where", fault->where);
  out.member("cause", fault->cause).end_object();
}

void write_valid(contract::JsonWriter& out, std::optional<bool> valid) {
  out.key("valid");
  if (valid) {
    out.boolean(*valid);
  } else {
    out.null();
  }
}

}  // namespace

ValidationReport validate_files(const ValidateOptions& options) {
  ValidationReport report{.schema = options.schema.string()};
  const auto compiled = compile(options);
  if (!compiled) {
    report.fault = compiled.error();
    return report;
  }
  for (const std::filesystem::path& file : options.instances) {
    InstanceReport& one = report.instances.emplace_back(InstanceReport{.file = file.string()});
    auto verdict = judge(*compiled, file, options.errors_max);
    if (verdict) {
      one.verdict = std::move(*verdict);
    } else {
      one.fault = verdict.error();
    }
  }
  return report;
}

int ValidationReport::exit_status() const {
  int status = fault ? 2 : 0;
  for (const InstanceReport& one : instances) {
    if (one.fault) return 2;
    if (!one.verdict->valid) status = 1;
  }
  return status;
}

std::string ValidationReport::text() const {
  std::string out;
  for (const InstanceReport& one : instances) {
    if (!one.verdict) continue;
    if (one.verdict->valid) {
      out += fmt::format("{}: valid\n", one.file);
      continue;
    }
    const std::size_t count = one.verdict->errors.size();
    out += fmt::format("{}: {} not valid, {}{} error{}\n", one.file,
                       contract::error_code::schema_violation, one.verdict->more ? "at least " : "",
                       count, count == 1 ? "" : "s");
    for (const schema::SchemaError& error : one.verdict->errors) {
      out += fmt::format("  {}: {}  [{}]\n",
                         error.instance.empty() ? "the whole document" : error.instance,
                         error.message, error.schema);
    }
  }
  return out;
}

std::string ValidationReport::faults() const {
  std::string out;
  const auto add = [&out](const Fault& found) {
    out += fmt::format("{} {}: {}\n", found.code, found.where, found.cause);
  };
  if (fault) add(*fault);
  for (const InstanceReport& one : instances) {
    if (!one.fault) continue;
    Fault found = *one.fault;
    if (!found.where.starts_with(one.file)) found.where = one.file + " by " + found.where;
    add(found);
  }
  return out;
}

std::string ValidationReport::json() const {
  contract::JsonWriter out;
  const int status = exit_status();
  out.begin_object().member("schema", schema);
  write_valid(out, status == 2 ? std::nullopt : std::optional(status == 0));
  write_fault(out, fault);
  out.key("files").begin_array();
  for (const InstanceReport& one : instances) {
    out.begin_object().member("file", one.file);
    write_valid(out, one.verdict ? std::optional(one.verdict->valid) : std::nullopt);
    out.key("errors").begin_array();
    if (one.verdict) {
      for (const schema::SchemaError& error : one.verdict->errors) {
        out.begin_object().member("instance_pointer", error.instance);
        out.member("schema_pointer", error.schema).member("keyword", error.keyword);
        out.member("message", error.message).end_object();
      }
    }
    out.end_array().member("more", one.verdict && one.verdict->more);
    write_fault(out, one.fault);
    out.end_object();
  }
  out.end_array().end_object().newline();
  return out.take();
}

}  // namespace crossfoot::app
