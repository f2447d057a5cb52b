#pragma once

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contract/registry/registry.h"

namespace crossfoot::edge {

/// The registry's files that the program carries.
struct BuiltInContracts {
  std::vector<std::string> files;  ///< of the registry's folder
  contract::registry::ReadFile read;
};
[[nodiscard]] BuiltInContracts built_in_contracts();
/// The schema of the newest version of a contract that the program carries.
[[nodiscard]] contract::schema::Schema built_in_schema(std::string_view contract);

/// The registry of contracts as the server shows it, and a meter of who still uses which version.
/// It counts since it was made: what came before a restart is not known, and it says since when.
/// Shard thread only.
class ContractBook {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// One version in use. Stays in its place as long as the book.
  struct Use {
    struct Entry {
      std::uint64_t calls = 0;
      Instant last_at;
      prometheus::Counter* counter = nullptr;
    };
    struct Hash {
      using is_transparent = void;
      std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>{}(text);
      }
    };
    const contract::registry::Contract* contract = nullptr;
    const contract::registry::Version* version = nullptr;
    std::string schema;  ///< its text
    Headers life;        ///< Deprecation, Sunset, Link; empty while it is neither
    std::unordered_map<std::string, Entry, Hash, std::equal_to<>> callers;
  };

  /// Callers told apart for one version; further ones are counted together.
  static constexpr std::size_t callers_max = 1000;

  /// Reads the registry and every schema. Faults: those of load_registry and `read`.
  [[nodiscard]] static Result<std::unique_ptr<ContractBook>> load(
      const std::vector<std::string>& files, const contract::registry::ReadFile& read,
      prometheus::Registry& metrics, Instant now);
  /// What the program carries. A fault is a programmer's error that a test finds.
  [[nodiscard]] static Result<std::unique_ptr<ContractBook>> built_in(prometheus::Registry& metrics,
                                                                      Instant now);

  ContractBook(const ContractBook&) = delete;
  ContractBook& operator=(const ContractBook&) = delete;

  /// As Contract::find; null when there is none.
  [[nodiscard]] Use* find(std::string_view contract, std::string_view version);
  [[nodiscard]] const contract::registry::Registry& registry() const { return registry_; }

  /// `caller` is `principal:`, `agent:` or `address:` with the name.
  void called(Use& use, std::string_view caller, Instant now);

  [[nodiscard]] std::string list_json() const;
  [[nodiscard]] static std::string contract_json(const contract::registry::Contract& contract);
  [[nodiscard]] std::string consumers_json(const contract::registry::Contract& contract) const;

 private:
  ContractBook(contract::registry::Registry registry, prometheus::Registry& metrics, Instant now);

  contract::registry::Registry registry_;
  prometheus::Family<prometheus::Counter>& calls_;
  Instant since_;
  std::deque<Use> uses_;
};

}  // namespace crossfoot::edge
