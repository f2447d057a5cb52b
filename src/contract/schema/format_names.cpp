// Formats that name hosts and mailboxes.
#include <vector>

#include "base/invariant.h"
#include "contract/schema/characters.h"
#include "contract/schema/format.h"
#include "contract/schema/pattern.h"
#include "contract/utf8.h"

namespace crossfoot::contract::schema {

namespace {

constexpr std::size_t name_bytes_max = 253;
constexpr std::size_t label_max = 63;

bool is_ldh(std::string_view label) {
  return !label.empty() && label.size() <= label_max && label.front() != '-' &&
         label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool starts_with_ace(std::string_view label) {
  return label.size() >= 4 && lower(label[0]) == 'x' && lower(label[1]) == 'n' &&
         label.substr(2, 2) == "--";
}

/// RFC 3492, section 6.2, without its prefix. No value when it is no Punycode.
std::optional<std::string> decode_punycode(std::string_view text) {
  constexpr std::uint32_t base = 36, t_min = 1, t_max = 26, skew = 38, damp = 700;
  std::vector<std::uint32_t> out;
  if (const std::size_t dash = text.rfind('-'); dash != std::string_view::npos) {
    for (const char c : text.substr(0, dash)) out.push_back(static_cast<std::uint8_t>(c));
    text.remove_prefix(dash + 1);
  }
  if (text.empty()) return std::nullopt;
  std::uint64_t n = 128, i = 0, bias = 72;
  bool first = true;
  while (!text.empty()) {
    const std::uint64_t old_i = i;
    std::uint64_t weight = 1;
    for (std::uint64_t k = base;; k += base) {
      if (text.empty()) return std::nullopt;
      const char c = lower(text.front());
      text.remove_prefix(1);
      if (!is_letter(c) && !is_digit(c)) return std::nullopt;
      const auto digit = static_cast<std::uint64_t>(is_digit(c) ? c - '0' + 26 : c - 'a');
      i += digit * weight;
      const std::uint64_t t = k <= bias ? t_min : k >= bias + t_max ? t_max : k - bias;
      if (digit < t) break;
      weight *= base - t;
      if (i > 0x7fffffff || weight > 0x7fffffff) return std::nullopt;
    }
    const std::uint64_t count = out.size() + 1;
    std::uint64_t delta = (i - old_i) / (first ? damp : 2);
    first = false;
    delta += delta / count;
    std::uint64_t k = 0;
    for (; delta > (base - t_min) * t_max / 2; k += base) delta /= base - t_min;
    bias = k + (base - t_min + 1) * delta / (delta + skew);
    n += i / count;
    i %= count;
    if (n > 0x10ffff || (n >= 0xd800 && n < 0xe000)) return std::nullopt;
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(i++), static_cast<std::uint32_t>(n));
  }
  std::string decoded;
  for (const std::uint32_t c : out) append_utf8(decoded, c);
  return decoded;
}

/// A U-label by RFC 5892: letters, digits and marks by category, its exceptions (section 2.6), its
/// contextual rules (appendix A), and no combining mark in front. For the joiner that does not
/// follow a virama (A.1) cursive scripts stand in for the joining types.
constexpr std::string_view label_rules =
    R"(^(?!\p{M}|-|..--)(?!.*[\u0660-\u0669].*[\u06f0-\u06f9]|.*[\u06f0-\u06f9].*[\u0660-\u0669])(?:)"
    R"((?![\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b])[a-zA-Z0-9\-\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}])"
    R"(|[\u06fd\u06fe\u0f0b\u3007]|(?<=l)\u00b7(?=l)|\u0375(?=\p{Script=Greek}))"
    R"(|(?<=\p{Script=Hebrew})[\u05f3\u05f4]|\u30fb)"
    R"(|(?<=[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0eba)"
    R"(\u0f84\u1039\u103a\u1714\u1734\u17d2\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua8c4)"
    R"(\ua953\ua9c0\uaaf6\uabed])[\u200c\u200d])"
    R"(|(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}])\u200c)"
    R"((?=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}]))"
    R"()+$(?<!-))";

Pattern compiled(std::string_view pattern) {
  auto made = Pattern::compile(pattern);
  INVARIANT(made.has_value(), "the patterns of labels compile");
  return std::move(*made);
}

bool is_u_label(std::string_view label) {
  static const Pattern rules = compiled(label_rules);
  static const Pattern japanese =
      compiled(R"([\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}])");
  Matcher matcher;
  if (matcher.match(rules, label) != MatchOutcome::matches) return false;
  return !label.contains("\xe3\x83\xbb") || matcher.match(japanese, label) == MatchOutcome::matches;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
}

bool is_ascii_label(std::string_view label) {
  if (!is_ldh(label)) return false;
  if (!starts_with_ace(label)) return true;
  const auto decoded = decode_punycode(label.substr(4));
  return decoded && !is_ascii(*decoded) && is_u_label(*decoded);
}

bool is_idn_label(std::string_view label) {
  if (is_ascii(label)) return is_ascii_label(label);
  return utf8_length(label) <= label_max && is_u_label(label);
}

/// Every label between dots; IDNA also takes three other full stops for dots.
bool all_labels(std::string_view text, bool (*check)(std::string_view), bool idn) {
  std::string label;
  while (!text.empty()) {
    const std::uint32_t c = take_code_point(text);
    const bool stop = c == '.' || (idn && (c == 0x3002 || c == 0xff0e || c == 0xff61));
    if (!stop) {
      append_utf8(label, c);
      continue;
    }
    if (!check(label)) return false;
    label.clear();
  }
  return check(label);
}

bool is_atom_character(char c, bool unicode) {
  if (static_cast<std::uint8_t>(c) >= 0x80) return unicode;
  return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

bool is_quoted(std::string_view text, bool unicode) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    if (c == '"' || c < 0x20 || c == 0x7f || (c >= 0x80 && !unicode)) return false;
    if (c == '\\' && ++i == text.size()) return false;
  }
  return true;
}

bool is_local_part(std::string_view text, bool unicode) {
  constexpr std::size_t bytes_max = 64;
  if (text.empty() || text.size() > bytes_max) return false;
  if (text.starts_with('"')) return is_quoted(text, unicode);
  if (text.starts_with('.') || text.ends_with('.') || text.contains("..")) return false;
  return std::ranges::all_of(
      text, [unicode](char c) { return c == '.' || is_atom_character(c, unicode); });
}

bool is_mailbox(std::string_view text, bool unicode) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || !is_local_part(text.substr(0, at), unicode)) return false;
  std::string_view domain = text.substr(at + 1);
  if (domain.starts_with('[') && domain.ends_with(']')) {
    domain = domain.substr(1, domain.size() - 2);
    return domain.starts_with("IPv6:") ? is_ipv6(domain.substr(5)) : is_ipv4(domain);
  }
  return unicode ? is_idn_hostname(domain) : is_hostname(domain);
}

}  // namespace

bool is_hostname(std::string_view text) {
  return text.size() <= name_bytes_max && all_labels(text, is_ascii_label, false);
}

bool is_idn_hostname(std::string_view text) {
  return utf8_length(text) <= name_bytes_max && all_labels(text, is_idn_label, true);
}

bool is_email(std::string_view text) {
  return is_mailbox(text, false);
}

bool is_idn_email(std::string_view text) {
  return is_mailbox(text, true);
}

}  // namespace crossfoot::contract::schema
