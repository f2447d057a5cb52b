#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace crossfoot::runtime {

/// An Ed25519 public key (RFC 8032). Cheap to copy.
class PublicKey {
 public:
  using Bytes = std::array<std::uint8_t, 32>;

  explicit PublicKey(const Bytes& bytes) : bytes_(bytes) {}
  /// Reads a PEM file. Faults: those of read_file; CF-8123 when it holds no Ed25519 public key.
  [[nodiscard]] static Result<PublicKey> load(const std::filesystem::path& path);

  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] bool verifies(std::string_view message, std::string_view signature) const;

  bool operator==(const PublicKey&) const = default;

 private:
  Bytes bytes_{};
};

/// An Ed25519 key pair that never leaves its file.
class SigningKey {
 public:
  /// Reads the PEM file, or makes a new key and writes it with mode 0600, and its public half
  /// beside it with `.pub` behind the name. Faults: those of files; CF-8123 when the file holds no
  /// Ed25519 key.
  [[nodiscard]] static Result<SigningKey> load_or_make(const std::filesystem::path& path);

  /// 64 bytes.
  [[nodiscard]] std::string sign(std::string_view message) const;
  [[nodiscard]] PublicKey public_key() const;

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace crossfoot::runtime
