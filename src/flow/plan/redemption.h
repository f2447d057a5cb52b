#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "base/money.h"
#include "base/time.h"

namespace crossfoot::flow {

struct Flow;
struct Leg;

/// Points as tender: authorise, then capture or void, else the hold lapses (DOMAIN 7.3,
/// docs/adr/0018). Its flow has three legs at the loyalty platform: `authorise` at once, `capture`
/// when the till has taken the payment, `release` when it has not. Which of the two it is, is
/// decided once, by the first event that says so. Where the platform only deducts, the points are
/// reserved here: a `hold` leg stands for `authorise`, capturing deducts, releasing calls nobody.
struct Redemption {
  enum class Ending : std::uint8_t {
    open,      ///< the till has still to say
    captured,  ///< to be spent
    voided,    ///< given up by the till
    lapsed,    ///< nobody said anything in time
  };

  Points points;      ///< asked for, > 0
  Points authorised;  ///< by the platform; 0 before
  Points captured;    ///< what the till takes of them; 0 unless the ending is `captured`
  Duration hold_for{0};
  Instant lapses_at;  ///< by the engine's clock; the epoch before it has begun
  Ending ending = Ending::open;
  /// Accepted on the channel's floor limit while the platform gave no answer: a fact from then on.
  bool granted = false;

  bool operator==(const Redemption&) const = default;
};
inline constexpr auto redemption_ending_last = Redemption::Ending::lapsed;

/// The numbers of its legs.
inline constexpr std::uint16_t authorise_number = 2;
inline constexpr std::uint16_t capture_number = 3;
inline constexpr std::uint16_t release_number = 4;

/// What a till is told.
enum class RedemptionState : std::uint8_t {
  pending,     ///< the platform has not answered: neither yes nor no
  authorised,  ///< reserved until it lapses
  declined,    ///< the platform said no; nothing is reserved
  capturing,
  captured,
  settling,         ///< taken on the floor limit; the platform is told as soon as it can be
  capture_refused,  ///< the platform does not spend what it had reserved: a person sees it
  voiding,          ///< given up; what may be reserved is still to be freed
  voided,
  lapsed,  ///< its time is over; what was reserved is freed, or is about to be
};
inline constexpr auto redemption_state_last = RedemptionState::lapsed;
[[nodiscard]] std::string_view to_string(RedemptionState state);

/// Of a flow that has a redemption.
[[nodiscard]] RedemptionState redemption_state(const Flow& flow);
/// Nothing but the till changes it now, or nothing at all.
[[nodiscard]] constexpr bool is_answered(RedemptionState state) {
  return state != RedemptionState::pending && state != RedemptionState::capturing &&
         state != RedemptionState::voiding;
}
/// Its points are reserved here, not at the platform.
[[nodiscard]] bool is_held_here(const Flow& flow);
/// A leg that is rejected because the platform declined: an answer, and nobody's work.
[[nodiscard]] bool is_decline(const Flow& flow, const Leg& leg);
/// Why the platform declined or refused, as a public code; empty when it did not.
[[nodiscard]] std::string_view refusal_code(const Flow& flow);

/// What the mappings of a redemption's leg get beside the request of the till: `points`, and of
/// capture and release the authorisation that they belong to. The same at each attempt.
[[nodiscard]] std::string redemption_arguments(const Flow& flow, const Leg& leg);

/// The redemption as it began: what events decided since is not in it.
[[nodiscard]] Redemption as_begun(Redemption redemption, bool revoked);

void put_redemption(ByteWriter& out, const Redemption& redemption);
[[nodiscard]] Redemption get_redemption(ByteReader& in);

}  // namespace crossfoot::flow
