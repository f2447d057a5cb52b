#include "ledger/day_finding.h"

#include <algorithm>

#include "ledger/day_totals.h"

namespace crossfoot::ledger {

void note(DayFinding& finding, Id message) {
  if (finding.messages.size() < finding_messages_max) finding.messages.push_back(message);
}

void add_money(DayFinding& finding, const Money& money) {
  const auto at = std::ranges::find(finding.money, money.currency, &Money::currency);
  if (at == finding.money.end()) {
    finding.money.push_back(money);
  } else if (const auto sum = amount(Wide{at->minor} + money.minor, money.currency)) {
    *at = *sum;
  }
}

}  // namespace crossfoot::ledger
