#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace crossfoot {

/// A partition of the data store; a flow's home is fixed at accept. 0 … partition_count - 1.
using Partition = std::uint16_t;
inline constexpr Partition partition_count = 4096;

/// A 128-bit identifier, ordered by time: 48 bits milliseconds since 1970, 12 bits partition, 4
/// bits zero, 24 bits node incarnation (issued by the data store), 40 bits counter. An id alone
/// finds its month and its partition. Text: 26 characters of Crockford base32.
struct Id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const Id&) const = default;
  [[nodiscard]] bool is_nil() const { return high == 0 && low == 0; }
  [[nodiscard]] Partition partition() const { return static_cast<Partition>((high >> 4) & 0xfff); }
  [[nodiscard]] Instant created_at() const {
    return {static_cast<std::int64_t>(high >> 16) * 1000};
  }

  /// Sixteen bytes, big endian: bytewise order is id order.
  [[nodiscard]] std::array<char, 16> bytes() const;
  static Id from_bytes(std::string_view sixteen_bytes);
};

[[nodiscard]] std::string to_string(Id id);
[[nodiscard]] std::optional<Id> parse_id(std::string_view text);

/// Issues ids that are unique for one node incarnation. Single-threaded, owned by a shard.
class IdSource {
 public:
  /// `incarnation`: a number that the data store issues once per start; the low 24 bits are used.
  explicit IdSource(std::uint32_t incarnation) : incarnation_(incarnation & 0xffffff) {}

  [[nodiscard]] Id next(Instant now, Partition partition);

 private:
  std::uint32_t incarnation_;
  std::uint64_t counter_ = 0;
};

}  // namespace crossfoot

template <>
struct std::hash<crossfoot::Id> {
  std::size_t operator()(const crossfoot::Id& id) const noexcept {
    return static_cast<std::size_t>(id.high ^ (id.low * 0x9e3779b97f4a7c15ULL));
  }
};
