#include "flow/engine/accept_keys.h"

#include "base/codec.h"

namespace crossfoot::flow {

namespace {

store::KeyRow key_row(const AcceptRequest& request, store::KeyKind kind, BusinessDate date,
                      const Hash128& hash, Id id) {
  return {.kind = kind,
          .date = date,
          .hash = hash,
          .id = id,
          .content = request.content,
          .revision = request.transaction->revision,
          .projection = request.projection};
}

}  // namespace

BusinessDate key_date(const contract::NaturalKey& key) {
  return key.form == contract::NaturalKey::Form::till ? key.business_date : BusinessDate{};
}

void add_idempotency_key(const AcceptRequest& request, Id id, store::Unit& unit) {
  if (request.idempotency_key.empty()) return;
  ByteWriter out;
  out.text(request.transaction->key.tenant);
  out.text(request.idempotency_key);
  unit.keys.push_back(
      key_row(request, store::KeyKind::idempotency, BusinessDate{}, hash128(out.view()), id));
}

void add_natural_key(const AcceptRequest& request, const Hash128& hash, Id id, store::Unit& unit) {
  unit.keys.push_back(
      key_row(request, store::KeyKind::natural, key_date(request.transaction->key), hash, id));
}

Hash128 conflict_hash(const Hash128& natural, const Hash128& content) {
  ByteWriter out;
  out.hash(natural);
  out.hash(content);
  return hash128(out.view());
}

Hash128 revision_hash(const Hash128& natural, std::uint32_t revision) {
  ByteWriter out;
  out.hash(natural);
  out.text("revision");
  out.u64(revision);
  return hash128(out.view());
}

}  // namespace crossfoot::flow
