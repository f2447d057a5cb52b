#include "contract/record/fields.h"

#include <algorithm>
#include <array>
#include <vector>

#include "contract/json_writer.h"
#include "contract/record/json_text.h"

namespace crossfoot::contract::record {

namespace {

using schema::Json;
using schema::JsonKind;

void collect(const Json& object, const std::string& prefix, const Ownership& ownership,
             Fields& fields) {
  for (const auto& [name, value] : object.members()) {
    if (prefix.empty() && is_envelope(name)) continue;
    std::string pointer = prefix;
    schema::append_token(pointer, name);
    if (value.is(JsonKind::object) && ownership.has_below(pointer)) {
      collect(value, pointer, ownership, fields);
    } else {
      fields.emplace(std::move(pointer), canonical(value));
    }
  }
}

std::string unescaped(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~' || i + 1 == token.size()) {
      name += token[i];
    } else {
      name += token[++i] == '1' ? '/' : '~';
    }
  }
  return name;
}

struct Node {
  std::string json;  ///< of a leaf
  std::map<std::string, Node> members;

  void write(JsonWriter& out) const {
    if (members.empty()) {
      out.raw(json);
      return;
    }
    out.begin_object();
    for (const auto& [name, node] : members) {
      out.key(name);
      node.write(out);
    }
    out.end_object();
  }
};

}  // namespace

bool is_envelope(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{"version", "tenant", "revision", "changed_at",
                                                  "owner"};
  return std::ranges::find(names, name) != names.end();
}

Fields fields_of(const Json& record, const Ownership& ownership) {
  Fields fields;
  collect(record, {}, ownership, fields);
  return fields;
}

std::string compose(const Fields& fields, std::string_view tenant, std::uint32_t version,
                    Instant changed_at) {
  Node root;
  for (const auto& [pointer, json] : fields) {
    Node* node = &root;
    for (std::string_view rest = pointer; !rest.empty();) {
      rest.remove_prefix(1);
      const std::string_view token = rest.substr(0, rest.find('/'));
      node = &node->members[unescaped(token)];
      rest.remove_prefix(token.size());
    }
    node->json = json;
  }
  const auto set = [&root](std::string_view name, auto write) {
    JsonWriter out;
    write(out);
    root.members[std::string(name)].json = out.take();
  };
  set("version", [](JsonWriter& out) { out.integer(1); });
  set("tenant", [&](JsonWriter& out) { out.text(tenant); });
  set("revision", [&](JsonWriter& out) { out.integer(version); });
  set("changed_at", [&](JsonWriter& out) { out.text(crossfoot::to_string(changed_at)); });
  JsonWriter out;
  root.write(out);
  return out.take();
}

}  // namespace crossfoot::contract::record
