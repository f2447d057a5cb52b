#include "contract/schema/ecma_regex.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "contract/schema/characters.h"
#include "contract/schema/unicode_names.h"
#include "contract/utf8.h"

namespace crossfoot::contract::schema {

namespace {

constexpr std::size_t groups_max = 1'000;
constexpr std::size_t nesting_max = 100;
constexpr std::uint64_t repeats_max = 65'535;
constexpr std::uint32_t code_point_max = 0x10ffff;

/// White space and line terminators of ECMA-262, as the inside of a class.
constexpr std::string_view blanks =
    R"(\x09-\x0d\x20\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff})";
constexpr std::string_view not_blanks =
    R"(\x00-\x08\x0e-\x1f\x21-\x9f\xa1-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e})"
    R"(\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff})";
/// `.` of ECMA-262: anything but its four line terminators.
constexpr std::string_view dot = R"([^\n\r\x{2028}\x{2029}])";

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::expected<std::string, std::string> run() {
    count_groups();
    disjunction();
    if (!failed() && !done()) refuse("a closing parenthesis without its opening one");
    if (failed()) return std::unexpected(*error_);
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] bool done() const { return at_ == pattern_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }
  [[nodiscard]] std::string_view rest() const { return pattern_.substr(at_); }
  bool take(std::string_view token) {
    if (!rest().starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  bool refuse(std::string_view why) {
    if (!failed()) error_ = fmt::format("{} (byte {})", why, at_ + 1);
    return false;
  }

  void literal(std::uint32_t c) {
    if (c >= 0xd800 && c < 0xe000) {
      refuse("half a surrogate pair matches no text");
    } else if (c < 0x80 && (is_letter(static_cast<char>(c)) || is_digit(static_cast<char>(c)))) {
      out_ += static_cast<char>(c);
    } else {
      out_ += fmt::format("\\x{{{:x}}}", c);
    }
  }

  /// Back references may point forwards, so groups and their names are counted first.
  void count_groups() {
    bool in_class = false;
    for (std::size_t i = 0; i < pattern_.size(); ++i) {
      const char c = pattern_[i];
      if (c == '\\') {
        ++i;
      } else if (in_class) {
        in_class = c != ']';
      } else if (c == '[') {
        in_class = true;
      } else if (c == '(') {
        count_group(pattern_.substr(i + 1));
      }
    }
    if (names_.size() > groups_max) refuse("too many groups");
  }
  void count_group(std::string_view inside) {
    if (!inside.starts_with('?')) {
      names_.emplace_back();
    } else if (inside.starts_with("?<") && !inside.starts_with("?<=") &&
               !inside.starts_with("?<!")) {
      names_.push_back(inside.substr(2, std::min(inside.find('>'), inside.size()) - 2));
    }
  }

  void disjunction() {
    if (++depth_ > nesting_max) {
      refuse("too many nested groups");
      return;
    }
    while (!failed() && !done() && peek() != ')') {
      if (take("|")) {
        out_ += '|';
      } else {
        term();
      }
    }
    --depth_;
  }

  void term() {
    const bool repeatable = atom();
    if (!failed()) quantifier(repeatable);
  }

  /// Writes exactly one item, so that a quantifier behind it repeats all of it. False for what
  /// cannot be repeated.
  bool atom() {
    switch (peek()) {
      case '^':
        ++at_;
        out_ += "\\A";
        return false;
      case '$':
        ++at_;
        out_ += "\\z";
        return false;
      case '.':
        ++at_;
        out_ += dot;
        return true;
      case '(':
        return group();
      case '[':
        ++at_;
        character_class();
        return true;
      case '\\':
        ++at_;
        return atom_escape();
      case '*':
      case '+':
      case '?':
        return refuse("nothing to repeat");
      case '{':
        if (counted_quantifier()) return refuse("nothing to repeat");
        break;
      default:
        break;
    }
    std::string_view text = rest();
    literal(take_code_point(text));
    at_ = pattern_.size() - text.size();
    return true;
  }

  bool group() {
    bool repeatable = true;
    if (take("(?:")) {
      out_ += "(?:";
    } else if (take("(?=") || take("(?!")) {
      out_ += pattern_.substr(at_ - 3, 3);
      repeatable = false;
    } else if (take("(?<=") || take("(?<!")) {
      out_ += pattern_.substr(at_ - 4, 4);
      repeatable = false;
    } else if (take("(?<")) {
      const std::size_t end = rest().find('>');
      if (end == std::string_view::npos) return refuse("the name of a group does not end");
      if (!is_group_name(rest().substr(0, end))) return refuse("not a name of a group");
      if (std::ranges::count(names_, rest().substr(0, end)) > 1) {
        return refuse("two groups have one name");
      }
      at_ += end + 1;
      out_ += '(';
    } else if (rest().starts_with("(?")) {
      return refuse("an unknown kind of group");
    } else {
      ++at_;
      out_ += '(';
    }
    disjunction();
    if (failed()) return false;
    if (!take(")")) return refuse("a group is not closed");
    out_ += ')';
    return repeatable;
  }

  static bool is_group_name(std::string_view name) {
    return !name.empty() && !is_digit(name.front()) && std::ranges::all_of(name, [](char c) {
      return is_letter(c) || is_digit(c) || c == '_' || c == '$' ||
             static_cast<std::uint8_t>(c) >= 0x80;
    });
  }

  struct Counts {
    std::uint64_t low = 0;
    std::optional<std::uint64_t> high;
    std::size_t size = 0;
  };

  /// `{2}`, `{2,}`, `{2,5}` at the reader's place, else nothing: a brace alone is a character.
  [[nodiscard]] std::optional<Counts> counted_quantifier() const {
    const std::string_view text = rest();
    std::size_t at = 1;
    const auto number = [&]() -> std::optional<std::uint64_t> {
      const std::size_t begin = at;
      std::uint64_t value = 0;
      for (; at < text.size() && is_digit(text[at]); ++at) {
        value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(text[at] - '0'),
                                        repeats_max + 1);
      }
      if (at == begin) return std::nullopt;
      return value;
    };
    Counts counts;
    const auto low = number();
    if (!low) return std::nullopt;
    counts.low = *low;
    counts.high = low;
    if (at < text.size() && text[at] == ',') {
      ++at;
      counts.high = number();
    }
    if (at >= text.size() || text[at] != '}') return std::nullopt;
    counts.size = at + 1;
    return counts;
  }

  void quantifier(bool repeatable) {
    std::string text;
    if (peek() == '{' && !done()) {
      const auto counts = counted_quantifier();
      if (!counts) return;
      if (counts->low > repeats_max || counts->high.value_or(0) > repeats_max) {
        refuse("more than 65535 repetitions");
        return;
      }
      if (counts->high && *counts->high < counts->low) {
        refuse("the numbers of a quantifier are out of order");
        return;
      }
      text = rest().substr(0, counts->size);
      at_ += counts->size;
    } else if (!done() && std::string_view("*+?").contains(peek())) {
      text = peek();
      ++at_;
    } else {
      return;
    }
    if (!repeatable) {
      refuse("nothing to repeat");
      return;
    }
    if (take("?")) text += '?';
    out_ += text;
  }

  bool atom_escape() {
    const char c = peek();
    if (done()) return refuse("the pattern ends in a backslash");
    if (c == 'b' || c == 'B') {
      ++at_;
      out_ += c == 'b' ? "\\b" : "\\B";
      return false;
    }
    if (c >= '1' && c <= '9') return back_reference();
    if (c == 'k') return named_reference();
    if (shorthand(false)) return !failed();
    if (const auto found = character_escape()) literal(*found);
    return !failed();
  }

  bool back_reference() {
    std::size_t number = 0;
    while (is_digit(peek()) && number <= groups_max) {
      number = number * 10 + static_cast<std::size_t>(peek() - '0');
      ++at_;
    }
    if (number > names_.size()) return refuse("a reference to a group that is not there");
    out_ += fmt::format("\\g{{{}}}", number);
    return true;
  }

  bool named_reference() {
    ++at_;
    const std::size_t end = rest().find('>');
    if (!take("<") || end == std::string_view::npos) return refuse("expected \\k<name>");
    const auto found = std::ranges::find(names_, pattern_.substr(at_, end - 1));
    if (found == names_.end() || found->empty()) {
      return refuse("a reference to a group that is not there");
    }
    at_ += end;
    out_ += fmt::format("\\g{{{}}}", found - names_.begin() + 1);
    return true;
  }

  /// `\d \D \w \W \s \S \p{…} \P{…}`; false when there is none here.
  bool shorthand(bool in_class) {
    const char c = peek();
    switch (c) {
      case 'd':
      case 'D':
      case 'w':
      case 'W':
        out_ += '\\';
        out_ += c;
        break;
      case 's':
      case 'S': {
        const std::string_view inside = c == 's' ? blanks : not_blanks;
        out_ += in_class ? std::string(inside) : fmt::format("[{}]", inside);
        break;
      }
      case 'p':
      case 'P':
        property();
        return true;
      default:
        return false;
    }
    ++at_;
    return true;
  }

  void property() {
    const char letter = peek();
    const std::size_t end = rest().find('}');
    if (peek(1) != '{' || end == std::string_view::npos) {
      refuse("expected \\p{Property}");
      return;
    }
    const auto name = pcre_property(rest().substr(2, end - 2));
    if (!name) {
      refuse("an unknown Unicode property");
      return;
    }
    out_ += fmt::format("\\{}{{{}}}", letter, *name);
    at_ += end + 1;
  }

  /// The character that an escape names, the backslash being taken.
  std::optional<std::uint32_t> character_escape() {
    constexpr std::string_view names = "tnvfr";
    constexpr std::string_view values = "\t\n\v\f\r";
    const char c = peek();
    if (const std::size_t which = names.find(c); which != std::string_view::npos) {
      ++at_;
      return static_cast<std::uint8_t>(values[which]);
    }
    if (c == 'c') {
      if (!is_letter(peek(1))) return bad("expected a letter after \\c");
      at_ += 2;
      return static_cast<std::uint32_t>(pattern_[at_ - 1] & 0x1f);
    }
    if (c == '0') {
      if (is_digit(peek(1))) return bad("an octal escape");
      ++at_;
      return 0;
    }
    if (c == 'x') {
      ++at_;
      return hex(2);
    }
    if (c == 'u') {
      ++at_;
      return unicode_escape();
    }
    const bool mark = static_cast<std::uint8_t>(c) < 0x80 && !is_letter(c) && !is_digit(c);
    if (!mark || c == '\0') return bad("an unknown escape");
    ++at_;
    return static_cast<std::uint8_t>(c);
  }
  std::optional<std::uint32_t> bad(std::string_view why) {
    refuse(why);
    return std::nullopt;
  }

  std::optional<std::uint32_t> hex(std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i, ++at_) {
      if (!is_hex(peek())) return bad("an escape needs more hexadecimal digits");
      value = value * 16 + hex_value(peek());
    }
    return value;
  }

