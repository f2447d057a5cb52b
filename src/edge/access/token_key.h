#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct evp_pkey_st;

namespace crossfoot::edge {

/// How a token may be signed (RFC 7518, RFC 8037). `none` and the symmetric ones are not among
/// them.
enum class TokenAlgorithm : std::uint8_t { rs256, ps256, es256, eddsa };
[[nodiscard]] std::optional<TokenAlgorithm> token_algorithm(std::string_view name);

/// Base64url without padding (RFC 7515, 2). No value for anything else, also for bits left over.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

/// One public key of a token issuer.
class TokenKey {
 public:
  /// RSA (2,048 to 8,192 bits), EC on P-256, or Ed25519, from the members of a JWK (RFC 7517),
  /// base64url. Null when they make no such key.
  [[nodiscard]] static std::shared_ptr<evp_pkey_st> rsa(std::string_view n, std::string_view e);
  [[nodiscard]] static std::shared_ptr<evp_pkey_st> p256(std::string_view x, std::string_view y);
  [[nodiscard]] static std::shared_ptr<evp_pkey_st> ed25519(std::string_view x);

  TokenKey(std::string id, std::optional<TokenAlgorithm> only, std::shared_ptr<evp_pkey_st> key);

  [[nodiscard]] const std::string& id() const { return id_; }
  /// False also when the key is not one for this algorithm.
  [[nodiscard]] bool verifies(TokenAlgorithm algorithm, std::string_view signed_text,
                              std::string_view signature) const;

 private:
  std::string id_;
  std::optional<TokenAlgorithm> only_;
  std::shared_ptr<evp_pkey_st> key_;
};

/// The keys of a JWK set (RFC 7517, 5) that can sign tokens; others are passed over, as it asks.
/// Faults: CF-8123 (rejected) when it is no set or holds no such key.
[[nodiscard]] Result<std::vector<TokenKey>> parse_key_set(std::string_view json);

}  // namespace crossfoot::edge
