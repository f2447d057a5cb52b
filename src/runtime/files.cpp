#include "runtime/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "runtime/fault_codes.h"

namespace crossfoot::runtime {

namespace {

std::unexpected<Fault> failed(const std::filesystem::path& path, std::string_view what) {
  const int number = errno;
  return fail({.code = std::string(code::file_failed),
               .fault_class = number == ENOENT ? FaultClass::not_found : FaultClass::transient,
               .where = path.string(),
               .cause = std::string(what) + ": " + std::generic_category().message(number)});
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

Result<std::filesystem::path> temporary_files() {
  std::error_code error;
  std::filesystem::path base = std::filesystem::temp_directory_path(error);
  if (!error) return base;
  errno = error.value();
  return failed("temporary files", "find");
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return failed(path, "open");
  std::string bytes;
  for (;;) {
    constexpr std::size_t step = 64 * 1024;
    const std::size_t held = bytes.size();
    bytes.resize(held + step);
    const ssize_t count = ::read(file.get(), bytes.data() + held, step);
    bytes.resize(held + static_cast<std::size_t>(count < 0 ? 0 : count));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path, "read");
    if (count == 0) return bytes;
    if (bytes.size() > bytes_max) {
      return fail({.code = std::string(code::file_too_large),
                   .fault_class = FaultClass::rejected,
                   .where = path.string(),
                   .cause = "larger than " + std::to_string(bytes_max) + " bytes"});
    }
  }
}

Status write_file_atomic(const std::filesystem::path& path, std::string_view bytes, FileMode mode) {
  std::filesystem::path folder = path.parent_path();
  if (folder.empty()) folder = ".";
  std::string beside = path.string() + ".XXXXXX";
  Descriptor file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file.is_open()) return failed(path, "create");
  const bool written = ::fchmod(file.get(), static_cast<mode_t>(mode)) == 0 &&
                       write_all(file.get(), bytes) && ::fsync(file.get()) == 0 &&
                       ::rename(beside.c_str(), path.c_str()) == 0;
  if (!written) {
    auto fault = failed(path, "write");
    ::unlink(beside.c_str());
    return fault;
  }
  const Descriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.is_open() || ::fsync(parent.get()) != 0) return failed(path, "sync folder");
  return {};
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

Result<TempDir> TempDir::make(std::string_view prefix) {
  auto base = temporary_files();
  if (!base) return fail(std::move(base.error()));
  std::string name = (*base / prefix).string() + "-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return failed(name, "create");
  return TempDir(name);
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

Result<ScratchFile> ScratchFile::make() {
  auto base = temporary_files();
  if (!base) return fail(std::move(base.error()));
  Descriptor file(::open(base->c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file.is_open() && (errno == EOPNOTSUPP || errno == EISDIR)) {
    std::string name = (*base / "crossfoot-XXXXXX").string();
    file.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (file.is_open()) ::unlink(name.c_str());
  }
  if (!file.is_open()) return failed(*base, "create a file");
  return ScratchFile(std::move(file));
}

Result<std::uint64_t> ScratchFile::append(std::string_view bytes) {
  constexpr std::size_t pending_max = 256 * 1024;
  if (pending_.size() + bytes.size() > pending_max) {
    if (Status flushed = flush(); !flushed) return fail(std::move(flushed.error()));
  }
  const std::uint64_t from = size();
  pending_ += bytes;
  return from;
}

Result<std::string> ScratchFile::read(std::uint64_t from, std::size_t size) {
  if (from + size > written_) {
    if (Status flushed = flush(); !flushed) return fail(std::move(flushed.error()));
  }
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const auto got =
        ::pread(file_.get(), bytes.data() + have, size - have, static_cast<off_t>(from + have));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = ENODATA;
    if (got <= 0) return failed("a temporary file", "read");
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

Status ScratchFile::flush() {
  if (pending_.empty()) return {};
  if (::lseek(file_.get(), static_cast<off_t>(written_), SEEK_SET) < 0 ||
      !write_all(file_.get(), pending_)) {
    return failed("a temporary file", "write");
  }
  written_ += pending_.size();
  pending_.clear();
  return {};
}

bool WatchedFile::differs() {
  std::error_code error;
  const auto changed_now = std::filesystem::last_write_time(path, error);
  const std::uintmax_t size_now = std::filesystem::file_size(path, error);
  if (error) return false;
  const bool different = changed_now != changed || size_now != size;
  changed = changed_now;
  size = size_now;
  return different;
}

}  // namespace crossfoot::runtime
