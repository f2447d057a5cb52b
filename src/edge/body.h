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

/// Reads the small JSON bodies of the API's own operations: one object whose fields are all asked
/// for. Faults are gathered under their pointers; a faulty field reads as nothing.
class BodyReader {
 public:
  /// Keeps views of `body`.
  explicit BodyReader(std::string_view body);

  /// A required array of texts, in order.
  void texts(std::string_view name, std::size_t entries_max,
             const std::function<void(std::string_view)>& take);
  /// A required text of 1 to `most` bytes; or one that may be absent.
  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t most);
  [[nodiscard]] std::optional<std::string> text_if_any(std::string_view name, std::size_t most);
  /// A required day as YYYY-MM-DD.
  [[nodiscard]] std::optional<BusinessDate> date(std::string_view name);
  void fault(std::string_view name, std::string_view code, std::string detail);

  /// Refuses what was not asked for. No value when everything was right.
  [[nodiscard]] std::optional<contract::Problem> finish();

 private:
  [[nodiscard]] std::optional<simdjson::dom::element> field(std::string_view name,
                                                            bool required = true);
  [[nodiscard]] std::optional<std::string> text_of(std::string_view name, std::size_t most,
                                                   bool required);

  simdjson::dom::parser parser_;
  std::optional<simdjson::dom::object> object_;
  std::optional<contract::Problem> syntax_;
  std::vector<contract::ProblemItem> items_;
  std::vector<std::string_view> asked_;
};

}  // namespace crossfoot::edge
