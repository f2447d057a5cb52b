#include "observe/audit/anchor.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "contract/error_codes.h"
#include "contract/json_writer.h"

namespace crossfoot::observe {

namespace {

constexpr std::string_view format_name = "crossfoot-audit-anchor/1";
constexpr std::string_view signature_member = ",\"signature\":\"";
constexpr std::size_t signature_digits = 128;
constexpr std::string_view text_end = "\"}\n";
constexpr std::string_view file_prefix = "anchor-";
constexpr std::string_view file_suffix = ".json";

std::unexpected<Fault> unusable(std::string_view where, std::string cause) {
  return fail({.code = std::string(contract::error_code::anchor_unusable),
               .fault_class = FaultClass::corrupt,
               .where = std::string(where),
               .cause = std::move(cause)});
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t half = 0; half + 64 <= digits.size(); half += 64) {
    const auto part = parse_sha256(digits.substr(half, 64));
    if (!part) return {};
    bytes.append(reinterpret_cast<const char*>(part->data()), part->size());
  }
  return bytes;
}

bool read_heads(simdjson::dom::element root, Anchor& anchor) {
  simdjson::dom::array heads;
  if (root["heads"].get(heads) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element each : heads) {
    std::uint64_t partition = 0;
    std::string_view digits;
    AnchorHead head;
    const bool read = each.at(0).get(partition) == simdjson::SUCCESS &&
                      each.at(1).get(head.end.position) == simdjson::SUCCESS &&
                      each.at(2).get(digits) == simdjson::SUCCESS;
    const auto digest = parse_sha256(digits);
    if (!read || !digest || partition >= partition_count || head.end.position == 0) return false;
    head.partition = static_cast<Partition>(partition);
    head.end.head = *digest;
    if (!anchor.heads.empty() && anchor.heads.back().partition >= head.partition) return false;
    anchor.heads.push_back(head);
  }
  return true;
}

bool read_members(std::string_view text, Anchor& anchor) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view format, at, previous, key;
  std::uint64_t incarnation = 0;
  const bool read = parser.parse(text.data(), text.size()).get(root) == simdjson::SUCCESS &&
                    root["format"].get(format) == simdjson::SUCCESS && format == format_name &&
                    root["number"].get(anchor.number) == simdjson::SUCCESS &&
                    root["at"].get(at) == simdjson::SUCCESS &&
                    root["incarnation"].get(incarnation) == simdjson::SUCCESS &&
                    root["entries"].get(anchor.entries) == simdjson::SUCCESS &&
                    root["previous"].get(previous) == simdjson::SUCCESS &&
                    root["key"].get(key) == simdjson::SUCCESS;
  if (!read) return false;
  const auto instant = parse_instant(at);
  const auto before = parse_sha256(previous);
  const auto signer = parse_sha256(key);
  if (!instant || !before || !signer || anchor.number == 0) return false;
  anchor.at = *instant;
  anchor.incarnation = static_cast<std::uint32_t>(incarnation);
  anchor.previous = *before;
  anchor.key = *signer;
  return read_heads(root, anchor);
}

}  // namespace

std::string render_anchor(const Anchor& anchor, const runtime::SigningKey& key) {
  contract::JsonWriter out;
  out.reserve(512 + anchor.heads.size() * 84);
  out.begin_object().member("format", format_name);
  out.member("number", anchor.number).member("at", to_string(anchor.at));
  out.member("incarnation", anchor.incarnation).member("entries", anchor.entries);
  out.member("previous", hex(anchor.previous));
  out.member("key", hex(key.public_key().bytes()));
  out.key("heads").begin_array();
  for (const AnchorHead& head : anchor.heads) {
    out.begin_array().integer(head.partition).integer(head.end.position);
    out.text(hex(head.end.head)).end_array();
  }
  out.end_array();
  std::string text = out.take();
  const std::string signature = hex(key.sign(text));
  text += signature_member;
  text += signature;
  text += text_end;
  return text;
}

Result<Anchor> read_anchor(std::string_view text, const runtime::PublicKey& key,
                           std::string_view where) {
  const std::size_t tail = signature_member.size() + signature_digits + text_end.size();
  if (text.size() < tail || !text.ends_with(text_end)) return unusable(where, "this is no anchor");
  const std::string_view signed_text = text.substr(0, text.size() - tail);
  const std::string_view rest = text.substr(signed_text.size());
  if (!rest.starts_with(signature_member)) return unusable(where, "this is no anchor");
  const std::string signature = from_hex(rest.substr(signature_member.size(), signature_digits));
  if (!key.verifies(signed_text, signature)) {
    return unusable(where, "the signature is not that of the key");
  }
  Anchor anchor;
  if (!read_members(text, anchor)) return unusable(where, "its members make no sense");
  return anchor;
}

std::string anchor_file_name(std::uint64_t number) {
  return fmt::format("{}{:010}{}", file_prefix, number, file_suffix);
}

std::vector<std::filesystem::path> anchor_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(file_prefix) || !name.ends_with(file_suffix)) continue;
    found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace crossfoot::observe
