#include "contract/schema/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "contract/error_codes.h"

namespace crossfoot::contract::schema {

namespace {

constexpr std::array<Named<TypeSet>, 7> type_names{{{"null", type_null},
                                                    {"boolean", type_boolean},
                                                    {"integer", type_integer},
                                                    {"number", type_number | type_integer},
                                                    {"string", type_string},
                                                    {"array", type_array},
                                                    {"object", type_object}}};

TypeSet find_type(const Json& name) {
  if (!name.is(JsonKind::text)) return 0;
  const auto found = std::ranges::find(type_names, name.text(), &Named<TypeSet>::first);
  return found == type_names.end() ? TypeSet{0} : found->second;
}

/// How many steps a comparison with the value may take.
std::uint64_t weight(const Json& value) {
  std::uint64_t sum = 1;
  if (value.is(JsonKind::text)) return sum + value.text().size() / 64;
  if (value.is(JsonKind::array)) {
    for (const Json& element : value.elements()) sum += weight(element);
  } else if (value.is(JsonKind::object)) {
    for (const JsonMember& member : value.members()) sum += weight(member.value);
  }
  return sum;
}

template <class Rules>
Rules& rules(std::unique_ptr<Rules>& group) {
  if (!group) group = std::make_unique<Rules>();
  return *group;
}

bool has_any(const Json& schema, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view name) { return schema.has(name); });
}

}  // namespace

Status Compiler::run(std::string json) {
  const Json* root = loader_.load_root(std::move(json));
  if (root != nullptr) program_.root = node_for(root);
  while (!loader_.failed() && !to_do_.empty()) {
    const Json* next = to_do_.back();
    to_do_.pop_back();
    compile(*next, program_.nodes[nodes_.at(next)]);
    if (to_do_.empty()) compile_dynamic_anchors();
  }
  if (loader_.failed()) return fail(*loader_.fault());
  return {};
}

NodeId Compiler::node_for(const Json* schema) {
  const auto [known, fresh] = nodes_.emplace(schema, static_cast<NodeId>(program_.nodes.size()));
  if (!fresh) return known->second;
  const Site& site = loader_.site(schema);
  Node& node = program_.nodes.emplace_back();
  node.place = site.place;
  node.source = schema;
  node.resource = site.resource;
  to_do_.push_back(schema);
  return known->second;
}

void Compiler::refuse(const Node& node, std::string_view keyword, std::string_view expected) {
  const Place place{node.place.document_uri, loader_.extend(node.place.path, keyword)};
  loader_.refuse(error_code::invalid_schema, place, fmt::format("expected {}", expected));
}

const Json* Compiler::keyword(const Json& schema, const Node& node, std::string_view name,
                              JsonKind kind, std::string_view expected) {
  const Json* found = schema.find(name);
  if (found == nullptr || found->is(kind)) return found;
  refuse(node, name, expected);
  return nullptr;
}

void Compiler::compile(const Json& schema, Node& node) {
  if (schema.is(JsonKind::boolean)) {
    node.always_false = !schema.boolean();
    return;
  }
  const Dialect& dialect = loader_.resource(node.resource).dialect;
  compile_references(schema, node);
  if (dialect.validation) {
    compile_types(schema, node);
    compile_constants(schema, node);
    compile_numbers(schema, node);
    compile_sizes(schema, node);
  }
  compile_texts(schema, node);
  if (dialect.applicator) {
    compile_combination(schema, node);
    compile_properties(schema, node);
  }
  compile_items(schema, node, dialect);
  if (dialect.unevaluated) {
    node.unevaluated_items = subschema(schema, "unevaluatedItems");
    node.unevaluated_properties = subschema(schema, "unevaluatedProperties");
  }
}

void Compiler::compile_types(const Json& schema, Node& node) {
  const Json* type = schema.find("type");
  if (type == nullptr) return;
  constexpr std::string_view expected = "the name of a type or a list of such names";
  node.types = 0;
  if (type->is(JsonKind::array)) {
    for (const Json& name : type->elements()) {
      const TypeSet one = find_type(name);
      if (one == 0) return refuse(node, "type", expected);
      node.types |= one;
    }
  } else {
    node.types = find_type(*type);
  }
  if (node.types == 0) refuse(node, "type", expected);
}

