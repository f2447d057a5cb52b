#include "store/sqlite/vfs_shim.h"

#include <fmt/format.h>

#include "base/invariant.h"

namespace crossfoot::store::sqlite {

ForwardingVfs::ForwardingVfs(std::string_view kind, const std::string& behind, Open open)
    : name_(fmt::format("crossfoot-{}-{}", kind, fmt::ptr(this))),
      behind_(sqlite3_vfs_find(behind.empty() ? nullptr : behind.c_str())) {
  INVARIANT(behind_ != nullptr, "the file system is registered");
  vfs_ = *behind_;
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(ShimFile)) + behind_->szOsFile;
  vfs_.xOpen = open;
  // The other methods of a VFS look at its name and data only in xOpen; these are the real one's.
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* path, int sync) {
    sqlite3_vfs* real = of(vfs).behind_;
    return real->xDelete(real, path, sync);
  };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    sqlite3_vfs* real = of(vfs).behind_;
    return real->xAccess(real, path, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* path, int size, char* out) {
    sqlite3_vfs* real = of(vfs).behind_;
    return real->xFullPathname(real, path, size, out);
  };
  sqlite3_vfs_register(&vfs_, 0);
}

ForwardingVfs::~ForwardingVfs() {
  sqlite3_vfs_unregister(&vfs_);
}

int ForwardingVfs::open_real(const char* path, sqlite3_file* file, int flags, int* out, void* owner,
                             const sqlite3_io_methods& methods) {
  ShimFile* shim = ShimFile::of(file);
  shim->owner = owner;
  shim->is_log = (flags & SQLITE_OPEN_WAL) != 0;
  shim->base.pMethods = nullptr;
  const int code = behind_->xOpen(behind_, path, shim->real(), flags, out);
  if (shim->real()->pMethods != nullptr) shim->base.pMethods = &methods;
  return code;
}

}  // namespace crossfoot::store::sqlite
