#pragma once

// The stored form of events and facts within a journal entry. Private to this module.

#include <optional>
#include <vector>

#include "base/codec.h"
#include "flow/decide/decide.h"

namespace crossfoot::flow {

/// How legs began: state, lane, and why where there is a reason. Entries of version 2 (`version`)
/// have no lanes: a release may change them, which came later.
void put_begun_legs(ByteWriter& out, const std::vector<Leg>& legs);
std::vector<Leg> get_begun_legs(ByteReader& in, std::uint64_t version);
inline constexpr std::uint64_t lanes_since_version = 3;

void put_retry(ByteWriter& out, const RetryPolicy& retry);
RetryPolicy get_retry(ByteReader& in);

/// Without the retry policy. `at`: the entry's time, from which `now` differs by little or nothing.
void put_facts(ByteWriter& out, const Facts& facts, Instant at);
Facts get_facts(ByteReader& in, Instant at);

/// Of an answer of a receipt book only what decide() looks at; the rest is in the book.
void put_event(ByteWriter& out, const Event& event);
/// Nothing when no such event is known.
std::optional<Event> get_event_input(ByteReader& in, std::uint64_t version);

}  // namespace crossfoot::flow
