#include "store/sqlite/log_buffer.h"

#include <algorithm>

namespace crossfoot::store::sqlite {

int LogBuffer::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
  auto& self = static_cast<LogBuffer&>(ForwardingVfs::of(vfs));
  const int code = self.open_real(path, file, flags, out, &self, methods());
  ShimFile* shim = ShimFile::of(file);
  if (code == SQLITE_OK && shim->is_log) self.log_ = shim->real();
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
