#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/invariant.h"

/// An authorisation server for the tests of access: makes keys, publishes and signs.
namespace crossfoot::edge::testing {

inline std::string base64url(std::string_view bytes) {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    held = (held << 8U) | static_cast<std::uint8_t>(c);
    for (bits += 8; bits >= 6;) {
      bits -= 6;
      text += alphabet[(held >> bits) & 0x3fU];
    }
  }
  if (bits > 0) text += alphabet[(held << (6 - bits)) & 0x3fU];
  return text;
}

class Issuer {
 public:
  /// `algorithm`: RS256, PS256, ES256 or EdDSA.
  Issuer(std::string key_id, std::string algorithm)
      : key_id_(std::move(key_id)), algorithm_(std::move(algorithm)) {
    EVP_PKEY* made = is_rsa()                ? EVP_RSA_gen(2048)
                     : algorithm_ == "ES256" ? EVP_EC_gen("P-256")
                                             : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    INVARIANT(made != nullptr, "a key is made");
    key_ = std::shared_ptr<EVP_PKEY>(made, EVP_PKEY_free);
  }

  [[nodiscard]] std::string jwk() const {
    std::string text = R"({"kid":")" + key_id_ + R"(","use":"sig",)";
    if (is_rsa()) {
      return text + R"("kty":"RSA","n":")" + number(OSSL_PKEY_PARAM_RSA_N, 0) + R"(","e":")" +
             number(OSSL_PKEY_PARAM_RSA_E, 0) + R"("})";
    }
    if (algorithm_ == "ES256") {
      return text + R"("kty":"EC","crv":"P-256","x":")" + number(OSSL_PKEY_PARAM_EC_PUB_X, 32) +
             R"(","y":")" + number(OSSL_PKEY_PARAM_EC_PUB_Y, 32) + R"("})";
    }
    unsigned char raw[32];
    std::size_t size = sizeof raw;
    EVP_PKEY_get_raw_public_key(key_.get(), raw, &size);
    return text + R"("kty":"OKP","crv":"Ed25519","x":")" +
           base64url({reinterpret_cast<char*>(raw), size}) + R"("})";
  }
  [[nodiscard]] std::string key_set() const { return R"({"keys":[)" + jwk() + "]}"; }

  [[nodiscard]] std::string header() const {
    return R"({"typ":"at+jwt","alg":")" + algorithm_ + R"(","kid":")" + key_id_ + R"("})";
  }
  [[nodiscard]] std::string token(std::string_view claims) const { return token(header(), claims); }
  [[nodiscard]] std::string token(std::string_view header, std::string_view claims) const {
    const std::string signed_text = base64url(header) + "." + base64url(claims);
    return signed_text + "." + base64url(sign(signed_text));
  }

 private:
  [[nodiscard]] bool is_rsa() const { return algorithm_ == "RS256" || algorithm_ == "PS256"; }

  [[nodiscard]] std::string number(const char* name, int size) const {
    BIGNUM* value = nullptr;
    INVARIANT(EVP_PKEY_get_bn_param(key_.get(), name, &value) == 1, "the key has it");
    std::string bytes(static_cast<std::size_t>(size > 0 ? size : BN_num_bytes(value)), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(bytes.size()));
    BN_free(value);
    return base64url(bytes);
  }

  [[nodiscard]] std::string sign(std::string_view text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    EVP_PKEY_CTX* how = nullptr;
    const EVP_MD* digest = algorithm_ == "EdDSA" ? nullptr : EVP_sha256();
    EVP_DigestSignInit(context.get(), &how, digest, nullptr, key_.get());
    if (algorithm_ == "PS256") {
      EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                   text.size());
    signature.resize(size);
    if (algorithm_ != "ES256") return signature;
    const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
    ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(signature.size()));
    std::string both(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(both.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + 32, 32);
    ECDSA_SIG_free(parts);
    return both;
  }

  std::string key_id_;
  std::string algorithm_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace crossfoot::edge::testing
