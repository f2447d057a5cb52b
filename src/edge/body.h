#pragma once

#include <simdjson.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "contract/problem.h"

namespace crossfoot::edge {

/// Bounds of what people write into these bodies, in bytes: names and codes, and reasons.
inline constexpr std::size_t name_max = 100;
inline constexpr std::size_t reason_max = 1000;

/// Reads the small JSON bodies of the API's own operations: one object whose fields are all asked
/// for. Faults are gathered under their pointers; a faulty field reads as nothing.
class BodyReader {
 public:
  /// Keeps views of `body`.
  explicit BodyReader(std::string_view body);

  /// A required array of texts, in order.
  void texts(std::string_view name, std::size_t entries_max,
             const std::function<void(std::string_view)>& take);
  enum class Presence : std::uint8_t { required, optional };
  /// A text of at most `bytes_max` bytes; a required one is not empty. An absent optional one is
  /// empty.
  [[nodiscard]] std::string text(std::string_view name, std::size_t bytes_max, Presence presence);
  /// A required object, as its JSON text.
  [[nodiscard]] std::string object(std::string_view name);
  [[nodiscard]] bool boolean(std::string_view name, bool otherwise);
  /// A whole number from 1 to `most`.
  [[nodiscard]] std::uint32_t number(std::string_view name, std::uint32_t most,
                                     std::uint32_t otherwise);
  /// The same, and it must be there; 0 when it is not.
  [[nodiscard]] std::uint32_t required_number(std::string_view name, std::uint32_t most);
  [[nodiscard]] std::optional<BusinessDate> optional_date(std::string_view name);
  /// A required day as YYYY-MM-DD.
  [[nodiscard]] std::optional<BusinessDate> date(std::string_view name);
  void fault(std::string_view name, std::string_view code, std::string detail);

  /// Refuses what was not asked for. No value when everything was right.
  [[nodiscard]] std::optional<contract::Problem> finish();

 private:
  [[nodiscard]] std::optional<simdjson::dom::element> field(std::string_view name,
                                                            Presence presence = Presence::required);

  [[nodiscard]] std::uint32_t number_of(std::string_view name,
                                        const std::optional<simdjson::dom::element>& element,
                                        std::uint32_t most, std::uint32_t otherwise);
  [[nodiscard]] std::optional<BusinessDate> date_of(
      std::string_view name, const std::optional<simdjson::dom::element>& element);

  simdjson::dom::parser parser_;
  std::optional<simdjson::dom::object> object_;
  std::optional<contract::Problem> syntax_;
  std::vector<contract::ProblemItem> items_;
  std::vector<std::string_view> asked_;
};

}  // namespace crossfoot::edge
