#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

namespace crossfoot::store::sqlite {

/// A file of a VFS that stands before another one. The real file follows in the same allocation.
struct ShimFile {
  sqlite3_file base;
  void* owner;
  void* tracked;  ///< the owner's
  bool is_log;

  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static ShimFile* of(sqlite3_file* file) { return reinterpret_cast<ShimFile*>(file); }
};

/// Methods that hand everything on to the real file. Version 2: no memory mapping.
[[nodiscard]] inline sqlite3_io_methods forwarding_methods() {
  static constexpr auto real = [](sqlite3_file* file) { return ShimFile::of(file)->real(); };
  sqlite3_io_methods m{};
  m.iVersion = 2;
  m.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
  m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    return real(f)->pMethods->xRead(real(f), to, size, at);
  };
  m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
    return real(f)->pMethods->xWrite(real(f), from, size, at);
  };
  m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
    return real(f)->pMethods->xTruncate(real(f), size);
  };
  m.xSync = [](sqlite3_file* f, int flags) { return real(f)->pMethods->xSync(real(f), flags); };
  m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
    return real(f)->pMethods->xFileSize(real(f), size);
  };
  m.xLock = [](sqlite3_file* f, int lock) { return real(f)->pMethods->xLock(real(f), lock); };
  m.xUnlock = [](sqlite3_file* f, int lock) { return real(f)->pMethods->xUnlock(real(f), lock); };
  m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
  };
  m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
    return real(f)->pMethods->xFileControl(real(f), op, arg);
  };
  m.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
  m.xDeviceCharacteristics = [](sqlite3_file* f) {
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
  };
  m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
  };
  m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
  };
  m.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
  m.xShmUnmap = [](sqlite3_file* f, int remove) {
    return real(f)->pMethods->xShmUnmap(real(f), remove);
  };
  return m;
}

/// A file system before another one, under a name of its own while it lives. Who derives opens the
/// files; all else is the other's.
class ForwardingVfs {
 public:
  using Open = int (*)(sqlite3_vfs*, const char*, sqlite3_file*, int, int*);

  ForwardingVfs(const ForwardingVfs&) = delete;
  ForwardingVfs& operator=(const ForwardingVfs&) = delete;

  /// The name to open a connection with.
  [[nodiscard]] const std::string& name() const { return name_; }

 protected:
  /// `behind`: the name of the other one; empty: SQLite's default.
  ForwardingVfs(std::string_view kind, const std::string& behind, Open open);
  ~ForwardingVfs();

  /// Opens the real file behind `file`, which belongs to `owner` and has `methods`.
  int open_real(const char* path, sqlite3_file* file, int flags, int* out, void* owner,
                const sqlite3_io_methods& methods);
  static ForwardingVfs& of(sqlite3_vfs* vfs) { return *static_cast<ForwardingVfs*>(vfs->pAppData); }

 private:
  std::string name_;
  sqlite3_vfs* behind_;
  sqlite3_vfs vfs_{};
};

}  // namespace crossfoot::store::sqlite
