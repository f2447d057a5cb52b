#include "base/codec.h"
#include "contract/error_codes.h"
#include "flow/decide/decide.h"

namespace crossfoot::flow {

namespace {
constexpr std::uint64_t stored_version = 1;
}

std::string encode(const JournalEntry& entry) {
  ByteWriter out;
  out.u64(stored_version);
  out.u64(entry.decider);
  out.instant(entry.at);
  out.hash(entry.state_hash);
  out.u64(entry.events.size());
  for (const JournalEvent& event : entry.events) {
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
  return out.take();
}

Result<JournalEntry> decode_journal(std::string_view bytes) {
  ByteReader in(bytes);
  JournalEntry entry;
  const std::uint64_t version = in.u64();
  entry.decider = static_cast<std::uint32_t>(in.u64());
  entry.at = in.instant();
  entry.state_hash = in.hash();
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    JournalEvent event;
    event.kind = in.enumerator(JournalEvent::kind_last);
    event.leg = static_cast<std::uint16_t>(in.u64());
    event.attempt = static_cast<std::uint16_t>(in.u64());
    event.state = in.enumerator(leg_state_last);
    event.step = in.text();
    event.reference = in.text();
    event.detail = in.text();
    if (in.boolean()) event.call = in.id();
    entry.events.push_back(std::move(event));
  }
  if (version != stored_version || in.failed() || !in.at_end()) {
    return fail({.code = std::string(contract::error_code::stored_bytes_corrupt),
                 .fault_class = FaultClass::corrupt,
                 .where = "journal",
                 .cause = "stored version is unknown or its bytes are damaged"});
  }
  return entry;
}

}  // namespace crossfoot::flow
