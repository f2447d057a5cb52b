#include "edge/request.h"

#include <algorithm>

#include "contract/utf8.h"

namespace crossfoot::edge {

namespace {

using runtime::Method;

bool is_alpha_numeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool equals_lower(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, {}, lower);
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Cuts up to the separator off the front; all of it when there is none.
std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view front = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return front;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_all_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

/// Whether one element of an Accept header covers a media type; a weight of zero excludes it.
bool covers(std::string_view element, std::string_view media) {
  std::string_view rest = element;
  const std::string_view range = trim(cut(rest, ';'));
  while (!rest.empty()) {
    const std::string_view parameter = trim(cut(rest, ';'));
    if (parameter.size() > 2 && lower(parameter[0]) == 'q' && parameter[1] == '=' &&
        parameter.substr(2).find_first_not_of("0.") == std::string_view::npos) {
      return false;
    }
  }
  if (range == "*/*" || media == "*/*") return true;
  if (range.ends_with("/*")) {
    return equals_lower(range.substr(0, range.size() - 1), media.substr(0, range.size() - 1));
  }
  return equals_lower(range, media);
}

/// Values of `{name}` segments. False when the path does not fit.
bool fits(const RouteInfo& route, std::string_view path, PathParameters& parameters) {
  std::string_view pattern = route.pattern;
  std::size_t count = 0;
  while (!pattern.empty()) {
    const std::size_t open = std::min(pattern.find('{'), pattern.size());
    const std::string_view literal = pattern.substr(0, open);
    if (!path.starts_with(literal)) {
      return route.rest && path.size() + 1 == literal.size() && literal.starts_with(path);
    }
    path.remove_prefix(open);
    if (open == pattern.size()) return path.empty();
    pattern.remove_prefix(pattern.find('}') + 1);
    const bool takes_rest = route.rest && pattern.empty();
    const std::string_view value = takes_rest ? path : path.substr(0, path.find('/'));
    if (value.empty() && !takes_rest) return false;
    parameters[count++] = value;
    path.remove_prefix(value.size());
  }
  return path.empty();
}

}  // namespace

RequestHeaders read_headers(const runtime::HttpRequest& request) {
  RequestHeaders found;
  const auto take = [](std::string_view& into, std::string_view value) {
    if (into.empty()) into = value;
  };
  for (const auto& [name, value] : request.headers) {
    switch (name.size()) {
      case 6:
        if (name == "accept") take(found.accept, value);
        if (name == "x-lane") take(found.lane, value);
        break;
      case 10:
        if (name == "user-agent") take(found.user_agent, value);
        break;
      case 11:
        if (name == "traceparent") take(found.traceparent, value);
        break;
      case 12:
        if (name == "content-type") take(found.content_type, value);
        break;
      case 13:
        if (name == "if-none-match") take(found.if_none_match, value);
        break;
      case 15:
        if (name == "idempotency-key") {
          ++found.idempotency_keys;
          found.idempotency_key = value;
        }
        break;
      case 16:
        if (name == "x-correlation-id") take(found.correlation_id, value);
        if (name == "content-encoding") take(found.content_encoding, value);
        break;
      default:
        break;
    }
  }
  return found;
}

bool is_correlation_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return is_alpha_numeric(c) || c == '.' || c == '-' || c == '_' || c == ':';
  });
}

std::optional<std::string> parse_idempotency_key(std::string_view header) {
  constexpr std::size_t characters_max = 255;
  std::string key;
  if (header.starts_with('"')) {
    std::size_t at = 1;
    for (;; ++at) {
      if (at >= header.size()) return std::nullopt;
      char c = header[at];
      if (c == '"') break;
      if (c == '\\') {
        if (++at >= header.size()) return std::nullopt;
        c = header[at];
        if (c != '"' && c != '\\') return std::nullopt;
      }
      if (c < ' ' || c > '~') return std::nullopt;
      key += c;
    }
    if (at + 1 != header.size()) return std::nullopt;
  } else {
    const auto bare = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (!std::ranges::all_of(header, bare)) return std::nullopt;
    key = header;
  }
  if (key.empty() || key.size() > characters_max) return std::nullopt;
  return key;
}

