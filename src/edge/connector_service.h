#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace crossfoot::edge {

/// One connector as the API shows it.
struct ConnectorStatus {
  /// An operation, its question by reference (`accrue?`), or the reading of its book (`list`).
  struct Line {
    std::string operation;
    std::string_view breaker;           ///< `closed`, `open`, `half_open`
    bool forced = false;                ///< by hand
    std::string forced_reason;          ///< what the person said
    std::string_view opened_because;    ///< of the last opening, empty: never
    std::uint64_t openings = 0;         ///< since the start
    std::optional<Instant> next_probe;  ///< when it is open and not forced
  };
  std::string name;
  std::string pack;
  std::string pack_version;
  std::string_view breaker;  ///< the worst of its lines
  std::vector<Line> lines;
  std::int64_t quota_per_minute = 0;  ///< 0: none
  std::int64_t rate_per_minute = 0;   ///< of now, at most the quota
  std::optional<Instant> paused_until;
};

/// The connectors as operators see and steer them. Shard thread. Implemented by who owns them.
class ConnectorService {
 public:
  enum class State : std::uint8_t { automatic, open, closed };
  enum class Forced : std::uint8_t { done, no_connector, no_operation };
  struct Order {
    std::string connector;
    std::string operation;  ///< empty: all of them
    State state = State::automatic;
    std::string reason;
    std::string correlation_id;
  };

  virtual ~ConnectorService() = default;

  /// By name.
  [[nodiscard]] virtual std::vector<ConnectorStatus> connectors() const = 0;
  /// Holds until the next order, or a restart. Repeating an order does no harm.
  [[nodiscard]] virtual Forced force(const Order& order) = 0;
};

}  // namespace crossfoot::edge
