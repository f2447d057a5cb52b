#include "sandbox/holds.h"

#include <fmt/format.h>

namespace crossfoot::sandbox {

namespace {

constexpr std::uint64_t hold_version = 1;

}  // namespace

std::string PointsHold::id() const {
  return fmt::format("H-{:010}", number);
}

void write_hold(ByteWriter& out, const PointsHold& hold) {
  out.u64(hold_version);
  out.u64(hold.number);
  out.text(hold.reference);
  out.text(hold.member);
  out.i64(hold.points);
  out.instant(hold.expires_at);
  out.enumerator(hold.state);
  out.text(hold.closed_by);
}

PointsHold read_hold(ByteReader& in) {
  PointsHold hold;
  if (in.u64() != hold_version) return hold;
  hold.number = in.u64();
  hold.reference = in.text();
  hold.member = in.text();
  hold.points = in.i64();
  hold.expires_at = in.instant();
  hold.state = in.enumerator(PointsHold::State::released);
  hold.closed_by = in.text();
  return hold;
}

const PointsHold* Holds::find(const std::string& reference) const {
  const auto at = by_reference_.find(reference);
  return at == by_reference_.end() ? nullptr : &at->second;
}

const PointsHold* Holds::released_by(const std::string& release) const {
  const auto at = by_release_.find(release);
  return at == by_release_.end() ? nullptr : find(at->second);
}

std::int64_t Holds::reserved(const std::string& member, Instant now) const {
  const auto at = by_member_.find(member);
  if (at == by_member_.end()) return 0;
  std::int64_t sum = 0;
  for (const std::string& reference : at->second) {
    const PointsHold* hold = find(reference);
    if (hold->is_live(now)) sum += hold->points;
  }
  return sum;
}

void Holds::put(PointsHold hold) {
  if (hold.state == PointsHold::State::released) by_release_[hold.closed_by] = hold.reference;
  auto& stored = by_reference_[hold.reference];
  if (stored.member.empty() && !hold.member.empty()) {
    by_member_[hold.member].push_back(hold.reference);
  }
  stored = std::move(hold);
}

void Holds::clear() {
  by_reference_.clear();
  by_release_.clear();
  by_member_.clear();
}

}  // namespace crossfoot::sandbox
