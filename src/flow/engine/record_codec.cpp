#include "base/codec.h"
#include "flow/engine/records.h"
#include "flow/plan/damaged.h"

namespace crossfoot::flow {

namespace {

constexpr std::uint64_t proposal_version = 1;
constexpr std::size_t id_bits = 100;

void put(ByteWriter& out, const store::RecordName& name) {
  out.text(name.kind);
  out.text(name.scope);
  out.text(name.key);
}

}  // namespace

std::string proposal_id(const RecordProposal& proposal) {
  ByteWriter out;
  put(out, proposal.record);
  out.text(proposal.field.pointer);
  out.text(proposal.system);
  return base32(sha256(out.view()), id_bits);
}

std::string encode(const RecordProposal& proposal) {
  ByteWriter out;
  out.u64(proposal_version);
  out.id(proposal.write);
  put(out, proposal.record);
  out.text(proposal.system);
  out.text(proposal.field.pointer);
  out.text(proposal.field.value);
  out.instant(proposal.at);
  return out.take();
}

Result<RecordProposal> decode_proposal(std::string_view bytes) {
  ByteReader in(bytes);
  RecordProposal proposal;
  const std::uint64_t version = in.u64();
  proposal.write = in.id();
  proposal.record.kind = in.text();
  proposal.record.scope = in.text();
  proposal.record.key = in.text();
  proposal.system = in.text();
  proposal.field.pointer = in.text();
  proposal.field.value = in.text();
  proposal.at = in.instant();
  if (version != proposal_version || in.failed() || !in.at_end()) {
    return fail(damaged("record proposal"));
  }
  return proposal;
}

Hash128 record_hash(const store::RecordName& name) {
  ByteWriter out;
  put(out, name);
  return hash128(out.view());
}

Hash128 record_hash(const store::RecordName& name, std::uint32_t version) {
  ByteWriter out;
  put(out, name);
  out.u64(version);
  return hash128(out.view());
}

Result<contract::record::Known> known_of(const store::RecordRow& row) {
  auto provenance = contract::record::decode_provenance(row.provenance);
  if (!provenance) return fail(provenance.error());
  return contract::record::Known{.version = row.version,
                                 .valid_from = row.valid_from,
                                 .valid_to = row.valid_to,
                                 .body = row.body,
                                 .provenance = std::move(*provenance)};
}

}  // namespace crossfoot::flow
