#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/transaction.h"
#include "flow/plan/leg.h"
#include "flow/plan/redemption.h"
#include "ledger/line_points.h"

namespace crossfoot::flow {

/// Points of one sold line, frozen per unit: provisional until the loyalty platform has answered,
/// then over the answered points (DOMAIN 7.2, 7.4).
using ledger::FrozenLine;

/// What became of a returned line.
enum class Disposition : std::uint8_t {
  pending,        ///< its claim has no answer yet
  matched,        ///< covered by sold units
  over_returned,  ///< more came back than was sold
  orphaned,       ///< no sale that it could belong to
  no_customer,    ///< nobody to look a sale up for
  adjustment,     ///< money only, belongs to no line
  voided,         ///< its receipt was voided: it claims nothing any more
};
inline constexpr auto disposition_last = Disposition::voided;
[[nodiscard]] std::string_view to_string(Disposition disposition);

/// How much of one line of an original a returned line claims, in the returned line's measure.
struct LinkPart {
  Hash128 book;
  Id original;  ///< the sale's flow, nil while it has not arrived
  std::uint32_t line = 0;
  std::int64_t units = 0;
  std::int64_t covered = 0;
};

struct LineLink {
  std::uint32_t line = 0;
  Disposition disposition = Disposition::pending;
  std::int64_t units = 0;
  bool measured = false;  ///< its units and its parts' are millionths (ledger::LineQuantity)
  std::vector<LinkPart> parts;
};

/// The durable process instance that a message starts. Its legs and the versions of the policies it
/// uses are data in it: later releases read them, whatever their code.
struct Flow {
  Id id;
  std::uint32_t version = 0;  ///< writes so far
  contract::TransactionKind kind = contract::TransactionKind::sale;
  std::string natural_key;  ///< NaturalKey::canonical()
  std::string tenant;
  std::string member;
  std::uint32_t revision = 0;
  Instant occurred_at;
  Instant recorded_at;
  std::string correlation_id;
  std::uint32_t programme_version = 0;
  Id supersedes;                  ///< flow of the revision that this one corrects; nil: none
  Id superseded_by;               ///< flow of the revision that corrects this one; nil: none
  std::uint32_t repeated_as = 0;  ///< highest revision under which the same content came again

  std::vector<Leg> legs;
  std::optional<Points> expected;  ///< by Crossfoot's copy of the rules
  std::optional<Points> answered;  ///< by the loyalty platform
  Points reversed;                 ///< by this flow's reversals, less what it gave again
  std::vector<FrozenLine> frozen;
  std::vector<LineLink> links;
  std::optional<Redemption> redemption;  ///< of a redemption, and of nothing else
  std::vector<std::uint64_t> journal;    ///< positions of its journal rows, in the home partition

  [[nodiscard]] Leg* leg(std::uint16_t number) {
    return number >= 1 && number <= legs.size() ? &legs[number - 1U] : nullptr;
  }
  [[nodiscard]] const Leg* leg(std::uint16_t number) const {
    return number >= 1 && number <= legs.size() ? &legs[number - 1U] : nullptr;
  }
  [[nodiscard]] const Leg* first_of(LegKind kind_wanted) const;
  /// A revision that is not higher than this one comes late.
  [[nodiscard]] std::uint32_t known_revision() const { return std::max(revision, repeated_as); }
};

/// The reference under which the target has it, or will have it: of a rest, one of its own.
[[nodiscard]] std::string sent_reference(const Leg& leg, const Step& step);

/// `open` while something can move by itself, `done` when every leg is done or cancelled, `dead`
/// when a leg is dead and nothing moves, else `parked`.
enum class FlowState : std::uint8_t { open, done, parked, dead };
[[nodiscard]] FlowState state_of(const Flow& flow);
[[nodiscard]] std::string_view to_string(FlowState state);
/// The first leg in the way, or null.
[[nodiscard]] const Leg* first_stuck(const Flow& flow);

/// The stored form, versioned; unknown versions and damaged bytes are `corrupt`.
[[nodiscard]] std::string encode(const Flow& flow);
[[nodiscard]] Result<Flow> decode_flow(std::string_view bytes);

}  // namespace crossfoot::flow
