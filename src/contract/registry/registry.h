#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "contract/schema/schema.h"

namespace crossfoot::contract::registry {

/// `MAJOR.MINOR.PATCH`, ordered by number.
struct VersionNumber {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t patch = 0;

  auto operator<=>(const VersionNumber&) const = default;
};

[[nodiscard]] std::optional<VersionNumber> parse_version(std::string_view text);
[[nodiscard]] std::string to_string(const VersionNumber& version);

enum class State : std::uint8_t { draft, active, deprecated, retired };

[[nodiscard]] std::string_view to_string(State state);

struct Version {
  VersionNumber number;
  State state = State::draft;
  std::string schema;                 ///< file, as seen from the registry's folder
  std::vector<std::string> examples;  ///< files, as seen from the registry's folder
  std::optional<BusinessDate> since;
  std::optional<BusinessDate> deprecated_at;
  std::optional<BusinessDate> sunset_at;  ///< from this day on it may be refused
};

struct Consumer {
  std::string name;
  VersionNumber version;
  std::string contact;
};

/// Who may write a field. `pointer` has `*` for any item.
struct FieldOwner {
  std::string pointer;
  std::string
      system;  ///< erp, loyalty, pos, crm, oms, channel, crossfoot, or writer: whoever writes
};

/// Of an entity whose records are kept for all systems: what names one, and what becomes of fields
/// that a system writes and does not own.
struct RecordRules {
  std::string path;                   ///< in addresses: `customers`
  std::vector<std::string> identity;  ///< pointers whose values make the key
  std::string subject;                ///< pointer of what it is about; empty: nothing else
  std::string valid;  ///< pointer of a period, or of an instant; empty: it has no time of its own
  std::vector<std::pair<std::string, std::string>> latest;  ///< lists by pointer, with their key
  std::uint32_t ownership_version = 1;
  std::string foreign_writes;  ///< refuse, ignore or propose …
  std::vector<std::pair<std::string, std::string>> foreign_by_field;  ///< … unless by pointer
};

/// How examples are handed to a running server.
struct ProviderRoute {
  std::string method;
  std::string path;
};

/// One contract as its description says.
struct Contract {
  std::string name;
  std::string kind;  ///< entity, event or api
  std::string title;
  std::string description;
  std::string team;
  std::string contact;
  std::string classification;  ///< public, internal, personal or secret
  std::string availability;    ///< percent, a decimal
  std::int64_t latency_ms_p99 = 0;
  std::vector<std::string> regions;         ///< empty: everywhere
  std::vector<std::string> business_units;  ///< empty: all
  bool tolerate_additions = false;          ///< as CompareOptions, between versions of one major
  std::vector<Version> versions;            ///< as written; lint asks for ascending order
  std::vector<Consumer> consumers;
  std::vector<FieldOwner> field_owners;
  std::optional<ProviderRoute> provider;
  std::optional<RecordRules> record;

  /// `1.2.0`, or `1` for its newest version that is no draft; empty for the newest of all. Null
  /// when there is none.
  [[nodiscard]] const Version* find(std::string_view text) const;
};

/// What holds for all contracts: `registry.json`.
struct Policy {
  std::map<std::string, std::string> documents;  ///< folder by the URI that its schemas begin with
  std::string openapi;                           ///< file of the provider's API
  std::vector<std::string> unowned;   ///< pointers that belong to the sending, not to a system
  std::int64_t notice_days_min = 90;  ///< between deprecation and sunset
  std::int64_t quiet_days_min = 30;   ///< without a call before a version may be retired
};

/// Reads a file by its path as seen from the registry's folder.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

struct Registry {
  Policy policy;
  std::vector<Contract> contracts;  ///< by name

  [[nodiscard]] const Contract* find(std::string_view name) const;
  /// Fault: unknown_contract. The text is NAME or NAME@VERSION.
  [[nodiscard]] Result<std::pair<const Contract*, const Version*>> resolve(
      std::string_view text) const;
};

/// Of one description. Fault: invalid_contract; `where` is a JSON pointer.
[[nodiscard]] Result<Contract> parse_contract(const std::string& json);
[[nodiscard]] Result<Policy> parse_policy(const std::string& json);

/// `files` are those of the registry's folder; `registry.json` among them is the policy, every
/// other `*.json` a contract. Faults: invalid_contract and those of `read`, with the file in front.
[[nodiscard]] Result<Registry> load_registry(const std::vector<std::string>& files,
                                             const ReadFile& read);

/// The schema of a version with formats asserted. Faults as Schema::compile and `read`.
[[nodiscard]] Result<schema::Schema> compile_version(const Registry& registry,
                                                     const Version& version, const ReadFile& read);

/// JSON Schema of a contract's description.
[[nodiscard]] std::string_view description_schema();

}  // namespace crossfoot::contract::registry
