#include "edge/redemption_request.h"

#include <algorithm>

#include "base/codec.h"
#include "contract/error_codes.h"
#include "contract/words.h"
#include "edge/body.h"

namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using Presence = BodyReader::Presence;
using contract::Transaction;

/// More than any member has; far from where sums would overflow.
constexpr std::uint32_t points_max = 1'000'000'000;
constexpr Instant oldest{946'684'800'000'000};  // 2000-01-01
constexpr Duration clock_ahead_max{std::chrono::hours{24}};
constexpr std::uint32_t epoch_max = 1'000'000;

void read_channel(BodyReader& reader, Transaction& asked) {
  const std::string word = reader.text("channel", name_max, Presence::required);
  const auto& words = contract::words::channel;
  const auto at = std::ranges::find(words, word);
  if (at != words.end()) {
    asked.channel = static_cast<contract::Channel>(at - words.begin());
  } else if (!word.empty()) {
    reader.fault("channel", code::unknown_value, "no channel has this name");
  }
}

/// The identity, in a form that no receipt has.
void read_key(BodyReader& reader, const std::string& idempotency_key, Transaction& asked) {
  contract::NaturalKey& key = asked.key;
  key.form = contract::NaturalKey::Form::redemption;
  key.tenant = reader.text("tenant", name_max, Presence::optional);
  if (key.tenant.empty()) key.tenant = "default";
  key.channel = asked.channel;
  key.register_name = reader.text("register", name_max, Presence::required);
  const std::uint32_t epoch = reader.number("register_epoch", epoch_max, 0);
  const std::string sequence = reader.text("sequence", name_max, Presence::optional);
  const std::string id = reader.text("id", name_max, Presence::optional);
  if (!id.empty()) {
    key.external_id = "id:" + id;
  } else if (!sequence.empty()) {
    const contract::NaturalKey receipt{.form = contract::NaturalKey::Form::till,
                                       .tenant = key.tenant,
                                       .shop = asked.shop,
                                       .register_name = key.register_name,
                                       .register_epoch = epoch,
                                       .business_date = asked.business_date,
                                       .sequence = sequence,
                                       .external_id = {}};
    key.external_id = "receipt:" + receipt.display();
  } else if (!idempotency_key.empty()) {
    key.external_id = "key:" + idempotency_key;
  } else {
    reader.fault("id", code::missing_identity,
                 "name it by `id`, by the `sequence` of its receipt, or by an Idempotency-Key");
  }
}

}  // namespace

std::expected<Transaction, contract::Problem> read_redemption(std::string_view body,
                                                              const std::string& idempotency_key,
                                                              const RedemptionLimits& limits,
                                                              Instant now) {
  BodyReader reader(body);
  Transaction asked;
  asked.kind = contract::TransactionKind::redemption;
  read_channel(reader, asked);
  asked.shop = reader.text("shop", name_max, Presence::required);
  asked.region = reader.text("region", name_max, Presence::optional);
  if (const auto date = reader.date("business_date")) asked.business_date = *date;
  read_key(reader, idempotency_key, asked);
  asked.member = reader.text("member", name_max, Presence::required);
  const std::string occurred = reader.text("occurred_at", name_max, Presence::required);
  if (const auto at = parse_instant(occurred)) {
    asked.occurred_at = *at;
    // A clock that is broken stamps the receipt that follows as well.
    const bool sane = *at >= oldest && *at <= now + clock_ahead_max;
    if (!sane) reader.fault("occurred_at", code::date_out_of_range, "from 2000 to tomorrow");
  } else if (!occurred.empty()) {
    reader.fault("occurred_at", code::invalid_format, "expected a time with a zone (RFC 3339)");
  }
  using std::chrono::seconds;
  const auto in_seconds = [](Duration time) {
    return static_cast<std::uint32_t>(std::chrono::duration_cast<seconds>(time).count());
  };
  const std::uint32_t points = reader.required_number("points", points_max);
  const std::uint32_t hold =
      reader.number("hold_seconds", in_seconds(limits.hold_max), in_seconds(limits.hold_default));
  asked.redemption = contract::RedemptionTerms{.points = {points}, .hold_for = seconds{hold}};
  if (auto problem = reader.finish()) return std::unexpected(std::move(*problem));
  return asked;
}

Hash128 redemption_content(const Transaction& redemption) {
  ByteWriter out;
  out.text("redemption-content/1");
  out.text(redemption.key.canonical());
  out.enumerator(redemption.channel);
  out.text(redemption.shop);
  out.text(redemption.key.register_name);
  out.i64(redemption.business_date.days);
  out.text(redemption.member);
  out.i64(redemption.redemption->points.count);
  out.i64(redemption.redemption->hold_for.count());
  return hash128(out.view());
}

std::string redemption_region(std::string_view body) {
  BodyReader reader(body);
  return reader.text("region", name_max, Presence::optional);
}

}  // namespace crossfoot::edge
