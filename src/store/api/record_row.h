#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "base/time.h"

namespace crossfoot::store {

/// Names a record: what kind of thing, whose, and its business key.
struct RecordName {
  std::string kind;   ///< the contract, such as `customer`
  std::string scope;  ///< the tenant
  std::string key;

  auto operator<=>(const RecordName&) const = default;
};

/// One version of a record that a system of record owns and others must know. Versions count from 1
/// and are never changed, but for what erasure takes out of them. That there is one of each number
/// is judged by a key of kind `record` in the same unit.
struct RecordRow {
  RecordName name;
  std::uint32_t version = 1;
  Id id;  ///< of this write; its partition is the record's home
  Instant recorded_at;
  Instant valid_from;                                          ///< when it begins to hold …
  Instant valid_to{std::numeric_limits<std::int64_t>::max()};  ///< … and before when it ends
  std::string subject;  ///< what it is about beside its name: the article of a price; may be empty
  std::string source;   ///< the system that wrote it
  std::uint32_t revision = 0;  ///< as the source counts them
  Hash128 content;             ///< salted, of what the source sent
  std::string provenance;      ///< whose word each field is
  std::string body;            ///< the whole record, all fields of all owners
};

/// At which time a record is wanted: what holds at `valid` of what was stored by `known`. Of the
/// versions that cover both, the highest number counts.
struct RecordTime {
  Instant valid;
  Instant known{std::numeric_limits<std::int64_t>::max()};
};

/// A page of records of one kind, by key.
struct RecordQuery {
  std::string kind;
  std::string scope;
  std::string subject;  ///< empty: any
  std::string after;    ///< last key of the page before
  RecordTime at;
  std::size_t limit = 50;  ///< 1 … 1000
};

/// Takes out of the versions before one what they say; that they were there stays.
struct RecordErasure {
  RecordName name;
  std::uint32_t before_version = 0;
};

/// What a stored message says instead of what it said.
struct MessageErasure {
  Id id;
  std::string body;
};

/// What one unit writes about records.
struct RecordWrites {
  std::vector<RecordRow> rows;
  std::vector<RecordErasure> erasures;
  std::vector<MessageErasure> messages;
};

}  // namespace crossfoot::store
