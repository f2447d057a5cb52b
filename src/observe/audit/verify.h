#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/audit/anchor.h"
#include "store/api/archive.h"

namespace crossfoot::observe {

/// Something that an unharmed journal and its anchors would not show.
struct AuditFinding {
  enum class Kind : std::uint8_t {
    changed,         ///< an entry is not what was anchored
    moved,           ///< an entry stands at another's position
    missing,         ///< a position is empty while later ones are filled
    inserted,        ///< a second entry for a position, or one that belongs nowhere
    cut_off,         ///< the journal ends before an anchored position
    anchor_forged,   ///< an anchor cannot be read or has another signature
    anchor_missing,  ///< numbers of anchors have a gap, or the newest are gone
    anchor_replaced  ///< an anchor does not continue the one before, or two disagree
  };
  Kind kind = Kind::changed;
  Partition partition = 0;
  std::uint64_t position = 0;  ///< 0: of an anchor, not of an entry
  Instant at;                  ///< of the entry; of the anchor where there is no entry
  std::uint64_t anchor = 0;    ///< number of the anchor that shows it; 0: none
  std::string text;            ///< in words
};
[[nodiscard]] std::string_view to_string(AuditFinding::Kind kind);

/// Where an entry stands.
struct AuditPlace {
  Partition partition = 0;
  std::uint64_t position = 0;
  Instant at;
};

struct AuditReport {
  std::uint64_t entries = 0;
  std::uint64_t partitions = 0;
  std::uint64_t anchors = 0;
  std::uint64_t last_anchor = 0;
  Instant last_anchor_at;
  std::uint64_t proven = 0;       ///< entries up to anchored heads that were found again
  std::uint64_t closed_gaps = 0;  ///< empty entries that the server put into gaps
  std::uint64_t erased_count = 0;
  std::vector<AuditPlace> erased;  ///< the first `listed_max`: to be held against the orders
  std::uint64_t finding_count = 0;
  std::vector<AuditFinding> findings;  ///< the first `listed_max`

  static constexpr std::size_t listed_max = 1'000;

  [[nodiscard]] bool whole() const { return finding_count == 0; }
  void add(AuditFinding finding);
};
[[nodiscard]] std::string to_json(const AuditReport& report);
[[nodiscard]] std::string to_text(const AuditReport& report);

/// Anchors that were read and checked among themselves: signatures, numbers, each one's hash of the
/// one before. What is wrong with them goes into `report`. Faults: a file that cannot be read at
/// all.
class AnchorSet {
 public:
  /// `path`: a file, or a folder of anchors.
  Status read(const std::filesystem::path& path, const runtime::PublicKey& key,
              AuditReport& report);
  /// After the last `read`.
  void check(AuditReport& report) const;

  struct Known {
    Anchor anchor;
    Sha256 hash{};
  };
  /// By number.
  [[nodiscard]] const std::vector<Known>& all() const { return known_; }

 private:
  std::vector<Known> known_;
};

/// Computes every chain again from the journal and compares it with the anchors; where one differs,
/// a second walk names the entries. A server may go on writing meanwhile: what it adds is not
/// judged. `newest_expected`: the set must hold the last anchor that the data store knows of.
/// Memory: some 50 bytes for each head that moved between two anchors. Faults: of reading.
[[nodiscard]] Result<AuditReport> verify_journal(
    store::Archive& archive, const AnchorSet& anchors, AuditReport report, bool newest_expected,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

}  // namespace crossfoot::observe
