#pragma once

#include <string>
#include <string_view>

#include "contract/record/record.h"

/// What a person or a process does to a customer's record as a whole. Pure.
namespace crossfoot::contract::record {

/// Entries of two lists by one of their members, of each the later one (`at`); in order of that
/// member. What both say at the same time is taken from the second.
[[nodiscard]] std::string later_entries(std::string_view before, std::string_view said,
                                        std::string_view by);

/// Of the first membership that has not been left; empty: no member.
[[nodiscard]] std::string member_of(std::string_view body);

/// `into`: key and record of the customer that goes on. Refused (customer_state_conflict) where the
/// customer is merged into another already, or either is erased or does not go on itself;
/// `replayed` where it is merged into this one.
[[nodiscard]] std::expected<Merged, Problem> merged_into(const Kind& kind, const Known& known,
                                                         std::string_view into,
                                                         const Known& survivor, Instant now);
/// Refused where the customer is not merged.
[[nodiscard]] std::expected<Merged, Problem> unmerged(const Kind& kind, const Known& known,
                                                      Instant now);
/// Leaves id and status, and nothing by which the rest could be guessed. `replayed` when it is
/// done.
[[nodiscard]] std::expected<Merged, Problem> erased(const Kind& kind, const Known& known,
                                                    Instant now);
/// Adds one decision of the customer (a consent as the contract describes it).
[[nodiscard]] std::expected<Merged, Problem> consented(const Kind& kind, const Known& known,
                                                       std::string_view consent, Instant now);

}  // namespace crossfoot::contract::record
