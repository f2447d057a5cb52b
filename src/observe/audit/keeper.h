#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "observe/audit/anchor.h"
#include "observe/store_access.h"
#include "runtime/log.h"
#include "runtime/signing.h"

namespace crossfoot::observe {

struct AuditOptions {
  std::filesystem::path anchor_folder;
  Duration interval{std::chrono::minutes{15}};  ///< between anchors while something happens
  std::uint64_t entries = 100'000;              ///< about so many make an anchor due earlier
};

/// Documents of this kind keep the segments by "anchor number/part", and under audit_state_key
/// where the chains stand.
inline constexpr std::string_view audit_segment_kind = "audit_segment";
inline constexpr std::string_view audit_state_kind = "audit_state";
inline constexpr std::string_view audit_state_key = "now";

/// Where the chains stand: what the keeper goes on from.
struct AuditState {
  std::uint64_t number = 0;  ///< of the last anchor
  Sha256 anchor{};           ///< SHA-256 of its text
  std::array<ChainEnd, partition_count> ends{};
};
[[nodiscard]] std::string encode(const AuditState& state);
[[nodiscard]] std::optional<AuditState> decode_audit_state(std::string_view bytes);

/// Follows the journal behind the commits, partition by partition in order of position, and
/// publishes anchors: at start, every `interval`, about every `entries` entries, and at `finish`.
/// An anchor that would say nothing new is not written. The chain is not computed by the writer, so
/// that a sale waits for nothing of it: reading, hashing, signing and the files are work of the
/// data store's readers, in small pieces. What is committed and not yet anchored is not proven (ADR
/// 11).
///
/// A position that stays empty while later ones are filled, which a crash between two lanes can
/// leave, is closed with an empty entry after `gap_patience`. Shard thread.
class AuditKeeper {
 public:
  static constexpr Duration gap_patience = std::chrono::seconds{30};

  AuditKeeper(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
              runtime::SigningKey key, AuditOptions options, runtime::Logger log);
  ~AuditKeeper();
  AuditKeeper(const AuditKeeper&) = delete;
  AuditKeeper& operator=(const AuditKeeper&) = delete;

  /// The first anchor follows soon; faults are told in the log and tried again.
  void start();
  /// One last anchor; `done` is called once, with why there is none. Nothing runs afterwards.
  void finish(std::function<void(Status)> done);

  [[nodiscard]] std::uint64_t last_anchor() const { return last_anchor_; }

 private:
  struct Cut;
  using CutPtr = std::shared_ptr<Cut>;

  void load();
  void begin();
  void walk(const CutPtr& cut);
  void store_segments(const CutPtr& cut, std::size_t part);
  void publish(const CutPtr& cut);
  void store_state(const CutPtr& cut);
  void ended(Status status);
  void look();
  void close_gaps(const CutPtr& cut);
  void compare_with_newest(const CutPtr& cut);
  [[nodiscard]] std::uint64_t units() const;

  runtime::Scheduler& scheduler_;
  StoreAccess access_;
  std::function<store::Store*()> data_store_;
  runtime::SigningKey key_;
  AuditOptions options_;
  runtime::Logger log_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::shared_ptr<AuditState> state_;  ///< null until loaded; a cut works on a copy
  std::optional<Anchor> newest_;       ///< of the folder at start, until it was compared
  std::map<Partition, std::pair<std::uint64_t, Duration>> gaps_;  ///< position, seen since
  std::uint64_t last_anchor_ = 0;
  std::uint64_t units_at_cut_ = 0;
  Duration tried_at_{0};
  bool failed_ = false;
  bool running_ = false;
  bool finishing_ = false;
  std::function<void(Status)> finished_;
};

}  // namespace crossfoot::observe
