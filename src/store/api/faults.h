#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/fault.h"

namespace crossfoot::store {

/// CF-5001: the medium failed; nothing was written, the same call may succeed later.
[[nodiscard]] inline Fault unavailable_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5001",
          .fault_class = FaultClass::transient,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5004: no space is left; nothing was written, the same call may succeed later.
[[nodiscard]] inline Fault full_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5004",
          .fault_class = FaultClass::transient,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5002: another process has opened the data store for writing; this one must not write any
/// more.
[[nodiscard]] inline Fault locked_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5002",
          .fault_class = FaultClass::transient,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5006: the schema is newer than this program.
[[nodiscard]] inline Fault schema_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5006",
          .fault_class = FaultClass::corrupt,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5009: this unit can never be written (too large, breaks a constraint).
[[nodiscard]] inline Fault refused_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5009",
          .fault_class = FaultClass::rejected,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5003: stored bytes make no sense.
[[nodiscard]] inline Fault corrupt_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5003",
          .fault_class = FaultClass::corrupt,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5008: the commit may or may not have happened; the store must be opened again.
[[nodiscard]] inline Fault unclear_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5008",
          .fault_class = FaultClass::unknown_outcome,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5007: the store is closed, or refuses after an unclear commit until it is opened again.
/// Nothing was written.
[[nodiscard]] inline Fault closed_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5007",
          .fault_class = FaultClass::transient,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5005: what stood where another version was expected.
[[nodiscard]] inline Fault conflict_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5005",
          .fault_class = FaultClass::conflict,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5010: the data store's server is set up in a way that may lose what was answered as durable.
[[nodiscard]] inline Fault unsafe_settings_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5010",
          .fault_class = FaultClass::rejected,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5011: no synchronous standby, though none of the accepted may be lost with a node.
[[nodiscard]] inline Fault standby_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5011",
          .fault_class = FaultClass::transient,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5012: the data store is being moved here, and the move is not finished and proven.
[[nodiscard]] inline Fault unfinished_transfer_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5012",
          .fault_class = FaultClass::conflict,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5013: a data store cannot be moved here, because something is here already.
[[nodiscard]] inline Fault target_taken_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5013",
          .fault_class = FaultClass::conflict,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5014: the role of the data store lacks a right.
[[nodiscard]] inline Fault rights_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5014",
          .fault_class = FaultClass::unauthorised,
          .where = std::string(where),
          .cause = std::move(cause)};
}

/// CF-5015: the copy of a data store is not what its source is.
[[nodiscard]] inline Fault transfer_differs_fault(std::string_view where, std::string cause) {
  return {.code = "CF-5015",
          .fault_class = FaultClass::corrupt,
          .where = std::string(where),
          .cause = std::move(cause)};
}

}  // namespace crossfoot::store
