#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/api/rows.h"

namespace crossfoot::store {

/// A journal row with its place in the archive's order, which within a partition is the order of
/// commit.
struct ArchivedRow {
  std::int64_t sequence = 0;
  JournalRow row;
};

/// What is stored, read by somebody who is not the owner: nothing is written, no incarnation is
/// issued, a server that has the data store open goes on. Every call sees a snapshot of its own, so
/// that a long walk holds nothing up. Positions are given as they are stored: gaps, repetitions and
/// impossible values are the reader's to find. Blocking; one thread. Faults: CF-5001, CF-5003.
class Archive {
 public:
  virtual ~Archive() = default;

  /// Rows behind `after`, at most `limit`; empty at the end. `after`: 0, or the last sequence of a
  /// page that was read.
  virtual Result<std::vector<ArchivedRow>> journal(std::int64_t after, std::size_t limit) = 0;
  /// Of the last row now; 0 without rows.
  virtual Result<std::int64_t> last_sequence() = 0;
  virtual Result<std::optional<FlowRow>> load_flow(Id id) = 0;
  virtual Result<std::optional<std::string>> document(std::string_view kind,
                                                      std::string_view key) = 0;
  /// Documents of a kind behind key `after`, by key, at most `limit`.
  virtual Result<std::vector<DocumentRow>> documents(std::string_view kind, std::string_view after,
                                                     std::size_t limit) = 0;
};

}  // namespace crossfoot::store
