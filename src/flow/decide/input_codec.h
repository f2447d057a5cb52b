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
inline constexpr std::uint64_t schedules_since_version = 4;

/// Of the target that one input concerns; `before`: that of the input before, which is often the
/// same.
void put_retry(ByteWriter& out, const RetrySchedule& retry, const RetrySchedule& before);
RetrySchedule get_retry(ByteReader& in, const RetrySchedule& before);
/// As entries before `schedules_since_version` had it: one policy for all inputs of an entry.
RetryPolicy get_entry_retry(ByteReader& in);

/// Without the retry schedule. `at`: the entry's time, from which `now` differs by little or
/// nothing.
void put_facts(ByteWriter& out, const Facts& facts, Instant at);
Facts get_facts(ByteReader& in, Instant at);

/// Of an answer of a receipt book only what decide() looks at; the rest is in the book.
void put_event(ByteWriter& out, const Event& event);
/// Nothing when no such event is known.
std::optional<Event> get_event_input(ByteReader& in, std::uint64_t version);

}  // namespace crossfoot::flow
