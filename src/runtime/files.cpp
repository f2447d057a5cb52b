#include "runtime/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "runtime/descriptor.h"
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
  std::error_code error;
  const std::filesystem::path base = std::filesystem::temp_directory_path(error);
  if (error) {
    errno = error.value();
    return failed("temporary files", "find");
  }
  std::string name = (base / prefix).string() + "-XXXXXX";
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

}  // namespace crossfoot::runtime
