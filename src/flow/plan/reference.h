#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace crossfoot::flow {

/// What a reference is made of: business identity only, so that a restore, a failover or a new
/// import yields the same one (ENGINE.md, references).
struct ReferenceParts {
  std::string_view natural_key;  ///< NaturalKey::canonical(), which holds the tenant
  std::uint32_t revision = 0;
  std::string_view target;
  std::string_view leg;  ///< name of the leg kind, with a line where one kind repeats
  std::string_view step;
  Hash128 book;                     ///< of a claim's delta: the original …
  std::uint32_t book_revision = 0;  ///< … and the book's persisted revision …
  std::string_view original;        ///< … and the reference of what it undoes there
};

/// The idempotency key of a step at its target: the first 100 bits of SHA-256 over the parts, as 20
/// characters of Crockford base32.
[[nodiscard]] std::string make_reference(const ReferenceParts& parts);

/// The reference of a deliberate re-send: made of the one that was sent and the number of the leg
/// that sends it again, so that a restart yields the same one.
[[nodiscard]] std::string make_resend_reference(std::string_view reference, std::uint32_t number);

/// The key under which calls of a member (or of one receipt) are ordered at a target.
[[nodiscard]] Hash128 make_order_key(std::string_view target, std::string_view order_class,
                                     std::string_view tenant, std::string_view key);

}  // namespace crossfoot::flow
