#pragma once

// The stored form of a returned line's links, which flows and journal entries share.

#include "base/codec.h"
#include "flow/plan/flow.h"

namespace crossfoot::flow {

inline void put_link(ByteWriter& out, const LineLink& link) {
  out.u64(link.line);
  out.enumerator(link.disposition);
  out.i64(link.units);
  out.boolean(link.measured);
  out.u64(link.parts.size());
  for (const LinkPart& part : link.parts) {
    out.hash(part.book);
    out.id(part.original);
    out.u64(part.line);
    out.i64(part.units);
    out.i64(part.covered);
  }
}

/// `version`: of the record that the link is part of; 2 and later say whether it is measured.
inline LineLink get_link(ByteReader& in, std::uint64_t version) {
  LineLink link;
  link.line = static_cast<std::uint32_t>(in.u64());
  link.disposition = in.enumerator(disposition_last);
  link.units = in.i64();
  link.measured = version >= 2 && in.boolean();
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    LinkPart part;
    part.book = in.hash();
    part.original = in.id();
    part.line = static_cast<std::uint32_t>(in.u64());
    part.units = in.i64();
    part.covered = in.i64();
    link.parts.push_back(part);
  }
  return link;
}

}  // namespace crossfoot::flow
