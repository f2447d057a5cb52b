#include "contract/registry/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "contract/registry/facts.h"

namespace crossfoot::contract::registry {

using schema::JsonPath;
using schema::Schema;

namespace {

class Rules {
 public:
  Rules(const LintInput& input, std::vector<Finding>& findings)
      : input_(input), findings_(findings) {}

  void check(const Contract& contract) {
    contract_ = &contract;
    check_order();
    check_consumers();
    const Version* before = nullptr;
    std::optional<Schema> before_schema;
    for (const Version& version : contract.versions) {
      version_ = &version;
      check_life();
      auto compiled = compile_version(input_.registry, version, input_.read);
      if (!compiled) {
        error("schema", version.schema + ":" + compiled.error().where, compiled.error().cause);
        continue;
      }
      check_examples(*compiled);
      check_form(*compiled);
      check_owners(*compiled);
      if (before_schema && before->number.major == version.number.major) {
        check_compatible(*before, *before_schema, *compiled);
      }
      before = &version;
      before_schema = std::move(*compiled);
    }
  }

 private:
  void add(bool is_error, std::string_view rule, std::string place, std::string message) {
    findings_.push_back({is_error, rule, contract_->name,
                         version_ == nullptr ? std::string() : to_string(version_->number),
                         std::move(place), std::move(message)});
  }
  void error(std::string_view rule, std::string place, std::string message) {
    add(true, rule, std::move(place), std::move(message));
  }
  void warn(std::string_view rule, std::string place, std::string message) {
    add(false, rule, std::move(place), std::move(message));
  }

  void check_order() {
    version_ = nullptr;
    const auto& versions = contract_->versions;
    for (std::size_t i = 1; i < versions.size(); ++i) {
      if (versions[i - 1].number < versions[i].number) continue;
      error("versions", fmt::format("/versions/{}", i), "versions are written oldest first");
    }
    const auto usable = [](const Version& one) {
      return one.state == State::active || one.state == State::draft;
    };
    if (std::ranges::none_of(versions, usable) &&
        std::ranges::any_of(versions,
                            [](const Version& one) { return one.state == State::deprecated; })) {
      error("versions", "/versions", "a version is deprecated and none is active or drafted");
    }
  }

  void check_consumers() {
    version_ = nullptr;
    for (std::size_t i = 0; i < contract_->consumers.size(); ++i) {
      const Consumer& one = contract_->consumers[i];
      const Version* used = contract_->find(to_string(one.version));
      const std::string place = fmt::format("/consumers/{}", i);
      if (used == nullptr) {
        error("consumers", place, fmt::format("{} uses a version that is not there", one.name));
      } else if (used->state == State::retired) {
        error("retirement", place,
              fmt::format("{} uses the retired version {}", one.name, to_string(one.version)));
      } else if (used->state == State::deprecated) {
        warn("consumers", place,
             fmt::format("{} uses the deprecated version {}", one.name, to_string(one.version)));
      }
    }
  }

  void check_life() {
    const Version& one = *version_;
    const Policy& policy = input_.registry.policy;
    const bool ends = one.state == State::deprecated || one.state == State::retired;
    if (ends && (!one.deprecated_at || !one.sunset_at)) {
      error("life", "",
            fmt::format("a {} version has deprecated_at and sunset_at", to_string(one.state)));
      return;
    }
    if (!ends && (one.deprecated_at || one.sunset_at)) {
      error("life", "",
            fmt::format("a version that ends is deprecated, not {}", to_string(one.state)));
      return;
    }
    if (one.since && one.state == State::active && *one.since > input_.today) {
      warn("life", "", "the version is active and begins in the future");
    }
    if (!ends) return;
    if (one.sunset_at->days - one.deprecated_at->days < policy.notice_days_min) {
      error(
          "life", "",
          fmt::format("less than {} days between deprecation and sunset", policy.notice_days_min));
    }
    if (one.state == State::retired) check_retired();
  }

  void check_retired() {
    const Version& one = *version_;
    if (*one.sunset_at > input_.today) error("retirement", "", "retired before its sunset");
    const auto since = input_.counted_since.find(contract_->name);
    if (since != input_.counted_since.end() &&
        input_.today.days - since->second.days < input_.registry.policy.quiet_days_min) {
      error("retirement", "",
            fmt::format("callers are counted since {} only; {} quiet days are asked for",
                        to_string(since->second), input_.registry.policy.quiet_days_min));
    }
    for (const Caller& caller : input_.callers) {
      if (caller.contract != contract_->name || caller.version != to_string(one.number)) continue;
      const std::int64_t quiet = input_.today.days - caller.last_at.days;
      if (quiet >= input_.registry.policy.quiet_days_min) continue;
      error("retirement", "",
            fmt::format("{} called it {} days ago; {} quiet days are asked for", caller.name, quiet,
                        input_.registry.policy.quiet_days_min));
    }
  }

  void check_examples(const Schema& compiled) {
    if (version_->examples.empty())
      warn("examples", version_->schema, "the version has no example");
    for (const std::string& file : version_->examples) {
      auto text = input_.read(file);
      if (!text) {
        error("examples", file, text.error().cause);
        continue;
      }
      const auto document = schema::JsonDocument::parse(std::move(*text));
      if (!document) {
        error("examples", file + ":" + document.error().where, document.error().cause);
        continue;
      }
      const auto verdict = compiled.validate(document->root());
      if (!verdict) {
        error("examples", file, verdict.error().cause);
        continue;
      }
      for (const schema::SchemaError& one : verdict->errors) {
        error("examples", file + "#" + one.instance, one.message);
      }
    }
  }

