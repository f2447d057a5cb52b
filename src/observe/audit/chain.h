#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "store/api/rows.h"

namespace crossfoot::observe {

/// The digest under which a journal entry enters its partition's chain: SHA-256 of its bytes, which
/// begin with a salt. An entry that was erased (flow::erased_form) keeps the digest it had.
[[nodiscard]] Sha256 audit_digest(std::string_view entry);

/// The end of one partition's chain: all entries up to `position` are in `head`. Position 0, head
/// zero: nothing yet.
struct ChainEnd {
  std::uint64_t position = 0;
  Sha256 head{};

  /// Adds the entry at the next position:
  ///   head' = SHA-256("CFA1", head, partition, position, flow, at, digest)
  /// with numbers as 8 bytes, big endian, and flow as 16. The row's own position is not looked at.
  void extend(const store::JournalRow& row, const Sha256& digest);

  bool operator==(const ChainEnd&) const = default;
};

/// A few bits of an entry, its flow and its time. It proves nothing: it only tells, once a chain is
/// known to be broken, which of its entries differs.
[[nodiscard]] std::uint64_t fingerprint(const store::JournalRow& row, const Sha256& digest);

/// A run of positions of one partition that one anchor covers and the one before did not.
struct Segment {
  Partition partition = 0;
  std::uint64_t first = 1;
  Sha256 head{};                            ///< at the last position
  std::vector<std::uint64_t> fingerprints;  ///< of first, first + 1, …

  [[nodiscard]] std::uint64_t last() const { return first + fingerprints.size() - 1; }
  bool operator==(const Segment&) const = default;
};

/// The stored form of several segments; nothing when the bytes are damaged.
[[nodiscard]] std::string encode(const std::vector<Segment>& segments);
[[nodiscard]] std::optional<std::vector<Segment>> decode_segments(std::string_view bytes);

/// 64 lower-case hex digits, and back.
[[nodiscard]] std::string hex(std::string_view bytes);
[[nodiscard]] std::string hex(const Sha256& digest);
[[nodiscard]] std::optional<Sha256> parse_sha256(std::string_view hex_digits);

}  // namespace crossfoot::observe
