#include "store/sqlite/write_back_pacer.h"

namespace crossfoot::store::sqlite {

int WriteBackPacer::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                         int* out) {
  auto& self = static_cast<WriteBackPacer&>(of(vfs));
  return self.open_real(path, file, flags, out, &self, methods());
}

const sqlite3_io_methods& WriteBackPacer::methods() {
  static const sqlite3_io_methods all = [] {
    sqlite3_io_methods m = forwarding_methods();
    m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
      sqlite3_file* real = ShimFile::of(f)->real();
      const int code = real->pMethods->xWrite(real, from, size, at);
      if (code != SQLITE_OK || ShimFile::of(f)->is_log) return code;
      std::size_t& unsynced = of(f).unsynced_bytes_;
      unsynced += static_cast<std::size_t>(size);
      if (unsynced < slice_bytes) return code;
      unsynced = 0;
      return real->pMethods->xSync(real, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    };
    m.xSync = [](sqlite3_file* f, int flags) {
      sqlite3_file* real = ShimFile::of(f)->real();
      if (!ShimFile::of(f)->is_log) of(f).unsynced_bytes_ = 0;
      return real->pMethods->xSync(real, flags);
    };
    return m;
  }();
  return all;
}

}  // namespace crossfoot::store::sqlite
