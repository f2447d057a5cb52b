#include "edge/admission.h"

#include <algorithm>

namespace crossfoot::edge {

namespace {

/// Thousandths of the limit, by class.
constexpr std::array<std::uint64_t, admission_class_count> shed_from{600, 800, 950};
constexpr std::uint64_t hysteresis = 100;
/// Seconds: queues run dry soon, a log shrinks with its next checkpoint, memory and disk need more.
constexpr std::array<std::int64_t, resource_count> retry_after_s{1, 1, 2, 60, 10};

std::uint64_t part(std::uint64_t used, std::uint64_t most) {
  if (most == 0) return 0;
  // Far above the limit is as good as twice the limit, and does not overflow.
  if (used / 2 >= most) return 2000;
  return most > UINT64_MAX / 4000 ? used / (most / 1000) : used * 1000 / most;
}

}  // namespace

void Admission::look(const Pressure& pressure) {
  std::array<std::uint64_t, resource_count> used{};
  const auto set = [&used](Resource resource, std::uint64_t value) {
    used[static_cast<std::size_t>(resource)] = value;
  };
  set(Resource::accepts, part(pressure.accepts, limits_.accepts_max));
  set(Resource::queue, part(pressure.queue, limits_.queue_max));
  set(Resource::log, part(pressure.log_bytes, limits_.log_bytes_max));
  if (pressure.disk_free_bytes && limits_.disk_free_bytes_min > 0) {
    const std::uint64_t free = std::max<std::uint64_t>(*pressure.disk_free_bytes, 1);
    set(Resource::disk, part(limits_.disk_free_bytes_min, free));
  }
  if (pressure.resident_bytes) {
    set(Resource::memory, part(*pressure.resident_bytes, limits_.resident_bytes_max));
  }
  for (std::size_t c = 0; c < admission_class_count; ++c) {
    for (std::size_t r = 0; r < resource_count; ++r) {
      const std::uint64_t from = shed_from[c] - (shed_[c][r] ? hysteresis : 0);
      shed_[c][r] = used[r] >= from;
    }
  }
}

std::optional<Admission::Refusal> Admission::refusal(AdmissionClass admission_class) const {
  const auto& shed = shed_[static_cast<std::size_t>(admission_class)];
  std::optional<Refusal> longest;
  for (std::size_t r = 0; r < resource_count; ++r) {
    if (!shed[r] || (longest && longest->retry_s >= retry_after_s[r])) continue;
    longest = {static_cast<Resource>(r), retry_after_s[r]};
  }
  return longest;
}

std::string_view to_string(AdmissionClass admission_class) {
  static constexpr std::array<std::string_view, admission_class_count> names{"bulk", "live",
                                                                             "checkout"};
  return names[static_cast<std::size_t>(admission_class)];
}

std::string_view to_string(Resource resource) {
  static constexpr std::array<std::string_view, resource_count> names{"accepts", "queue", "log",
                                                                      "disk", "memory"};
  return names[static_cast<std::size_t>(resource)];
}

}  // namespace crossfoot::edge
