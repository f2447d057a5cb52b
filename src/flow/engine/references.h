#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "contract/record/aliases.h"
#include "contract/transaction.h"
#include "flow/plan/leg.h"
#include "store/api/store.h"

/// Names by which transactions mean products and members, and what becomes of those that nobody
/// knows.
namespace crossfoot::flow {

/// `product:SKU-9`: how an unresolved reference is counted, listed and filtered.
[[nodiscard]] std::string reference_name(std::string_view type, std::string_view value);
inline constexpr std::string_view unresolved_counters = "unresolved|";

/// Documents of this kind are the names that records give, by type, tenant, name and record.
inline constexpr std::string_view alias_documents = "alias";
/// What a new version changes of them.
void add_aliases(const store::RecordName& record, std::string_view before, std::string_view after,
                 store::Unit& unit);

struct ReferenceQuery {
  std::string tenant;
  std::vector<std::string> names;  ///< reference_name
  Instant at;
};
/// Those of the names that mean no record, or more than one, at the time.
[[nodiscard]] Result<std::vector<std::string>> unresolved(store::Reader& reader,
                                                          const ReferenceQuery& query);

/// What a validate leg that waits for references waits for; empty when it waits for none.
[[nodiscard]] std::vector<std::string> references_of(const Leg& leg);

}  // namespace crossfoot::flow
