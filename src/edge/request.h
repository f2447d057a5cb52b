#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/routes.h"
#include "runtime/http_server.h"

/// What a request says besides its body. Pure functions over its text.
namespace crossfoot::edge {

/// The headers that the edge reads, found in one pass.
struct RequestHeaders {
  std::string_view accept;
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view correlation_id;
  std::string_view idempotency_key;
  std::string_view if_none_match;
  std::string_view lane;  ///< X-Lane
  std::string_view traceparent;
  std::string_view user_agent;
  std::size_t idempotency_keys = 0;  ///< how often that header came
};
[[nodiscard]] RequestHeaders read_headers(const runtime::HttpRequest& request);

/// 1 to 64 letters, digits, dots, hyphens, underscores, colons.
[[nodiscard]] bool is_correlation_id(std::string_view text);

/// The value of an Idempotency-Key: a structured-field string in quotes (RFC 8941, 3.3.3) or bare
/// visible ASCII; 1 to 255 characters. No value when it is neither.
[[nodiscard]] std::optional<std::string> parse_idempotency_key(std::string_view header);

/// W3C Trace Context, version 00 and what later versions keep of it.
struct TraceParent {
  std::string_view trace_id;  ///< 32 lower-case hex digits, not all zero
  std::string_view parent_id;
  std::string_view flags;
};
/// No value when invalid: the header is then as good as absent.
[[nodiscard]] std::optional<TraceParent> parse_traceparent(std::string_view header);

/// `application/json; charset=utf-8` is of `application/json`. Other character sets are not.
[[nodiscard]] bool is_media_type(std::string_view content_type, std::string_view wanted);

/// The first of `produces` that the request's Accept headers allow; empty when none is. Without an
/// Accept header everything is allowed (RFC 9110, 12.5.1); weights other than zero do not rank.
[[nodiscard]] std::string_view negotiate(const runtime::HttpRequest& request,
                                         const RouteInfo& route);

/// Percent-decoding. No value for malformed escapes, U+0000 and bytes that are not UTF-8.
[[nodiscard]] std::optional<std::string> decode_percent(std::string_view text, bool plus_is_space);

/// The query's parameters in the order of the route's declaration; an absent one is null.
class Query {
 public:
  struct Refusal {
    std::string name;
    std::string detail;
  };

  /// Refuses names that the route does not declare, repeated ones and malformed escapes.
  [[nodiscard]] static std::expected<Query, Refusal> parse(std::string_view text,
                                                           const RouteInfo& route);

  /// Null when absent or empty.
  [[nodiscard]] const std::string* find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// Values of a path's placeholders in the order of the pattern, as many as it has.
using PathParameters = std::array<std::string_view, 3>;

/// Where a path leads.
struct Match {
  const RouteInfo* route = nullptr;  ///< null: nothing here for this method
  PathParameters parameters;
  std::string allow;  ///< of a path that other methods have: `GET, HEAD`; empty: nothing is here
};
/// `path` is decoded already; HEAD goes where GET goes.
[[nodiscard]] Match match(runtime::Method method, std::string_view path);

}  // namespace crossfoot::edge
