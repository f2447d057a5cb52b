#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "flow/plan/flow.h"
#include "store/api/rows.h"

namespace crossfoot::flow {

/// Which stuck legs a replay lets go on. Empty texts and absent values mean any.
struct ReplayFilter {
  std::string code;    ///< why the leg is stuck
  std::string target;  ///< of the leg; legs inside Crossfoot have none
  std::string shop;
  std::string member;
  std::string region;     ///< as the transaction states it
  std::string reference;  ///< `product:SKU-9`: what the leg waits for, once it is known
  std::string key;        ///< of a receipt, or of the order of a leg: 32 hexadecimal digits
  std::optional<BusinessDate> from;  ///< business date, inclusive
  std::optional<BusinessDate> to;
  std::optional<std::uint8_t> channel;  ///< contract::Channel
  bool dead_only = false;               ///< not those that are parked
};

struct ReplayRequest {
  ReplayFilter filter;
  bool dry_run = true;
  std::string by;
  std::string reason;
  std::uint32_t flows_per_second = 200;  ///< 1 … 10,000
};

enum class ReplayState : std::uint8_t { running, done, cancelled };
inline constexpr auto replay_state_last = ReplayState::cancelled;
[[nodiscard]] std::string_view to_string(ReplayState state);

/// A replay and how far it has come: a resumable job of small commits, so that a restart goes on
/// where it stood. Legs that have an acknowledgement are never sent again.
struct ReplayJob {
  Id id;
  ReplayRequest request;
  ReplayState state = ReplayState::running;
  Instant created_at;
  Instant finished_at;
  store::FlowStatus walking = store::FlowStatus::dead;  ///< dead first, then parked
  Id after;                                             ///< last flow looked at
  std::uint64_t examined = 0;
  std::uint64_t flows = 0;  ///< that have a leg to let go on
  std::uint64_t legs = 0;   ///< of these flows, all that are sent to targets or decided here
  std::uint64_t legs_done = 0;
  std::uint64_t legs_selected = 0;  ///< let go on, or that would be
  std::uint64_t legs_refused = 0;   ///< of an open outcome that a person must confirm first
  std::vector<std::pair<std::string, std::int64_t>>
      money;  ///< minor units of the flows by currency

  void add_money(const std::string& currency, std::int64_t minor);
};

/// But for the region, which stands in the message's original.
[[nodiscard]] bool matches(const ReplayFilter& filter, const store::MessageRow& message);
/// The keys of a leg that may be held back: of its receipt, of the receipt whose book it belongs
/// to, of its order.
[[nodiscard]] bool has_key(const Flow& flow, const Leg& leg, std::string_view key);
/// Numbers of the flow's stuck legs that the filter means.
[[nodiscard]] std::vector<std::uint16_t> stuck_legs(const ReplayFilter& filter, const Flow& flow);

/// The stored form, versioned; unknown versions and damaged bytes are `corrupt`.
[[nodiscard]] std::string encode(const ReplayJob& job);
[[nodiscard]] Result<ReplayJob> decode_replay(std::string_view bytes);

/// The kind of document under which jobs are stored, by their id: later ones sort behind.
inline constexpr std::string_view replay_documents = "replay";

enum class PauseKind : std::uint8_t { target, shop, member, region, key };
inline constexpr auto pause_kind_last = PauseKind::key;
inline constexpr std::size_t pause_kind_count = static_cast<std::size_t>(pause_kind_last) + 1;
[[nodiscard]] std::string_view to_string(PauseKind kind);

/// Something whose legs wait until a person lets them go on.
struct Pause {
  PauseKind kind = PauseKind::target;
  std::string value;
  std::string by;
  std::string reason;
  Instant since;
};
[[nodiscard]] std::string encode(const Pause& pause);
[[nodiscard]] Result<Pause> decode_pause(std::string_view bytes);
inline constexpr std::string_view pause_documents = "pause";
/// Its key among the documents.
[[nodiscard]] std::string pause_key(PauseKind kind, std::string_view value);

}  // namespace crossfoot::flow
