#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace crossfoot::runtime {

/// The seam to what the machine has left. One system call or one small file each: fit for a shard's
/// thread a few times a second.

/// Bytes that may still be written below the folder; nothing when the system does not say.
[[nodiscard]] std::optional<std::uint64_t> disk_free_bytes(const std::filesystem::path& folder);

/// Bytes of this process in memory now; nothing when the system does not say.
[[nodiscard]] std::optional<std::uint64_t> resident_bytes();

}  // namespace crossfoot::runtime
