#include "flow/plan/redemption.h"

#include <array>

#include "base/invariant.h"
#include "contract/json_writer.h"
#include "flow/plan/flow.h"

namespace crossfoot::flow {

namespace {

/// The platform holds the points for so much longer than the till may capture them: a capture that
/// was taken in time still finds them when its call is late.
constexpr Duration capture_grace{std::chrono::minutes{10}};

const Leg& leg_of(const Flow& flow, std::uint16_t number) {
  const Leg* leg = flow.leg(number);
  INVARIANT(leg != nullptr, "a redemption has its three legs");
  return *leg;
}

RedemptionState freed(const Flow& flow, RedemptionState when_done) {
  const Leg& authorise = leg_of(flow, authorise_number);
  const Leg& release = leg_of(flow, release_number);
  const bool nothing_held =
      authorise.state == LegState::cancelled || authorise.state == LegState::rejected;
  return nothing_held || is_settled(release.state) ? when_done : RedemptionState::voiding;
}

}  // namespace

std::string_view to_string(RedemptionState state) {
  static constexpr std::array<std::string_view, 10> names{
      "pending",  "authorised",      "declined", "capturing", "captured",
      "settling", "capture_refused", "voiding",  "voided",    "lapsed"};
  return names[static_cast<std::size_t>(state)];
}

RedemptionState redemption_state(const Flow& flow) {
  const Leg& authorise = leg_of(flow, authorise_number);
  const Leg& capture = leg_of(flow, capture_number);
  switch (flow.redemption->ending) {
    case Redemption::Ending::captured:
      if (capture.state == LegState::done) return RedemptionState::captured;
      if (capture.state == LegState::rejected) return RedemptionState::capture_refused;
      return flow.redemption->granted ? RedemptionState::settling : RedemptionState::capturing;
    case Redemption::Ending::voided:
      return freed(flow, RedemptionState::voided);
    case Redemption::Ending::lapsed:
      return RedemptionState::lapsed;
    case Redemption::Ending::open:
      break;
  }
  if (authorise.state == LegState::done || flow.redemption->granted)
    return RedemptionState::authorised;
  if (authorise.state == LegState::rejected) return RedemptionState::declined;
  if (authorise.state == LegState::cancelled) return RedemptionState::voided;
  return RedemptionState::pending;
}

bool is_held_here(const Flow& flow) {
  return leg_of(flow, authorise_number).kind == LegKind::hold;
}

bool is_decline(const Flow& flow, const Leg& leg) {
  if (!flow.redemption || leg.number != authorise_number) return false;
  // What a till was granted and took is owed, whatever the platform says.
  const bool owed =
      flow.redemption->granted && flow.redemption->ending == Redemption::Ending::captured;
  return leg.state == LegState::rejected && !owed;
}

std::string_view refusal_code(const Flow& flow) {
  for (const std::uint16_t number : {authorise_number, capture_number}) {
    const Leg& leg = leg_of(flow, number);
    if (leg.state == LegState::rejected) return leg.reason;
  }
  return {};
}

std::string redemption_arguments(const Flow& flow, const Leg& leg) {
  const Redemption& redemption = *flow.redemption;
  contract::JsonWriter out;
  out.begin_object();
  if (leg.kind == LegKind::authorise) {
    using std::chrono::seconds;
    const Duration held = redemption.hold_for + capture_grace;
    out.member("points", redemption.points.count);
    out.member("hold_seconds", std::chrono::duration_cast<seconds>(held).count());
  } else if (is_held_here(flow)) {
    out.member("points", redemption.captured.count);
  } else {
    const Step& authorised = leg_of(flow, authorise_number).steps.front();
    out.member("authorisation_reference", authorised.reference);
    out.member("authorisation_id", authorised.acknowledgement.target_id);
    if (leg.kind == LegKind::capture) out.member("points", redemption.captured.count);
  }
  out.end_object();
  return out.take();
}

Redemption as_begun(Redemption redemption, bool revoked) {
  redemption.authorised = {};
  redemption.captured = {};
  redemption.lapses_at = {};
  redemption.granted = false;
  redemption.ending = revoked ? Redemption::Ending::voided : Redemption::Ending::open;
  return redemption;
}

void put_redemption(ByteWriter& out, const Redemption& redemption) {
  out.i64(redemption.points.count);
  out.i64(redemption.authorised.count);
  out.i64(redemption.captured.count);
  out.i64(redemption.hold_for.count());
  out.instant(redemption.lapses_at);
  out.enumerator(redemption.ending);
  out.boolean(redemption.granted);
}

Redemption get_redemption(ByteReader& in) {
  Redemption redemption;
  redemption.points = {in.i64()};
  redemption.authorised = {in.i64()};
  redemption.captured = {in.i64()};
  redemption.hold_for = Duration{in.i64()};
  redemption.lapses_at = in.instant();
  redemption.ending = in.enumerator(redemption_ending_last);
  redemption.granted = in.boolean();
  return redemption;
}

}  // namespace crossfoot::flow
