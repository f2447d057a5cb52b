#include "sandbox/loyalty_system.h"

/// Points by hand at the loyalty stand-in: what a service desk grants or deducts. A grant may end
/// on a day; a deduction takes what is free and no more. Idempotent by reference for good, by key
/// for a day.
namespace crossfoot::sandbox {

namespace {

constexpr std::int64_t points_max = 1'000'000'000'000;

}  // namespace

Reply LoyaltySystem::adjust(const Call& call, const WriteKey& key) {
  std::string fault;
  const auto root = parse_json(parser_, call.body, fault);
  if (!root) return refusal(400, "bad_request", fault);
  JsonFields fields(*root, fault);
  PointsTransaction transaction;
  transaction.reference = fields.text("reference", true);
  transaction.member = fields.text("member", true);
  transaction.points = fields.integer("points", true).value_or(0);
  transaction.reason = fields.text("reason", true);
  transaction.shop = fields.text("shop", true);
  const std::string direction = fields.text("direction", true);
  transaction.type = direction == "deduct" ? PointsType::deduction : PointsType::grant;
  if (direction != "grant" && direction != "deduct") {
    fields.fail("direction", "grant or deduct is expected");
  }
  const auto date = parse_business_date(fields.text("business_date", true));
  if (!date) fields.fail("business_date", "YYYY-MM-DD is expected");
  const std::string expires = fields.text("expires_on");
  transaction.expires_on = parse_business_date(expires);
  if (!expires.empty() && !transaction.expires_on) {
    fields.fail("expires_on", "YYYY-MM-DD is expected");
  }
  if (transaction.points < 1 || transaction.points > points_max) {
    fields.fail("points", "above 0 is expected");
  }
  if (!fault.empty()) return refusal(400, "bad_request", fault);
  transaction.business_date = *date;
  for (const auto* booked : books_->by_reference(transaction.reference)) {
    return points_answer(*booked, true);
  }
  if (transaction.expires_on && *transaction.expires_on <= *date) {
    return refusal(422, "expired_at_once", "the points would be gone on the day they are granted");
  }
  if (transaction.type == PointsType::deduction) {
    const std::int64_t free = books_->balance(transaction.member).value_or(0) -
                              books_->holds().reserved(transaction.member, key.at);
    if (transaction.points > free) {
      return refusal(422, "insufficient_points", "fewer points are free than are deducted");
    }
  }
  return book(std::move(transaction), key);
}

}  // namespace crossfoot::sandbox
