#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contract/record/record.h"
#include "contract/registry/registry.h"

namespace crossfoot::edge {

/// The kinds of records that this server keeps: contracts, compiled, with who owns which field.
/// Immutable.
class RecordBook {
 public:
  using KindPtr = std::shared_ptr<const contract::record::Kind>;

  /// `override_json` is the installation's own ownership (contract::record::override_ownership);
  /// empty: the contracts' alone. Faults: those of load_registry, compile_version and of it.
  [[nodiscard]] static Result<std::unique_ptr<RecordBook>> load(
      const std::vector<std::string>& files, const contract::registry::ReadFile& read,
      std::string_view override_json);
  /// Of what the program carries.
  [[nodiscard]] static Result<std::unique_ptr<RecordBook>> built_in(std::string_view override_json);

  /// By the name in addresses (`customers`), or of the contract; null when there is none.
  [[nodiscard]] KindPtr by_path(std::string_view path) const;
  [[nodiscard]] KindPtr by_contract(std::string_view name) const;

  [[nodiscard]] std::string ownership_json() const;

 private:
  RecordBook() = default;

  std::vector<KindPtr> kinds_;
};

}  // namespace crossfoot::edge
