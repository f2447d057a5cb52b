#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/digest.h"
#include "base/id.h"

namespace crossfoot {

/// Appends values in the stored binary form: unsigned and zig-zag LEB128 integers, length-prefixed
/// strings, fixed-size hashes and ids. Every stored record begins with a version number.
class ByteWriter {
 public:
  ByteWriter() { out_.reserve(256); }  // most records fit: one allocation instead of five

  void u64(std::uint64_t value) {
    char bytes[10];
    std::size_t size = 0;
    while (value >= 0x80) {
      bytes[size++] = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    bytes[size++] = static_cast<char>(value);
    out_.append(bytes, size);
  }
  void i64(std::int64_t value) {
    u64((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void boolean(bool value) { out_ += value ? '\1' : '\0'; }
  void text(std::string_view value) {
    u64(value.size());
    out_.append(value);
  }
  void hash(const Hash128& value) { out_.append(value.view()); }
  void id(Id value) {
    const auto bytes = value.bytes();
    out_.append(bytes.data(), bytes.size());
  }
  void instant(Instant value) { i64(value.micros); }
  template <class E>
    requires std::is_enum_v<E>
  void enumerator(E value) {
    u64(static_cast<std::uint64_t>(value));
  }

  [[nodiscard]] std::string take() { return std::move(out_); }
  [[nodiscard]] std::string_view view() const { return out_; }

 private:
  std::string out_;
};

/// Reads what ByteWriter wrote. Reading past the end or an over-long number sets `failed` and
/// yields zeros; the caller checks once at the end (the bytes may be damaged, so nothing here
/// aborts).
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t u64() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return fail();
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) return fail();  // more than 64 bits
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return fail();
  }
  std::int64_t i64() {
    const std::uint64_t value = u64();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  bool boolean() { return u64() != 0; }
  std::string_view view() {
    const std::uint64_t size = u64();
    return raw(size);
  }
  std::string text() { return std::string(view()); }
  Hash128 hash() {
    Hash128 value;
    const std::string_view bytes = raw(16);
    if (bytes.size() == 16) std::memcpy(value.bytes.data(), bytes.data(), 16);
    return value;
  }
  Id id() {
    const std::string_view bytes = raw(16);
    return bytes.size() == 16 ? Id::from_bytes(bytes) : Id{};
  }
  Instant instant() { return {i64()}; }
  template <class E>
    requires std::is_enum_v<E>
  E enumerator(E last) {
    const std::uint64_t value = u64();
    if (value > static_cast<std::uint64_t>(last)) {
      fail();
      return E{};
    }
    return static_cast<E>(value);
  }
  /// A count of elements of at least one byte each: never larger than the bytes that are left.
  std::size_t count() {
    const std::uint64_t value = u64();
    if (value > rest_.size()) return fail();
    return static_cast<std::size_t>(value);
  }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view raw(std::uint64_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::size_t fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace crossfoot
