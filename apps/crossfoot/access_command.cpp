#include "access_command.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "contract/json_writer.h"
#include "edge/access/api_keys.h"

namespace crossfoot::app {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_unusable = 2;

std::string entry_of(const AccessArguments& arguments, const std::string& digest) {
  contract::JsonWriter out;
  out.begin_object().member("id", arguments.id).member("sha256", digest);
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

int make_key(const AccessArguments& arguments) {
  if (!edge::is_api_key_id(arguments.id)) {
    fmt::print(stderr, "the id is 1 to 64 of a-z, 0-9 and hyphens\n");
    return exit_unusable;
  }
  const edge::IssuedKey key = edge::issue_api_key(arguments.id);
  const std::string entry = entry_of(arguments, key.digest);
  // What the server would say of it is better heard now.
  if (const auto keys = edge::ApiKeys::parse(R"({"keys":[)" + entry + "]}"); !keys) {
    fmt::print(stderr, "{}\n", keys.error().cause);
    return exit_unusable;
  }
  fmt::print(stderr, "The key, which is shown this once:\n{}\n", key.text);
  fmt::print(stderr, "Its entry for the list `keys` in the file that access.api_keys names:\n");
  fmt::print("{}\n", entry);
  return exit_ok;
}

}  // namespace

void add_access_commands(CLI::App& app, AccessArguments& arguments, int& result) {
  auto* access = app.add_subcommand("access", "Who may use the server");
  access->require_subcommand(1);
  auto* key = access->add_subcommand("key", "Make an API key");
  key->add_option("id", arguments.id, "Names the key in logs and decisions")->required();
  key->add_option("--role", arguments.roles, "Repeatable; docs/reference/access.md lists them");
  key->add_option("--scope", arguments.scopes, "A single permission; repeatable");
  key->add_option("--channel", arguments.channels, "Only transactions of this one; repeatable");
  key->add_option("--shop", arguments.shops, "Only transactions of this one; repeatable");
  key->add_option("--region", arguments.regions, "Only transactions of this one; repeatable");
  key->add_option("--not-after", arguments.not_after, "When it ends: 2027-01-31T00:00:00Z");
  key->callback([&] { result = make_key(arguments); });
}

}  // namespace crossfoot::app
