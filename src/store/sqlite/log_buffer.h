#pragma once

#include <sqlite3.h>

#include <string>

#include "store/sqlite/vfs_shim.h"

namespace crossfoot::store::sqlite {

/// The writer's file system: gathers what SQLite appends to the log in one commit, two small writes
/// for each page, and hands it on as one write just before the log is synced. Durability and order
/// are SQLite's own: the bytes are in the file before the sync, and before the index of the log
/// tells any other connection of them. For one connection on one thread; registered while it lives.
class LogBuffer : public ForwardingVfs {
 public:
  /// `base`: the file system behind it; empty: SQLite's default.
  explicit LogBuffer(const std::string& base) : ForwardingVfs("log", base, open) {}

 private:
  static constexpr std::size_t bytes_max = 8U << 20;
  /// SQLite's own file systems cut the length of one write to seventeen bits.
  static constexpr std::size_t slice_bytes = 64U << 10;

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out);
  static const sqlite3_io_methods& methods();
  using ForwardingVfs::of;
  static LogBuffer& of(sqlite3_file* file) {
    return *static_cast<LogBuffer*>(ShimFile::of(file)->owner);
  }

  int append(const void* bytes, int size, sqlite3_int64 at);
  int flush();

  sqlite3_file* log_ = nullptr;  ///< the real log file while it is open
  std::string bytes_;
  sqlite3_int64 at_ = 0;
};

}  // namespace crossfoot::store::sqlite
