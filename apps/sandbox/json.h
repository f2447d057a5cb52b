#pragma once

#include <simdjson.h>

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"

namespace crossfoot::sandbox {

/// Writes JSON text; commas are its own business, well-formedness the caller's.
class JsonWriter {
 public:
  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    comma_ = false;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    comma_ = true;
    return *this;
  }
  JsonWriter& key(std::string_view name) {
    text(name);
    out_ += ':';
    comma_ = false;
    return *this;
  }
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value) { return raw(std::to_string(value)); }
  JsonWriter& raw(std::string_view json) {
    separate();
    out_ += json;
    comma_ = true;
    return *this;
  }
  JsonWriter& field(std::string_view name, std::string_view value) { return key(name).text(value); }
  JsonWriter& field(std::string_view name, std::int64_t value) { return key(name).number(value); }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (comma_) out_ += ',';
  }

  std::string out_;
  bool comma_ = false;
};

/// Reads the members of one JSON object and remembers the first fault, so that a reader can be
/// written straight down and checked once.
class JsonFields {
 public:
  JsonFields(simdjson::dom::element element, std::string& fault);

  /// Absent and null give the default; another type or length is a fault.
  std::string text(std::string_view name, bool required = false);
  /// A decimal string.
  std::optional<Decimal> decimal(std::string_view name, bool required = false);
  std::optional<std::int64_t> integer(std::string_view name, bool required = false);
  bool boolean(std::string_view name);
  double ratio(std::string_view name);
  /// Empty when absent; at most `size_max` elements.
  std::optional<simdjson::dom::array> array(std::string_view name, std::size_t size_max,
                                            bool required = false);
  std::optional<simdjson::dom::element> object(std::string_view name);
  /// A fault when a member has none of these names.
  void only(std::initializer_list<std::string_view> names);

  void fail(std::string_view name, std::string_view what);
  [[nodiscard]] bool failed() const { return !fault_.empty(); }

 private:
  std::optional<simdjson::dom::element> find(std::string_view name, bool required);

  struct Member {
    std::string_view key;
    simdjson::dom::element value;
  };

  simdjson::dom::object object_;
  /// The first members, so that a reader that asks in the usual order finds each at once.
  boost::container::static_vector<Member, 24> members_;
  std::size_t next_ = 0;
  std::string& fault_;
};

/// The parsed document, or no value with `fault` set. The element lives until the next parse.
[[nodiscard]] std::optional<simdjson::dom::element> parse_json(simdjson::dom::parser& parser,
                                                               std::string_view text,
                                                               std::string& fault);

/// `{"error": {"code", "message"}}`, as both stand-ins refuse.
[[nodiscard]] std::string error_body(std::string_view code, std::string_view message);

}  // namespace crossfoot::sandbox
