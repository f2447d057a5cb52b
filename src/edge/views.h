#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/json_writer.h"
#include "edge/access/caller.h"
#include "edge/receipt_slices.h"
#include "flow/decide/journal.h"
#include "flow/engine/engine.h"
#include "flow/plan/flow.h"
#include "store/api/store.h"

/// Rows and flows as the API shows them (api/README.md, "Answers"). Pure; any thread.
namespace crossfoot::edge {

[[nodiscard]] std::string location_of(Id id);
/// Whether a caller with limits may see it. What a stored row does not say is read from the
/// original.
[[nodiscard]] bool is_visible(const CallerPtr& caller, const store::MessageRow& message);
[[nodiscard]] std::string_view to_string(store::MessageState state);
[[nodiscard]] std::string_view to_string(store::FlowStatus status);

/// A message with its whole flow; null: it has none.
void write_transaction(contract::JsonWriter& out, const store::MessageRow& message,
                       const flow::Flow* flow, const std::vector<ReceiptSlice>& slices = {});
/// An item of a list: the flow shows its state alone.
void write_list_item(contract::JsonWriter& out, const store::MessageRow& message,
                     const store::FlowRow* flow);
/// The journal of a flow, or what is known of a message without one.
void write_timeline(contract::JsonWriter& out, const store::MessageRow& message,
                    const flow::Flow* flow, const std::vector<flow::JournalEntry>& entries);

/// A flow that does not move by itself, with the legs in its way.
void write_dead_letter(contract::JsonWriter& out, const store::MessageRow& message,
                       const store::FlowRow& row, const flow::Flow& flow);
/// Minor units by currency as an object of exact decimals; unknown currencies are left out.
void write_money(contract::JsonWriter& out,
                 const std::vector<std::pair<std::string, std::int64_t>>& money);
void write_replay(contract::JsonWriter& out, const flow::ReplayJob& job);

/// What the overview is made of.
struct OverviewFacts {
  struct Waiting {
    std::string target;
    std::int64_t count = 0;
    std::optional<Instant> oldest;
  };
  struct Target {
    flow::TargetStatus status;
    std::string_view breaker;
    std::int64_t due = 0;
  };
  Instant as_of;
  std::vector<std::pair<std::string, std::int64_t>> counters;
  std::vector<store::ParkedGroup> parked;
  std::vector<Waiting> waiting;
  std::vector<Target> targets;
};
/// The value of a counter, 0 when it was never added to.
[[nodiscard]] std::int64_t counter(
    const std::vector<std::pair<std::string, std::int64_t>>& counters, std::string_view name);
[[nodiscard]] std::string render_overview(const OverviewFacts& facts);

}  // namespace crossfoot::edge
