#include <algorithm>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "flow/engine/parts.h"

/// Periods of the ERP's books (docs/adr/0022): a document whose business date lies in a closed one
/// is posted under another day. That is decided when the call leaves, because it may have waited
/// until a period was closed.
namespace crossfoot::flow {

namespace {

/// The object with one more member, which it does not have yet.
std::string with_member(const std::string& object, std::string_view name,
                        const std::string& value) {
  contract::JsonWriter member;
  member.begin_object().member(name, value).end_object();
  std::string added = member.take();
  if (object.empty() || object == "{}") return added;
  return object.substr(0, object.rfind('}')) + ',' + added.substr(1);
}

}  // namespace

Result<std::optional<BusinessDate>> Engine::posting_date_of(const Active& active,
                                                            const Leg& leg) const {
  if (options_.periods.empty() || leg.target != options_.routing.erp) return std::nullopt;
  std::shared_ptr<const contract::Transaction> transaction = active.transaction;
  if (transaction == nullptr) {
    auto parsed = parse_(*active.body);
    if (!parsed) return fail(std::move(parsed.error()));
    transaction = std::make_shared<const contract::Transaction>(std::move(*parsed));
  }
  const BusinessDate value_date = transaction->business_date;
  const auto date =
      options_.periods.posting_date(value_date, transaction->region, transaction->shop);
  if (!date) {
    return fail({.code = std::string(contract::error_code::period_closed),
                 .fault_class = FaultClass::rejected,
                 .where = "posting",
                 .cause = "no period is open on " + to_string(value_date) + " or later"});
  }
  if (*date == value_date) return std::nullopt;
  return *date;
}

Status Engine::add_posting_dates(const Active& active, const Leg& leg, CallItem& item) const {
  auto date = posting_date_of(active, leg);
  if (!date) return fail(std::move(date.error()));
  if (*date) item.arguments = with_member(item.arguments, "posting_date", to_string(**date));
  return {};
}

void Engine::note_posting_date(const Active& active, const Leg& leg, Staged& staged) const {
  const auto date = posting_date_of(active, leg);
  if (!date || !*date) return;
  for (JournalEvent& event : staged.events) {
    if (event.kind == JournalEvent::Kind::calling && event.leg == leg.number) {
      event.detail = "posted under " + to_string(**date);
    }
  }
}

void Engine::refuse_unsent(const ActivePtr& active, std::uint16_t leg, Fault fault) {
  scheduler_.post([this, alive = alive_, active, leg, fault = std::move(fault)]() mutable {
    if (!*alive || stopped_) return;
    --active->outstanding;
    --active->calls;
    answered(active, leg, fail(std::move(fault)));
  });
}

}  // namespace crossfoot::flow
