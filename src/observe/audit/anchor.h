#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "observe/audit/chain.h"
#include "runtime/signing.h"

namespace crossfoot::observe {

struct AnchorHead {
  Partition partition = 0;
  ChainEnd end;

  bool operator==(const AnchorHead&) const = default;
};

/// What is published outside the data store: the heads of all chains at one time, tied to the
/// anchor before and signed.
struct Anchor {
  std::uint64_t number = 1;  ///< gap-free
  Instant at;
  std::uint32_t incarnation = 0;  ///< of the data store
  std::uint64_t entries = 0;      ///< in all chains together
  Sha256 previous{};              ///< of the text of the anchor before; zero for the first
  Sha256 key{};                   ///< public key that signed it
  std::vector<AnchorHead> heads;  ///< by partition, those that are not empty

  bool operator==(const Anchor&) const = default;
};

/// The file's text: one JSON object whose last member signs all text before it.
[[nodiscard]] std::string render_anchor(const Anchor& anchor, const runtime::SigningKey& key);

/// Reads such a text. Faults: CF-9002 when it is no anchor or `key` did not sign it.
[[nodiscard]] Result<Anchor> read_anchor(std::string_view text, const runtime::PublicKey& key,
                                         std::string_view where);

/// `anchor-0000000001.json`
[[nodiscard]] std::string anchor_file_name(std::uint64_t number);
/// Anchor files of a folder by number; empty when there is no such folder.
[[nodiscard]] std::vector<std::filesystem::path> anchor_files(const std::filesystem::path& folder);

/// No anchor is larger: 4,096 heads take 400 KB.
inline constexpr std::size_t anchor_bytes_max = 4U << 20U;

}  // namespace crossfoot::observe
