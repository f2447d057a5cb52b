#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "contract/transaction.h"

namespace crossfoot::contract {

/// The decision that a shop's day is closed. It takes the next slice of the day: what counted then
/// and was in no earlier slice, and what an earlier slice has that counts no more (a receipt that
/// was corrected). A slice is never changed; what comes later makes the next one.
struct StoreDayClose {
  std::string tenant;
  std::string shop;
  std::string region;
  BusinessDate date;
  std::uint32_t slice = 1;
  Instant at;
  std::string by;  ///< a person, or `policy`
  std::string reason;
  std::vector<std::string> in_spite_of;  ///< codes of what spoke against it
  std::vector<Id> added;                 ///< by id, as `removed`
  std::vector<Id> removed;
  std::string totals;  ///< what the slice comes to: a JSON array

  bool operator==(const StoreDayClose&) const = default;
};

/// The message of a close as it is stored, which mappings read.
[[nodiscard]] std::string store_day_close_message(const StoreDayClose& close);

/// Whether stored bytes are such a message, and the close in it. Fault: stored_bytes_corrupt.
[[nodiscard]] bool is_store_day_close(std::string_view body);
[[nodiscard]] Result<StoreDayClose> read_store_day_close(std::string_view body);

/// The message as flows see it: named by tenant, shop, day and slice, so that there is one of each.
[[nodiscard]] Transaction store_day_close_transaction(const StoreDayClose& close);

}  // namespace crossfoot::contract
