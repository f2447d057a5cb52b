#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/registry/registry.h"

/// Records that systems of record own: whose word each of their fields is, and what one more
/// statement about them makes of what is known. Pure.
namespace crossfoot::contract::record {

/// What becomes of a field that is written by a system that does not own it.
enum class ForeignWrite : std::uint8_t {
  refuse,   ///< the whole write is refused
  ignore,   ///< the rest is taken; the answer and the journal say what was not
  propose,  ///< as ignore, and a person decides about it
};
[[nodiscard]] std::string_view to_string(ForeignWrite otherwise);

/// Whoever writes owns it.
inline constexpr std::string_view any_writer = "writer";

struct FieldRule {
  std::string owner;  ///< a system, or any_writer
  ForeignWrite otherwise = ForeignWrite::refuse;
};

/// Who owns the fields of one kind of record. A rule holds for its field and for what is below it
/// that has no rule of its own.
struct Ownership {
  std::uint32_t version = 1;
  std::map<std::string, FieldRule, std::less<>> fields;  ///< by JSON pointer through objects

  /// The rule of the field; null when nobody owns it.
  [[nodiscard]] const FieldRule* rule_of(std::string_view pointer) const;
  /// A field below this one has a rule of its own.
  [[nodiscard]] bool has_below(std::string_view pointer) const;
};

/// As the contract says.
[[nodiscard]] Ownership ownership_of(const registry::Contract& contract);

/// What an installation has decided otherwise, by contract:
/// {"version": 2, "contracts": {"customer": {"/email": {"owner": "loyalty", "foreign": "ignore"}}}}
/// Either member of a field may be absent. Faults: invalid_contract, `where` is a JSON pointer.
[[nodiscard]] Status override_ownership(std::string_view json,
                                        std::map<std::string, Ownership, std::less<>>& all);

}  // namespace crossfoot::contract::record
