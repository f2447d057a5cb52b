#include "connector/expression.h"

#include <algorithm>
#include <charconv>

#include "contract/error_codes.h"

namespace crossfoot::connector {

namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '$' || c == '@';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::unexpected<std::string> wrong(std::string message) {
  return std::unexpected<std::string>(std::move(message));
}

std::unexpected<Fault> mapping_fault(const Placeholder& placeholder, std::string_view what) {
  return fail({.code = std::string(contract::error_code::mapping_failed),
               .fault_class = FaultClass::rejected,
               .where = "mapping: ${" + placeholder.path.text + "}",
               .cause = std::string(what)});
}

std::expected<Path, std::string> parse_loop_fact(Path path, const Names& names) {
  if (names.loops.empty()) return wrong("'" + path.text + "' is known only inside a loop");
  path.loop = static_cast<std::uint8_t>(names.loops.size() - 1);
  if (path.text == "$index") {
    path.source = Path::Source::index;
  } else if (path.text == "$first") {
    path.source = Path::Source::first;
  } else if (path.text == "$last") {
    path.source = Path::Source::last;
  } else {
    return wrong("'" + path.text + "' is not known; a loop has $index, $first and $last");
  }
  return path;
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

}  // namespace

std::expected<Path, std::string> parse_path(std::string_view text, const Names& names) {
  Path path;
  path.text = text;
  if (text.empty()) return wrong("a path is empty");
  if (text.front() == '$') return parse_loop_fact(std::move(path), names);
  for (std::string_view rest = text;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view segment = rest.substr(0, dot);
    if (segment.empty() || !std::ranges::all_of(segment, is_name_char)) {
      return wrong("'" + path.text + "' is not a path: names and numbers parted by dots");
    }
    path.segments.emplace_back(segment);
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  const auto loop = std::find(names.loops.rbegin(), names.loops.rend(), path.segments.front());
  if (loop != names.loops.rend()) {
    path.source = Path::Source::loop;
    path.loop = static_cast<std::uint8_t>(names.loops.rend() - loop - 1);
    path.segments.erase(path.segments.begin());
    return path;
  }
  if (std::ranges::find(names.roots, path.segments.front()) == names.roots.end()) {
    return wrong("'" + path.segments.front() + "' is not known here; known are " +
                 joined(names.roots) + (names.loops.empty() ? "" : ", ") + joined(names.loops));
  }
  return path;
}

namespace {

/// `path ! | filter ?? 'default'`, all but the path optional.
std::expected<Placeholder, std::string> parse_placeholder(std::string_view text,
                                                          const Names& names) {
  Placeholder placeholder;
  if (const std::size_t at = text.find("??"); at != std::string_view::npos) {
    const std::string_view fallback = trimmed(text.substr(at + 2));
    if (fallback.size() < 2 || fallback.front() != '\'' || fallback.back() != '\'') {
      return wrong("a default stands in single quotes: ${path ?? 'default'}");
    }
    placeholder.fallback = fallback.substr(1, fallback.size() - 2);
    text = text.substr(0, at);
  }
  if (const std::size_t at = text.find('|'); at != std::string_view::npos) {
    const std::string_view filter = trimmed(text.substr(at + 1));
    if (filter == "number") {
      placeholder.filter = Placeholder::Filter::number;
    } else if (filter == "string") {
      placeholder.filter = Placeholder::Filter::string;
    } else {
      return wrong("filter '" + std::string(filter) +
                   "' is not known; there are number and string");
    }
    text = text.substr(0, at);
  }
  text = trimmed(text);
  if (!text.empty() && text.back() == '!') {
    placeholder.required = true;
    text = trimmed(text.substr(0, text.size() - 1));
  }
  auto path = parse_path(text, names);
  if (!path) return wrong(std::move(path.error()));
  if (placeholder.required && placeholder.fallback) {
    return wrong("'" + path->text + "' is required and has a default");
  }
  placeholder.path = std::move(*path);
  return placeholder;
}

/// Where the placeholder that starts at `from` ends: a brace outside of quotes.
std::size_t closing_brace(std::string_view text, std::size_t from) {
  bool quoted = false;
  for (std::size_t at = from; at < text.size(); ++at) {
    if (text[at] == '\'') quoted = !quoted;
    if (text[at] == '}' && !quoted) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::expected<std::vector<Piece>, std::string> parse_pieces(std::string_view text,
                                                            const Names& names) {
  std::vector<Piece> pieces;
  std::string literal;
  const auto close_literal = [&] {
    if (!literal.empty()) pieces.push_back({std::move(literal), std::nullopt});
    literal.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("$${")) {
      literal += "${";
      at += 3;
    } else if (text.substr(at).starts_with("${")) {
      const std::size_t end = closing_brace(text, at + 2);
      if (end == std::string_view::npos) return wrong("a placeholder is not closed");
      auto placeholder = parse_placeholder(text.substr(at + 2, end - at - 2), names);
      if (!placeholder) return wrong(std::move(placeholder.error()));
      close_literal();
      pieces.push_back({{}, std::move(*placeholder)});
      at = end + 1;
    } else {
      literal += text[at++];
    }
  }
  close_literal();
  return pieces;
}

std::optional<Json> resolve(const Path& path, const Scope& scope) {
  Json at = path.source == Path::Source::input ? scope.input : scope.loops[path.loop].element;
  for (const std::string& segment : path.segments) {
    if (at.is_object()) {
      if (at.get_object().value_unsafe().at_key(segment).get(at) != simdjson::SUCCESS) {
        return std::nullopt;
      }
    } else if (at.is_array()) {
      std::size_t index = 0;
      const auto* end = segment.data() + segment.size();
      const auto [stop, error] = std::from_chars(segment.data(), end, index);
      if (error != std::errc{} || stop != end) return std::nullopt;
      if (at.get_array().value_unsafe().at(index).get(at) != simdjson::SUCCESS) {
        return std::nullopt;
      }
    } else {
      return std::nullopt;
    }
  }
  if (at.is_null()) return std::nullopt;
  return at;
}

namespace {

/// The text of a loop's own fact; no value for paths that name an element.
std::optional<std::string> loop_fact(const Path& path, const Scope& scope) {
  switch (path.source) {
    case Path::Source::index:
      return std::to_string(scope.loops[path.loop].index);
    case Path::Source::first:
      return scope.loops[path.loop].index == 0 ? "true" : "false";
    case Path::Source::last:
      return scope.loops[path.loop].last ? "true" : "false";
    default:
      return std::nullopt;
  }
}

Result<bool> absent(const Placeholder& placeholder) {
  if (placeholder.required) return mapping_fault(placeholder, "is needed and absent");
  return false;
}

}  // namespace

Result<bool> append_text(std::string& out, const Placeholder& placeholder, const Scope& scope) {
  if (const auto fact = loop_fact(placeholder.path, scope)) {
    out += *fact;
    return true;
  }
  const auto value = resolve(placeholder.path, scope);
  if (!value) {
    if (!placeholder.fallback) return absent(placeholder);
    out += *placeholder.fallback;
    return true;
  }
  if (value->is_string()) {
    out += std::string_view(value->get_string().value_unsafe());
    return true;
  }
  const auto text = scalar_text(*value);
  if (!text) return mapping_fault(placeholder, "is a list or an object inside a text");
  out += *text;
  return true;
}

Result<bool> append_value(std::string& out, const Placeholder& placeholder, const Scope& scope) {
  const auto value = placeholder.path.source <= Path::Source::loop
                         ? resolve(placeholder.path, scope)
                         : std::nullopt;
  if (placeholder.filter == Placeholder::Filter::none && value) {
    append_json(out, *value);
    return true;
  }
  std::string text;
  auto present = append_text(text, placeholder, scope);
  if (!present || !*present) return present;
  const bool fact = placeholder.path.source > Path::Source::loop;
  if (placeholder.filter == Placeholder::Filter::number) {
    if (!is_json_number(text)) return mapping_fault(placeholder, "is not a number");
    out += text;
  } else if (fact && placeholder.filter == Placeholder::Filter::none) {
    out += text;
  } else {
    append_json_string(out, text);
  }
  return true;
}

std::expected<TextTemplate, std::string> TextTemplate::compile(std::string_view text,
                                                               const Names& names) {
  auto pieces = parse_pieces(text, names);
  if (!pieces) return wrong(std::move(pieces.error()));
  TextTemplate compiled;
  compiled.pieces_ = std::move(*pieces);
  return compiled;
}

Result<bool> TextTemplate::render(const Scope& scope, Encoding encoding, std::string& out) const {
  const std::size_t start = out.size();
  std::string value;
  for (const Piece& piece : pieces_) {
    if (!piece.placeholder) {
      out += piece.literal;
      continue;
    }
    value.clear();
    auto present = append_text(value, *piece.placeholder, scope);
    if (!present || !*present) {
      out.resize(start);
      return present;
    }
    if (encoding == Encoding::plain) {
      const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
      if (std::ranges::any_of(value, control)) {
        return mapping_fault(*piece.placeholder, "has a control character in a header");
      }
      out += value;
      continue;
    }
    if (encoding == Encoding::path && (value.empty() || value == "." || value == "..")) {
      return mapping_fault(*piece.placeholder, "cannot be part of a path");
    }
    append_percent_encoded(out, value);
  }
  return true;
}

void append_percent_encoded(std::string& out, std::string_view text) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += '%';
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 0xf];
    }
  }
}

}  // namespace crossfoot::connector
