#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "flow/decide/decide.h"

namespace crossfoot::flow {

/// One event that was decided, with the facts it was decided by. Legs that an event brings are kept
/// as how they began; what never changes of them is in the flow's stored state.
struct JournalInput {
  Event event;
  Facts facts;
};

/// What a flow began with, beside what never changes of it: how each leg began, the provisional
/// points, and the links that the transaction itself states.
struct Beginning {
  std::vector<Leg> legs;  ///< state, lane, reason and detail only
  std::vector<FrozenLine> frozen;
  std::vector<LineLink> links;
};
[[nodiscard]] Beginning beginning_of(const Flow& flow);

/// What one commit of a flow stores: the events that were decided with the facts they were decided
/// by, what followed in the words of the timeline, the version of the rules and the hash of the
/// state afterwards. Bytes begin with a salt (see `erased_form`).
struct JournalEntry {
  std::uint32_t decider = decider_version;
  Instant at;
  Hash128 state_hash;  ///< of encode(Flow)
  Hash128 salt;
  std::vector<JournalEvent> events;
  /// False for entries of versions that did not store all of what follows.
  bool has_inputs = true;
  std::optional<Beginning> beginning;  ///< of the flow's first entry
  std::vector<JournalInput> inputs;    ///< all with the retry policy of the first
};
[[nodiscard]] std::string encode(const JournalEntry& entry);
/// Reads every stored version. An erased entry has decider 0 and nothing else.
[[nodiscard]] Result<JournalEntry> decode_journal(std::string_view bytes);

/// What stays of a journal entry when what it says must be forgotten: its digest. Entries carry a
/// salt, so that the digest of one that is gone confirms no guess about it; the audit chain over
/// the digests stays whole. Erasing an erased entry changes nothing.
[[nodiscard]] std::string erased_form(std::string_view entry);
/// The digest that an erased entry had; nothing when it is not erased.
[[nodiscard]] std::optional<Sha256> erased_digest(std::string_view entry);

/// Decides a flow's journal again, entry by entry, and compares state hashes.
struct Replayed {
  enum class Outcome : std::uint8_t {
    same,           ///< every state hash came out again
    different,      ///< at `position`
    other_decider,  ///< differs, but older rules decided: reported, nobody's fault
    not_recorded,   ///< an entry without inputs, or erased
  };
  Outcome outcome = Outcome::same;
  std::uint64_t position = 0;  ///< of the entry concerned
  std::size_t entries = 0;     ///< that came out the same
};
/// `stored`: the flow as it is; `entries`: those at `stored.journal`, in order.
[[nodiscard]] Replayed replay_journal(const Flow& stored, std::span<const JournalEntry> entries);

}  // namespace crossfoot::flow
