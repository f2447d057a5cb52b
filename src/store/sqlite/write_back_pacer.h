#pragma once

#include <sqlite3.h>

#include <string>

#include "store/sqlite/vfs_shim.h"

namespace crossfoot::store::sqlite {

/// The file system of the connection that writes the log back: it syncs after every slice of pages
/// instead of once at the end, so that a commit's own sync never waits behind thousands of pages.
/// For one connection on one thread; registered while it lives.
class WriteBackPacer : public ForwardingVfs {
 public:
  static constexpr std::size_t slice_bytes = 512U << 10;

  /// `base`: the file system behind it; empty: SQLite's default.
  explicit WriteBackPacer(const std::string& base) : ForwardingVfs("write-back", base, open) {}

 private:
  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out);
  static const sqlite3_io_methods& methods();
  using ForwardingVfs::of;
  static WriteBackPacer& of(sqlite3_file* file) {
    return *static_cast<WriteBackPacer*>(ShimFile::of(file)->owner);
  }

  std::size_t unsynced_bytes_ = 0;
};

}  // namespace crossfoot::store::sqlite
