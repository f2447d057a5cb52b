#include "edge/access/api_keys.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <simdjson.h>

#include <array>
#include <set>
#include <utility>

#include "base/invariant.h"
#include "contract/error_codes.h"

namespace crossfoot::edge {

namespace {

using simdjson::SUCCESS;

constexpr std::string_view prefix = "cf_";
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t id_max = 64;

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::optional<Sha256> digest_of(std::string_view text) {
  Sha256 digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* const pair = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(pair, pair + 2, digest[i], 16);
    if (error != std::errc{} || end != pair + 2) return std::nullopt;
  }
  return digest;
}

std::unexpected<Fault> unusable(std::string_view id, std::string_view cause) {
  return fail({.code = std::string(contract::error_code::key_unusable),
               .fault_class = FaultClass::rejected,
               .where = "API keys",
               .cause = id.empty() ? std::string(cause) : fmt::format("{}: {}", id, cause)});
}

/// No value unless it is absent or a list of texts that is not empty.
std::optional<std::vector<std::string>> texts_of(simdjson::dom::object entry,
                                                 std::string_view name) {
  simdjson::dom::element member;
  if (entry[name].get(member) != SUCCESS) return std::vector<std::string>{};
  simdjson::dom::array listed;
  if (member.get(listed) != SUCCESS || listed.size() == 0) return std::nullopt;
  std::vector<std::string> texts;
  for (const simdjson::dom::element each : listed) {
    std::string_view text;
    if (each.get(text) != SUCCESS) return std::nullopt;
    texts.emplace_back(text);
  }
  return texts;
}

}  // namespace

bool is_api_key_id(std::string_view id) {
  return !id.empty() && id.size() <= id_max && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

IssuedKey issue_api_key(std::string_view id) {
  std::array<std::uint8_t, secret_bytes> secret{};
  const bool random = RAND_bytes(secret.data(), static_cast<int>(secret.size())) == 1;
  INVARIANT(random, "the system gives random bits");
  IssuedKey issued{.text = fmt::format("{}{}_{}", prefix, id, base32(secret, 8 * secret_bytes)),
                   .digest = {}};
  issued.digest = hex(sha256(issued.text));
  return issued;
}

Result<ApiKeys> ApiKeys::parse(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array listed;
  if (parser.parse(simdjson::padded_string(json)).get(root) != SUCCESS ||
      root["keys"].get(listed) != SUCCESS) {
    return unusable({}, "it is not a JSON object with an array of keys");
  }
  ApiKeys out;
  std::set<std::string_view> ids;
  for (const simdjson::dom::element each : listed) {
    simdjson::dom::object entry;
    std::string_view id;
    if (each.get(entry) != SUCCESS || entry["id"].get(id) != SUCCESS || !is_api_key_id(id)) {
      return unusable({}, "a key has no id of 1 to 64 of a-z, 0-9 and hyphens");
    }
    for (const auto& [name, value] : entry) {
      static constexpr std::array<std::string_view, 9> known{
          "id",    "sha256",  "certificate_sha256", "roles", "scopes", "channels",
          "shops", "regions", "not_after"};
      if (std::ranges::find(known, name) == known.end()) {
        return unusable(id, fmt::format("'{}' is not understood", name));
      }
    }
    Key key;
    Caller caller;
    std::string_view digest;
    const bool is_certificate = entry["certificate_sha256"].error() == SUCCESS;
    const std::string_view digest_name = is_certificate ? "certificate_sha256" : "sha256";
    if (is_certificate && entry["sha256"].error() == SUCCESS) {
      return unusable(id, "it has either sha256 or certificate_sha256");
    }
    const auto read_digest =
        entry[digest_name].get(digest) == SUCCESS ? digest_of(digest) : std::nullopt;
    if (!read_digest) return unusable(id, fmt::format("{} is not 64 hex digits", digest_name));
    key.digest = *read_digest;
    caller.name = id;
    for (const auto& [name, add] : {std::pair{"roles", &add_role}, {"scopes", &add_permission}}) {
      const auto texts = texts_of(entry, name);
      if (!texts) return unusable(id, fmt::format("{} is not a list of texts", name));
      for (const std::string& text : *texts) {
        if (!add(text, caller.permissions)) {
          return unusable(id, fmt::format("there is no '{}' among the {}", text, name));
        }
      }
    }
    if (caller.permissions.none()) return unusable(id, "it may do nothing: name roles or scopes");
    for (const auto& [name, limit] : {std::pair{"channels", &caller.channels},
                                      {"shops", &caller.shops},
                                      {"regions", &caller.regions}}) {
      auto texts = texts_of(entry, name);
      if (!texts) return unusable(id, fmt::format("{} is not a list of texts", name));
      *limit = std::move(*texts);
    }
    std::string_view until;
    if (entry["not_after"].error() == SUCCESS) {
      const auto parsed =
          entry["not_after"].get(until) == SUCCESS ? parse_instant(until) : std::nullopt;
      if (!parsed) return unusable(id, "not_after is not a time such as 2027-01-31T00:00:00Z");
      key.until = *parsed;
    }
    key.caller = std::make_shared<const Caller>(std::move(caller));
    if (!ids.emplace(id).second) return unusable(id, "there are two with this id");
    if (is_certificate) {
      const Sha256 shown = key.digest;
      if (!out.certificates_.emplace(shown, std::move(key)).second) {
        return unusable(id, "another id has this certificate");
      }
    } else {
      out.keys_.emplace(std::string(id), std::move(key));
    }
  }
  return out;
}

bool ApiKeys::looks_like_one(std::string_view presented) {
  return presented.starts_with(prefix);
}

CallerPtr ApiKeys::find_certificate(std::string_view digest, Instant now) const {
  const auto shown = digest_of(digest);
  const auto known = shown ? certificates_.find(*shown) : certificates_.end();
  if (known == certificates_.end()) return nullptr;
  if (known->second.until && now >= *known->second.until) return nullptr;
  return known->second.caller;
}

CallerPtr ApiKeys::find(std::string_view presented, Instant now) const {
  const auto end = presented.rfind('_');
  if (!looks_like_one(presented) || end < prefix.size()) return nullptr;
  const auto key = keys_.find(presented.substr(prefix.size(), end - prefix.size()));
  const Sha256 digest = sha256(presented);
  const Sha256 wanted = key == keys_.end() ? Sha256{} : key->second.digest;
  const bool same = CRYPTO_memcmp(digest.data(), wanted.data(), digest.size()) == 0;
  if (!same || key == keys_.end()) return nullptr;
  if (key->second.until && now >= *key->second.until) return nullptr;
  return key->second.caller;
}

}  // namespace crossfoot::edge
