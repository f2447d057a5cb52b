#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/random.h"
#include "store/sqlite/vfs_shim.h"

namespace crossfoot::store::sqlite {

/// For tests: SQLite's own file system with faults on request, and with a memory of what was
/// synced, so that a power cut can be played. Registered under `name()` while it lives. One thread.
/// Nothing is synced for real: the test's process does not die.
class FaultVfs {
 public:
  /// Calls to database and log that are counted, each kind by itself.
  enum class Call : std::uint8_t { open, read, write, sync, truncate, remove };
  static constexpr std::size_t call_kinds = 6;

  explicit FaultVfs(std::string name) : name_(std::move(name)), base_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *base_;
    vfs_.pNext = nullptr;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(ShimFile)) + base_->szOsFile;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
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

  /// The n-th call of a kind from now, counted from 1, fails; with `lasting` the later ones of that
  /// kind too. A failing write leaves the first half of its bytes.
  void fail_nth(Call call, std::uint64_t n, bool lasting) {
    counts_[index(call)] = 0;
    failing_ = {.call = call, .n = n, .lasting = lasting};
  }
  /// Whether that call has come.
  [[nodiscard]] bool struck() const { return failing_.struck; }
  /// Every call succeeds again.
  void heal() { failing_ = {.struck = failing_.struck}; }
  /// No space is left from now on (or there is again): every write fails before it begins.
  void fill(bool full) { full_ = full; }

  /// The power goes: nothing reaches the files any more. Close every connection, then `power_on`.
  void power_off() { powered_ = false; }
  /// Puts the files into a state in which such a power cut may leave them: all that was synced, and
  /// of the later writes any, each as a whole or up to some sector. No connection may be open.
  void power_on(runtime::Random& random) {
    for (auto& [path, file] : files_) {
      for (const Change& change : file.unsynced) {
        if (random.below(2) == 0) apply(file.synced, torn(change, random));
      }
      file.unsynced.clear();
      std::ofstream(path, std::ios::binary | std::ios::trunc) << file.synced;
    }
    powered_ = true;
  }

 private:
  static constexpr std::size_t sector_bytes = 512;

  struct Failing {
    Call call = Call::read;
    std::uint64_t n = 0;  ///< 0: none
    bool lasting = false;
    bool struck = false;
  };
  /// A write of `bytes` at `at`; without bytes, a truncation to `at`.
  struct Change {
    std::size_t at = 0;
    std::string bytes;
  };
  struct Content {
    std::string synced;
    std::vector<Change> unsynced;
  };

  static std::size_t index(Call call) { return static_cast<std::size_t>(call); }
  static FaultVfs& of(sqlite3_vfs* vfs) { return *static_cast<FaultVfs*>(vfs->pAppData); }
  static FaultVfs& of(sqlite3_file* file) {
    return *static_cast<FaultVfs*>(ShimFile::of(file)->owner);
  }

  static void apply(std::string& content, const Change& change) {
    if (change.bytes.empty()) return content.resize(std::min(content.size(), change.at));
    const std::size_t end = change.at + change.bytes.size();
    if (content.size() < end) content.resize(end);
    std::ranges::copy(change.bytes, content.begin() + static_cast<std::ptrdiff_t>(change.at));
  }
  static Change torn(const Change& change, runtime::Random& random) {
    const std::size_t sectors = change.bytes.size() / sector_bytes;
    if (sectors < 2 || random.below(4) != 0) return change;
    return {change.at, change.bytes.substr(0, sector_bytes * (1 + random.below(sectors - 1)))};
  }

  /// Counts a call; true when it has to fail.
  bool fails(Call call) {
    if (!powered_) return true;
    const std::uint64_t count = ++counts_[index(call)];
    if (failing_.n == 0 || failing_.call != call || count < failing_.n) return false;
    if (count > failing_.n && !failing_.lasting) return false;
    failing_.struck = true;
    return true;
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    FaultVfs& owner = of(vfs);
    ShimFile* mine = ShimFile::of(file);
    mine->owner = &owner;
    mine->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    mine->base.pMethods = nullptr;
    mine->tracked = nullptr;
    if (owner.fails(Call::open)) return SQLITE_CANTOPEN;
    if (path != nullptr && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
      // What a file holds when it is first seen counts as synced. Read before anybody has locked
      // it: closing any descriptor of a file gives up the process's locks on it.
      const auto [at, fresh] = owner.files_.try_emplace(path);
      if (fresh) {
        std::ifstream stream(path, std::ios::binary);
        at->second.synced.assign(std::istreambuf_iterator<char>(stream), {});
      }
      mine->tracked = &at->second;
    }
    const int code = owner.base_->xOpen(owner.base_, path, mine->real(), flags, out);
    if (mine->real()->pMethods != nullptr) mine->base.pMethods = &methods();
    return code;
  }

  static int remove(sqlite3_vfs* vfs, const char* path, int sync) {
    FaultVfs& owner = of(vfs);
    if (owner.fails(Call::remove)) return SQLITE_IOERR_DELETE;
    owner.files_.erase(path);
    return owner.base_->xDelete(owner.base_, path, sync);
  }

  int write(ShimFile& file, const char* from, int size, sqlite3_int64 at) {
    if (!powered_) return SQLITE_IOERR_WRITE;
    if (full_ || (fail_log_writes_ && file.is_log)) return SQLITE_FULL;
    const bool failed = fails(Call::write);
    if (failed) size /= 2;
    if (file.tracked != nullptr && size > 0) {
      static_cast<Content*>(file.tracked)
          ->unsynced.push_back(
              {static_cast<std::size_t>(at), std::string(from, static_cast<std::size_t>(size))});
    }
    const int code = file.real()->pMethods->xWrite(file.real(), from, size, at);
    return failed ? SQLITE_IOERR_WRITE : code;
  }

  int sync(ShimFile& file) {
    if (fails(Call::sync) || (fail_log_syncs_ && file.is_log)) return SQLITE_IOERR_FSYNC;
    if (auto* content = static_cast<Content*>(file.tracked); content != nullptr) {
      for (const Change& change : content->unsynced) apply(content->synced, change);
      content->unsynced.clear();
    }
    return SQLITE_OK;
  }

  int truncate(ShimFile& file, sqlite3_int64 size) {
    if (fails(Call::truncate)) return SQLITE_IOERR_TRUNCATE;
    if (file.tracked != nullptr) {
      static_cast<Content*>(file.tracked)->unsynced.push_back({static_cast<std::size_t>(size), {}});
    }
    return file.real()->pMethods->xTruncate(file.real(), size);
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods m = forwarding_methods();
      m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
        sqlite3_file* real = ShimFile::of(f)->real();
        if (of(f).fail_reads_ && !ShimFile::of(f)->is_log) return SQLITE_IOERR_READ;
        if (of(f).fails(Call::read)) return SQLITE_IOERR_READ;
        return real->pMethods->xRead(real, to, size, at);
      };
      m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
        return of(f).write(*ShimFile::of(f), static_cast<const char*>(from), size, at);
      };
      m.xSync = [](sqlite3_file* f, int) { return of(f).sync(*ShimFile::of(f)); };
      m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
        return of(f).truncate(*ShimFile::of(f), size);
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
  bool full_ = false;
  bool powered_ = true;
  Failing failing_;
  std::array<std::uint64_t, call_kinds> counts_{};
  std::map<std::string, Content, std::less<>> files_;  ///< by path
};

}  // namespace crossfoot::store::sqlite
