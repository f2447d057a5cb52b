#include "observe/audit/older.h"

#include <fmt/format.h>

#include <vector>

#include "contract/error_codes.h"
#include "observe/audit/anchor.h"
#include "runtime/files.h"

namespace crossfoot::observe {

namespace {

Result<Anchor> read_file(const std::filesystem::path& file, const runtime::PublicKey& key) {
  const auto text = runtime::read_file(file, anchor_bytes_max);
  if (!text) return fail(text.error());
  return read_anchor(*text, key, file.string());
}

/// The first head that the journal does not reach, or null.
const AnchorHead* lost_head(const Anchor& anchor, const std::vector<std::uint64_t>& positions) {
  for (const AnchorHead& head : anchor.heads) {
    if (head.end.position > positions[head.partition]) return &head;
  }
  return nullptr;
}

}  // namespace

Status check_not_older(store::Reader& reader, const std::filesystem::path& anchors,
                       const runtime::PublicKey& key) {
  const auto files = anchor_files(anchors);
  if (files.empty()) return {};
  const auto newest = read_file(files.back(), key);
  if (!newest) return fail(newest.error());
  const auto positions = reader.last_positions();
  if (!positions) return fail(positions.error());
  const AnchorHead* lost = lost_head(*newest, *positions);
  if (lost == nullptr) return {};
  return fail(
      {.code = std::string(contract::error_code::store_older_than_anchor),
       .fault_class = FaultClass::conflict,
       .where = files.back().string(),
       .cause = fmt::format("the anchor knows position {} of partition {}, the data store "
                            "ends at {}; was it restored from a backup?",
                            lost->end.position, lost->partition, (*positions)[lost->partition])});
}

Result<std::size_t> put_lost_anchors_aside(store::Reader& reader,
                                           const std::filesystem::path& anchors,
                                           const runtime::PublicKey& key, std::uint32_t count) {
  const auto positions = reader.last_positions();
  if (!positions) return fail(positions.error());
  const auto files = anchor_files(anchors);
  std::size_t moved = 0;
  for (auto file = files.rbegin(); file != files.rend(); ++file, ++moved) {
    const auto anchor = read_file(*file, key);
    if (!anchor) return fail(anchor.error());
    if (lost_head(*anchor, *positions) == nullptr) break;
    const std::filesystem::path aside = anchors / fmt::format("before-restore-{}", count);
    std::error_code failed;
    std::filesystem::create_directories(aside, failed);
    if (!failed) std::filesystem::rename(*file, aside / file->filename(), failed);
    if (failed) {
      return fail({.code = std::string(contract::error_code::bad_setting),
                   .fault_class = FaultClass::rejected,
                   .where = file->string(),
                   .cause = failed.message()});
    }
  }
  return moved;
}

}  // namespace crossfoot::observe
