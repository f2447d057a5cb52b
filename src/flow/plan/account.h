#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "base/money.h"
#include "base/result.h"
#include "base/time.h"

namespace crossfoot::flow {

struct Flow;

/// What Crossfoot itself vouches for of one member's points, where the loyalty platform does not:
/// redemptions that it holds because the platform only deducts, and those that were granted on the
/// floor limit (docs/adr/0018). It names flows; what becomes of them stands in these alone, so that
/// capture and void need no second row. One row a member, only while there is something in it.
struct Account {
  std::uint32_t version = 0;  ///< writes so far
  std::vector<Id> redemptions;
};

/// More than any member has at once; with so many nothing is reserved or granted any more.
inline constexpr std::size_t account_redemptions_max = 64;

/// The key of the row, apart from those of receipt books.
[[nodiscard]] Hash128 account_key(std::string_view tenant, std::string_view member);

/// What a redemption takes of what the platform said was free, when it was asked at `asked`: the
/// held points while they may be captured, the captured ones until the platform had deducted them
/// before that.
[[nodiscard]] Points reserved_by(const Flow& redemption, Instant now, Instant asked);
/// What a redemption that was granted on the floor limit still owes the platform's word.
[[nodiscard]] Points granted_by(const Flow& redemption, Instant now);
/// Nothing of it matters to an account any more; `asked` was the last question.
[[nodiscard]] bool is_past(const Flow& redemption, Instant now, Instant asked);

/// Something of it is to reach the member's points and stands still or is in doubt: no row of the
/// due index names it under the member.
[[nodiscard]] bool is_owing(const Flow& flow);

[[nodiscard]] std::string encode(const Account& account);
[[nodiscard]] Result<Account> decode_account(std::string_view bytes);

}  // namespace crossfoot::flow
