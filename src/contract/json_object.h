#pragma once

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/fields.h"
#include "contract/transaction_json.h"
#include "contract/utf8.h"

/// How the parser walks parsed JSON: typed access to the fields of an object, with faults collected
/// under their pointers. Internal to the contract.
namespace crossfoot::contract {

/// Where the reader is. Lives on the stack; becomes text only when a fault is found.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;
  std::size_t index = no_index;

  static constexpr std::size_t no_index = SIZE_MAX;

  [[nodiscard]] Path field(std::string_view field_name) const { return {this, field_name}; }
  [[nodiscard]] Path element(std::size_t at) const { return {this, {}, at}; }
  /// RFC 6901.
  [[nodiscard]] std::string pointer() const;
};

/// What one parse gathers.
class Findings {
 public:
  Findings(const ParsePolicy& policy, bool may_have_nul)
      : policy_(policy), may_have_nul_(may_have_nul) {}

  void fault(std::string_view code, const Path& path, std::string detail);
  void wrong_type(const Path& path, std::string_view expected, simdjson::dom::element found);
  void ignore(const Path& path);

  /// True when no more faults will be listed: the rest need not be read.
  [[nodiscard]] bool full() const { return items_.size() >= policy_.limits.errors_max; }
  [[nodiscard]] bool clean() const { return items_.empty(); }
  [[nodiscard]] const ParsePolicy& policy() const { return policy_; }

  /// A field that the contract does not know: a fault or a note, and its content is still checked
  /// for duplicate keys and U+0000, since the text is stored as it came.
  void unknown_field(const Path& path, simdjson::dom::element value);
  /// False, and a fault, when the text contains U+0000.
  bool check_nul(std::string_view text, const Path& path) {
    return !may_have_nul_ || !has_nul(text, path);
  }
  void check_any(simdjson::dom::element value, const Path& path);
  void check_repeats(std::vector<std::string_view>& keys, const Path& object_path);

  [[nodiscard]] Problem problem();
  [[nodiscard]] std::vector<std::string> take_ignored() { return std::move(ignored_); }

 private:
  bool has_nul(std::string_view text, const Path& path);

  const ParsePolicy& policy_;
  bool may_have_nul_;
  std::vector<ProblemItem> items_;
  std::vector<std::string> ignored_;
};

/// A problem about the text as a whole, from simdjson's verdict.
[[nodiscard]] Problem syntax_problem(simdjson::error_code error, std::string_view json,
                                     const ParsePolicy& policy);

/// One value that was found in an object, or its absence, with the typed ways to read it. Each
/// reader records the fault and gives no value when the element is not what is asked.
class Value {
 public:
  Value(Findings& findings, const Path& path, std::optional<simdjson::dom::element> element)
      : findings_(findings), path_(path), element_(element) {}

  [[nodiscard]] bool present() const { return element_.has_value(); }
  [[nodiscard]] const Path& path() const { return path_; }

  /// Records a fault when absent.
  Value& required(std::string_view code = error_code::required_field) {
    if (!element_) [[unlikely]]
      findings_.fault(code, path_, "the field is required");
    return *this;
  }

  /// Raw characters without length rules; a view into the parser's buffer.
  [[nodiscard]] std::optional<std::string_view> characters() {
    if (!element_) return std::nullopt;
    std::string_view text;
    if (element_->get(text) != simdjson::SUCCESS) [[unlikely]] {
      findings_.wrong_type(path_, "a text", *element_);
      return std::nullopt;
    }
    if (!findings_.check_nul(text, path_)) return std::nullopt;
    return text;
  }
  void text(std::string& into, std::size_t characters_max) {
    const auto found = characters();
    if (!found) return;
    // As many bytes as characters are allowed is the usual case, so characters are seldom counted.
    const bool fits = found->size() <= characters_max || utf8_length(*found) <= characters_max;
    if (found->empty() || !fits) [[unlikely]] {
      bad_length(characters_max);
    } else {
      into = *found;
    }
  }
  void text(std::string& into) { text(into, findings_.policy().limits.text_characters_max); }
  void integer(std::uint64_t& into, std::uint64_t low, std::uint64_t high) {
    if (!element_) return;
    std::uint64_t found = 0;
    if (element_->get(found) != simdjson::SUCCESS || found < low || found > high) [[unlikely]] {
      bad_integer(low, high);
    } else {
      into = found;
    }
  }
  void boolean(bool& into);
  [[nodiscard]] std::optional<Decimal> decimal() {
    const auto found = decimal_characters();
    if (!found) return std::nullopt;
    const auto value = parse_decimal(*found);
    if (!value) [[unlikely]]
      bad_decimal(*found);
    return value;
  }
  [[nodiscard]] std::optional<Money> money(const std::optional<Currency>& currency);
  [[nodiscard]] std::optional<BusinessDate> date();
  [[nodiscard]] std::optional<Instant> instant();
  [[nodiscard]] std::optional<simdjson::dom::object> object();
  [[nodiscard]] std::optional<simdjson::dom::array> array(std::size_t entries_max);

  template <class E, std::size_t N>
  void word(E& into, const std::array<std::string_view, N>& words) {
    const auto found = characters();
    if (!found) return;
    const auto at = std::ranges::find(words, *found);
    if (at == words.end()) return not_a_word(words);
    into = static_cast<E>(at - words.begin());
  }

 private:
  [[nodiscard]] std::optional<std::string_view> decimal_characters() {
    if (element_ && element_->is_number()) [[unlikely]] {
      findings_.fault(error_code::number_not_decimal_string, path_,
                      "expected a decimal in quotes such as \"2.50\", found a number");
      return std::nullopt;
    }
    return characters();
  }
  void bad_length(std::size_t characters_max);
  void bad_integer(std::uint64_t low, std::uint64_t high);
  void bad_decimal(std::string_view text);
  void not_a_word(std::span<const std::string_view> words);
  [[nodiscard]] Instant latest() const;

  Findings& findings_;
  Path path_;
  std::optional<simdjson::dom::element> element_;
};

/// The fields of one object: each known name at most once, unknown ones by policy.
template <class Field>
class ObjectReader {
 public:
  ObjectReader(Findings& findings, const Path& path, simdjson::dom::object object)
      : findings_(findings), path_(path) {
    std::vector<std::string_view> unknown;
    for (const auto [key, value] : object) {
      const std::size_t index = table().find(key);
      if (index == table().size) {
        unknown.push_back(key);
        findings_.unknown_field(path_.field(key), value);
      } else if (seen_[index]) {
        findings_.fault(error_code::duplicate_key, path_.field(key), "the field is stated twice");
      } else {
        seen_[index] = true;
        elements_[index] = value;
      }
      if (findings_.full()) return;
    }
    if (unknown.size() > 1) findings_.check_repeats(unknown, path_);
  }

  [[nodiscard]] bool has(Field field) const { return seen_[static_cast<std::size_t>(field)]; }
  [[nodiscard]] Value at(Field field) const {
    const auto index = static_cast<std::size_t>(field);
    return {findings_, path_.field(table().names()[index]),
            seen_[index] ? std::optional(elements_[index]) : std::nullopt};
  }
  [[nodiscard]] const Path& path() const { return path_; }

 private:
  static constexpr const auto& table() { return fields::Names<Field>::table; }

  Findings& findings_;
  const Path& path_;
  std::array<simdjson::dom::element, static_cast<std::size_t>(Field::count)> elements_;
  std::array<bool, static_cast<std::size_t>(Field::count)> seen_{};
};

}  // namespace crossfoot::contract
