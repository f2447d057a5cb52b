#include "edge/adjustment_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/codec.h"
#include "base/id.h"
#include "contract/error_codes.h"
#include "edge/body.h"

namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using Presence = BodyReader::Presence;

/// More than any desk gives away; far from where sums would overflow.
constexpr std::uint32_t points_max = 100'000'000;

void read_terms(BodyReader& reader, const ServicePolicy& policy, contract::Transaction& asked) {
  contract::AdjustmentTerms& terms = asked.adjustment.emplace();
  const std::string direction = reader.text("direction", name_max, Presence::required);
  const bool deducts = direction == "deduct";
  if (!direction.empty() && !deducts && direction != "grant") {
    reader.fault("direction", code::unknown_value, "grant or deduct");
  }
  const std::int64_t points = reader.required_number("points", points_max);
  terms.points = {deducts ? -points : points};
  terms.reason = reader.text("reason", name_max, Presence::required);
  if (!terms.reason.empty() &&
      std::ranges::find(policy.reasons, terms.reason) == policy.reasons.end()) {
    reader.fault("reason", code::unknown_value,
                 fmt::format("one of {}", fmt::join(policy.reasons, ", ")));
  }
  terms.receipt = reader.text("receipt", name_max, Presence::optional);
  if (!terms.receipt.empty() && !parse_id(terms.receipt)) {
    reader.fault("receipt", code::invalid_format, "the id of a transaction");
  }
  terms.expires_on = reader.optional_date("expires_on");
  if (!terms.expires_on) return;
  if (deducts) {
    reader.fault("expires_on", code::contradiction, "only granted points expire");
  } else if (*terms.expires_on <= asked.business_date) {
    reader.fault("expires_on", code::contradiction, "later than the business date");
  }
}

}  // namespace

std::expected<contract::Transaction, contract::Problem> read_adjustment(
    std::string_view body, const std::string& idempotency_key, const ServicePolicy& policy,
    std::string_view person, Instant now) {
  BodyReader reader(body);
  contract::Transaction asked;
  asked.kind = contract::TransactionKind::points_adjustment;
  asked.channel = contract::Channel::customer_service;
  asked.occurred_at = now;
  asked.shop = reader.text("shop", name_max, Presence::required);
  if (const auto date = reader.date("business_date")) asked.business_date = *date;
  asked.member = reader.text("member", name_max, Presence::required);
  contract::NaturalKey& key = asked.key;
  key.form = contract::NaturalKey::Form::adjustment;
  key.channel = asked.channel;
  key.tenant = reader.text("tenant", name_max, Presence::optional);
  if (key.tenant.empty()) key.tenant = "default";
  const std::string id = reader.text("id", name_max, Presence::optional);
  if (!id.empty()) {
    key.external_id = "id:" + id;
  } else if (!idempotency_key.empty()) {
    key.external_id = "key:" + idempotency_key;
  } else {
    reader.fault("id", code::missing_identity, "name it by `id` or by an Idempotency-Key");
  }
  read_terms(reader, policy, asked);
  asked.adjustment->asked_by =
      person.empty() ? reader.text("by", name_max, Presence::required) : std::string(person);
  if (auto problem = reader.finish()) return std::unexpected(std::move(*problem));
  return asked;
}

Hash128 adjustment_content(const contract::Transaction& adjustment) {
  const contract::AdjustmentTerms& terms = *adjustment.adjustment;
  ByteWriter out;
  out.text("adjustment-content/1");
  out.text(adjustment.key.canonical());
  out.text(adjustment.shop);
  out.i64(adjustment.business_date.days);
  out.text(adjustment.member);
  out.i64(terms.points.count);
  out.text(terms.reason);
  out.text(terms.receipt);
  out.boolean(terms.expires_on.has_value());
  if (terms.expires_on) out.i64(terms.expires_on->days);
  return hash128(out.view());
}

}  // namespace crossfoot::edge
