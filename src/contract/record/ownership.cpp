#include "contract/record/ownership.h"

#include <algorithm>

#include "contract/error_codes.h"
#include "contract/schema/schema.h"

namespace crossfoot::contract::record {

namespace {

using schema::Json;
using schema::JsonDocument;

constexpr std::string_view override_schema = R"({
  "type": "object", "required": ["version", "contracts"], "additionalProperties": false,
  "properties": {
    "version": {"type": "integer", "minimum": 1, "maximum": 4294967295},
    "contracts": {
      "type": "object",
      "additionalProperties": {
        "type": "object",
        "propertyNames": {"pattern": "^(/[^/*]+)+$"},
        "additionalProperties": {
          "type": "object", "minProperties": 1, "additionalProperties": false,
          "properties": {
            "owner": {"enum": ["erp", "loyalty", "pos", "crm", "oms", "channel", "crossfoot", "writer"]},
            "foreign": {"enum": ["refuse", "ignore", "propose"]}
          }
        }
      }
    }
  }
})";

ForeignWrite foreign_write(std::string_view text) {
  for (const ForeignWrite one : {ForeignWrite::ignore, ForeignWrite::propose}) {
    if (to_string(one) == text) return one;
  }
  return ForeignWrite::refuse;
}

Fault invalid(std::string where, std::string cause) {
  return {.code = std::string(error_code::invalid_contract),
          .fault_class = FaultClass::rejected,
          .where = std::move(where),
          .cause = std::move(cause)};
}

}  // namespace

std::string_view to_string(ForeignWrite otherwise) {
  switch (otherwise) {
    case ForeignWrite::ignore:
      return "ignore";
    case ForeignWrite::propose:
      return "propose";
    case ForeignWrite::refuse:
      break;
  }
  return "refuse";
}

const FieldRule* Ownership::rule_of(std::string_view pointer) const {
  while (!pointer.empty()) {
    if (const auto found = fields.find(pointer); found != fields.end()) return &found->second;
    pointer = pointer.substr(0, pointer.rfind('/'));
  }
  return nullptr;
}

bool Ownership::has_below(std::string_view pointer) const {
  const std::string prefix = std::string(pointer) + "/";
  const auto next = fields.lower_bound(prefix);
  return next != fields.end() && next->first.starts_with(prefix);
}

Ownership ownership_of(const registry::Contract& contract) {
  Ownership ownership;
  ForeignWrite otherwise = ForeignWrite::refuse;
  if (contract.record) {
    ownership.version = contract.record->ownership_version;
    otherwise = foreign_write(contract.record->foreign_writes);
  }
  for (const registry::FieldOwner& one : contract.field_owners) {
    if (!one.pointer.contains('*')) ownership.fields[one.pointer] = {one.system, otherwise};
  }
  if (!contract.record) return ownership;
  for (const auto& [pointer, foreign] : contract.record->foreign_by_field) {
    const FieldRule* rule = ownership.rule_of(pointer);
    if (rule != nullptr) ownership.fields[pointer] = {rule->owner, foreign_write(foreign)};
  }
  return ownership;
}

Status override_ownership(std::string_view json,
                          std::map<std::string, Ownership, std::less<>>& all) {
  const auto document = JsonDocument::parse(std::string(json));
  if (!document) return fail(document.error());
  const auto compiled = schema::Schema::compile(std::string(override_schema));
  if (!compiled) return fail(compiled.error());
  const auto verdict = compiled->validate(document->root(), 1);
  if (!verdict) return fail(verdict.error());
  if (!verdict->valid) {
    return fail(invalid(verdict->errors.front().instance, verdict->errors.front().message));
  }
  const Json& root = document->root();
  for (const auto& [name, fields] : root.find("contracts")->members()) {
    const auto known = all.find(name);
    if (known == all.end()) {
      return fail(
          invalid("/contracts/" + std::string(name), "no contract of records has this name"));
    }
    Ownership& ownership = known->second;
    ownership.version =
        static_cast<std::uint32_t>(schema::saturated(root.find("version")->number()));
    for (const auto& [pointer, said] : fields.members()) {
      const FieldRule* known_rule = ownership.rule_of(pointer);
      FieldRule rule = known_rule == nullptr ? FieldRule{} : *known_rule;
      if (const Json* owner = said.find("owner")) rule.owner = owner->text();
      if (const Json* foreign = said.find("foreign"))
        rule.otherwise = foreign_write(foreign->text());
      if (rule.owner.empty()) {
        return fail(invalid("/contracts/" + std::string(name), "a field without an owner"));
      }
      ownership.fields.insert_or_assign(std::string(pointer), std::move(rule));
    }
  }
  return {};
}

}  // namespace crossfoot::contract::record
