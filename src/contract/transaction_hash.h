#pragma once

#include <cstdint>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "contract/transaction.h"

namespace crossfoot::contract {

/// The content hash of a transaction and the version of the projection it was made from. Both are
/// stored; a repeat is hashed by the stored version.
struct ContentHash {
  Hash128 hash;
  std::uint8_t projection = 0;

  bool operator==(const ContentHash&) const = default;
};

inline constexpr std::uint8_t content_projection_latest = 1;
inline constexpr std::string_view content_projection_name = "transaction-content/1";

/// Hash over "transaction-content/1": the key and every field that says what happened, in a fixed
/// order, decimals by value. Left out: `revision` (the same content under a higher revision is a
/// repeat, not a correction), `source_row` and `source_format` (how it came). A document with a
/// `source_format` comes from a source that does not number its lines: their numbers are left out
/// and their order does not matter, so the same rows in another order are the same content.
[[nodiscard]] ContentHash transaction_hash(const Transaction& transaction);

/// By a stored projection version. A version that this release does not know is `corrupt`.
[[nodiscard]] Result<ContentHash> transaction_hash(const Transaction& transaction,
                                                   std::uint8_t projection);

/// What two transactions share when one may be the other under a new number (a till that
/// re-numbered while offline): tenant, shop, kind, member, lines with what they return, tenders; no
/// sequence, register or time. Who compares says how near in time they must be. It only suspects,
/// it never decides identity.
[[nodiscard]] Hash128 content_fingerprint(const Transaction& transaction);

}  // namespace crossfoot::contract
