#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "base/time.h"

namespace crossfoot::store::postgres {

/// Appends an integer big endian, as the server's binary formats want it.
template <class T>
  requires std::is_integral_v<T>
void append_integer(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof value - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

/// The element types that the store sends; the numbers are the server's, fixed for all releases.
enum class ElementType : std::uint32_t { bytes = 17, integer = 20, text = 25 };

/// One array parameter in the server's binary form: a column of the rows that `unnest` unfolds.
class Array {
 public:
  explicit Array(ElementType type) : type_(type) {}

  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void add(T value) {
    append_integer(elements_, std::uint32_t{8});
    append_integer(elements_, static_cast<std::int64_t>(value));
    ++count_;
  }
  void add(Instant at) { add(at.micros); }
  void add(BusinessDate date) { add(date.days); }
  void add(std::string_view bytes) {
    append_integer(elements_, static_cast<std::uint32_t>(bytes.size()));
    elements_.append(bytes);
    ++count_;
  }
  void add(const std::string& bytes) { add(std::string_view(bytes)); }
  void add(const Hash128& hash) { add(hash.view()); }
  void add(const Id& id) {
    const auto bytes = id.bytes();
    add(std::string_view(bytes.data(), bytes.size()));
  }
  /// Nothing is sent as NULL.
  template <class T>
  void add(const std::optional<T>& value) {
    if (value) return add(*value);
    append_integer(elements_, ~std::uint32_t{0});
    ++count_;
  }

  [[nodiscard]] std::uint32_t size() const { return count_; }
  [[nodiscard]] std::string encoded() const;

 private:
  ElementType type_;
  std::string elements_;
  std::uint32_t count_ = 0;
};

/// The parameters of one statement, in order, all in binary form.
class Parameters {
 public:
  Parameters() = default;
  template <class... Args>
  static Parameters of(const Args&... args) {
    Parameters all;
    (all.add(args), ...);
    return all;
  }

  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void add(T value) {
    std::string bytes;
    append_integer(bytes, static_cast<std::int64_t>(value));
    values_.push_back(std::move(bytes));
  }
  void add(Instant at) { add(at.micros); }
  void add(BusinessDate date) { add(date.days); }
  void add(std::string_view bytes) { values_.emplace_back(bytes); }
  void add(const std::string& bytes) { values_.push_back(bytes); }
  void add(const Hash128& hash) { values_.emplace_back(hash.view()); }
  void add(const Id& id) {
    const auto bytes = id.bytes();
    values_.emplace_back(bytes.data(), bytes.size());
  }
  void add(const Array& array) { values_.push_back(array.encoded()); }

  [[nodiscard]] const std::vector<std::string>& values() const { return values_; }
  [[nodiscard]] std::size_t bytes() const;

 private:
  std::vector<std::string> values_;
};

}  // namespace crossfoot::store::postgres
