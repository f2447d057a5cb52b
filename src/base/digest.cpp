#include "base/digest.h"

#include <openssl/evp.h>

#include <memory>

#include "base/invariant.h"

namespace crossfoot {

std::string to_string(const Hash128& hash) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(32);
  for (const std::uint8_t byte : hash.bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

namespace {

/// The library looks an algorithm up by name at each one-shot call, which costs more than hashing a
/// short text: so it is looked up once a thread.
class Sha256Hasher {
 public:
  Sha256Hasher() {
    INVARIANT(algorithm_ != nullptr && context_ != nullptr, "the crypto library knows SHA-256");
  }

  Sha256 operator()(std::string_view bytes) {
    Sha256 digest;
    const bool hashed = EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
                        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1 &&
                        EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1;
    INVARIANT(hashed, "hashing bytes in memory does not fail");
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD, Free> algorithm_{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

}  // namespace

Sha256 sha256(std::string_view bytes) {
  thread_local Sha256Hasher hasher;
  return hasher(bytes);
}

Hash128 hash128(std::string_view bytes) {
  const Sha256 digest = sha256(bytes);
  Hash128 hash;
  std::memcpy(hash.bytes.data(), digest.data(), hash.bytes.size());
  return hash;
}

std::string base32(std::span<const std::uint8_t> bytes, std::size_t bits) {
  INVARIANT(bits <= bytes.size() * 8, "base32 reads no further than the bytes it was given");
  static constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text;
  text.reserve((bits + 4) / 5);
  for (std::size_t at = 0; at < bits; at += 5) {
    // Two bytes hold any five bits; what lies beyond `bits` counts as zero, whatever is there.
    const unsigned high = bytes[at / 8];
    const unsigned low = at / 8 + 1 < bytes.size() ? bytes[at / 8 + 1] : 0;
    unsigned digit = (((high << 8) | low) >> (11 - at % 8)) & 31U;
    if (bits - at < 5) digit &= 31U << (5 - (bits - at));
    text += alphabet[digit];
  }
  return text;
}

}  // namespace crossfoot