  std::optional<std::uint32_t> unicode_escape() {
    if (take("{")) {
      std::uint32_t value = 0;
      const std::size_t begin = at_;
      while (is_hex(peek())) {
        value = value * 16 + hex_value(peek());
        ++at_;
        if (value > code_point_max) return bad("beyond the last character of Unicode");
      }
      if (at_ == begin || !take("}")) return bad("expected \\u{hexadecimal digits}");
      return value;
    }
    const auto high = hex(4);
    if (!high || *high < 0xd800 || *high >= 0xdc00 || !rest().starts_with("\\u")) return high;
    const std::size_t here = at_;
    at_ += 2;
    const auto low = hex(4);
    if (low && *low >= 0xdc00 && *low < 0xe000) {
      return 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00);
    }
    at_ = here;
    return high;
  }

  void character_class() {
    const bool negative = take("^");
    if (take("]")) {
      out_ += negative ? R"([\x{0}-\x{10ffff}])" : R"([^\x{0}-\x{10ffff}])";
      return;
    }
    out_ += negative ? "[^" : "[";
    while (!failed() && !take("]")) {
      if (done()) {
        refuse("a class of characters is not closed");
        return;
      }
      class_range();
    }
    out_ += ']';
  }

  /// One character or a range of them, or a shorthand.
  void class_range() {
    const auto low = class_character();
    if (failed()) return;
    if (low) literal(*low);
    if (peek() != '-' || peek(1) == ']' || at_ + 1 >= pattern_.size()) return;
    ++at_;
    const std::size_t before = out_.size();
    const auto high = class_character();
    if (failed()) return;
    if (!low || !high) {
      // `[\w-a]`: the dash stands for itself.
      out_.insert(before, "\\x{2d}");
      if (high) literal(*high);
      return;
    }
    if (*high < *low) {
      refuse("a range of characters is out of order");
      return;
    }
    out_ += '-';
    literal(*high);
  }

  /// Nothing when a shorthand was written instead.
  std::optional<std::uint32_t> class_character() {
    if (!take("\\")) {
      std::string_view text = rest();
      const std::uint32_t c = take_code_point(text);
      at_ = pattern_.size() - text.size();
      return c;
    }
    if (done()) return bad("the pattern ends in a backslash");
    if (take("b")) return 0x08;
    if (shorthand(true)) return std::nullopt;
    return character_escape();
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string out_;
  std::vector<std::string_view> names_;  ///< of the groups; empty for one without a name
  std::optional<std::string> error_;
};

}  // namespace

std::expected<std::string, std::string> translate_ecma_regex(std::string_view pattern) {
  return Translator(pattern).run();
}

}  // namespace crossfoot::contract::schema
