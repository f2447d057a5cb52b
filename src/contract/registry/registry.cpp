#include "contract/registry/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "contract/error_codes.h"

namespace crossfoot::contract::registry {

using schema::Json;
using schema::JsonDocument;
using schema::Schema;

namespace {

constexpr std::string_view description_text = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Description of a contract",
  "type": "object",
  "required": ["contract", "kind", "title", "description", "owner", "classification", "versions"],
  "additionalProperties": false,
  "properties": {
    "contract": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$", "description": "Name; also of the file."},
    "kind": {"enum": ["entity", "event", "api"], "description": "What is agreed: a record, a message, or a call."},
    "title": {"$ref": "#/$defs/text"},
    "description": {"$ref": "#/$defs/text"},
    "owner": {
      "type": "object", "required": ["team", "contact"], "additionalProperties": false,
      "description": "Who decides about it, and where to ask.",
      "properties": {"team": {"$ref": "#/$defs/text"}, "contact": {"$ref": "#/$defs/text"}}
    },
    "classification": {"enum": ["public", "internal", "personal", "secret"], "description": "Of the data."},
    "sla": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "availability": {"type": "string", "pattern": "^(100|[0-9]{1,2}(\\.[0-9]{1,4})?)$", "description": "Percent of a month."},
        "latency_ms_p99": {"type": "integer", "minimum": 1, "maximum": 86400000, "description": "Milliseconds."}
      }
    },
    "effective": {
      "type": "object", "additionalProperties": false, "description": "Where it holds; everywhere when absent.",
      "properties": {
        "regions": {"$ref": "#/$defs/codes"},
        "business_units": {"$ref": "#/$defs/codes"}
      }
    },
    "new_fields": {"enum": ["refused", "tolerated"], "default": "refused",
      "description": "Whether a minor version may describe a field that the one before left open."},
    "versions": {
      "type": "array", "minItems": 1, "maxItems": 1000, "description": "Oldest first.",
      "items": {
        "type": "object", "required": ["version", "state", "schema"], "additionalProperties": false,
        "properties": {
          "version": {"$ref": "#/$defs/version"},
          "state": {"enum": ["draft", "active", "deprecated", "retired"], "description": "Of its life."},
          "schema": {"$ref": "#/$defs/text"},
          "examples": {"type": "array", "maxItems": 1000, "items": {"$ref": "#/$defs/text"}},
          "since": {"$ref": "#/$defs/date"},
          "deprecated_at": {"$ref": "#/$defs/date"},
          "sunset_at": {"$ref": "#/$defs/date"}
        }
      }
    },
    "consumers": {
      "type": "array", "maxItems": 10000, "description": "Who is known to use it.",
      "items": {
        "type": "object", "required": ["name", "version", "contact"], "additionalProperties": false,
        "properties": {"name": {"$ref": "#/$defs/text"}, "version": {"$ref": "#/$defs/version"}, "contact": {"$ref": "#/$defs/text"}}
      }
    },
    "field_owners": {
      "type": "object", "description": "System of record by JSON pointer; * is any item.",
      "propertyNames": {"pattern": "^(/[^/]+)+$"},
      "additionalProperties": {"enum": ["erp", "loyalty", "pos", "crm", "oms", "channel", "crossfoot", "writer"]}
    },
    "record": {
      "type": "object", "required": ["path", "identity", "ownership"], "additionalProperties": false,
      "description": "Of an entity whose records are kept for all systems.",
      "properties": {
        "path": {"type": "string", "pattern": "^[a-z][a-z-]{0,40}$", "description": "What addresses call it."},
        "identity": {"type": "array", "minItems": 1, "maxItems": 20, "items": {"$ref": "#/$defs/pointer"}, "description": "What names a record."},
        "subject": {"$ref": "#/$defs/pointer"},
        "valid": {"$ref": "#/$defs/pointer"},
        "latest": {"type": "object", "propertyNames": {"$ref": "#/$defs/pointer"}, "additionalProperties": {"type": "string", "minLength": 1}, "description": "Lists of which the later entry counts, by the member that tells entries apart."},
        "ownership": {
          "type": "object", "required": ["version", "foreign"], "additionalProperties": false,
          "properties": {
            "version": {"type": "integer", "minimum": 1, "maximum": 4294967295},
            "foreign": {"$ref": "#/$defs/foreign"},
            "fields": {"type": "object", "propertyNames": {"$ref": "#/$defs/pointer"}, "additionalProperties": {"$ref": "#/$defs/foreign"}}
          }
        }
      }
    },
    "provider": {
      "type": "object", "required": ["method", "path"], "additionalProperties": false,
      "description": "How a document is handed over.",
      "properties": {"method": {"enum": ["POST", "PUT"]}, "path": {"type": "string", "pattern": "^/[!-~]*$"}}
    }
  },
  "$defs": {
    "text": {"type": "string", "minLength": 1, "maxLength": 2000},
    "date": {"type": "string", "format": "date"},
    "pointer": {"type": "string", "pattern": "^(/[^/*]+)+$"},
    "foreign": {"enum": ["refuse", "ignore", "propose"], "description": "What becomes of a field that another system owns."},
    "version": {"type": "string", "pattern": "^(0|[1-9][0-9]{0,5})(\\.(0|[1-9][0-9]{0,5})){2}$"},
    "codes": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"$ref": "#/$defs/text"}}
  }
})";

