#include "base/digest.h"

#include <openssl/sha.h>

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

Sha256 sha256(std::string_view bytes) {
  Sha256 digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
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
