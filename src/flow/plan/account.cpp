#include "flow/plan/account.h"

#include <algorithm>

#include "base/codec.h"
#include "flow/plan/damaged.h"
#include "flow/plan/flow.h"

namespace crossfoot::flow {

namespace {

constexpr std::uint64_t stored_version = 1;

using Ending = Redemption::Ending;

bool is_open(const Redemption& redemption, Instant now) {
  return redemption.ending == Ending::open && now < redemption.lapses_at;
}

/// When the platform said that it had deducted the points; nothing while it has not.
std::optional<Instant> deducted_at(const Flow& flow) {
  const Leg* capture = flow.leg(capture_number);
  if (capture == nullptr || capture->state != LegState::done) return std::nullopt;
  return capture->steps.back().acknowledgement.at;
}

/// Refused by the platform for good: a person decides, and nothing is deducted meanwhile.
bool is_refused(const Flow& flow) {
  const Leg* capture = flow.leg(capture_number);
  return capture == nullptr || capture->state == LegState::rejected ||
         capture->state == LegState::cancelled;
}

}  // namespace

Hash128 account_key(std::string_view tenant, std::string_view member) {
  ByteWriter out;
  out.text("account");
  out.text(tenant);
  out.text(member);
  return hash128(out.view());
}

Points reserved_by(const Flow& flow, Instant now, Instant asked) {
  const Redemption& redemption = *flow.redemption;
  if (!is_held_here(flow)) return {};
  if (redemption.ending == Ending::captured) {
    const auto deducted = deducted_at(flow);
    const bool counted = deducted ? *deducted >= asked : !is_refused(flow);
    return counted ? redemption.captured : Points{};
  }
  return is_open(redemption, now) ? redemption.authorised : Points{};
}

Points granted_by(const Flow& flow, Instant now) {
  const Redemption& redemption = *flow.redemption;
  if (!redemption.granted) return {};
  if (redemption.ending == Ending::captured) {
    return deducted_at(flow) || is_refused(flow) ? Points{} : redemption.captured;
  }
  return is_open(redemption, now) ? redemption.authorised : Points{};
}

bool is_past(const Flow& flow, Instant now, Instant asked) {
  return reserved_by(flow, now, asked).count == 0 && granted_by(flow, now).count == 0;
}

bool is_owing(const Flow& flow) {
  return std::ranges::any_of(flow.legs, [](const Leg& leg) {
    const bool points = leg.kind == LegKind::accrue || leg.kind == LegKind::reverse ||
                        leg.kind == LegKind::reinstate;
    if (!points) return false;
    return leg.state == LegState::waiting || leg.state == LegState::unknown ||
           leg.state == LegState::parked || leg.state == LegState::dead;
  });
}

std::string encode(const Account& account) {
  ByteWriter out;
  out.u64(stored_version);
  out.u64(account.version);
  out.u64(account.redemptions.size());
  for (const Id id : account.redemptions) out.id(id);
  return out.take();
}

Result<Account> decode_account(std::string_view bytes) {
  ByteReader in(bytes);
  Account account;
  const std::uint64_t version = in.u64();
  account.version = static_cast<std::uint32_t>(in.u64());
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    account.redemptions.push_back(in.id());
  }
  if (version != stored_version || in.failed() || !in.at_end()) return fail(damaged("account"));
  return account;
}

}  // namespace crossfoot::flow
