#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

/// JSON Schema 2020-12: schemas compiled once, run over exactly parsed values.
namespace crossfoot::contract::schema {

/// A JSON number as it was written, not as a double: ±digits × 10^exponent. `digits` has neither
/// leading nor trailing zeros and is empty for zero, so that equal values look alike.
struct Number {
  std::string_view digits;
  std::int64_t exponent = 0;
  bool negative = false;

  [[nodiscard]] bool is_zero() const { return digits.empty(); }
  /// By value: 1.0 is a whole number.
  [[nodiscard]] bool is_whole() const { return exponent >= 0; }
  friend std::strong_ordering operator<=>(const Number& a, const Number& b);
  friend bool operator==(const Number& a, const Number& b) { return (a <=> b) == 0; }
};

/// Whether `value` is an exact whole multiple of `unit`, which is above zero. Cost is bounded by
/// the digits of both, whatever the exponents.
[[nodiscard]] bool is_multiple(const Number& value, const Number& unit);

/// A whole number >= 0 as a size; UINT64_MAX when it is larger. Requires is_whole and not negative.
[[nodiscard]] std::uint64_t saturated(const Number& value);

enum class JsonKind : std::uint8_t { null, boolean, number, text, array, object };

struct JsonMember;

/// One value of a JsonDocument, a view into it. Copying is cheap; the document must outlive it.
class Json {
 public:
  Json() = default;

  [[nodiscard]] JsonKind kind() const { return kind_; }
  [[nodiscard]] bool is(JsonKind kind) const { return kind_ == kind; }
  /// The accessors require their kind.
  [[nodiscard]] bool boolean() const { return flag_; }
  [[nodiscard]] Number number() const { return {{chars_, count_}, exponent_, flag_}; }
  [[nodiscard]] std::string_view text() const { return {chars_, count_}; }
  [[nodiscard]] std::span<const Json> elements() const { return {elements_, count_}; }
  /// In the order of the text.
  [[nodiscard]] std::span<const JsonMember> members() const;
  /// Indices of members ordered by (length, bytes) of their names.
  [[nodiscard]] std::span<const std::uint32_t> by_name() const { return {by_name_, count_}; }
  /// Entries of an array or object.
  [[nodiscard]] std::size_t size() const { return count_; }

  /// A string that is part of no document; `text` must outlive it.
  [[nodiscard]] static Json of_text(std::string_view text) {
    Json json;
    json.kind_ = JsonKind::text;
    json.chars_ = text.data();
    json.count_ = static_cast<std::uint32_t>(text.size());
    return json;
  }

  /// Null when an object has no such member, or this is no object.
  [[nodiscard]] const Json* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  /// As find, with the place of the member in members(); size() when there is none.
  [[nodiscard]] std::size_t index_of(std::string_view name) const;

 private:
  friend class JsonReader;

  JsonKind kind_ = JsonKind::null;
  bool flag_ = false;  ///< the boolean, or a number's sign
  std::uint32_t count_ = 0;
  union {
    const char* chars_ = nullptr;
    const Json* elements_;
    const JsonMember* members_;
  };
  union {
    std::int64_t exponent_ = 0;
    const std::uint32_t* by_name_;
  };
};

struct JsonMember {
  std::string_view name;
  Json value;
};

inline std::span<const JsonMember> Json::members() const {
  return {members_, count_};
}

/// A total order over values; equal means equal in the sense of JSON Schema (1 is 1.0, the order of
/// members says nothing). Recursion is as deep as the values are.
[[nodiscard]] std::strong_ordering compare(const Json& a, const Json& b);

/// As above; adds the values that had to be looked at.
[[nodiscard]] std::strong_ordering compare(const Json& a, const Json& b, std::uint64_t& steps);

/// By length first: what is compared most differs there.
[[nodiscard]] std::strong_ordering compare_names(std::string_view a, std::string_view b);

struct JsonLimits {
  std::size_t bytes_max = 32UL << 20;
  std::size_t values_max = 2'000'000;
  std::size_t depth_max = 256;    ///< levels of arrays and objects
  std::size_t digits_max = 1000;  ///< significant digits of one number
};

/// A parsed JSON text and everything in it. Movable; values keep their addresses.
class JsonDocument {
 public:
  /// Strict RFC 8259 and UTF-8, without lone surrogates, byte order mark or repeated names. Faults
  /// (rejected): invalid_json, trailing_bytes, invalid_utf8, too_deep, document_too_large,
  /// duplicate_key; `where` is line:column, `cause` never repeats the text.
  [[nodiscard]] static Result<JsonDocument> parse(std::string text, const JsonLimits& limits = {});

  [[nodiscard]] const Json& root() const { return *root_; }

 private:
  friend class JsonReader;
  JsonDocument() = default;

  std::unique_ptr<std::string> text_;
  std::unique_ptr<std::pmr::monotonic_buffer_resource> arena_;
  const Json* root_ = nullptr;
};

/// Where the walk through a value is. Lives on the stack, becomes text only when an error is found.
struct JsonPath {
  const JsonPath* parent = nullptr;
  std::string_view name;
  std::size_t index = no_index;

  static constexpr std::size_t no_index = SIZE_MAX;

  /// RFC 6901. Iterative: the path may be long.
  [[nodiscard]] std::string pointer() const;
};

/// Appends `/name` with `~` and `/` escaped.
void append_token(std::string& pointer, std::string_view name);

}  // namespace crossfoot::contract::schema
