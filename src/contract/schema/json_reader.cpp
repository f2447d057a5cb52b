#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "contract/error_codes.h"
#include "contract/schema/json.h"
#include "contract/utf8.h"

namespace crossfoot::contract::schema {

namespace {

/// Beyond this a number is refused, so that sums of exponents and digit counts never overflow.
constexpr std::int64_t exponent_max = 1'000'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

/// One pass over one text. Entries of open arrays and objects wait on two stacks and move to the
/// arena when their container closes.
class JsonReader {
 public:
  JsonReader(std::string_view text, std::pmr::memory_resource& arena, const JsonLimits& limits)
      : text_(text), arena_(arena), limits_(limits) {}

  Result<const Json*> read() {
    if (text_.starts_with("\xef\xbb\xbf")) invalid("the text begins with a byte order mark");
    Json* root = allocate<Json>(1);
    skip_blanks();
    if (!failed() && value(*root, 0)) {
      skip_blanks();
      if (at_ != text_.size()) {
        refuse(error_code::trailing_bytes, "something follows the end of the value");
      }
    }
    if (failed()) return fail(std::move(*fault_));
    return root;
  }

 private:
  template <class T>
  T* allocate(std::size_t count) {
    T* items =
        static_cast<T*>(arena_.allocate(std::max<std::size_t>(count, 1) * sizeof(T), alignof(T)));
    std::uninitialized_default_construct_n(items, count);
    return items;
  }

  [[nodiscard]] bool failed() const { return fault_.has_value(); }

  bool refuse(std::string_view code, std::string cause) {
    if (failed()) return false;
    const std::string_view before = text_.substr(0, at_);
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is the text's begin
    fault_ = Fault{
        .code = std::string(code),
        .fault_class = FaultClass::rejected,
        .where = fmt::format("{}:{}", 1 + std::ranges::count(before, '\n'), 1 + at_ - line_begin),
        .cause = std::move(cause)};
    return false;
  }
  bool invalid(std::string cause) { return refuse(error_code::invalid_json, std::move(cause)); }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool value(Json& into, std::size_t depth) {
    if (++values_ > limits_.values_max) {
      return refuse(error_code::document_too_large,
                    fmt::format("more than {} values", limits_.values_max));
    }
    switch (peek()) {
      case '{':
        return object(into, depth + 1);
      case '[':
        return array(into, depth + 1);
      case '"': {
        std::string_view found;
        if (!string(found)) return false;
        into.kind_ = JsonKind::text;
        into.chars_ = found.data();
        into.count_ = static_cast<std::uint32_t>(found.size());
        return true;
      }
      case 't':
        return word("true", into, JsonKind::boolean, true);
      case 'f':
        return word("false", into, JsonKind::boolean, false);
      case 'n':
        return word("null", into, JsonKind::null, false);
      default:
        return number(into);
    }
  }

  bool word(std::string_view expected, Json& into, JsonKind kind, bool flag) {
    if (!text_.substr(at_).starts_with(expected)) return invalid("expected a value");
    at_ += expected.size();
    into.kind_ = kind;
    into.flag_ = flag;
    return true;
  }

  bool too_deep(std::size_t depth) {
    if (depth <= limits_.depth_max) return false;
    refuse(error_code::too_deep, fmt::format("more than {} levels of nesting", limits_.depth_max));
    return true;
  }

  bool array(Json& into, std::size_t depth) {
    if (too_deep(depth)) return false;
    const std::size_t base = elements_.size();
    ++at_;
    skip_blanks();
    if (!take(']')) {
      do {
        skip_blanks();
        Json element;
        if (!value(element, depth)) return false;
        elements_.push_back(element);
        skip_blanks();
      } while (take(','));
      if (!take(']')) return invalid("expected , or ] in an array");
    }
    const std::size_t count = elements_.size() - base;
    Json* items = allocate<Json>(count);
    std::copy_n(elements_.begin() + static_cast<std::ptrdiff_t>(base), count, items);
    elements_.resize(base);
    into.kind_ = JsonKind::array;
    into.count_ = static_cast<std::uint32_t>(count);
    into.elements_ = items;
    return true;
  }

  bool object(Json& into, std::size_t depth) {
    if (too_deep(depth)) return false;
    const std::size_t base = members_.size();
    ++at_;
    skip_blanks();
    if (!take('}')) {
      do {
        skip_blanks();
        JsonMember member;
        if (peek() != '"') return invalid("expected a name in quotes");
        if (!string(member.name)) return false;
        skip_blanks();
        if (!take(':')) return invalid("expected : after a name");
        skip_blanks();
        if (!value(member.value, depth)) return false;
        members_.push_back(member);
        skip_blanks();
      } while (take(','));
      if (!take('}')) return invalid("expected , or } in an object");
    }
    return close(into, base);
  }

  bool close(Json& into, std::size_t base) {
    const std::size_t count = members_.size() - base;
    auto* items = allocate<JsonMember>(count);
    std::copy_n(members_.begin() + static_cast<std::ptrdiff_t>(base), count, items);
    members_.resize(base);
    auto* order = allocate<std::uint32_t>(count);
    std::iota(order, order + count, 0U);
    std::sort(order, order + count, [items](std::uint32_t a, std::uint32_t b) {
      return compare_names(items[a].name, items[b].name) < 0;
    });
    for (std::size_t i = 1; i < count; ++i) {
      if (items[order[i]].name == items[order[i - 1]].name) {
        return refuse(error_code::duplicate_key, "a name is stated twice in an object");
      }
    }
    into.kind_ = JsonKind::object;
    into.count_ = static_cast<std::uint32_t>(count);
    into.members_ = items;
    into.by_name_ = order;
    return true;
  }

