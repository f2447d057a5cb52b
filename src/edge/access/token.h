#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/access/caller.h"
#include "edge/access/token_key.h"

namespace crossfoot::edge {

/// Whose tokens are believed.
struct TokenRules {
  std::string issuer;                         ///< `iss`, compared as it is
  std::string audience;                       ///< one of `aud`
  Duration leeway{std::chrono::seconds{60}};  ///< of clocks that differ
};

struct ProvenToken {
  Caller caller;
  Instant until;  ///< it proves nothing any more
};

inline constexpr std::size_t token_bytes_max = 8 * 1024;

/// Checks a JWT access token (RFC 9068): type, algorithm, signature by one of the keys, issuer,
/// audience, times, and that the claims which the profile requires are there. `scope` and `roles`
/// give permissions, unknown ones none; `crossfoot_channels`, `crossfoot_shops` and
/// `crossfoot_regions` limit them. Pure. Faults: CF-2401 (unauthorised); the cause is for the log
/// alone.
[[nodiscard]] Result<ProvenToken> check_token(std::string_view token,
                                              const std::vector<TokenKey>& keys,
                                              const TokenRules& rules, Instant now);

}  // namespace crossfoot::edge
