#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace crossfoot::edge {

/// What is refused first when the server is in danger, and what last.
enum class AdmissionClass : std::uint8_t { bulk, live, checkout };
inline constexpr std::size_t admission_class_count = 3;
[[nodiscard]] std::string_view to_string(AdmissionClass admission_class);

/// What may run out. Each is compared with its own limit.
enum class Resource : std::uint8_t { accepts, queue, log, disk, memory };
inline constexpr std::size_t resource_count = 5;
[[nodiscard]] std::string_view to_string(Resource resource);

/// Limits at which nothing at all is taken any more; 0: not looked at.
struct AdmissionLimits {
  std::uint64_t accepts_max = 4096;       ///< transactions between arrival and commit
  std::uint64_t queue_max = 20'000;       ///< units that wait for a commit
  std::uint64_t log_bytes_max = 0;        ///< of the write-ahead log
  std::uint64_t disk_free_bytes_min = 0;  ///< below the data folder
  std::uint64_t resident_bytes_max = 0;   ///< of the process
};

/// How much is used now. What is not known is not judged.
struct Pressure {
  std::uint64_t accepts = 0;
  std::uint64_t queue = 0;
  std::uint64_t log_bytes = 0;
  std::optional<std::uint64_t> disk_free_bytes;
  std::optional<std::uint64_t> resident_bytes;
};

/// Decides by class what is still taken: bulk work is refused from 60 % of a limit on, live traffic
/// from 80 %, checkout from 95 %, and each is taken again 10 points below, so that it does not
/// flutter. Of the disk, the part is the least that must stay free over what is free. Pure.
class Admission {
 public:
  struct Refusal {
    Resource resource = Resource::accepts;
    std::int64_t retry_s = 1;  ///< how soon the resource can be expected to be there again
  };

  explicit Admission(AdmissionLimits limits) : limits_(limits) {}

  void look(const Pressure& pressure);
  /// Why work of this class is refused now; nothing when it is taken.
  [[nodiscard]] std::optional<Refusal> refusal(AdmissionClass admission_class) const;

 private:
  AdmissionLimits limits_;
  std::array<std::array<bool, resource_count>, admission_class_count> shed_{};
};

}  // namespace crossfoot::edge
