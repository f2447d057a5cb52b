#pragma once

// The business keys under which what is accepted is found again.

#include "flow/engine/engine.h"
#include "store/api/rows.h"

namespace crossfoot::flow {

/// The date under which keys of a natural key are kept, 0 where it has none.
[[nodiscard]] BusinessDate key_date(const contract::NaturalKey& key);

/// Adds the key of the request's Idempotency-Key, where it has one.
void add_idempotency_key(const AcceptRequest& request, Id id, store::Unit& unit);

/// Adds a key of the natural key's kind and date.
void add_natural_key(const AcceptRequest& request, const Hash128& hash, Id id, store::Unit& unit);

/// The key of one conflicting content under a natural key: its repeats find the first held message.
[[nodiscard]] Hash128 conflict_hash(const Hash128& natural, const Hash128& content);

/// The key of a revision behind the first one: there is one content for each.
[[nodiscard]] Hash128 revision_hash(const Hash128& natural, std::uint32_t revision);

}  // namespace crossfoot::flow