constexpr std::string_view policy_text = R"({
  "type": "object", "additionalProperties": false, "required": ["documents"],
  "properties": {
    "documents": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    "openapi": {"type": "string", "minLength": 1},
    "unowned": {"type": "array", "items": {"type": "string", "pattern": "^(/[^/]+)+$"}},
    "notice_days_min": {"type": "integer", "minimum": 0, "maximum": 3650},
    "quiet_days_min": {"type": "integer", "minimum": 0, "maximum": 3650}
  }
})";

Fault invalid(std::string where, std::string cause) {
  return {.code = std::string(error_code::invalid_contract),
          .fault_class = FaultClass::rejected,
          .where = std::move(where),
          .cause = std::move(cause)};
}

/// Parsed and judged by a schema that the program itself carries.
Result<JsonDocument> read_by(std::string_view schema_text, const std::string& json) {
  auto document = JsonDocument::parse(json);
  if (!document) return fail(document.error());
  schema::SchemaOptions options;
  options.assert_formats = true;
  const auto compiled = Schema::compile(std::string(schema_text), options);
  if (!compiled) return fail(compiled.error());
  const auto verdict = compiled->validate(document->root(), 1);
  if (!verdict) return fail(verdict.error());
  if (!verdict->valid) {
    const schema::SchemaError& error = verdict->errors.front();
    return fail(invalid(error.instance, error.message));
  }
  return document;
}

// The schema has been satisfied: what is there has its type.

std::string text_of(const Json& object, std::string_view name) {
  const Json* found = object.find(name);
  return found == nullptr ? std::string() : std::string(found->text());
}

std::vector<std::string> texts_of(const Json& object, std::string_view name) {
  std::vector<std::string> texts;
  if (const Json* found = object.find(name)) {
    for (const Json& one : found->elements()) texts.emplace_back(one.text());
  }
  return texts;
}

std::int64_t whole_of(const Json& object, std::string_view name, std::int64_t otherwise) {
  const Json* found = object.find(name);
  if (found == nullptr) return otherwise;
  return static_cast<std::int64_t>(schema::saturated(found->number()));
}

std::optional<BusinessDate> date_of(const Json& object, std::string_view name) {
  return parse_business_date(text_of(object, name));
}

State state_of(std::string_view text) {
  for (const State state : {State::active, State::deprecated, State::retired}) {
    if (to_string(state) == text) return state;
  }
  return State::draft;
}

Version version_of(const Json& json) {
  return {.number = *parse_version(json.find("version")->text()),
          .state = state_of(json.find("state")->text()),
          .schema = text_of(json, "schema"),
          .examples = texts_of(json, "examples"),
          .since = date_of(json, "since"),
          .deprecated_at = date_of(json, "deprecated_at"),
          .sunset_at = date_of(json, "sunset_at")};
}

RecordRules record_rules_of(const Json& json) {
  const Json& ownership = *json.find("ownership");
  RecordRules rules{
      .path = text_of(json, "path"),
      .identity = texts_of(json, "identity"),
      .subject = text_of(json, "subject"),
      .valid = text_of(json, "valid"),
      .ownership_version = static_cast<std::uint32_t>(whole_of(ownership, "version", 1)),
      .foreign_writes = text_of(ownership, "foreign")};
  if (const Json* latest = json.find("latest")) {
    for (const auto& [pointer, member] : latest->members()) {
      rules.latest.emplace_back(pointer, member.text());
    }
  }
  if (const Json* fields = ownership.find("fields")) {
    for (const auto& [pointer, foreign] : fields->members()) {
      rules.foreign_by_field.emplace_back(pointer, foreign.text());
    }
  }
  return rules;
}

}  // namespace

std::optional<VersionNumber> parse_version(std::string_view text) {
  VersionNumber version;
  const char* at = text.data();
  const char* end = at + text.size();
  for (std::uint32_t* part : {&version.major, &version.minor, &version.patch}) {
    if (part != &version.major && (at == end || *at++ != '.')) return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, *part);
    if (error != std::errc{} || (*at == '0' && next != at + 1)) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional(version) : std::nullopt;
}

