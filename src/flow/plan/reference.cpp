#include "flow/plan/reference.h"

#include "base/codec.h"

namespace crossfoot::flow {

std::string make_reference(const ReferenceParts& parts) {
  ByteWriter out;
  out.text(parts.natural_key);
  out.u64(parts.revision);
  out.text(parts.target);
  out.text(parts.leg);
  out.text(parts.step);
  out.u64(0);  // the first sending; make_resend_reference() makes those of later ones
  if (!parts.book.is_zero()) {
    out.hash(parts.book);
    out.u64(parts.book_revision);
    if (!parts.original.empty()) out.text(parts.original);
  }
  const Sha256 digest = sha256(out.view());
  return base32(digest, 100);
}

std::string make_resend_reference(std::string_view reference, std::uint32_t number) {
  ByteWriter out;
  out.text(reference);
  out.u64(number);
  return base32(sha256(out.view()), 100);
}

Hash128 make_order_key(std::string_view target, std::string_view order_class,
                       std::string_view tenant, std::string_view key) {
  ByteWriter out;
  out.text(target);
  out.text(order_class);
  out.text(tenant);
  out.text(key);
  return hash128(out.view());
}

}  // namespace crossfoot::flow
