#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "contract/registry/compatibility.h"
#include "contract/registry/registry.h"

namespace crossfoot::contract::registry {

/// Something that a rule finds wrong with a contract.
struct Finding {
  bool error = true;  ///< else a warning
  std::string_view rule;
  std::string contract;
  std::string version;  ///< empty: of the contract as a whole
  std::string place;    ///< file, or JSON pointer into a document with `*` for any item
  std::string message;
};

/// Who called which version last, as a running server has counted.
struct Caller {
  std::string contract;
  std::string version;
  std::string name;
  BusinessDate last_at;
};

struct LintInput {
  const Registry& registry;
  const ReadFile& read;
  BusinessDate today;
  std::vector<Caller> callers;
  /// By contract: since when its callers have been counted. Without an entry they have not been.
  std::map<std::string, BusinessDate> counted_since;
};

/// All rules over all contracts: life (dates, order of versions, retirement), consumers, examples,
/// form (descriptions, decimals, dates, enumerations), owners of fields, and compatibility within
/// a major version. A schema that cannot be compiled is a finding, not a fault.
[[nodiscard]] std::vector<Finding> lint(const LintInput& input);

}  // namespace crossfoot::contract::registry
