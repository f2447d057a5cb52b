#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/schema/json.h"

namespace crossfoot::contract::schema {

struct SchemaLimits {
  JsonLimits json{.bytes_max = 8UL << 20};  ///< of each document
  std::size_t documents_max = 256;
  std::size_t subschemas_max = 100'000;
  std::size_t resources_max = 10'000;          ///< subschemas with an `$id`, and documents
  std::size_t pattern_bytes_max = 64UL << 20;  ///< of all patterns, compiled
  std::size_t uri_bytes_max = 2'048;
  std::size_t depth_max = 800;  ///< subschemas entered inside one another in one validation
  std::uint64_t steps_max = 20'000'000;  ///< work of one validation; some 20 ns each
};

struct SchemaOptions {
  /// Formats are annotations and say nothing about validity, unless this asks for it or the
  /// schema's own meta-schema requires the format-assertion vocabulary.
  bool assert_formats = false;
  /// Where the schema comes from, for its relative references; its `$id` is resolved against it.
  std::string base_uri;
  /// The text of another document by its absolute URI without fragment. Called while compiling
  /// only. Without it, or with a fault from it, a reference to another document is unresolved. The
  /// meta-schemas of 2020-12 are built in.
  std::function<Result<std::string>(const std::string& uri)> fetch;
  SchemaLimits limits;
};

/// One disagreement.
struct SchemaError {
  std::string instance;  ///< JSON pointer into the instance; empty is the whole
  std::string schema;    ///< `#/pointer` of the keyword, behind the URI of a document but the first
  std::string keyword;   ///< the last of it; `false` when the subschema there is `false`
  std::string message;   ///< a sentence that repeats no value of the instance

  bool operator==(const SchemaError&) const = default;
};

struct Verdict {
  bool valid = true;
  std::vector<SchemaError> errors;  ///< in the order found; some when, and only when, not valid
  bool more = false;                ///< the limit was met: there may be further errors
};

/// A JSON Schema 2020-12 with everything that it refers to, compiled. Immutable; any thread; copies
/// share.
class Schema {
 public:
  /// Faults: those of JsonDocument::parse, invalid_schema, unresolved_reference. `where` is the
  /// place in the schema.
  [[nodiscard]] static Result<Schema> compile(std::string json, const SchemaOptions& options = {});

  /// At most `errors_max` (at least 1) errors; with 1 the walk ends at the first. Branches of
  /// anyOf, oneOf, not, if, contains and propertyNames report as a whole. Fault: schema_too_costly
  /// (rejected), when a limit ends the walk before there is a verdict.
  [[nodiscard]] Result<Verdict> validate(const Json& instance, std::size_t errors_max = 20) const;

  /// Subschemas that can be reached.
  [[nodiscard]] std::size_t size() const;

  /// What was compiled, for this module's own comparisons.
  [[nodiscard]] const struct Program& program() const { return *program_; }

 private:
  explicit Schema(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

  std::shared_ptr<const Program> program_;
};

}  // namespace crossfoot::contract::schema
