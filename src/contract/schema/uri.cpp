#include "contract/schema/uri.h"

#include <vector>

#include "contract/schema/characters.h"
#include "contract/utf8.h"

namespace crossfoot::contract::schema {

UriParts split_uri(std::string_view text) {
  UriParts parts;
  if (const std::size_t at = text.find('#'); at != std::string_view::npos) {
    parts.fragment = text.substr(at + 1);
    text = text.substr(0, at);
  }
  if (const std::size_t at = text.find('?'); at != std::string_view::npos) {
    parts.query = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const std::size_t colon = text.find_first_of(":/");
  if (colon != std::string_view::npos && colon > 0 && text[colon] == ':') {
    parts.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t slash = std::min(text.find('/'), text.size());
    parts.authority = text.substr(0, slash);
    text.remove_prefix(slash);
  }
  parts.path = text;
  return parts;
}

namespace {

std::string without_dots(std::string_view path) {
  std::string out;
  const bool absolute = path.starts_with('/');
  std::size_t begin = absolute ? 1 : 0;
  std::vector<std::string_view> kept;
  bool folder = false;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    folder = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    begin = end + 1;
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i > 0 || absolute) out += '/';
    out += kept[i];
  }
  if (folder && (!kept.empty() || absolute)) out += '/';
  return out;
}

std::string merged(const UriParts& base, std::string_view path) {
  if (base.authority && base.path.empty()) return "/" + std::string(path);
  return std::string(base.path.substr(0, base.path.rfind('/') + 1)) + std::string(path);
}

std::string join(std::optional<std::string_view> scheme, std::optional<std::string_view> authority,
                 std::string_view path, std::optional<std::string_view> query) {
  std::string out;
  if (scheme) out.append(*scheme) += ':';
  if (authority) out.append("//").append(*authority);
  out += path;
  if (query) out.append("?").append(*query);
  return out;
}

}  // namespace

std::string resolve_uri(std::string_view base, std::string_view reference) {
  const UriParts from = split_uri(base);
  const UriParts to = split_uri(reference);
  if (to.scheme) {
    // An opaque path such as a URN's has no dots to remove.
    const bool hierarchical = to.authority || to.path.starts_with('/');
    return join(to.scheme, to.authority,
                hierarchical ? without_dots(to.path) : std::string(to.path), to.query);
  }
  if (to.authority) return join(from.scheme, to.authority, without_dots(to.path), to.query);
  if (to.path.empty()) {
    return join(from.scheme, from.authority, from.path, to.query ? to.query : from.query);
  }
  const std::string path = to.path.starts_with('/') ? std::string(to.path) : merged(from, to.path);
  return join(from.scheme, from.authority, without_dots(path), to.query);
}

std::string_view fragment_of(std::string_view reference) {
  const std::size_t at = reference.find('#');
  return at == std::string_view::npos ? std::string_view{} : reference.substr(at + 1);
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return std::nullopt;
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

}  // namespace crossfoot::contract::schema