  bool string(std::string_view& into) {
    const std::size_t begin = ++at_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        into = text_.substr(begin, at_++ - begin);
        return true;
      }
      if (c == '\\') return escaped(begin, into);
      if (static_cast<std::uint8_t>(c) < 0x20) return invalid("a raw control character in a text");
    }
    return invalid("a text is not closed");
  }

  /// The rest of a text with escapes. Unescaping never lengthens.
  bool escaped(std::size_t begin, std::string_view& into) {
    std::string plain(text_.substr(begin, at_ - begin));
    while (at_ < text_.size() && text_[at_] != '"') {
      const char c = text_[at_];
      if (static_cast<std::uint8_t>(c) < 0x20) return invalid("a raw control character in a text");
      ++at_;
      if (c != '\\') {
        plain += c;
      } else if (!escape(plain)) {
        return false;
      }
    }
    if (!take('"')) return invalid("a text is not closed");
    char* kept = allocate<char>(plain.size());
    std::ranges::copy(plain, kept);
    into = {kept, plain.size()};
    return true;
  }

  bool escape(std::string& plain) {
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view values = "\"\\/\b\f\n\r\t";
    const char c = peek();
    ++at_;
    if (c != 'u') {
      const std::size_t which = names.find(c);
      if (which == std::string_view::npos) return invalid("an unknown escape in a text");
      plain += values[which];
      return true;
    }
    std::uint32_t unit = 0;
    if (!hex4(unit)) return false;
    if (unit >= 0xdc00 && unit < 0xe000) return invalid("half a surrogate pair in a text");
    if (unit >= 0xd800 && unit < 0xdc00) {
      std::uint32_t low = 0;
      if (!take('\\') || !take('u') || !hex4(low) || low < 0xdc00 || low >= 0xe000) {
        return invalid("half a surrogate pair in a text");
      }
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(plain, unit);
    return true;
  }

  bool hex4(std::uint32_t& unit) {
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const char lower = static_cast<char>(c | 0x20);
      std::uint32_t digit = 16;
      if (is_digit(c)) digit = static_cast<std::uint32_t>(c - '0');
      if (lower >= 'a' && lower <= 'f') digit = static_cast<std::uint32_t>(lower - 'a') + 10;
      if (digit == 16) return invalid("an escape needs four hexadecimal digits");
      unit = unit * 16 + digit;
    }
    return true;
  }

  std::string_view digits() {
    const std::size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool number(Json& into) {
    const bool negative = take('-');
    const std::string_view whole = digits();
    if (whole.empty()) return invalid("expected a value");
    if (whole.size() > 1 && whole.front() == '0') return invalid("a number has a leading zero");
    std::string_view fraction;
    if (take('.')) {
      fraction = digits();
      if (fraction.empty()) return invalid("a number ends in its decimal point");
    }
    std::int64_t exponent = 0;
    if (take('e') || take('E')) {
      const bool down = take('-');
      if (!down) take('+');
      const std::string_view power = digits();
      if (power.empty()) return invalid("a number ends in its exponent");
      for (const char c : power) {
        exponent = std::min(exponent * 10 + (c - '0'), exponent_max + 1);
      }
      if (exponent > exponent_max) return invalid("a number's exponent is beyond 1000000000");
      if (down) exponent = -exponent;
    }
    return normalise(into, negative, whole, fraction, exponent);
  }

  bool normalise(Json& into, bool negative, std::string_view whole, std::string_view fraction,
                 std::int64_t exponent) {
    exponent -= static_cast<std::int64_t>(fraction.size());
    std::string_view all = whole;
    if (!fraction.empty()) {
      char* joined = allocate<char>(whole.size() + fraction.size());
      std::ranges::copy(fraction, std::ranges::copy(whole, joined).out);
      all = {joined, whole.size() + fraction.size()};
    }
    all.remove_prefix(std::min(all.find_first_not_of('0'), all.size()));
    const std::size_t kept = all.find_last_not_of('0') + 1;
    exponent += static_cast<std::int64_t>(all.size() - kept);
    all = all.substr(0, kept);
    if (all.size() > limits_.digits_max) {
      return invalid(fmt::format("a number has more than {} digits", limits_.digits_max));
    }
    into.kind_ = JsonKind::number;
    into.flag_ = negative && !all.empty();
    into.chars_ = all.data();
    into.count_ = static_cast<std::uint32_t>(all.size());
    into.exponent_ = all.empty() ? 0 : exponent;
    return true;
  }

  std::string_view text_;
  std::pmr::memory_resource& arena_;
  const JsonLimits& limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  std::vector<Json> elements_;
  std::vector<JsonMember> members_;
  std::optional<Fault> fault_;
};

Result<JsonDocument> JsonDocument::parse(std::string text, const JsonLimits& limits) {
  const auto whole = [](std::string_view code, std::string cause) {
    return fail({.code = std::string(code),
                 .fault_class = FaultClass::rejected,
                 .where = "1:1",
                 .cause = std::move(cause)});
  };
  if (text.size() > limits.bytes_max) {
    return whole(error_code::document_too_large,
                 fmt::format("more than {} bytes", limits.bytes_max));
  }
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return whole(error_code::invalid_utf8, "the text is not valid UTF-8");
  }
  JsonDocument document;
  document.text_ = std::make_unique<std::string>(std::move(text));
  document.arena_ = std::make_unique<std::pmr::monotonic_buffer_resource>(
      std::max<std::size_t>(1024, 2 * std::min<std::size_t>(document.text_->size(), 1UL << 20)));
  const auto root = JsonReader(*document.text_, *document.arena_, limits).read();
  if (!root) return fail(root.error());
  document.root_ = *root;
  return document;
}

}  // namespace crossfoot::contract::schema