  void check_form(const Schema& compiled) {
    const View view(compiled.program());
    seen_.clear();
    const JsonPath root;
    walk(view, view.expand({compiled.program().root}), root);
  }

  /// Everything that is declared without a condition, each place once.
  void walk(const View& view, const Facts& facts, const JsonPath& path) {
    if (facts.empty() || !seen_.insert(facts).second) return;
    const schema::TypeSet types = view.types(facts);
    if (types != all_types && (types & schema::type_number) != 0 && !listed(view, facts)) {
      error("decimals", path.pointer(), "a decimal is a text: a JSON number loses digits");
    }
    if (listed(view, facts) && !has(view, facts, "description") && !has(view, facts, "const")) {
      warn("enumerations", path.pointer(), "the values are not explained");
    }
    for (const NodeId id : facts) {
      const auto& object = view.node(id).object;
      if (!object) continue;
      for (const auto& [name, sub] : object->properties) {
        const JsonPath inner{&path, name};
        const Facts member = view.at_name(facts, name);
        if (view.types(member) != 0) check_member(view, name, member, inner);
        walk(view, member, inner);
      }
    }
    const JsonPath any{&path, "*"};
    walk(view, view.at_other_indices(facts), any);
  }

  void check_member(const View& view, std::string_view name, const Facts& facts,
                    const JsonPath& path) {
    if (!has(view, facts, "description")) {
      warn("descriptions", path.pointer(), "the member is not described");
    }
    const bool dated = name.ends_with("_at") || name.ends_with("_date") || name == "date";
    const bool text = (view.types(facts) & schema::type_string) != 0;
    if (dated && text && view.types(facts) != all_types && !has(view, facts, "format")) {
      error("dates", path.pointer(), "a date or time states its format");
    }
  }

  static bool listed(const View& view, const Facts& facts) {
    return std::ranges::any_of(facts, [&](NodeId id) { return !view.node(id).constants.empty(); });
  }

  static bool has(const View& view, const Facts& facts, std::string_view keyword) {
    return std::ranges::any_of(facts,
                               [&](NodeId id) { return view.node(id).source->has(keyword); });
  }

  /// Every field of an entity has an owner: by itself, or by an object that it is in.
  void check_all_owned(const View& view, const Facts& facts, const std::string& prefix) {
    const auto& owners = contract_->field_owners;
    for (const std::string_view found : view.names(facts)) {
      const std::string name(found);
      std::string pointer = prefix;
      schema::append_token(pointer, name);
      const bool exempt = std::ranges::find(input_.registry.policy.unowned, pointer) !=
                          input_.registry.policy.unowned.end();
      const auto is_it = [&](const FieldOwner& one) { return one.pointer == pointer; };
      if (exempt || view.at_name(facts, name).empty() || std::ranges::any_of(owners, is_it)) {
        continue;
      }
      const bool in_parts = std::ranges::any_of(owners, [&](const FieldOwner& one) {
        return one.pointer.starts_with(pointer + "/") && !one.pointer.starts_with(pointer + "/*");
      });
      if (in_parts) {
        check_all_owned(view, view.at_name(facts, name), pointer);
      } else if (!is_owned_by_item(pointer)) {
        error("field_owners", pointer, "no system owns the field");
      }
    }
  }

  /// The fields of its items have owners.
  [[nodiscard]] bool is_owned_by_item(const std::string& pointer) const {
    return std::ranges::any_of(contract_->field_owners, [&](const FieldOwner& one) {
      return one.pointer.starts_with(pointer + "/*/");
    });
  }

  void check_owners(const Schema& compiled) {
    const View view(compiled.program());
    if (contract_->kind == "entity") {
      check_all_owned(view, view.expand({compiled.program().root}), {});
    }
    for (const FieldOwner& owner : contract_->field_owners) {
      Facts facts = view.expand({compiled.program().root});
      bool found = true;
      for (std::string_view rest = std::string_view(owner.pointer).substr(1); found;) {
        const std::string token(rest.substr(0, rest.find('/')));
        found = token == "*" || view.names(facts).contains(token);
        facts = token == "*" ? view.at_other_indices(facts) : view.at_name(facts, token);
        if (rest.size() == token.size()) break;
        rest.remove_prefix(token.size() + 1);
      }
      if (!found || facts.empty()) {
        error("field_owners", owner.pointer, "the version describes no such field");
      }
    }
  }

  void check_compatible(const Version& before, const Schema& older, const Schema& newer) {
    // A draft promises nothing yet.
    if (before.state == State::draft) return;
    const auto comparison =
        compare_versions(older, newer, {.tolerate_additions = contract_->tolerate_additions});
    for (const Change& change : comparison.changes) {
      add(change.severity != Severity::warning, "compatibility", change.instance,
          fmt::format("{} after {}: {} [{}]", to_string(change.severity), to_string(before.number),
                      change.message, change.schema));
    }
  }

  static constexpr schema::TypeSet all_types =
      schema::type_null | schema::type_boolean | schema::type_integer | schema::type_number |
      schema::type_string | schema::type_array | schema::type_object;

  const LintInput& input_;
  std::vector<Finding>& findings_;
  const Contract* contract_ = nullptr;
  const Version* version_ = nullptr;
  std::set<Facts> seen_;
};

}  // namespace

std::vector<Finding> lint(const LintInput& input) {
  std::vector<Finding> findings;
  Rules rules(input, findings);
  for (const Contract& contract : input.registry.contracts) rules.check(contract);
  return findings;
}

}  // namespace crossfoot::contract::registry
