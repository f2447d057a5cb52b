#include "contract/record/aliases.h"

#include <algorithm>

#include "contract/record/json_text.h"
#include "contract/schema/json.h"

namespace crossfoot::contract::record {

namespace {

using schema::Json;
using schema::JsonDocument;
using schema::JsonKind;

/// Of each entry of a list the member, with the entry's own time.
void collect(const Json& root, std::string_view list, std::string_view member,
             std::string_view type, std::vector<Alias>& aliases) {
  const Json* entries = root.find(list);
  if (entries == nullptr || !entries->is(JsonKind::array)) return;
  for (const Json& one : entries->elements()) {
    Alias alias{.type = std::string(type), .value = text(one, member)};
    if (alias.value.empty()) continue;
    if (const Json* effective = one.find("effective")) {
      alias.from = parse_instant(text(*effective, "from")).value_or(Instant{});
      alias.until = parse_instant(text(*effective, "until")).value_or(Instant::never());
    }
    aliases.push_back(std::move(alias));
  }
}

}  // namespace

std::vector<Alias> aliases_of(std::string_view contract, std::string_view body) {
  std::vector<Alias> aliases;
  const auto document = JsonDocument::parse(std::string(body));
  if (!document) return aliases;
  const Json& root = document->root();
  if (contract == "product") {
    aliases.push_back({.type = std::string(product_alias), .value = text(root, "article")});
    collect(root, "identifiers", "value", product_alias, aliases);
  } else if (contract == "customer") {
    collect(root, "memberships", "member", member_alias, aliases);
  }
  std::ranges::sort(aliases);
  const auto repeated = std::ranges::unique(aliases);
  aliases.erase(repeated.begin(), repeated.end());
  return aliases;
}

}  // namespace crossfoot::contract::record
