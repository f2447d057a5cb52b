#pragma once

// What the simulated channels send, and what must have come of it in the end. Test code: shares no
// arithmetic with ledger or decide.

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "contract/transaction.h"
#include "flow/engine/engine.h"
#include "flow/engine/sim_world.h"
#include "runtime/random.h"

namespace crossfoot::flow::sim {

/// Sales with returns, voids, corrections and stock movements, out of order, some sent twice, some
/// twice with different content. A channel sends each message until it has an answer.
struct Story {
  struct Message {
    contract::Transaction transaction;
    Duration at{0};
    bool answered = false;
    AcceptAnswer answer;
    Duration answered_at{0};
  };
  using Units = std::map<std::uint32_t, std::int64_t>;  ///< by line

  std::vector<Message> messages;
  std::map<std::uint32_t, Units> sold;     ///< by sale
  std::map<std::uint32_t, Units> claimed;  ///< by sale; may be more than was sold
  std::set<std::uint32_t> voided;
};

/// `within`: the time in which everything is sent for the first time.
[[nodiscard]] Story make_story(runtime::Random& random, std::uint32_t sales, Duration within);

}  // namespace crossfoot::flow::sim
