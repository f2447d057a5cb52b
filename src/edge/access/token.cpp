#include "edge/access/token.h"

#include <simdjson.h>

#include <array>
#include <utility>

#include "contract/error_codes.h"

namespace crossfoot::edge {

namespace {

using simdjson::SUCCESS;

constexpr std::size_t entries_max = 1'000;             ///< of a claim that is a list
constexpr std::int64_t seconds_max = 253'402'300'799;  ///< the year 9999

std::unexpected<Fault> refused(std::string cause) {
  return fail({.code = std::string(contract::error_code::unauthenticated),
               .fault_class = FaultClass::unauthorised,
               .where = "token",
               .cause = std::move(cause)});
}

/// Header, claims and signature, still in base64url.
std::optional<std::array<std::string_view, 3>> parts_of(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return std::array{token.substr(0, first), token.substr(first + 1, second - first - 1),
                    token.substr(second + 1)};
}

std::string_view text_of(simdjson::dom::object object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == SUCCESS ? text : std::string_view{};
}

/// The header's type may be written with or without its first half (RFC 9068, 4).
bool is_access_token(std::string_view type) {
  return type == "at+jwt" || type == "application/at+jwt";
}

/// A claim of seconds since 1970; fractions are cut off (RFC 7519, 2).
std::optional<Instant> time_of(simdjson::dom::object claims, std::string_view name) {
  double fraction = 0;
  std::int64_t seconds = 0;
  if (claims[name].get(seconds) != SUCCESS) {
    if (claims[name].get(fraction) != SUCCESS || !(fraction >= 0) ||
        fraction > static_cast<double>(seconds_max)) {
      return std::nullopt;
    }
    seconds = static_cast<std::int64_t>(fraction);
  }
  if (seconds < 0 || seconds > seconds_max) return std::nullopt;
  return Instant{seconds * 1'000'000};
}

/// A text, or a list of texts. No value for anything else.
std::optional<std::vector<std::string>> texts_of(simdjson::dom::object claims,
                                                 std::string_view name) {
  simdjson::dom::element claim;
  if (claims[name].get(claim) != SUCCESS) return std::vector<std::string>{};
  std::string_view text;
  if (claim.get(text) == SUCCESS) return std::vector<std::string>{std::string(text)};
  simdjson::dom::array listed;
  if (claim.get(listed) != SUCCESS || listed.size() > entries_max) return std::nullopt;
  std::vector<std::string> texts;
  for (const simdjson::dom::element each : listed) {
    if (each.get(text) != SUCCESS) return std::nullopt;
    texts.emplace_back(text);
  }
  return texts;
}

/// A list that limits: nothing at all in it would read as no limit, so it must not be empty.
bool read_limit(simdjson::dom::object claims, std::string_view name,
                std::vector<std::string>& limit) {
  auto texts = texts_of(claims, name);
  const bool named = claims[name].error() == SUCCESS;
  if (!texts || (named && texts->empty())) return false;
  limit = std::move(*texts);
  return true;
}

void add_scopes(std::string_view scope, Permissions& permissions) {
  while (!scope.empty()) {
    const auto space = scope.find(' ');
    (void)add_permission(scope.substr(0, space), permissions);
    scope = space == std::string_view::npos ? std::string_view{} : scope.substr(space + 1);
  }
}

bool is_signed(const std::vector<TokenKey>& keys, std::string_view key_id, TokenAlgorithm algorithm,
               std::string_view signed_text, std::string_view signature) {
  for (const TokenKey& key : keys) {
    if (!key_id.empty() && key.id() != key_id) continue;
    if (key.verifies(algorithm, signed_text, signature)) return true;
  }
  return false;
}

}  // namespace

Result<ProvenToken> check_token(std::string_view token, const std::vector<TokenKey>& keys,
                                const TokenRules& rules, Instant now) {
  if (token.size() > token_bytes_max) return refused("it is too long");
  const auto parts = parts_of(token);
  if (!parts) return refused("it has not three parts");
  std::array<std::string, 3> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto decoded = decode_base64url((*parts)[i]);
    if (!decoded) return refused("a part of it is not base64url");
    bytes[i] = std::move(*decoded);
  }
  simdjson::dom::parser header_parser;
  simdjson::dom::object header;
  if (header_parser.parse(simdjson::padded_string(bytes[0])).get(header) != SUCCESS) {
    return refused("its header is not a JSON object");
  }
  if (!is_access_token(text_of(header, "typ"))) return refused("it is no access token");
  // An extension that must be understood is not (RFC 7515, 4.1.11).
  if (header["crit"].error() == SUCCESS) return refused("it has critical extensions");
  const auto algorithm = token_algorithm(text_of(header, "alg"));
  if (!algorithm) return refused("it is signed by an algorithm that is not accepted");
  const std::string_view signed_text = token.substr(0, (*parts)[0].size() + 1 + (*parts)[1].size());
  if (!is_signed(keys, text_of(header, "kid"), *algorithm, signed_text, bytes[2])) {
    return refused("no key of the issuer has signed it");
  }
  simdjson::dom::parser claims_parser;
  simdjson::dom::object claims;
  if (claims_parser.parse(simdjson::padded_string(bytes[1])).get(claims) != SUCCESS) {
    return refused("its claims are not a JSON object");
  }
  if (text_of(claims, "iss") != rules.issuer) return refused("it is from another issuer");
  const auto audience = texts_of(claims, "aud");
  if (!audience || std::ranges::find(*audience, rules.audience) == audience->end()) {
    return refused("it is for another audience");
  }
  for (const std::string_view required : {"sub", "client_id", "jti"}) {
    if (text_of(claims, required).empty()) return refused("it lacks " + std::string(required));
  }
  const auto until = time_of(claims, "exp");
  const auto issued = time_of(claims, "iat");
  if (!until || !issued) return refused("it lacks exp or iat");
  if (now >= *until + rules.leeway) return refused("it has expired");
  if (*issued > now + rules.leeway) return refused("it is from the future");
  if (claims["nbf"].error() == SUCCESS) {
    const auto from = time_of(claims, "nbf");
    if (!from || *from > now + rules.leeway) return refused("it is not valid yet");
  }
  ProvenToken proven{.caller = {}, .until = *until + rules.leeway};
  proven.caller.name = text_of(claims, "sub");
  add_scopes(text_of(claims, "scope"), proven.caller.permissions);
  const auto roles = texts_of(claims, "roles");
  if (!roles) return refused("its roles are not texts");
  for (const std::string& role : *roles) (void)add_role(role, proven.caller.permissions);
  if (!read_limit(claims, "crossfoot_channels", proven.caller.channels) ||
      !read_limit(claims, "crossfoot_shops", proven.caller.shops) ||
      !read_limit(claims, "crossfoot_regions", proven.caller.regions)) {
    return refused("a limit in it is not a list of texts");
  }
  return proven;
}

}  // namespace crossfoot::edge