std::string to_string(const VersionNumber& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

std::string_view to_string(State state) {
  switch (state) {
    case State::draft:
      return "draft";
    case State::active:
      return "active";
    case State::deprecated:
      return "deprecated";
    case State::retired:
      break;
  }
  return "retired";
}

const Version* Contract::find(std::string_view text) const {
  const Version* best = nullptr;
  const bool whole = text.contains('.');
  for (const Version& one : versions) {
    if (whole) {
      if (to_string(one.number) == text) return &one;
      continue;
    }
    if (one.state == State::draft) continue;
    if (!text.empty() && std::to_string(one.number.major) != text) continue;
    if (best == nullptr || best->number < one.number) best = &one;
  }
  return best;
}

const Contract* Registry::find(std::string_view name) const {
  const auto found = std::ranges::find(contracts, name, &Contract::name);
  return found == contracts.end() ? nullptr : &*found;
}

Result<std::pair<const Contract*, const Version*>> Registry::resolve(std::string_view text) const {
  const std::size_t at = text.find('@');
  const Contract* contract = find(text.substr(0, at));
  const Version* version = nullptr;
  if (contract != nullptr) {
    version =
        contract->find(at == std::string_view::npos ? std::string_view{} : text.substr(at + 1));
  }
  if (version == nullptr) {
    return fail({.code = std::string(error_code::unknown_contract),
                 .fault_class = FaultClass::not_found,
                 .where = std::string(text),
                 .cause = contract == nullptr ? "no such contract" : "no such version"});
  }
  return std::pair{contract, version};
}

Result<Contract> parse_contract(const std::string& json) {
  const auto document = read_by(description_text, json);
  if (!document) return fail(document.error());
  const Json& root = document->root();
  Contract contract{.name = text_of(root, "contract"),
                    .kind = text_of(root, "kind"),
                    .title = text_of(root, "title"),
                    .description = text_of(root, "description"),
                    .team = text_of(*root.find("owner"), "team"),
                    .contact = text_of(*root.find("owner"), "contact"),
                    .classification = text_of(root, "classification"),
                    .tolerate_additions = text_of(root, "new_fields") == "tolerated"};
  if (const Json* sla = root.find("sla")) {
    contract.availability = text_of(*sla, "availability");
    contract.latency_ms_p99 = whole_of(*sla, "latency_ms_p99", 0);
  }
  if (const Json* effective = root.find("effective")) {
    contract.regions = texts_of(*effective, "regions");
    contract.business_units = texts_of(*effective, "business_units");
  }
  for (const Json& one : root.find("versions")->elements()) {
    contract.versions.push_back(version_of(one));
  }
  if (const Json* consumers = root.find("consumers")) {
    for (const Json& one : consumers->elements()) {
      contract.consumers.push_back(
          {text_of(one, "name"), *parse_version(text_of(one, "version")), text_of(one, "contact")});
    }
  }
  if (const Json* owners = root.find("field_owners")) {
    for (const auto& [pointer, system] : owners->members()) {
      contract.field_owners.push_back({std::string(pointer), std::string(system.text())});
    }
  }
  if (const Json* provider = root.find("provider")) {
    contract.provider = ProviderRoute{text_of(*provider, "method"), text_of(*provider, "path")};
  }
  if (const Json* record = root.find("record")) contract.record = record_rules_of(*record);
  return contract;
}

Result<Policy> parse_policy(const std::string& json) {
  const auto document = read_by(policy_text, json);
  if (!document) return fail(document.error());
  const Json& root = document->root();
  Policy policy;
  for (const auto& [uri, folder] : root.find("documents")->members()) {
    policy.documents.emplace(uri, folder.text());
  }
  policy.openapi = text_of(root, "openapi");
  policy.unowned = texts_of(root, "unowned");
  policy.notice_days_min = whole_of(root, "notice_days_min", policy.notice_days_min);
  policy.quiet_days_min = whole_of(root, "quiet_days_min", policy.quiet_days_min);
  return policy;
}

Result<Registry> load_registry(const std::vector<std::string>& files, const ReadFile& read) {
  Registry registry;
  std::vector<std::string> ordered = files;
  std::ranges::sort(ordered);
  for (const std::string& file : ordered) {
    if (!file.ends_with(".json")) continue;
    const auto text = read(file);
    if (!text) return fail(text.error());
    const auto in_file = [&](Fault fault) {
      fault.where = file + ":" + fault.where;
      return fail(std::move(fault));
    };
    if (file == "registry.json") {
      auto policy = parse_policy(*text);
      if (!policy) return in_file(policy.error());
      registry.policy = std::move(*policy);
      continue;
    }
    auto contract = parse_contract(*text);
    if (!contract) return in_file(contract.error());
    if (file != contract->name + ".json") {
      return in_file(invalid("/contract", "the file is named otherwise than the contract"));
    }
    registry.contracts.push_back(std::move(*contract));
  }
  if (registry.contracts.empty()) return fail(invalid("", "the folder has no contract"));
  std::ranges::sort(registry.contracts, {}, &Contract::name);
  return registry;
}

Result<Schema> compile_version(const Registry& registry, const Version& version,
                               const ReadFile& read) {
  auto text = read(version.schema);
  if (!text) return fail(text.error());
  schema::SchemaOptions options;
  options.assert_formats = true;
  options.fetch = [&](const std::string& uri) -> Result<std::string> {
    for (const auto& [prefix, folder] : registry.policy.documents) {
      const bool below = uri.starts_with(prefix + "/") && !uri.contains("..");
      if (below) return read(folder + uri.substr(prefix.size()));
    }
    return fail({.code = std::string(error_code::unresolved_reference),
                 .fault_class = FaultClass::not_found,
                 .where = uri,
                 .cause = "registry.json names no folder for it"});
  };
  return Schema::compile(std::move(*text), options);
}

std::string_view description_schema() {
  return description_text;
}

}  // namespace crossfoot::contract::registry
