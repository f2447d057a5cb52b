#include "store/sqlite/log_keeper.h"

#include <algorithm>

namespace crossfoot::store::sqlite {

void LogKeeper::committed(std::uint64_t frames) {
  const std::lock_guard lock(mutex_);
  if (frames < frames_) {  // the log began anew
    written_back_ = 0;
    retry_at_frames_ = 0;
    ++generation_;
    frames_total_ += frames;
  } else {
    frames_total_ += frames - frames_;
  }
  frames_ = frames;
  peak_frames_ = std::max(peak_frames_, frames);
  note_pressure(frames * frame_bytes_);
}

void LogKeeper::note_done(int frames) {
  const auto done = static_cast<std::uint64_t>(std::max(frames, 0));
  if (done <= written_back_) return;
  pages_total_ += done - written_back_;
  written_back_ = done;
}

void LogKeeper::note_pressure(std::uint64_t bytes) {
  // Once over the limit it stays so until the log is half as long, so that it does not flutter.
  const std::uint64_t limit = pressure_ ? limits_.hard_bytes / 2 : limits_.hard_bytes;
  pressure_ = bytes >= limit;
}

bool LogKeeper::wants_write_back() const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t rest = (frames_ - std::min(written_back_, frames_)) * frame_bytes_;
  return frames_ * frame_bytes_ >= limits_.soft_bytes && rest > limits_.rest_bytes;
}

void LogKeeper::finish_rest(Connection& writer) {
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t rest = (frames_ - std::min(written_back_, frames_)) * frame_bytes_;
    const std::uint64_t bytes = frames_ * frame_bytes_;
    if (bytes < limits_.soft_bytes) return;
    if (frames_ < retry_at_frames_ && !pressure_) return;
    // Twice the hard limit: the log must not grow without bound, the writer waits for itself.
    if (rest > limits_.rest_bytes && bytes < 2 * limits_.hard_bytes) return;
  }
  int log = 0;
  int done = 0;
  sqlite3_busy_timeout(writer.handle(), 0);
  const int code =
      sqlite3_wal_checkpoint_v2(writer.handle(), nullptr, SQLITE_CHECKPOINT_RESTART, &log, &done);
  sqlite3_busy_timeout(writer.handle(), 2000);
  const std::lock_guard lock(mutex_);
  note_done(done);
  if (code == SQLITE_OK) {
    // The next commit begins the log anew.
    frames_ = written_back_ = retry_at_frames_ = 0;
    ++generation_;
    note_pressure(0);
  } else {
    // A reader still needs the old log: trying again after every commit would only cost time.
    retry_at_frames_ = frames_ + frames_ / 16;
  }
}

bool LogKeeper::write_back(Connection& connection) {
  if (!wants_write_back()) return false;
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
  }
  int log = 0;
  int done = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection.handle(), nullptr,
                                             SQLITE_CHECKPOINT_PASSIVE, &log, &done);
  std::uint64_t before = 0;
  {
    const std::lock_guard lock(mutex_);
    before = written_back_;
    if (generation == generation_) note_done(done);
  }
  // No progress (a reader's snapshot, or an error): the next commit wakes this thread again.
  return code == SQLITE_OK && static_cast<std::uint64_t>(std::max(done, 0)) > before &&
         wants_write_back();
}

std::uint64_t LogKeeper::log_bytes() const {
  const std::lock_guard lock(mutex_);
  return frames_ * frame_bytes_;
}

std::uint64_t LogKeeper::log_bytes_peak() const {
  const std::lock_guard lock(mutex_);
  return peak_frames_ * frame_bytes_;
}

std::uint64_t LogKeeper::bytes_written() const {
  const std::lock_guard lock(mutex_);
  return frames_total_ * frame_bytes_ + pages_total_ * page_size_;
}

}  // namespace crossfoot::store::sqlite
