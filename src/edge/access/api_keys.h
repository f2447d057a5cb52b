#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "edge/access/caller.h"

namespace crossfoot::edge {

/// `cf_`, the key's id, `_` and 256 random bits. Only its SHA-256 is kept: with so many bits a slow
/// hash would protect nothing more.
struct IssuedKey {
  std::string text;    ///< shown once
  std::string digest;  ///< 64 hex digits, for the file of keys
};
/// `id`: 1 to 64 of a-z, 0-9 and hyphens. Random bits come from the system.
[[nodiscard]] IssuedKey issue_api_key(std::string_view id);
[[nodiscard]] bool is_api_key_id(std::string_view id);

/// What the file of keys says of each (docs/guides/access.md).
class ApiKeys {
 public:
  /// Faults: CF-8123 (rejected), with what is wrong with which key.
  [[nodiscard]] static Result<ApiKeys> parse(std::string_view json);

  /// Whose certificate has this SHA-256, in 64 hex digits; null when nobody's, or its time is over.
  [[nodiscard]] CallerPtr find_certificate(std::string_view digest, Instant now) const;
  /// Null when there is no such key, or its time is over. Takes as long for a wrong secret as for
  /// the right one.
  [[nodiscard]] CallerPtr find(std::string_view presented, Instant now) const;
  [[nodiscard]] static bool looks_like_one(std::string_view presented);

 private:
  struct Key {
    Sha256 digest;
    CallerPtr caller;
    std::optional<Instant> until;
  };
  std::map<std::string, Key, std::less<>> keys_;  ///< by id
  std::map<Sha256, Key> certificates_;            ///< by digest
};

}  // namespace crossfoot::edge