void Compiler::compile_constants(const Json& schema, Node& node) {
  if (const Json* list = keyword(schema, node, "enum", JsonKind::array, "a list of values")) {
    Constants& constants = node.constants.emplace_back();
    for (const Json& value : list->elements()) {
      constants.values.push_back(&value);
      constants.steps = std::max(constants.steps, weight(value));
    }
    std::ranges::sort(constants.values,
                      [](const Json* a, const Json* b) { return compare(*a, *b) < 0; });
    for (std::size_t left = constants.values.size(); left > 1; left /= 2) ++node.steps;
  }
  if (const Json* value = schema.find("const")) {
    node.constants.push_back({.values = {value}, .steps = weight(*value), .single = true});
  }
  for (const Constants& constants : node.constants) node.steps += constants.steps;
}

void Compiler::compile_numbers(const Json& schema, Node& node) {
  const auto limit = [&](std::string_view name, std::optional<Number> NumberRules::* into) {
    const Json* found = keyword(schema, node, name, JsonKind::number, "a number");
    if (found != nullptr) rules(node.number).*into = found->number();
  };
  limit("minimum", &NumberRules::minimum);
  limit("maximum", &NumberRules::maximum);
  limit("exclusiveMinimum", &NumberRules::exclusive_minimum);
  limit("exclusiveMaximum", &NumberRules::exclusive_maximum);
  limit("multipleOf", &NumberRules::multiple_of);
  if (!node.number || !node.number->multiple_of) return;
  const Number& unit = *node.number->multiple_of;
  if (unit.is_zero() || unit.negative) refuse(node, "multipleOf", "a number above zero");
}

std::uint64_t Compiler::count(const Json& schema, const Node& node, std::string_view name,
                              std::uint64_t otherwise) {
  constexpr std::string_view expected = "a whole number from zero";
  const Json* found = keyword(schema, node, name, JsonKind::number, expected);
  if (found == nullptr) return otherwise;
  if (!found->number().is_whole() || found->number().negative) {
    refuse(node, name, expected);
    return otherwise;
  }
  return saturated(found->number());
}

void Compiler::compile_sizes(const Json& schema, Node& node) {
  if (has_any(schema, {"minLength", "maxLength", "pattern"})) {
    TextRules& text = rules(node.text);
    text.length_min = count(schema, node, "minLength", text.length_min);
    text.length_max = count(schema, node, "maxLength", text.length_max);
    const Json* found = keyword(schema, node, "pattern", JsonKind::text, "a string");
    if (found != nullptr) text.pattern = pattern(found->text(), node, "pattern");
  }
  if (has_any(schema, {"minItems", "maxItems", "uniqueItems"})) {
    ArrayRules& array = rules(node.array);
    array.items_min = count(schema, node, "minItems", array.items_min);
    array.items_max = count(schema, node, "maxItems", array.items_max);
    const Json* unique = keyword(schema, node, "uniqueItems", JsonKind::boolean, "true or false");
    array.unique = unique != nullptr && unique->boolean();
  }
  if (!has_any(schema, {"minProperties", "maxProperties", "required", "dependentRequired"})) return;
  ObjectRules& object = rules(node.object);
  object.properties_min = count(schema, node, "minProperties", object.properties_min);
  object.properties_max = count(schema, node, "maxProperties", object.properties_max);
  if (const Json* list = schema.find("required")) object.required = names(*list, node, "required");
  const Json* dependent =
      keyword(schema, node, "dependentRequired", JsonKind::object, "an object of lists of names");
  if (dependent == nullptr) return;
  for (const auto& [name, list] : dependent->members()) {
    object.dependent_required.emplace_back(name, names(list, node, "dependentRequired"));
  }
}

std::vector<std::string_view> Compiler::names(const Json& list, const Node& node,
                                              std::string_view keyword_name) {
  std::vector<std::string_view> found;
  const bool strings =
      list.is(JsonKind::array) && std::ranges::all_of(list.elements(), [](const Json& name) {
        return name.is(JsonKind::text);
      });
  if (!strings) {
    refuse(node, keyword_name, "a list of names");
    return found;
  }
  for (const Json& name : list.elements()) found.push_back(name.text());
  return found;
}

const Pattern* Compiler::pattern(std::string_view text, const Node& node,
                                 std::string_view keyword_name) {
  std::unique_ptr<Pattern>& known = program_.patterns[text];
  if (known) return known.get();
  auto compiled = Pattern::compile(text);
  if (!compiled) {
    refuse(node, keyword_name, "a regular expression: " + compiled.error());
    return nullptr;
  }
  program_.pattern_bytes += compiled->bytes();
  if (program_.pattern_bytes > program_.limits.pattern_bytes_max) {
    refuse(node, keyword_name, "fewer or smaller patterns in all");
    return nullptr;
  }
  known = std::make_unique<Pattern>(std::move(*compiled));
  return known.get();
}

