#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "contract/schema/schema.h"

/// What the product knows about its contracts: versions, owners, and how versions fit together.
namespace crossfoot::contract::registry {

/// Who reads whose documents. Backward: the newer version reads the older version's; forward: the
/// older version reads the newer version's.
enum class Direction : std::uint8_t { backward, forward };

enum class Severity : std::uint8_t {
  breaking,   ///< the reader asks for more than the writer promises
  undecided,  ///< it may be well, and could not be proven
  warning,    ///< every document is still valid, and may be understood in another way
};

[[nodiscard]] std::string_view to_string(Direction direction);
[[nodiscard]] std::string_view to_string(Severity severity);

/// One difference between two versions.
struct Change {
  Severity severity = Severity::breaking;
  Direction direction = Direction::backward;
  std::string instance;  ///< JSON pointer of the place in a document; `*` is any entry there
  std::string schema;    ///< `#/pointer` of the keyword that refuses, in the reader's version
  std::string keyword;
  std::string message;  ///< a sentence

  bool operator==(const Change&) const = default;
};

struct CompareOptions {
  bool backward = true;
  bool forward = false;
  /// A field that one version describes and the other, open one does not: documents of the latter
  /// may carry anything under its name. True makes that a warning.
  bool tolerate_additions = false;
  std::size_t changes_max = 200;
  std::uint64_t steps_max = 400'000;  ///< pairs of subschemas looked at; then undecided
};

struct Comparison {
  std::vector<Change> changes;  ///< in the order found, each once

  /// No more than warnings.
  [[nodiscard]] bool compatible() const;
};

/// Whether each document that is valid under the one version is valid under the other. Sound, not
/// complete: `compatible()` is a proof, a change that cannot be proven harmless is `undecided`.
/// Compile both with the same `assert_formats` as will judge the documents. Cost is bounded by
/// `steps_max`.
[[nodiscard]] Comparison compare_versions(const schema::Schema& older, const schema::Schema& newer,
                                          const CompareOptions& options = {});

}  // namespace crossfoot::contract::registry
