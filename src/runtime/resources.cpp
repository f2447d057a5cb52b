#include "runtime/resources.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <string_view>

#include "runtime/files.h"

namespace crossfoot::runtime {

std::optional<std::uint64_t> disk_free_bytes(const std::filesystem::path& folder) {
  struct statvfs found{};
  if (::statvfs(folder.c_str(), &found) != 0) return std::nullopt;
  return std::uint64_t{found.f_bavail} * std::uint64_t{found.f_frsize};
}

std::optional<std::uint64_t> resident_bytes() {
  const auto text = read_file("/proc/self/statm", 4096);
  if (!text) return std::nullopt;
  // Sizes in pages: all of it, resident, …
  const std::string_view line = *text;
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  std::uint64_t pages = 0;
  const char* begin = line.data() + space + 1;
  const auto [end, error] = std::from_chars(begin, line.data() + line.size(), pages);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (error != std::errc{} || page <= 0) return std::nullopt;
  return pages * static_cast<std::uint64_t>(page);
}

}  // namespace crossfoot::runtime
