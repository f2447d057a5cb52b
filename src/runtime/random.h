#pragma once

#include <cstdint>

namespace crossfoot::runtime {

/// Seeded pseudo-random numbers (splitmix64): jitter, fault injection, generators. Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// Uniform in 0 … bound - 1; bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// True with probability per_million / 1,000,000.
  bool chance(std::uint32_t per_million) { return below(1'000'000) < per_million; }

 private:
  std::uint64_t state_;
};

/// A seed from the operating system: the one place where real randomness enters.
[[nodiscard]] std::uint64_t system_seed();

}  // namespace crossfoot::runtime
