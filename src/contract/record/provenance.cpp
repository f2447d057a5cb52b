#include <charconv>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/record/json_text.h"
#include "contract/record/record.h"

namespace crossfoot::contract::record {

namespace {

using schema::Json;
using schema::JsonDocument;
using schema::JsonKind;

Fault damaged() {
  return {.code = std::string(error_code::stored_bytes_corrupt),
          .fault_class = FaultClass::corrupt,
          .where = "record",
          .cause = "its provenance cannot be read"};
}

std::int64_t whole(const Json& object, std::string_view name) {
  const Json* found = object.find(name);
  if (found == nullptr || !found->is(JsonKind::number)) return 0;
  const auto size = static_cast<std::int64_t>(schema::saturated(found->number()));
  return size;
}

}  // namespace

std::optional<Hash128> parse_hash(std::string_view hex) {
  Hash128 hash;
  if (hex.size() != hash.bytes.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < hash.bytes.size(); ++i) {
    const char* begin = hex.data() + i * 2;
    const auto [end, error] = std::from_chars(begin, begin + 2, hash.bytes[i], 16);
    if (error != std::errc{} || end != begin + 2) return std::nullopt;
  }
  return hash;
}

std::string encode(const Provenance& provenance) {
  JsonWriter out;
  out.begin_object().member("salt", provenance.salt).member("policy", provenance.policy);
  out.key("fields").begin_object();
  for (const auto& [pointer, source] : provenance.fields) {
    out.key(pointer).begin_object().member("system", source.system);
    out.member("revision", source.revision).member("at", crossfoot::to_string(source.at));
    out.end_object();
  }
  out.end_object().key("words").begin_object();
  for (const auto& [system, word] : provenance.words) {
    out.key(system).begin_object().member("revision", word.revision);
    out.member("changed_at", word.changed_at);
    out.member("content", crossfoot::to_string(word.content)).end_object();
  }
  out.end_object().key("proposals").begin_array();
  for (const std::string& id : provenance.proposals) out.text(id);
  out.end_array().member("told", provenance.told).end_object();
  return out.take();
}

Result<Provenance> decode_provenance(std::string_view json) {
  const auto document = JsonDocument::parse(std::string(json));
  if (!document) return fail(damaged());
  const Json& root = document->root();
  const Json* fields = root.find("fields");
  const Json* words = root.find("words");
  const Json* proposals = root.find("proposals");
  if (fields == nullptr || words == nullptr || proposals == nullptr) return fail(damaged());
  Provenance provenance{.salt = text(root, "salt"),
                        .policy = static_cast<std::uint32_t>(whole(root, "policy"))};
  for (const auto& [pointer, source] : fields->members()) {
    const auto at = parse_instant(text(source, "at"));
    if (!at) return fail(damaged());
    provenance.fields.emplace(
        pointer, FieldSource{text(source, "system"),
                             static_cast<std::uint32_t>(whole(source, "revision")), *at});
  }
  for (const auto& [system, word] : words->members()) {
    const auto content = parse_hash(text(word, "content"));
    if (!content) return fail(damaged());
    provenance.words.emplace(system, Word{static_cast<std::uint32_t>(whole(word, "revision")),
                                          whole(word, "changed_at"), *content});
  }
  provenance.told = text(root, "told");
  for (const Json& id : proposals->elements()) provenance.proposals.emplace_back(id.text());
  return provenance;
}

}  // namespace crossfoot::contract::record
