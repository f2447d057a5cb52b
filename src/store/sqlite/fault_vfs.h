#pragma once

#include <sqlite3.h>

#include <string>
#include <utility>

#include "store/sqlite/vfs_shim.h"

namespace crossfoot::store::sqlite {

/// For tests: SQLite's own file system with faults on request. Registered under `name()` while it
/// lives. One thread.
class FaultVfs {
 public:
  explicit FaultVfs(std::string name) : name_(std::move(name)), base_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *base_;
    vfs_.pNext = nullptr;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(ShimFile)) + base_->szOsFile;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 0);
  }
  ~FaultVfs() { sqlite3_vfs_unregister(&vfs_); }
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Syncs of the log fail from now on (or no longer).
  void fail_log_syncs(bool fail) { fail_log_syncs_ = fail; }
  /// Writes of the log fail from now on, as on a full disk (or no longer).
  void fail_log_writes(bool fail) { fail_log_writes_ = fail; }
  /// Reads of the database file fail from now on (or no longer).
  void fail_reads(bool fail) { fail_reads_ = fail; }

 private:
  static FaultVfs& of(sqlite3_file* file) {
    return *static_cast<FaultVfs*>(ShimFile::of(file)->owner);
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    auto* owner = static_cast<FaultVfs*>(vfs->pAppData);
    ShimFile* mine = ShimFile::of(file);
    mine->owner = owner;
    mine->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    mine->base.pMethods = nullptr;
    const int code = owner->base_->xOpen(owner->base_, path, mine->real(), flags, out);
    if (mine->real()->pMethods != nullptr) mine->base.pMethods = &methods();
    return code;
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods m = forwarding_methods();
      m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
        sqlite3_file* real = ShimFile::of(f)->real();
        if (of(f).fail_reads_ && !ShimFile::of(f)->is_log) return SQLITE_IOERR_READ;
        return real->pMethods->xRead(real, to, size, at);
      };
      m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
        sqlite3_file* real = ShimFile::of(f)->real();
        if (of(f).fail_log_writes_ && ShimFile::of(f)->is_log) return SQLITE_FULL;
        return real->pMethods->xWrite(real, from, size, at);
      };
      m.xSync = [](sqlite3_file* f, int flags) {
        sqlite3_file* real = ShimFile::of(f)->real();
        if (of(f).fail_log_syncs_ && ShimFile::of(f)->is_log) return SQLITE_IOERR_FSYNC;
        return real->pMethods->xSync(real, flags);
      };
      return m;
    }();
    return all;
  }

  std::string name_;
  sqlite3_vfs* base_;
  sqlite3_vfs vfs_{};
  bool fail_log_syncs_ = false;
  bool fail_log_writes_ = false;
  bool fail_reads_ = false;
};

}  // namespace crossfoot::store::sqlite
