#pragma once

// The stored form of events and facts within a journal entry. Private to this module.

#include <optional>
#include <vector>

#include "base/codec.h"
#include "flow/decide/decide.h"

namespace crossfoot::flow {

/// How legs began: their state, and why where it is a reason.
void put_begun_legs(ByteWriter& out, const std::vector<Leg>& legs);
std::vector<Leg> get_begun_legs(ByteReader& in);

void put_retry(ByteWriter& out, const RetryPolicy& retry);
RetryPolicy get_retry(ByteReader& in);

/// Without the retry policy. `at`: the entry's time, from which `now` differs by little or nothing.
void put_facts(ByteWriter& out, const Facts& facts, Instant at);
Facts get_facts(ByteReader& in, Instant at);

/// Of an answer of a receipt book only what decide() looks at; the rest is in the book.
void put_event(ByteWriter& out, const Event& event);
/// Nothing when no such event is known.
std::optional<Event> get_event_input(ByteReader& in);

}  // namespace crossfoot::flow
