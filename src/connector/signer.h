#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "connector/pack.h"
#include "runtime/http_client.h"

namespace crossfoot::connector {

/// A pack's authentication with its secrets resolved.
class Signer {
 public:
  /// Fault: unauthorised, when a secret cannot be resolved or contains a control character.
  [[nodiscard]] static Result<Signer> create(const Auth& auth, const SecretLookup& secrets);

  /// Adds the headers that prove who we are. `token`: the access token of OAuth2, else unused.
  void sign(runtime::HttpCall& call, Instant now, const std::string& token) const;

  [[nodiscard]] bool needs_token() const { return oauth_ != nullptr; }
  /// The request of a token, RFC 6749 section 4.4; its target is the path of the token URL.
  [[nodiscard]] runtime::HttpCall token_request(std::string target) const;

 private:
  [[nodiscard]] std::string hmac_signature(const HmacAuth& auth, const runtime::HttpCall& call,
                                           const std::string& timestamp) const;

  const ApiKeyAuth* api_key_ = nullptr;
  const BasicAuth* basic_ = nullptr;
  const OAuth2Auth* oauth_ = nullptr;
  const HmacAuth* hmac_ = nullptr;
  std::string first_;   ///< key, user, client id, secret of the signature
  std::string second_;  ///< password, client secret
};

[[nodiscard]] std::string base64(std::string_view bytes);

/// `GET`, `POST` …
[[nodiscard]] std::string_view method_name(runtime::Method method);

}  // namespace crossfoot::connector
