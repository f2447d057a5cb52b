#include "sandbox/loyalty_system.h"

/// Points as tender at the loyalty stand-in: authorise, capture, release (README.md). Idempotent by
/// reference; a release may come before its authorisation, which is then refused.
namespace crossfoot::sandbox {

namespace {

constexpr std::int64_t points_max = 1'000'000'000'000;
constexpr std::int64_t hold_seconds_max = 7 * 24 * 3600;

std::string_view state_of(const PointsHold& hold, Instant now) {
  switch (hold.state) {
    case PointsHold::State::captured:
      return "captured";
    case PointsHold::State::released:
      return "released";
    case PointsHold::State::held:
      break;
  }
  return hold.is_live(now) ? "held" : "expired";
}

void write(JsonWriter& out, const PointsHold& hold, std::string_view reference, Instant now) {
  out.open('{').field("id", hold.id()).field("reference", reference);
  out.field("authorisation_reference", hold.reference).field("member", hold.member);
  out.field("points", hold.points).field("state", state_of(hold, now));
  out.field("expires_at", to_string(hold.expires_at)).close('}');
}

Reply answer(const PointsHold& hold, std::string_view reference, Instant now, bool replayed) {
  JsonWriter out;
  write(out, hold, reference, now);
  return {.status = 201, .body = out.take(), .replayed = replayed};
}

Reply malformed(std::string_view fault) {
  return refusal(400, "bad_request", fault);
}
Reply unavailable(const Fault& fault) {
  return refusal(503, "books_unavailable", fault.cause);
}

}  // namespace

Reply LoyaltySystem::authorise(const Call& call, Instant now) {
  std::string fault;
  const auto root = parse_json(parser_, call.body, fault);
  if (!root) return malformed(fault);
  JsonFields fields(*root, fault);
  PointsHold hold;
  hold.reference = fields.text("reference", true);
  hold.member = fields.text("member", true);
  hold.points = fields.integer("points", true).value_or(0);
  const std::int64_t seconds = fields.integer("hold_seconds", true).value_or(0);
  if (hold.points < 1 || hold.points > points_max) fields.fail("points", "above 0 is expected");
  if (seconds < 1 || seconds > hold_seconds_max) {
    fields.fail("hold_seconds", "1 to 604,800 is expected");
  }
  if (!fault.empty()) return malformed(fault);
  if (const PointsHold* known = books_->holds().find(hold.reference)) {
    if (known->member.empty()) {
      return refusal(422, "hold_released", "it was released before it was asked for");
    }
    if (known->member == hold.member && known->points == hold.points) {
      return answer(*known, known->reference, now, true);
    }
    return refusal(422, "reference_reused", "the reference names another hold");
  }
  const std::int64_t free =
      books_->balance(hold.member).value_or(0) - books_->holds().reserved(hold.member, now);
  if (hold.points > free) {
    return refusal(422, "insufficient_points", "fewer points are free than are asked for");
  }
  hold.number = books_->holds().next_number();
  hold.expires_at = now + std::chrono::seconds{seconds};
  const std::string reference = hold.reference;
  if (const auto put = books_->put(std::move(hold)); !put) return unavailable(put.error());
  return answer(*books_->holds().find(reference), reference, now, false);
}

Reply LoyaltySystem::capture(const Call& call, const WriteKey& key) {
  std::string fault;
  const auto root = parse_json(parser_, call.body, fault);
  if (!root) return malformed(fault);
  JsonFields fields(*root, fault);
  PointsTransaction transaction;
  transaction.type = PointsType::redemption;
  transaction.reference = fields.text("reference", true);
  transaction.original_reference = fields.text("authorisation_reference", true);
  transaction.points = fields.integer("points", true).value_or(0);
  transaction.shop = fields.text("shop", true);
  const auto date = parse_business_date(fields.text("business_date", true));
  if (!date) fields.fail("business_date", "YYYY-MM-DD is expected");
  if (transaction.points < 1) fields.fail("points", "above 0 is expected");
  if (!fault.empty()) return malformed(fault);
  const PointsHold* hold = books_->holds().find(transaction.original_reference);
  if (hold == nullptr || hold->member.empty()) {
    return refusal(404, "hold_not_found", "no hold is known by it");
  }
  if (hold->state == PointsHold::State::captured && hold->closed_by == transaction.reference) {
    for (const auto* booked : books_->by_reference(transaction.reference)) {
      return points_answer(*booked, true);
    }
  }
  if (hold->state != PointsHold::State::held) {
    return refusal(422, "hold_closed", "the hold was captured or released before");
  }
  if (!hold->is_live(key.at)) return refusal(422, "hold_expired", "the hold's time is over");
  if (transaction.points > hold->points) {
    return refusal(422, "capture_exceeds_hold", "more is captured than is held");
  }
  transaction.member = hold->member;
  transaction.business_date = *date;
  return book(std::move(transaction), key);
}

Reply LoyaltySystem::deduct(const Call& call, const WriteKey& key) {
  std::string fault;
  const auto root = parse_json(parser_, call.body, fault);
  if (!root) return malformed(fault);
  JsonFields fields(*root, fault);
  PointsTransaction transaction;
  transaction.type = PointsType::redemption;
  transaction.reference = fields.text("reference", true);
  transaction.member = fields.text("member", true);
  transaction.points = fields.integer("points", true).value_or(0);
  transaction.shop = fields.text("shop", true);
  const auto date = parse_business_date(fields.text("business_date", true));
  if (!date) fields.fail("business_date", "YYYY-MM-DD is expected");
  if (transaction.points < 1) fields.fail("points", "above 0 is expected");
  if (!fault.empty()) return malformed(fault);
  transaction.business_date = *date;
  for (const auto* booked : books_->by_reference(transaction.reference)) {
    return points_answer(*booked, true);
  }
  const std::int64_t free = books_->balance(transaction.member).value_or(0) -
                            books_->holds().reserved(transaction.member, key.at);
  if (transaction.points > free) {
    return refusal(422, "insufficient_points", "fewer points are free than are deducted");
  }
  return book(std::move(transaction), key);
}

Reply LoyaltySystem::release(const Call& call, Instant now) {
  std::string fault;
  const auto root = parse_json(parser_, call.body, fault);
  if (!root) return malformed(fault);
  JsonFields fields(*root, fault);
  const std::string reference = fields.text("reference", true);
  const std::string authorised = fields.text("authorisation_reference", true);
  if (!fault.empty()) return malformed(fault);
  PointsHold hold;
  if (const PointsHold* known = books_->holds().find(authorised)) {
    if (known->state == PointsHold::State::captured) {
      return refusal(422, "hold_closed", "the hold was captured before");
    }
    if (known->state == PointsHold::State::released) return answer(*known, reference, now, true);
    hold = *known;
  } else {
    hold.number = books_->holds().next_number();
    hold.reference = authorised;
    hold.expires_at = now;
  }
  hold.state = PointsHold::State::released;
  hold.closed_by = reference;
  if (const auto put = books_->put(std::move(hold)); !put) return unavailable(put.error());
  return answer(*books_->holds().find(authorised), reference, now, false);
}

Reply LoyaltySystem::holds(std::string_view query, bool releases, Instant now) const {
  const std::string reference = query_value(query, "reference").value_or("");
  const PointsHold* found =
      releases ? books_->holds().released_by(reference) : books_->holds().find(reference);
  JsonWriter out;
  out.open('{').key("items").open('[');
  // One that was released before it was asked for reserves nothing.
  if (found != nullptr && (releases || !found->member.empty())) write(out, *found, reference, now);
  return {.body = out.close(']').close('}').take()};
}

}  // namespace crossfoot::sandbox
