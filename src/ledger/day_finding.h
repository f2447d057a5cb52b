#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/money.h"
#include "contract/transaction.h"
#include "ledger/till_numbers.h"
#include "ledger/till_session.h"

namespace crossfoot::ledger {

/// Something about a day that a person should know before it is closed.
struct DayFinding {
  std::string_view code;
  bool blocks = true;  ///< the day is not closed by itself
  std::string detail;
  std::string register_name;  ///< empty: of the shop
  std::uint32_t register_epoch = 0;
  std::uint64_t count = 0;  ///< numbers, messages or differences
  std::vector<MissingNumbers> missing;
  std::vector<ZDifference> differences;
  std::vector<Money> money;
  std::vector<Id> messages;  ///< the first of them
};
inline constexpr std::size_t finding_messages_max = 20;

/// Adds to what the finding is worth; a sum beyond 64 bits is left as it was.
void add_money(DayFinding& finding, const Money& money);
/// One more message that it concerns, as long as there is room.
void note(DayFinding& finding, Id message);

/// Whether a message of this kind counts as a receipt of a day.
[[nodiscard]] constexpr bool is_receipt(contract::TransactionKind kind) {
  using contract::TransactionKind;
  return kind == TransactionKind::sale || kind == TransactionKind::return_goods ||
         kind == TransactionKind::exchange || kind == TransactionKind::void_sale;
}

}  // namespace crossfoot::ledger
