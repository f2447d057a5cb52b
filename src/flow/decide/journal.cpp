#include "flow/decide/journal.h"

#include <cstring>

#include "base/codec.h"
#include "flow/decide/input_codec.h"
#include "flow/plan/damaged.h"
#include "flow/plan/frozen_codec.h"
#include "flow/plan/link_codec.h"

namespace crossfoot::flow {

namespace {

/// 1: neither salt nor what was decided by, only what followed. 2: legs begin without their lane.
/// 3: one retry policy for all inputs of an entry.
constexpr std::uint64_t stored_version = 4;
constexpr std::uint64_t plan_version = 2;  ///< of frozen lines and links within
constexpr char erased_version = 0;         ///< then the digest, and nothing else

void put(ByteWriter& out, const JournalEvent& event) {
  out.enumerator(event.kind);
  out.u64(event.leg);
  out.u64(event.attempt);
  out.enumerator(event.state);
  out.text(event.step);
  out.text(event.reference);
  out.text(event.detail);
  out.boolean(!event.call.is_nil());
  if (!event.call.is_nil()) out.id(event.call);
}

JournalEvent get_event(ByteReader& in) {
  JournalEvent event;
  event.kind = in.enumerator(JournalEvent::kind_last);
  event.leg = static_cast<std::uint16_t>(in.u64());
  event.attempt = static_cast<std::uint16_t>(in.u64());
  event.state = in.enumerator(leg_state_last);
  event.step = in.text();
  event.reference = in.text();
  event.detail = in.text();
  if (in.boolean()) event.call = in.id();
  return event;
}

void put(ByteWriter& out, const Beginning& beginning) {
  put_begun_legs(out, beginning.legs);
  put_frozen(out, beginning.frozen);
  out.u64(beginning.links.size());
  for (const LineLink& link : beginning.links) put_link(out, link);
}

Beginning get_beginning(ByteReader& in, std::uint64_t version) {
  Beginning beginning;
  beginning.legs = get_begun_legs(in, version);
  beginning.frozen = get_frozen(in, plan_version);
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    beginning.links.push_back(get_link(in, plan_version));
  }
  return beginning;
}

void put_inputs(ByteWriter& out, const JournalEntry& entry) {
  out.boolean(entry.beginning.has_value());
  if (entry.beginning) put(out, *entry.beginning);
  out.u64(entry.inputs.size());
  if (entry.inputs.empty()) return;
  const RetrySchedule usual;
  const RetrySchedule* before = &usual;
  for (const JournalInput& input : entry.inputs) {
    put_retry(out, input.facts.retry, *before);
    before = &input.facts.retry;
    put_facts(out, input.facts, entry.at);
    put_event(out, input.event);
  }
}

bool get_inputs(ByteReader& in, std::uint64_t version, JournalEntry& entry) {
  if (in.boolean()) entry.beginning = get_beginning(in, version);
  std::size_t left = in.count();
  if (left == 0) return true;
  RetrySchedule retry;
  if (version < schedules_since_version) retry.usual = get_entry_retry(in);
  for (; left > 0 && !in.failed(); --left) {
    JournalInput input;
    if (version >= schedules_since_version) retry = get_retry(in, retry);
    input.facts = get_facts(in, entry.at);
    input.facts.retry = retry;
    auto event = get_event_input(in, version);
    if (!event) return false;
    input.event = std::move(*event);
    entry.inputs.push_back(std::move(input));
  }
  return true;
}

/// A leg as it was planned: what never changes from the stored flow, the rest as it began.
Leg begun(const Leg& stored, const Leg& beginning) {
  Leg leg = beginning;
  leg.number = stored.number;
  leg.kind = stored.kind;
  leg.target = stored.target;
  leg.order_key = stored.order_key;
  leg.after = stored.after;
  leg.arguments = stored.arguments;
  leg.undoes = stored.undoes;
  leg.book = stored.book;
  leg.book_date = stored.book_date;
  for (const Step& step : stored.steps) {
    leg.steps.push_back({.operation = step.operation, .reference = step.reference});
  }
  return leg;
}

std::optional<Flow> begun(const Flow& stored, const Beginning& beginning) {
  if (stored.legs.size() < beginning.legs.size()) return std::nullopt;
  Flow flow = stored;
  flow.version = 0;
  flow.superseded_by = {};
  flow.repeated_as = 0;
  flow.legs.clear();
  for (std::size_t i = 0; i < beginning.legs.size(); ++i) {
    flow.legs.push_back(begun(stored.legs[i], beginning.legs[i]));
  }
  flow.answered.reset();
  flow.reversed = {};
  flow.frozen = beginning.frozen;
  flow.links = beginning.links;
  flow.journal.clear();
  if (flow.redemption) {
    const Leg* authorise = flow.leg(authorise_number);
    const bool revoked = authorise != nullptr && authorise->state == LegState::cancelled;
    flow.redemption = as_begun(*flow.redemption, revoked);
  }
  return flow;
}

/// Legs that an event brings get what never changes of them from where they stand in the flow.
void complete(std::vector<Leg>& more, std::size_t first, const Flow& stored) {
  for (std::size_t i = 0; i < more.size() && first + i < stored.legs.size(); ++i) {
    more[i] = begun(stored.legs[first + i], more[i]);
  }
}

Event completed(Event event, const Flow& flow, const Flow& stored) {
  if (auto* claimed = std::get_if<Claimed>(&event)) {
    complete(claimed->more, flow.legs.size(), stored);
  } else if (auto* linked = std::get_if<Linked>(&event)) {
    complete(linked->claims, flow.legs.size(), stored);
  }
  return event;
}

bool fits(const Flow& flow, const Event& event) {
  const auto* claimed = std::get_if<Claimed>(&event);
  const auto* linked = std::get_if<Linked>(&event);
  const std::size_t more = claimed != nullptr  ? claimed->more.size()
                           : linked != nullptr ? linked->claims.size()
                                               : 0;
  return flow.legs.size() + more <= legs_max;
}

}  // namespace

