#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/codec.h"
#include "base/time.h"

namespace crossfoot::sandbox {

/// Points set aside for a payment that is still being made.
struct PointsHold {
  enum class State : std::uint8_t { held, captured, released };

  std::uint64_t number = 0;
  std::string reference;
  std::string member;  ///< empty: released before anybody had asked for it
  std::int64_t points = 0;
  Instant expires_at;
  State state = State::held;
  std::string closed_by;  ///< reference of the capture or the release

  [[nodiscard]] std::string id() const;
  [[nodiscard]] bool is_live(Instant now) const { return state == State::held && now < expires_at; }
};

void write_hold(ByteWriter& out, const PointsHold& hold);
[[nodiscard]] PointsHold read_hold(ByteReader& in);

/// All holds there ever were, by reference.
class Holds {
 public:
  [[nodiscard]] const PointsHold* find(const std::string& reference) const;
  /// The one that a release closed, by the release's own reference.
  [[nodiscard]] const PointsHold* released_by(const std::string& release) const;
  /// What is set aside of a member's points.
  [[nodiscard]] std::int64_t reserved(const std::string& member, Instant now) const;

  [[nodiscard]] std::uint64_t next_number() const { return by_reference_.size() + 1; }
  /// A new one, or the new state of one that is known.
  void put(PointsHold hold);
  void clear();

 private:
  std::unordered_map<std::string, PointsHold> by_reference_;
  std::unordered_map<std::string, std::string> by_release_;
  std::unordered_map<std::string, std::vector<std::string>> by_member_;
};

}  // namespace crossfoot::sandbox
