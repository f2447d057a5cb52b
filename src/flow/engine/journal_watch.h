#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/digest.h"
#include "base/id.h"
#include "store/memory/state.h"

namespace crossfoot::flow::sim {

/// Watches what is durable grow, for simulations: journal rows are only added, a flow is stored in
/// the state that its newest entry names, and in the end no position is empty.
class JournalWatch {
 public:
  /// Looks at what has been added since the last look, but for little while there are many
  /// partitions to walk over. What is wrong with it; empty for nothing.
  [[nodiscard]] std::string look(const store::memory::State& state);
  /// Looks at the rest, then walks the whole journal again: nothing that was seen has changed.
  [[nodiscard]] std::string look_back(const store::memory::State& state);

 private:
  struct Chain {
    std::uint64_t position = 0;
    Hash128 head;
  };
  [[nodiscard]] std::string look_at_new(const store::memory::State& state);
  /// False: the row leaves a gap.
  static bool extend(Chain& chain, const store::JournalRow& row);

  std::map<Partition, Chain> chains_;
  std::size_t seen_ = 0;
};

}  // namespace crossfoot::flow::sim
