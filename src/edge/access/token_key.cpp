#include "edge/access/token_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <simdjson.h>

#include <array>
#include <utility>

#include "contract/error_codes.h"

namespace crossfoot::edge {

namespace {

using PublicKey = std::shared_ptr<evp_pkey_st>;

constexpr int rsa_bits_min = 2048;
constexpr int rsa_bits_max = 8192;
constexpr std::size_t p256_bytes = 32;

template <class T, auto release>
struct Release {
  void operator()(T* owned) const { release(owned); }
};
template <class T, auto release>
using Owned = std::unique_ptr<T, Release<T, release>>;
using Number = Owned<BIGNUM, BN_free>;
using Builder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcSignature = Owned<ECDSA_SIG, ECDSA_SIG_free>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

PublicKey shared(EVP_PKEY* key) {
  return key == nullptr ? nullptr : PublicKey(key, EVP_PKEY_free);
}

PublicKey from_parameters(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  PublicKey made = shared(key);
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return check && EVP_PKEY_public_check(check.get()) == 1 ? made : nullptr;
}

Number number_of(std::string_view base64url) {
  const auto bytes = decode_base64url(base64url);
  if (!bytes || bytes->empty()) return nullptr;
  return Number(BN_bin2bn(bytes_of(*bytes), static_cast<int>(bytes->size()), nullptr));
}

/// RFC 7518, 3.4: R and S, each as 32 bytes; OpenSSL reads the DER form.
std::string der_of(std::string_view signature) {
  if (signature.size() != 2 * p256_bytes) return {};
  const EcSignature parts(ECDSA_SIG_new());
  Number r(BN_bin2bn(bytes_of(signature), p256_bytes, nullptr));
  Number s(BN_bin2bn(bytes_of(signature) + p256_bytes, p256_bytes, nullptr));
  if (!parts || !r || !s || ECDSA_SIG_set0(parts.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool is_for(const EVP_PKEY* key, TokenAlgorithm algorithm) {
  switch (algorithm) {
    case TokenAlgorithm::rs256:
    case TokenAlgorithm::ps256:
      return EVP_PKEY_is_a(key, "RSA") == 1;
    case TokenAlgorithm::es256:
      return EVP_PKEY_is_a(key, "EC") == 1;
    case TokenAlgorithm::eddsa:
      return EVP_PKEY_is_a(key, "ED25519") == 1;
  }
  return false;
}

std::string_view text_of(simdjson::dom::object object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

PublicKey key_of(simdjson::dom::object jwk) {
  const std::string_view type = text_of(jwk, "kty");
  const std::string_view curve = text_of(jwk, "crv");
  if (type == "RSA") return TokenKey::rsa(text_of(jwk, "n"), text_of(jwk, "e"));
  if (type == "EC" && curve == "P-256") {
    return TokenKey::p256(text_of(jwk, "x"), text_of(jwk, "y"));
  }
  if (type == "OKP" && curve == "Ed25519") return TokenKey::ed25519(text_of(jwk, "x"));
  return nullptr;
}

Fault unusable(std::string cause) {
  return {.code = std::string(contract::error_code::key_unusable),
          .fault_class = FaultClass::rejected,
          .where = "key set",
          .cause = std::move(cause)};
}

}  // namespace

std::optional<TokenAlgorithm> token_algorithm(std::string_view name) {
  if (name == "RS256") return TokenAlgorithm::rs256;
  if (name == "PS256") return TokenAlgorithm::ps256;
  if (name == "ES256") return TokenAlgorithm::es256;
  if (name == "EdDSA" || name == "Ed25519") return TokenAlgorithm::eddsa;
  return std::nullopt;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  static constexpr auto values = [] {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
      table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return table;
  }();
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::int8_t value = values[static_cast<std::uint8_t>(c)];
    if (value < 0) return std::nullopt;
    held = (held << 6U) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((held >> bits) & 0xffU);
    held &= (1U << bits) - 1;
  }
  if (bits >= 6 || held != 0) return std::nullopt;
  return bytes;
}

PublicKey TokenKey::rsa(std::string_view n, std::string_view e) {
  const Number modulus = number_of(n);
  const Number exponent = number_of(e);
  if (!modulus || !exponent || BN_num_bits(modulus.get()) < rsa_bits_min ||
      BN_num_bits(modulus.get()) > rsa_bits_max || BN_num_bits(exponent.get()) > 64) {
    return nullptr;
  }
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return from_parameters("RSA", builder.get());
}

PublicKey TokenKey::p256(std::string_view x, std::string_view y) {
  const auto first = decode_base64url(x);
  const auto second = decode_base64url(y);
  if (!first || !second || first->size() != p256_bytes || second->size() != p256_bytes) {
    return nullptr;
  }
  constexpr std::string_view uncompressed = "\x04";
  const std::string point = std::string(uncompressed) + *first + *second;
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return from_parameters("EC", builder.get());
}

PublicKey TokenKey::ed25519(std::string_view x) {
  const auto bytes = decode_base64url(x);
  if (!bytes || bytes->size() != 32) return nullptr;
  return shared(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*bytes), bytes->size()));
}

TokenKey::TokenKey(std::string id, std::optional<TokenAlgorithm> only, PublicKey key)
    : id_(std::move(id)), only_(only), key_(std::move(key)) {}

bool TokenKey::verifies(TokenAlgorithm algorithm, std::string_view signed_text,
                        std::string_view signature) const {
  if (!is_for(key_.get(), algorithm) || (only_ && *only_ != algorithm)) return false;
  const bool is_ec = algorithm == TokenAlgorithm::es256;
  const std::string der = is_ec ? der_of(signature) : std::string{};
  if (is_ec) signature = der;
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* how = nullptr;
  const EVP_MD* digest = algorithm == TokenAlgorithm::eddsa ? nullptr : EVP_sha256();
  if (!context || signature.empty() ||
      EVP_DigestVerifyInit(context.get(), &how, digest, nullptr, key_.get()) != 1) {
    return false;
  }
  if (algorithm == TokenAlgorithm::ps256 &&
      (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                          bytes_of(signed_text), signed_text.size()) == 1;
}

Result<std::vector<TokenKey>> parse_key_set(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array listed;
  if (parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS ||
      root["keys"].get(listed) != simdjson::SUCCESS) {
    return fail(unusable("it is not a JSON object with an array of keys"));
  }
  std::vector<TokenKey> keys;
  for (const simdjson::dom::element each : listed) {
    simdjson::dom::object jwk;
    if (each.get(jwk) != simdjson::SUCCESS) continue;
    const std::string_view use = text_of(jwk, "use");
    if (!use.empty() && use != "sig") continue;
    const std::string_view named = text_of(jwk, "alg");
    const auto only = token_algorithm(named);
    if (!named.empty() && !only) continue;
    if (PublicKey key = key_of(jwk)) {
      keys.emplace_back(std::string(text_of(jwk, "kid")), only, std::move(key));
    }
  }
  if (keys.empty()) return fail(unusable("it holds no key that tokens can be signed with"));
  return keys;
}

}  // namespace crossfoot::edge
