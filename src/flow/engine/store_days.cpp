#include "flow/engine/parts.h"
#include "flow/plan/store_day.h"

/// Which shops have days to close: one small document for each, in the commit of what came first.
/// What came of a day is read from its messages (docs/adr/0021).
namespace crossfoot::flow {

namespace {

/// Dates of which noted shops are remembered; the documents of others are written once more.
constexpr std::size_t noted_dates_max = 64;

bool is_of_a_day(const contract::Transaction& transaction) {
  return !transaction.shop.empty() && !transaction.redemption && transaction.profile == nullptr &&
         transaction.close == nullptr;
}

std::string noted_name(const contract::Transaction& transaction) {
  return transaction.key.tenant + '|' + transaction.shop;
}

void add(const SeenDay& day, store::Unit& unit) {
  unit.documents.push_back({std::string(seen_day_documents), key_of(day), encode(day)});
}

}  // namespace

void Engine::note_day(const contract::Transaction& transaction, store::Unit& unit) {
  if (!is_of_a_day(transaction)) return;
  const auto date = noted_days_.find(transaction.business_date);
  if (date != noted_days_.end() && date->second.contains(noted_name(transaction))) return;
  add({transaction.key.tenant, transaction.shop, transaction.region, transaction.business_date},
      unit);
}

void Engine::note_day(const store::MessageRow& message, store::Unit& unit) {
  if (message.shop.empty() || message.business_date == BusinessDate{}) return;
  add({"default", message.shop, {}, message.business_date}, unit);
}

void Engine::day_is_noted(const contract::Transaction& transaction) {
  if (!is_of_a_day(transaction)) return;
  noted_days_[transaction.business_date].insert(noted_name(transaction));
  if (noted_days_.size() > noted_dates_max) noted_days_.erase(noted_days_.begin());
}

}  // namespace crossfoot::flow
