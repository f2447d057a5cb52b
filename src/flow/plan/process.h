#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flow/plan/book.h"
#include "flow/plan/flow.h"
#include "ledger/programme.h"

namespace crossfoot::flow {

/// Which target plays which part.
struct Routing {
  std::string erp = "erp";
  std::string loyalty = "loyalty";
  bool loyalty_holds = true;         ///< it reserves points by itself; else it only deducts
  std::vector<std::string> profile;  ///< who is told of customers
};

/// The step that tells a target of a customer's record as a whole: a later one makes it moot.
inline constexpr std::string_view member_put_step = "member_put";

/// The step that grants or deducts points without a receipt.
inline constexpr std::string_view adjust_step = "adjust";

struct PlanInput {
  const contract::Transaction& transaction;
  const std::string& natural_key;  ///< transaction.key.canonical()
  const Routing& routing;
  const ledger::Programme& programme;
  const ledger::ZoneLookup& zones;
  Id supersedes{};  ///< flow of the revision that this one corrects; nil: none
  std::span<const std::string> unresolved{};  ///< `product:SKU-9`: what nobody knows of it
};

/// A sold line that later returns without an original may be linked to.
struct SoldLine {
  std::uint32_t line = 0;
  std::string article;  ///< folded to upper case
  Decimal unit_price;
  std::int64_t units = 0;
  std::int64_t source_row = 0;
};

/// What a transaction obliges its flow to do.
struct Plan {
  std::vector<Leg> legs;
  std::optional<Points> expected;
  std::vector<FrozenLine> frozen;
  std::vector<LineLink> links;
  std::vector<SoldLine> sold;  ///< only where the source has returns without originals
  std::optional<Redemption> redemption;
  Money gross;
};

/// A sold line that an unlinked returned line may belong to.
struct Candidate {
  Hash128 book;
  BusinessDate book_date;
  Id original;
  std::uint32_t line = 0;
  std::string article;  ///< folded
  Decimal unit_price;
  Instant occurred_at;
  std::int64_t source_row = 0;
  std::int64_t units_left = 0;
};

/// The processes of the product, as the engine sees them: pure functions of what is given.
class Processes {
 public:
  virtual ~Processes() = default;

  [[nodiscard]] virtual Plan plan(const PlanInput& input) const = 0;
  /// The legs that a book's first final answer adds to the claimant's flow (reversal, void
  /// posting).
  [[nodiscard]] virtual std::vector<Leg> after_claim(const Flow& flow, const Leg& claim,
                                                     const ClaimAnswer& answer,
                                                     const Routing& routing) const = 0;
  /// What tells the target of such lines of an original, in the words of `after_claim`.
  [[nodiscard]] virtual std::string delta_arguments(
      std::string_view original_reference, const std::vector<ReversalLine>& lines) const = 0;
  /// Shares the candidates out to the returned lines that name no original and have none yet.
  /// `known`: what was linked before; its books are not claimed a second time.
  [[nodiscard]] virtual std::vector<LineLink> link(const contract::Transaction& transaction,
                                                   const std::vector<LineLink>& known,
                                                   std::vector<Candidate> candidates) const = 0;
  /// The claims that linking adds, one for each book.
  [[nodiscard]] virtual std::vector<Leg> after_link(
      const Flow& flow, const std::vector<LineLink>& links,
      const std::vector<Candidate>& candidates) const = 0;
};

}  // namespace crossfoot::flow
