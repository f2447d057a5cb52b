#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/descriptor.h"

namespace crossfoot::runtime {

/// The seam to disk and environment for small files: configuration, packs, keys, anchors. The data
/// store has its own. Blocking; not for a shard's hot path. Faults: not_found, rejected (larger
/// than the limit), transient (anything else the system says).

inline constexpr std::size_t file_bytes_max_default = 64 * 1024 * 1024;

[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path,
                                            std::size_t bytes_max = file_bytes_max_default);

enum class FileMode : std::uint16_t { open = 0644, secret = 0600 };

/// Replaces the file or leaves it as it was: written beside it, synced, renamed, and the folder
/// synced, so that after success it survives a power cut.
[[nodiscard]] Status write_file_atomic(const std::filesystem::path& path, std::string_view bytes,
                                       FileMode mode = FileMode::open);

/// An environment variable; nothing when it is not set.
[[nodiscard]] std::optional<std::string> environment(const std::string& name);

/// A new, empty folder under the system's place for temporary files, removed with this object.
class TempDir {
 public:
  /// Faults: transient.
  [[nodiscard]] static Result<TempDir> make(std::string_view prefix);
  ~TempDir();
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

/// A file that is read again when it changes.
struct WatchedFile {
  std::filesystem::path path;
  std::filesystem::file_time_type changed{};  ///< when it was looked at last
  std::uintmax_t size = 0;

  /// Whether it looks different now, which is what it looks like from now on. One that cannot be
  /// seen looks as before.
  [[nodiscard]] bool differs();
};

/// A file without a name under the system's place for temporary files (TMPDIR): bytes put aside
/// that need not stay in memory. Gone with this object, and with the process. One thread at a time.
class ScratchFile {
 public:
  /// Faults: transient.
  [[nodiscard]] static Result<ScratchFile> make();

  /// Answers where the bytes begin. Faults: transient; the file then holds what it held before.
  [[nodiscard]] Result<std::uint64_t> append(std::string_view bytes);
  /// Exactly `size` bytes. Faults: transient, also when there are fewer.
  [[nodiscard]] Result<std::string> read(std::uint64_t from, std::size_t size);
  [[nodiscard]] std::uint64_t size() const { return written_ + pending_.size(); }

 private:
  explicit ScratchFile(Descriptor file) : file_(std::move(file)) {}

  [[nodiscard]] Status flush();

  Descriptor file_;
  std::uint64_t written_ = 0;
  std::string pending_;  ///< behind what is written
};

}  // namespace crossfoot::runtime