std::optional<TraceParent> parse_traceparent(std::string_view header) {
  constexpr std::size_t size = 55;
  if (header.size() < size) return std::nullopt;
  const std::string_view version = header.substr(0, 2);
  const TraceParent parsed{.trace_id = header.substr(3, 32),
                           .parent_id = header.substr(36, 16),
                           .flags = header.substr(53, 2)};
  if (!is_lower_hex(version) || version == "ff") return std::nullopt;
  if (header.size() > size && (version == "00" || header[size] != '-')) return std::nullopt;
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  if (!is_lower_hex(parsed.trace_id) || is_all_zero(parsed.trace_id)) return std::nullopt;
  if (!is_lower_hex(parsed.parent_id) || is_all_zero(parsed.parent_id)) return std::nullopt;
  if (!is_lower_hex(parsed.flags)) return std::nullopt;
  return parsed;
}

bool is_media_type(std::string_view content_type, std::string_view wanted) {
  std::string_view rest = content_type;
  if (!equals_lower(trim(cut(rest, ';')), wanted)) return false;
  while (!rest.empty()) {
    std::string_view value = trim(cut(rest, ';'));
    const std::string_view name = trim(cut(value, '='));
    value = trim(value);
    if (equals_lower(name, "charset") && !equals_lower(value, "utf-8") &&
        !equals_lower(value, "\"utf-8\"")) {
      return false;
    }
  }
  return true;
}

std::string_view negotiate(const runtime::HttpRequest& request, const RouteInfo& route) {
  for (const std::string_view media : route.produces) {
    if (media.empty()) break;
    bool asked = false;
    for (const auto& [name, value] : request.headers) {
      if (name != "accept") continue;
      asked = true;
      std::string_view rest = value;
      while (!rest.empty()) {
        if (covers(cut(rest, ','), media)) return media;
      }
    }
    if (!asked) return media;
  }
  return {};
}

std::optional<std::string> decode_percent(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      if (at + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[at + 1]);
      const int low = hex_digit(text[at + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      at += 2;
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  if (!contract::is_utf8(out)) return std::nullopt;
  return out;
}

std::expected<Query, Query::Refusal> Query::parse(std::string_view text, const RouteInfo& route) {
  Query query;
  while (!text.empty()) {
    std::string_view value = cut(text, '&');
    if (value.empty()) continue;
    const std::string_view raw_name = cut(value, '=');
    const std::optional<std::string> name = decode_percent(raw_name, true);
    const std::optional<std::string> decoded = decode_percent(value, true);
    if (!name || !decoded) {
      return std::unexpected(Refusal{std::string(raw_name), "escapes that are not UTF-8 text"});
    }
    const bool declared =
        !name->empty() &&
        std::ranges::find(route.query, std::string_view(*name)) != route.query.end();
    if (!declared) {
      return std::unexpected(Refusal{*name, "this address has no such query parameter"});
    }
    if (query.find(*name) != nullptr) {
      return std::unexpected(Refusal{*name, "the query parameter is stated twice"});
    }
    if (!decoded->empty()) query.values_.emplace_back(*name, *decoded);
  }
  return query;
}

const std::string* Query::find(std::string_view name) const {
  const auto at = std::ranges::find(values_, name, &std::pair<std::string, std::string>::first);
  return at == values_.end() ? nullptr : &at->second;
}

Match match(Method method, std::string_view path) {
  const Method wanted = method == Method::head ? Method::get : method;
  Match found;
  for (const RouteInfo& route : route_table) {
    PathParameters parameters;
    if (!fits(route, path, parameters)) continue;
    if (route.method == wanted) {
      found.route = &route;
      found.parameters = parameters;
      return found;
    }
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += route.method == Method::get ? "GET, HEAD" : "POST";
  }
  return found;
}

}  // namespace crossfoot::edge
