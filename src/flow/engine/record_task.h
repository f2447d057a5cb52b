#pragma once

// One statement, verdict or order about a record on its way. Private to the engine's files on
// records.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "contract/profile_change.h"
#include "flow/engine/engine.h"
#include "flow/engine/records.h"

namespace crossfoot::flow {

[[nodiscard]] inline bool holds(const std::vector<std::string>& texts, const std::string& text) {
  return std::ranges::find(texts, text) != texts.end();
}

struct Engine::RecordTask {
  RecordRequest request;
  store::RecordName name;
  std::optional<RecordVerdict> verdict;
  std::optional<RecordProposal> proposal;  ///< that the verdict is about
  std::optional<ProfileOrder> order;
  int attempts = 0;
  RecordDone done;
  RecordAnswer answer;

  // What was read.
  std::optional<contract::record::Known> known;
  std::optional<contract::record::Known> into;  ///< of a merge: who goes on
  std::vector<store::MessageErasure> messages;  ///< of an erasure: those that told of it
  // What was judged.
  contract::record::Merged merged;
  std::string said;

  [[nodiscard]] bool is(ProfileOrder::Kind kind) const { return order && order->what == kind; }
  /// The version that counts when the task is committed.
  [[nodiscard]] std::uint32_t version() const {
    const bool writes = merged.outcome != contract::record::Merged::Outcome::late;
    return (known ? known->version : 0) + (writes ? 1 : 0);
  }
};

}  // namespace crossfoot::flow
