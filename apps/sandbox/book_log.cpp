#include "sandbox/book_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace crossfoot::sandbox {

namespace {

constexpr std::size_t frame_bytes = 8;  // length, CRC-32, both little-endian
constexpr std::size_t read_bytes = 1 << 20;

Fault io_fault(std::string what) {
  return Fault{.code = "sandbox.books",
               .fault_class = FaultClass::transient,
               .where = "books",
               .cause = std::move(what) + ": " + std::strerror(errno)};
}

Fault corrupt(std::string what) {
  return Fault{.code = "sandbox.books",
               .fault_class = FaultClass::corrupt,
               .where = "books",
               .cause = std::move(what)};
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

void put(std::string& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
}

std::uint32_t get(std::string_view bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) {
    value |= std::uint32_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
  }
  return value;
}

/// Reads the file in pieces and answers how many bytes of it are whole records.
Result<std::uint64_t> replay_file(int file, std::uint64_t size,
                                  const std::function<bool(std::string_view)>& replay) {
  std::string buffer;
  std::uint64_t whole = 0;
  std::uint64_t offset = 0;
  for (;;) {
    std::string_view rest = buffer;
    while (rest.size() >= frame_bytes) {
      const std::size_t length = get(rest);
      if (rest.size() - frame_bytes < length) break;
      const std::string_view record = rest.substr(frame_bytes, length);
      const std::uint64_t end = whole + frame_bytes + length;
      if (checksum(record) != get(rest.substr(4))) {
        if (end == size) return whole;
        return fail(corrupt("a record inside the log is damaged"));
      }
      if (!replay(record)) return fail(corrupt("a record cannot be read"));
      whole = end;
      rest.remove_prefix(frame_bytes + length);
    }
    buffer.erase(0, buffer.size() - rest.size());
    const std::size_t have = buffer.size();
    buffer.resize(have + read_bytes);
    const ssize_t got = ::pread(file, buffer.data() + have, read_bytes, static_cast<off_t>(offset));
    if (got < 0) return fail(io_fault("read"));
    buffer.resize(have + static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
    if (got == 0) return whole;
  }
}

}  // namespace

BookLog::~BookLog() {
  if (file_ >= 0) ::close(file_);
}

BookLog::BookLog(BookLog&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      bytes_(other.bytes_),
      pending_(std::move(other.pending_)) {}

BookLog& BookLog::operator=(BookLog&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(bytes_, other.bytes_);
  std::swap(pending_, other.pending_);
  return *this;
}

Result<BookLog> BookLog::open(const std::string& directory, std::string_view name,
                              const std::function<bool(std::string_view)>& replay) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const std::string path = directory + "/" + std::string(name) + ".log";
  BookLog log;
  log.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log.file_ < 0) return fail(io_fault(path));
  if (::flock(log.file_, LOCK_EX | LOCK_NB) != 0) return fail(io_fault(path + " is in use"));
  struct stat status{};
  if (::fstat(log.file_, &status) != 0) return fail(io_fault(path));
  const auto whole = replay_file(log.file_, static_cast<std::uint64_t>(status.st_size), replay);
  if (!whole) return fail(whole.error());
  if (::ftruncate(log.file_, static_cast<off_t>(*whole)) != 0) return fail(io_fault(path));
  log.bytes_ = *whole;
  return log;
}

void BookLog::add(std::string_view record) {
  put(pending_, static_cast<std::uint32_t>(record.size()));
  put(pending_, checksum(record));
  pending_.append(record);
}

Status BookLog::commit() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      Fault fault = io_fault("write");
      pending_.clear();
      if (::ftruncate(file_, static_cast<off_t>(bytes_)) != 0) fault.cause += ", and not undone";
      return fail(std::move(fault));
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  bytes_ += pending_.size();
  pending_.clear();
  return {};
}

Status BookLog::clear() {
  if (::ftruncate(file_, 0) != 0) return fail(io_fault("truncate"));
  bytes_ = 0;
  return {};
}

}  // namespace crossfoot::sandbox
