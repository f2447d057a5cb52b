#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/line_points.h"
#include "ledger/pricing.h"
#include "ledger/programme.h"

namespace crossfoot::ledger {

/// numerator / denominator points, unrounded; denominator > 0, not in lowest terms.
struct ExactPoints {
  Wide numerator = 0;
  Wide denominator = 1;
};

enum class ComponentKind : std::uint8_t { base, tier, campaign };

/// What one rule adds to the unrounded points: the base, the tier's surplus, a campaign's surplus.
struct Component {
  ComponentKind kind = ComponentKind::base;
  std::uint32_t index = 0;  ///< of the tier or the campaign in the programme
  Money eligible;           ///< of the lines it holds for
  Wide numerator = 0;       ///< over Accrual::exact.denominator
};

struct AccruedLine {
  std::uint32_t number = 0;
  Money eligible;           ///< what is left to earn on
  std::int64_t weight = 0;  ///< the line's part in the points, unrounded, up to a common factor
  LinePoints points;        ///< no quantity on a returned line
};

/// The points that a receipt earns by Crossfoot's copy of the rules: an expectation, until the
/// loyalty platform has answered (DOMAIN 7.2).
struct Accrual {
  Points total;
  ExactPoints exact;
  Rounding rounding = Rounding::floor;
  Money eligible;
  Money excluded;                  ///< paid with tenders that do not earn, on the programme's base
  std::vector<AccruedLine> lines;  ///< index by index those of the transaction
  boost::container::small_vector<Component, 3> components;  ///< they sum up to `exact`
};

/// How a line came to what it earns on: base - tender_share where its kind earns, else nothing.
struct LineDecision {
  Money base;          ///< what it costs after discounts, gross or net as the programme says
  Money tender_share;  ///< its part of what was paid with tenders that do not earn
  bool kind_earns = false;
};

enum class CampaignVerdict : std::uint8_t {
  fired,
  before_start,  ///< of the shop's clock
  after_end,
  no_article,   ///< no line that earns has one of its articles
  below_spend,  ///< its articles leave too little to earn on
};

struct CampaignDecision {
  CampaignVerdict verdict = CampaignVerdict::fired;
  Money eligible;  ///< of the lines with its articles; not looked at outside its time: zero
};

/// Rules that hold for the same lines share their points as one.
struct PartDecision {
  std::vector<std::size_t> components;  ///< indexes of Accrual::components
  Points points;                        ///< of the whole number
};

/// Why a receipt earns what it earns: what accrue() decided on its way, filled by it on request.
/// All parts are empty where nothing earns.
struct Decisions {
  std::vector<LineDecision> lines;          ///< index by index those of the transaction
  std::vector<CampaignDecision> campaigns;  ///< index by index those of the programme
  std::vector<PartDecision> parts;          ///< their points sum up to the total
};

/// Points of a sale, or of an exchange's sold lines; zero for other kinds and without a member.
/// Eligible is what a line of an earning kind costs after discounts, less its share of the tenders
/// that do not earn: base × excluded / amount due, rounded half up, over all sold units by largest
/// remainder. A campaign with a threshold holds when what its articles leave to earn on reaches it.
/// All components are summed unrounded and rounded once; the whole number goes to the components
/// and from each to the units it was given for (unit_split.h). `at` is the shop's wall clock.
/// Faults: rate_missing (currency), arithmetic_range (beyond 128-bit products, or more than 32
/// campaigns on one receipt). Deterministic; nothing is looked up. `decisions`, where given, tells
/// why.
[[nodiscard]] Result<Accrual> accrue(const Programme& programme,
                                     const contract::Transaction& transaction,
                                     const Pricing& pricing, LocalTime at,
                                     Decisions* decisions = nullptr);

/// The same receipt by the same rules on other eligible amounts: `eligible` has one for each line,
/// in minor units, zero on returned lines and on what earns nothing. Campaigns are matched anew;
/// members, prices and tenders are not looked at again. Only `total`, `exact` and the components of
/// the answer are filled, no line has points. Faults as accrue(); none of the amounts is negative
/// and their sum is at most the receipt's (method C of returns, V8).
[[nodiscard]] Result<Accrual> accrue_on(const Programme& programme,
                                        const contract::Transaction& transaction,
                                        const Pricing& pricing, LocalTime at,
                                        std::span<const std::int64_t> eligible);

/// For people, one sentence a component, then the rounding: why did this customer get 38 points?
[[nodiscard]] std::vector<std::string> explain(const Accrual& accrual, const Programme& programme);

/// Unrounded points as people read them: to four places, with a leading `~` where there are more.
[[nodiscard]] std::string to_text(Wide numerator, Wide denominator);
[[nodiscard]] std::string to_text(const Ratio& ratio);
[[nodiscard]] std::string_view rounding_name(Rounding rounding);
[[nodiscard]] std::string_view to_string(ComponentKind kind);
[[nodiscard]] std::string_view to_string(CampaignVerdict verdict);

}  // namespace crossfoot::ledger
