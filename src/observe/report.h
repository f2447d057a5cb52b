#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "observe/compare.h"

namespace crossfoot::observe {

enum class RunState : std::uint8_t { running, done, failed };

/// Counts and exact sums over items.
class Tally {
 public:
  void add(const Judged& judged);
  /// An entry of a target's book of one of the days, whatever it was compared with.
  void add_observed(Side side, const connector::BookItem& item);
  /// An item that nothing was expected of, and that is a break therefore.
  void add_stray() { ++items_[static_cast<std::size_t>(ItemOutcome::broken)]; }
  Tally& operator+=(const Tally& more);

 private:
  friend class Report;
  struct Money3 {
    ExactSum channel;
    ExactSum erp;
    ExactSum rounding;
  };
  struct Explained {
    std::uint64_t count = 0;
    ExactSum money;
  };

  std::array<std::uint64_t, item_outcome_count> items_{};
  std::map<std::string, Money3> money_;
  Wide points_expected_ = 0;
  Wide points_found_ = 0;
  std::map<std::pair<std::string, std::string>, Explained> explained_;  ///< by code and currency
};

/// What one reconciliation has found so far, and its JSON (api/README.md). Items are gathered as
/// counts and exact sums; breaks and differing totals are kept, up to a limit.
class Report {
 public:
  static constexpr std::size_t breaks_kept_max = 100'000;
  static constexpr std::size_t evidence_kept_max = 10'000;

  std::string id;
  BusinessDate from;
  BusinessDate to;
  Instant as_of;
  RunState state = RunState::running;
  std::string detail;  ///< why it failed
  std::uint64_t days_done = 0;
  std::uint64_t receipts = 0;
  std::set<std::string> unverified_targets;

  void add(const Tally& tally) { tally_ += tally; }
  void add(Break found);
  /// So many totals were compared, and these of them differ.
  void add_control(std::size_t compared, std::vector<ControlDifference> differences);

  [[nodiscard]] const std::vector<Break>& breaks() const { return breaks_; }
  /// As the API answers it; in a state and with a reason of its own, or in those stated.
  [[nodiscard]] std::string json() const { return json(state, detail); }
  [[nodiscard]] std::string json(RunState as, std::string_view why) const;
  /// `number`: its place among the breaks of this report.
  [[nodiscard]] std::string break_json(const Break& found, std::size_t number) const;

 private:
  [[nodiscard]] std::string evidence_for(const Break& found) const;

  Tally tally_;
  std::array<std::uint64_t, break_class_count> classes_{};
  std::uint64_t controls_ = 0;
  std::uint64_t controls_different_ = 0;
  std::multimap<std::pair<BusinessDate, std::string>, ControlDifference> evidence_;
  std::vector<Break> breaks_;
};

/// The key of a break among the documents: orders by reconciliation, then by number.
[[nodiscard]] std::string break_key(std::string_view reconciliation, std::size_t number);
/// Whether a key is one of those.
[[nodiscard]] bool is_break_key(std::string_view key);

}  // namespace crossfoot::observe
