#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "base/result.h"
#include "store/sqlite/connection.h"

namespace crossfoot::store::sqlite {

struct LogLimits {
  std::uint64_t soft_bytes = 0;  ///< from here on the log is written back
  std::uint64_t rest_bytes = 0;  ///< so little is finished by the writer itself
  std::uint64_t hard_bytes = 0;  ///< from here on bulk lanes stop
};

/// Keeps the write-ahead log short. One thread writes it back PASSIVE, beside the writer, until
/// little is left; the writer finishes that rest between two commits, which alone lets the log
/// begin anew (a busy log that is only written back PASSIVE never restarts).
class LogKeeper {
 public:
  LogKeeper(LogLimits limits, std::uint64_t page_size)
      : limits_(limits), frame_bytes_(page_size + 24), page_size_(page_size) {}

  /// Writer: the log has so many frames after a commit.
  void committed(std::uint64_t frames);
  /// Writer, between commits: finishes the rest when it is small, or when nothing else helps.
  void finish_rest(Connection& writer);
  /// Checkpoint thread: one PASSIVE pass when it is wanted; true when another one is.
  bool write_back(Connection& connection);

  [[nodiscard]] bool wants_write_back() const;
  [[nodiscard]] bool under_pressure() const { return pressure_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t log_bytes() const;
  [[nodiscard]] std::uint64_t log_bytes_peak() const;
  /// Log and pages written back, the latter counted without those that coalesced: an upper bound.
  [[nodiscard]] std::uint64_t bytes_written() const;

 private:
  void note_pressure(std::uint64_t bytes);
  void note_done(int frames);

  const LogLimits limits_;
  const std::uint64_t frame_bytes_;
  const std::uint64_t page_size_;
  mutable std::mutex mutex_;
  std::uint64_t frames_ = 0;
  std::uint64_t written_back_ = 0;
  std::uint64_t generation_ = 0;  ///< counts restarts of the log
  std::uint64_t peak_frames_ = 0;
  std::uint64_t frames_total_ = 0;
  std::uint64_t pages_total_ = 0;
  std::uint64_t retry_at_frames_ = 0;
  std::atomic<bool> pressure_{false};
};

}  // namespace crossfoot::store::sqlite
