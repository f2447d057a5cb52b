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
  std::uint32_t buffer = 0;
  unsigned held = 0;
  std::size_t taken = 0;
  for (const std::uint8_t byte : bytes) {
    buffer = (buffer << 8) | byte;
    held += 8;
    while (held >= 5 && taken < bits) {
      text += alphabet[(buffer >> (held - 5)) & 31];
      held -= 5;
      taken += 5;
    }
    if (taken >= bits) return text;
  }
  if (taken < bits) text += alphabet[(buffer << (5 - held)) & 31];
  return text;
}

}  // namespace crossfoot
