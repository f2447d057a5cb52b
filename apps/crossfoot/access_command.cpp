#include "access_command.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "contract/json_writer.h"
#include "edge/access/api_keys.h"
#include "runtime/tls.h"

namespace crossfoot::app {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_unusable = 2;

std::string entry_of(const AccessArguments& arguments, std::string_view digest_name,
                     const std::string& digest) {
  contract::JsonWriter out;
  out.begin_object().member("id", arguments.id).member(digest_name, digest);
  for (const auto& [name, texts] :
       {std::pair<std::string_view, const std::vector<std::string>*>{"roles", &arguments.roles},
        {"scopes", &arguments.scopes},
        {"channels", &arguments.channels},
        {"shops", &arguments.shops},
        {"regions", &arguments.regions}}) {
    if (texts->empty()) continue;
    out.key(name).begin_array();
    for (const std::string& text : *texts) out.text(text);
    out.end_array();
  }
  if (!arguments.not_after.empty()) out.member("not_after", arguments.not_after);
  out.end_object();
  return out.take();
}

int unusable(std::string_view cause) {
  fmt::print(stderr, "{}\n", cause);
  return exit_unusable;
}

/// What the server would say of the entry is better heard now.
int print_entry(const std::string& entry, std::string_view before) {
  if (const auto keys = edge::ApiKeys::parse(R"({"keys":[)" + entry + "]}"); !keys) {
    return unusable(keys.error().cause);
  }
  fmt::print(stderr, "{}", before);
  fmt::print(stderr, "Its entry for the list `keys` in the file that access.api_keys names:\n");
  fmt::print("{}\n", entry);
  return exit_ok;
}

int make_key(const AccessArguments& arguments) {
  if (!edge::is_api_key_id(arguments.id))
    return unusable("the id is 1 to 64 of a-z, 0-9 and hyphens");
  const edge::IssuedKey key = edge::issue_api_key(arguments.id);
  return print_entry(entry_of(arguments, "sha256", key.digest),
                     fmt::format("The key, which is shown this once:\n{}\n", key.text));
}

int name_certificate(const AccessArguments& arguments) {
  const auto digest = runtime::certificate_digest(arguments.certificate);
  if (!digest) return unusable(digest.error().where + ": " + digest.error().cause);
  return print_entry(entry_of(arguments, "certificate_sha256", *digest), "");
}

void add_rights(CLI::App& command, AccessArguments& arguments) {
  command.add_option("id", arguments.id, "The caller's name in logs and decisions")->required();
  command.add_option("--role", arguments.roles, "Repeatable; docs/reference/access.md lists them");
  command.add_option("--scope", arguments.scopes, "A single permission; repeatable");
  command.add_option("--channel", arguments.channels, "Only transactions of this one; repeatable");
  command.add_option("--shop", arguments.shops, "Only transactions of this one; repeatable");
  command.add_option("--region", arguments.regions, "Only transactions of this one; repeatable");
  command.add_option("--not-after", arguments.not_after, "When it ends: 2027-01-31T00:00:00Z");
}

}  // namespace

void add_access_commands(CLI::App& app, AccessArguments& arguments, int& result) {
  auto* access = app.add_subcommand("access", "Who may use the server");
  access->require_subcommand(1);
  auto* key = access->add_subcommand("key", "Make an API key");
  add_rights(*key, arguments);
  key->callback([&] { result = make_key(arguments); });
  auto* certificate = access->add_subcommand("certificate", "Let a client in by its certificate");
  add_rights(*certificate, arguments);
  certificate->add_option("file", arguments.certificate, "The client's certificate, PEM")
      ->required();
  certificate->callback([&] { result = name_certificate(arguments); });
}

}  // namespace crossfoot::app
