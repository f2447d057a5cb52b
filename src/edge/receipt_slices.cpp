#include "edge/receipt_slices.h"

#include <algorithm>

#include "contract/store_day_close.h"

namespace crossfoot::edge {

Result<std::vector<ReceiptSlice>> slices_of(store::Reader& reader, const store::MessageRow& message,
                                            const std::string& tenant) {
  std::vector<ReceiptSlice> found;
  contract::StoreDayClose wanted{
      .tenant = tenant, .shop = message.shop, .date = message.business_date};
  for (;; ++wanted.slice) {
    const contract::NaturalKey key = contract::store_day_close_transaction(wanted).key;
    const auto row = reader.find_key(store::KeyKind::natural, BusinessDate{}, key.hash());
    if (!row) return fail(row.error());
    if (!*row) return found;
    const auto stored = reader.load_message((*row)->id);
    if (!stored) return fail(stored.error());
    if (!*stored) return found;
    const auto close = contract::read_store_day_close((*stored)->body);
    if (!close) return fail(close.error());
    const bool added = std::ranges::binary_search(close->added, message.id);
    const bool removed = std::ranges::binary_search(close->removed, message.id);
    if (added || removed) found.push_back({wanted.slice, (*row)->id, removed});
  }
}

}  // namespace crossfoot::edge
