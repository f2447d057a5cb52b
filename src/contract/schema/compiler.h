#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "contract/schema/loader.h"
#include "contract/schema/program.h"

namespace crossfoot::contract::schema {

/// Turns the subschemas that can be reached into nodes, each once. A list of what is still to do
/// stands in place of recursion, so circles and long chains of references cost nothing.
class Compiler {
 public:
  Compiler(Program& program, const SchemaOptions& options)
      : program_(program), options_(options), loader_(program, options) {}

  Status run(std::string json);

 private:
  NodeId node_for(const Json* schema);
  void compile(const Json& schema, Node& node);
  void compile_types(const Json& schema, Node& node);
  void compile_constants(const Json& schema, Node& node);
  void compile_numbers(const Json& schema, Node& node);
  void compile_texts(const Json& schema, Node& node);
  void compile_items(const Json& schema, Node& node, const Dialect& dialect);
  void compile_sizes(const Json& schema, Node& node);
  void compile_properties(const Json& schema, Node& node);
  void compile_references(const Json& schema, Node& node);
  void compile_combination(const Json& schema, Node& node);
  void compile_dynamic_anchors();

  void refuse(const Node& node, std::string_view keyword, std::string_view expected);
  const Json* keyword(const Json& schema, const Node& node, std::string_view name, JsonKind kind,
                      std::string_view expected);
  std::optional<NodeId> subschema(const Json& schema, std::string_view name);
  std::vector<NodeId> subschemas(const Json& schema, std::string_view name);
  std::vector<Named<NodeId>> named_subschemas(const Json& schema, std::string_view name);
  std::uint64_t count(const Json& schema, const Node& node, std::string_view name,
                      std::uint64_t otherwise);
  std::vector<std::string_view> names(const Json& list, const Node& node, std::string_view keyword);
  const Pattern* pattern(std::string_view text, const Node& node, std::string_view keyword);

  Program& program_;
  const SchemaOptions& options_;
  Loader loader_;
  std::unordered_map<const Json*, NodeId> nodes_;
  std::vector<const Json*> to_do_;
  std::size_t anchors_done_ = 0;
};

}  // namespace crossfoot::contract::schema