Beginning beginning_of(const Flow& flow) {
  Beginning beginning;
  for (const Leg& leg : flow.legs) {
    Leg bare;
    bare.state = leg.state;
    bare.lane = leg.lane;
    bare.reason = leg.reason;
    bare.detail = leg.detail;
    beginning.legs.push_back(std::move(bare));
  }
  beginning.frozen = flow.frozen;
  beginning.links = flow.links;
  return beginning;
}

std::string encode(const JournalEntry& entry) {
  ByteWriter out;
  out.u64(stored_version);
  out.hash(entry.salt);
  out.u64(entry.decider);
  out.instant(entry.at);
  out.hash(entry.state_hash);
  out.u64(entry.events.size());
  for (const JournalEvent& event : entry.events) put(out, event);
  put_inputs(out, entry);
  return out.take();
}

Result<JournalEntry> decode_journal(std::string_view bytes) {
  if (erased_digest(bytes)) return JournalEntry{.decider = 0, .has_inputs = false};
  ByteReader in(bytes);
  JournalEntry entry;
  const std::uint64_t version = in.u64();
  if (version >= 2) entry.salt = in.hash();
  entry.decider = static_cast<std::uint32_t>(in.u64());
  entry.at = in.instant();
  entry.state_hash = in.hash();
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    entry.events.push_back(get_event(in));
  }
  entry.has_inputs = version >= 2;
  const bool known = !entry.has_inputs || get_inputs(in, version, entry);
  // A lane that a release changed later cannot be told from the one it began with.
  if (version < lanes_since_version) entry.has_inputs = false;
  if (!known || version == 0 || version > stored_version || in.failed() || !in.at_end()) {
    return fail(damaged("journal"));
  }
  return entry;
}

std::string erased_form(std::string_view entry) {
  if (erased_digest(entry)) return std::string(entry);
  const Sha256 digest = sha256(entry);
  std::string erased(1, erased_version);
  erased.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return erased;
}

std::optional<Sha256> erased_digest(std::string_view entry) {
  Sha256 digest;
  if (entry.size() != 1 + digest.size() || entry.front() != erased_version) return std::nullopt;
  std::memcpy(digest.data(), entry.data() + 1, digest.size());
  return digest;
}

Replayed replay_journal(const Flow& stored, std::span<const JournalEntry> entries) {
  using Outcome = Replayed::Outcome;
  Replayed replayed;
  std::optional<Flow> flow;
  for (const JournalEntry& entry : entries) {
    const std::size_t index = replayed.entries;
    if (index >= stored.journal.size()) break;
    replayed.position = stored.journal[index];
    if (!entry.has_inputs) {
      replayed.outcome = Outcome::not_recorded;
      return replayed;
    }
    const Outcome otherwise =
        entry.decider == decider_version ? Outcome::different : Outcome::other_decider;
    if (entry.beginning) flow = begun(stored, *entry.beginning);
    replayed.outcome = otherwise;
    if (!flow) return replayed;
    for (const JournalInput& input : entry.inputs) {
      const Event event = completed(input.event, *flow, stored);
      if (!fits(*flow, event)) return replayed;
      (void)decide(*flow, event, input.facts);
    }
    ++flow->version;
    flow->journal.push_back(replayed.position);
    if (hash128(encode(*flow)) != entry.state_hash) return replayed;
    replayed.outcome = Outcome::same;
    ++replayed.entries;
  }
  return replayed;
}

}  // namespace crossfoot::flow
