#include "store/sqlite/log_buffer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/invariant.h"

namespace crossfoot::store::sqlite {

LogBuffer::LogBuffer(const std::string& base)
    : name_(fmt::format("crossfoot-log-{}", fmt::ptr(this))),
      base_(sqlite3_vfs_find(base.empty() ? nullptr : base.c_str())) {
  INVARIANT(base_ != nullptr, "the file system is registered");
  vfs_ = *base_;
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(ShimFile)) + base_->szOsFile;
  vfs_.xOpen = open;
  // The other methods of a VFS look at its name and data only in xOpen; these are the base's own.
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* path, int sync) {
    sqlite3_vfs* real = static_cast<LogBuffer*>(vfs->pAppData)->base_;
    return real->xDelete(real, path, sync);
  };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    sqlite3_vfs* real = static_cast<LogBuffer*>(vfs->pAppData)->base_;
    return real->xAccess(real, path, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* path, int size, char* out) {
    sqlite3_vfs* real = static_cast<LogBuffer*>(vfs->pAppData)->base_;
    return real->xFullPathname(real, path, size, out);
  };
  sqlite3_vfs_register(&vfs_, 0);
}

LogBuffer::~LogBuffer() {
  sqlite3_vfs_unregister(&vfs_);
}

int LogBuffer::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
  auto* self = static_cast<LogBuffer*>(vfs->pAppData);
  ShimFile* shim = ShimFile::of(file);
  shim->owner = self;
  shim->is_log = (flags & SQLITE_OPEN_WAL) != 0;
  shim->base.pMethods = nullptr;
  const int code = self->base_->xOpen(self->base_, path, shim->real(), flags, out);
  if (shim->real()->pMethods != nullptr) shim->base.pMethods = &methods();
  if (code == SQLITE_OK && shim->is_log) self->log_ = shim->real();
  return code;
}

int LogBuffer::append(const void* bytes, int size, sqlite3_int64 at) {
  const auto end = at_ + static_cast<sqlite3_int64>(bytes_.size());
  if (!bytes_.empty() && (at != end || bytes_.size() >= bytes_max)) {
    if (const int code = flush(); code != SQLITE_OK) return code;
  }
  if (bytes_.empty()) at_ = at;
  bytes_.append(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int LogBuffer::flush() {
  if (bytes_.empty() || log_ == nullptr) return SQLITE_OK;
  int code = SQLITE_OK;
  for (std::size_t done = 0; done < bytes_.size() && code == SQLITE_OK; done += slice_bytes) {
    const std::size_t size = std::min(slice_bytes, bytes_.size() - done);
    code = log_->pMethods->xWrite(log_, bytes_.data() + done, static_cast<int>(size),
                                  at_ + static_cast<sqlite3_int64>(done));
  }
  bytes_.clear();
  return code;
}

const sqlite3_io_methods& LogBuffer::methods() {
  static const sqlite3_io_methods all = [] {
    sqlite3_io_methods m = forwarding_methods();
    m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
      if (ShimFile::of(f)->is_log) return of(f).append(from, size, at);
      sqlite3_file* real = ShimFile::of(f)->real();
      return real->pMethods->xWrite(real, from, size, at);
    };
    m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
      sqlite3_file* real = ShimFile::of(f)->real();
      if (ShimFile::of(f)->is_log) {
        if (const int code = of(f).flush(); code != SQLITE_OK) return code;
      }
      return real->pMethods->xRead(real, to, size, at);
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      sqlite3_file* real = ShimFile::of(f)->real();
      if (ShimFile::of(f)->is_log) {
        if (const int code = of(f).flush(); code != SQLITE_OK) return code;
      }
      return real->pMethods->xTruncate(real, size);
    };
    m.xSync = [](sqlite3_file* f, int flags) {
      sqlite3_file* real = ShimFile::of(f)->real();
      if (ShimFile::of(f)->is_log) {
        if (const int code = of(f).flush(); code != SQLITE_OK) return code;
      }
      return real->pMethods->xSync(real, flags);
    };
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      sqlite3_file* real = ShimFile::of(f)->real();
      if (ShimFile::of(f)->is_log) {
        if (const int code = of(f).flush(); code != SQLITE_OK) return code;
      }
      return real->pMethods->xFileSize(real, size);
    };
    // SQLite sets this barrier before it publishes new frames in the index of the log.
    m.xShmBarrier = [](sqlite3_file* f) {
      sqlite3_file* real = ShimFile::of(f)->real();
      (void)of(f).flush();
      real->pMethods->xShmBarrier(real);
    };
    m.xClose = [](sqlite3_file* f) {
      sqlite3_file* real = ShimFile::of(f)->real();
      if (ShimFile::of(f)->is_log) {
        (void)of(f).flush();
        of(f).log_ = nullptr;
      }
      return real->pMethods->xClose(real);
    };
    return m;
  }();
  return all;
}

}  // namespace crossfoot::store::sqlite
