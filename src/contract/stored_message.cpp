#include "contract/stored_message.h"

#include "contract/error_codes.h"
#include "contract/points_adjustment.h"
#include "contract/profile_change.h"
#include "contract/store_day_close.h"
#include "contract/till_record.h"
#include "contract/transaction_json.h"

namespace crossfoot::contract {

Result<Transaction> read_stored_message(std::string_view body) {
  if (is_profile_message(body)) {
    return transform(read_profile_message(body), profile_transaction);
  }
  if (is_adjustment_message(body)) return read_adjustment_message(body);
  if (is_store_day_close(body)) {
    return transform(read_store_day_close(body), store_day_close_transaction);
  }
  auto parsed = parse_transaction(body, ParsePolicy::stored());
  if (parsed) return std::move(parsed->transaction);
  // The two contracts share no kind, so that what reads as one never reads as the other.
  if (auto record = stored_till_record(body)) return record;
  return fail({.code = std::string(error_code::stored_bytes_corrupt),
               .fault_class = FaultClass::corrupt,
               .where = "stored message",
               .cause = parsed.error().detail});
}

}  // namespace crossfoot::contract