void Compiler::compile_texts(const Json& schema, Node& node) {
  const Json* format = keyword(schema, node, "format", JsonKind::text, "a string");
  const Dialect& dialect = loader_.resource(node.resource).dialect;
  if (format == nullptr || !(options_.assert_formats || dialect.format_assertion)) return;
  const FormatCheck check = find_format(format->text());
  if (check == nullptr) return;
  rules(node.text).format = check;
  node.text->format_name = format->text();
}

std::optional<NodeId> Compiler::subschema(const Json& schema, std::string_view name) {
  const Json* found = schema.find(name);
  if (found == nullptr || loader_.failed()) return std::nullopt;
  return node_for(found);
}

std::vector<NodeId> Compiler::subschemas(const Json& schema, std::string_view name) {
  std::vector<NodeId> found;
  const Json* list = schema.find(name);
  if (list == nullptr || loader_.failed()) return found;
  for (const Json& one : list->elements()) found.push_back(node_for(&one));
  return found;
}

std::vector<Named<NodeId>> Compiler::named_subschemas(const Json& schema, std::string_view name) {
  std::vector<Named<NodeId>> found;
  const Json* map = schema.find(name);
  if (map == nullptr || loader_.failed()) return found;
  for (const std::uint32_t index : map->by_name()) {
    const JsonMember& member = map->members()[index];
    found.emplace_back(member.name, node_for(&member.value));
  }
  return found;
}

void Compiler::compile_items(const Json& schema, Node& node, const Dialect& dialect) {
  if (!dialect.applicator || !has_any(schema, {"prefixItems", "items", "contains"})) return;
  ArrayRules& array = rules(node.array);
  array.prefix = subschemas(schema, "prefixItems");
  array.items = subschema(schema, "items");
  array.contains = subschema(schema, "contains");
  if (!dialect.validation) return;
  array.contains_min = count(schema, node, "minContains", array.contains_min);
  array.contains_max = count(schema, node, "maxContains", array.contains_max);
}

void Compiler::compile_properties(const Json& schema, Node& node) {
  if (!has_any(schema,
               {"properties", "patternProperties", "additionalProperties", "propertyNames"})) {
    return;
  }
  ObjectRules& object = rules(node.object);
  object.properties = named_subschemas(schema, "properties");
  for (const auto& [text, id] : named_subschemas(schema, "patternProperties")) {
    object.patterns.emplace_back(pattern(text, node, "patternProperties"), id);
  }
  object.additional = subschema(schema, "additionalProperties");
  object.names = subschema(schema, "propertyNames");
}

void Compiler::compile_references(const Json& schema, Node& node) {
  const Site site = loader_.site(&schema);
  const auto resolve = [&](std::string_view name) -> std::optional<Target> {
    if (!schema.has(name)) return std::nullopt;
    const Site at{site.resource, {site.place.document_uri, loader_.extend(site.place.path, name)}};
    const std::string_view text = loader_.text_member(schema, name, at);
    return loader_.failed() ? std::nullopt : loader_.resolve(text, at);
  };
  if (const auto target = resolve("$ref")) {
    rules(node.combination).ref = node_for(target->schema);
  }
  if (const auto target = resolve("$dynamicRef")) {
    rules(node.combination).dynamic_ref =
        DynamicRef{node_for(target->schema), target->dynamic_anchor};
  }
}

void Compiler::compile_combination(const Json& schema, Node& node) {
  if (!has_any(schema, {"allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas"})) return;
  Combination& combination = rules(node.combination);
  combination.all_of = subschemas(schema, "allOf");
  combination.any_of = subschemas(schema, "anyOf");
  combination.one_of = subschemas(schema, "oneOf");
  combination.excluded = subschema(schema, "not");
  combination.condition = subschema(schema, "if");
  if (combination.condition) {
    combination.consequence = subschema(schema, "then");
    combination.alternative = subschema(schema, "else");
  }
  combination.dependent = named_subschemas(schema, "dependentSchemas");
}

/// Any resource that is known by now may be entered before a dynamic reference is met. Compiling
/// their anchors may bring in more.
void Compiler::compile_dynamic_anchors() {
  for (; anchors_done_ < loader_.dynamic_anchors().size(); ++anchors_done_) {
    const DynamicAnchor& anchor = loader_.dynamic_anchors()[anchors_done_];
    program_.dynamic_anchors.emplace(std::pair{anchor.name, anchor.resource},
                                     node_for(anchor.schema));
  }
}

}  // namespace crossfoot::contract::schema
