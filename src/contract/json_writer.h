#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace crossfoot::contract {

/// Appends JSON text to one string: no tree, no look back. The caller keeps the grammar (a key
/// before each value of an object, as many ends as begins); commas and escapes are the writer's.
/// Texts that are not UTF-8 come out with U+FFFD in place of the bad bytes, so that the result is
/// always JSON. Single owner, any thread.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name) {
    comma();
    quote(name);
    out_ += ':';
    need_comma_ = false;
    return *this;
  }

  JsonWriter& text(std::string_view value) {
    comma();
    quote(value);
    return *this;
  }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& integer(std::signed_integral auto value) {
    return raw(std::to_string(static_cast<long long>(value)));
  }
  JsonWriter& integer(std::unsigned_integral auto value) {
    return raw(std::to_string(static_cast<unsigned long long>(value)));
  }
  /// One complete JSON value as it is; the caller vouches for it.
  JsonWriter& raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
  }

  JsonWriter& member(std::string_view name, std::string_view value) {
    return key(name).text(value);
  }
  JsonWriter& member(std::string_view name, const char* value) { return key(name).text(value); }
  JsonWriter& member(std::string_view name, std::same_as<bool> auto value) {
    return key(name).boolean(value);
  }
  JsonWriter& member(std::string_view name, std::integral auto value)
    requires(!std::same_as<decltype(value), bool>)
  {
    return key(name).integer(value);
  }
  /// `null` in place of an empty text.
  JsonWriter& member_or_null(std::string_view name, std::string_view value) {
    key(name);
    return value.empty() ? null() : text(value);
  }

  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  /// Ends a line of NDJSON; the next value starts without a comma.
  JsonWriter& newline() {
    out_ += '\n';
    need_comma_ = false;
    return *this;
  }
  [[nodiscard]] std::string_view view() const { return out_; }
  /// The text so far; the writer is empty and usable again afterwards.
  [[nodiscard]] std::string take() {
    need_comma_ = false;
    return std::exchange(out_, {});
  }

 private:
  JsonWriter& open(char bracket) {
    comma();
    out_ += bracket;
    need_comma_ = false;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    need_comma_ = true;
    return *this;
  }
  void comma() {
    if (need_comma_) out_ += ',';
    need_comma_ = true;
  }
  void quote(std::string_view value);

  std::string out_;
  bool need_comma_ = false;
};

}  // namespace crossfoot::contract
