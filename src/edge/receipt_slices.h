#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "store/api/store.h"

namespace crossfoot::edge {

/// A slice of its store day that has to do with a receipt.
struct ReceiptSlice {
  std::uint32_t slice = 0;
  Id close;              ///< the message that took it
  bool removed = false;  ///< an earlier slice has the receipt, this one took it out again
};

/// By number; empty while the day was not closed with it. Costs a look for each slice of the day.
[[nodiscard]] Result<std::vector<ReceiptSlice>> slices_of(store::Reader& reader,
                                                          const store::MessageRow& message,
                                                          const std::string& tenant);

}  // namespace crossfoot::edge
