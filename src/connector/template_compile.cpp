#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "connector/template.h"

namespace crossfoot::connector {

namespace {

constexpr int depth_max = 32;

bool is_literal(const std::string& text) {
  return text == "true" || text == "false" || text == "null" || is_json_number(text);
}

}  // namespace

/// Turns the template's tree into the flat program. Goes on after a fault to find the others.
class TemplateCompiler {
 public:
  TemplateCompiler(const std::vector<std::string>& roots, const std::string& file) : file_(file) {
    names_.roots = roots;
  }

  std::expected<Template, std::vector<PackFault>> run(const YAML::Node& node) {
    program_.root_ = compile(node, 0);
    if (!faults_.empty()) return std::unexpected(std::move(faults_));
    return std::move(program_);
  }

 private:
  using Kind = Template::Kind;
  using NodeIndex = Template::NodeIndex;

  NodeIndex wrong(const YAML::Node& node, std::string message) {
    faults_.push_back({file_, node.Mark().line + 1, std::move(message)});
    return Template::no_node;
  }

  NodeIndex add(Kind kind, std::size_t first, std::size_t count = 1) {
    program_.nodes_.push_back(
        {kind, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count)});
    return static_cast<NodeIndex>(program_.nodes_.size() - 1);
  }

  NodeIndex add_literal(std::string json) {
    program_.literals_.push_back(std::move(json));
    return add(Kind::literal, program_.literals_.size() - 1);
  }

  NodeIndex compile(const YAML::Node& node, int depth) {
    if (depth > depth_max) return wrong(node, "is nested too deeply");
    if (node.IsNull()) return add_literal("null");
    if (node.IsScalar()) return compile_scalar(node);
    if (node.IsSequence()) return compile_array(node, depth);
    return is_directive(node) ? compile_directive(node, depth) : compile_object(node, depth);
  }

  NodeIndex compile_scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() != "!" && is_literal(text)) return add_literal(text);
    auto pieces = parse_pieces(text, names_);
    if (!pieces) return wrong(node, std::move(pieces.error()));
    if (pieces->empty()) return add_literal("\"\"");
    if (pieces->size() == 1 && pieces->front().placeholder) {
      program_.values_.push_back(std::move(*pieces->front().placeholder));
      return add(Kind::value, program_.values_.size() - 1);
    }
    if (pieces->size() == 1) {
      std::string json;
      append_json_string(json, pieces->front().literal);
      return add_literal(std::move(json));
    }
    const std::size_t first = program_.pieces_.size();
    for (Piece& piece : *pieces) program_.pieces_.push_back(std::move(piece));
    return add(Kind::text, first, program_.pieces_.size() - first);
  }

  NodeIndex compile_array(const YAML::Node& node, int depth) {
    std::vector<NodeIndex> elements;
    for (const YAML::Node& child : node) elements.push_back(compile(child, depth + 1));
    const std::size_t first = program_.elements_.size();
    program_.elements_.insert(program_.elements_.end(), elements.begin(), elements.end());
    return add(Kind::array, first, elements.size());
  }

  NodeIndex compile_object(const YAML::Node& node, int depth) {
    std::vector<Template::Member> members;
    std::vector<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return wrong(entry.first, "a member's name must be text");
      std::string key = entry.first.Scalar();
      if (std::ranges::find(seen, key) != seen.end()) {
        wrong(entry.first, "member '" + key + "' is there twice");
      }
      seen.push_back(key);
      if (key.starts_with("$$")) key.erase(0, 1);
      std::string json;
      append_json_string(json, key);
      json += ':';
      members.push_back({std::move(json), compile(entry.second, depth + 1)});
    }
    const std::size_t first = program_.members_.size();
    for (auto& member : members) program_.members_.push_back(std::move(member));
    return add(Kind::object, first, members.size());
  }

  static bool is_directive(const YAML::Node& node) {
    return std::ranges::any_of(node, [](const auto& entry) {
      const std::string& key = entry.first.Scalar();
      return key.starts_with("$") && !key.starts_with("$$");
    });
  }

  /// Every key of a directive's object belongs to it.
  bool only(const YAML::Node& node, std::initializer_list<std::string_view> keys) {
    bool good = true;
    for (const auto& entry : node) {
      const std::string& key = entry.first.Scalar();
      if (std::ranges::find(keys, key) != keys.end()) continue;
      wrong(entry.first, "'" + key + "' is not known here");
      good = false;
    }
    return good;
  }

  NodeIndex compile_directive(const YAML::Node& node, int depth) {
    if (node["$each"]) return compile_each(node, depth);
    if (node["$if"]) return compile_if(node, depth);
    if (node["$switch"]) return compile_switch(node, depth);
    for (const auto& entry : node) {
      const std::string& key = entry.first.Scalar();
      if (key.starts_with("$")) {
        wrong(entry.first, "'" + key +
                               "' starts nothing known; there are $each, $if and $switch, " +
                               "and $$ starts a name with a dollar sign");
      }
    }
    return Template::no_node;
  }

  NodeIndex compile_each(const YAML::Node& node, int depth) {
    only(node, {"$each", "$as", "$do", "$where"});
    const YAML::Node list = node["$each"];
    const YAML::Node body = node["$do"];
    if (!list.IsScalar()) return wrong(list, "$each names a path");
    if (!body) return wrong(node, "$each needs $do");
    if (names_.loops.size() == loops_max) return wrong(node, "loops are nested too deeply");
    auto path = parse_path(list.Scalar(), names_);
    if (!path) return wrong(list, std::move(path.error()));
    if (path->source > Path::Source::loop) return wrong(list, "$each names a list");
    names_.loops.push_back(node["$as"] ? node["$as"].Scalar() : "item");
    std::optional<Condition> where;
    if (node["$where"]) where = compile_condition(node["$where"]);
    const NodeIndex compiled = compile(body, depth + 1);
    names_.loops.pop_back();
    program_.loops_.push_back({std::move(*path), std::move(where), compiled});
    return add(Kind::each, program_.loops_.size() - 1);
  }

  NodeIndex compile_if(const YAML::Node& node, int depth) {
    only(node, {"$if", "$then", "$else"});
    if (!node["$then"]) return wrong(node, "$if needs $then");
    Template::If choice;
    choice.condition = compile_condition(node["$if"]);
    choice.then = compile(node["$then"], depth + 1);
    if (node["$else"]) choice.otherwise = compile(node["$else"], depth + 1);
    program_.ifs_.push_back(std::move(choice));
    return add(Kind::if_, program_.ifs_.size() - 1);
  }

  NodeIndex compile_switch(const YAML::Node& node, int depth) {
    only(node, {"$switch", "$cases", "$default"});
    const YAML::Node cases = node["$cases"];
    if (!cases || !cases.IsMap()) return wrong(node, "$switch needs $cases");
    Template::Switch choice;
    auto path = parse_path(node["$switch"].Scalar(), names_);
    if (!path) return wrong(node["$switch"], std::move(path.error()));
    choice.on.path = std::move(*path);
    for (const auto& entry : cases) {
      choice.cases.emplace_back(entry.first.Scalar(), compile(entry.second, depth + 1));
    }
    if (node["$default"]) choice.otherwise = compile(node["$default"], depth + 1);
    program_.switches_.push_back(std::move(choice));
    return add(Kind::switch_, program_.switches_.size() - 1);
  }

  Condition compile_condition(const YAML::Node& node) {
    Condition condition;
    if (node.IsScalar()) {
      set_path(condition, node);
      return condition;
    }
    if (!node.IsMap() || !node["path"]) {
      wrong(node, "a condition is a path, or {path, in | not_in | present}");
      return condition;
    }
    only(node, {"path", "in", "not_in", "present"});
    set_path(condition, node["path"]);
    if (node["in"]) set_values(condition, Condition::Mode::in, node["in"]);
    if (node["not_in"]) set_values(condition, Condition::Mode::not_in, node["not_in"]);
    if (node["present"]) {
      condition.mode =
          node["present"].Scalar() == "true" ? Condition::Mode::present : Condition::Mode::absent;
    }
    return condition;
  }

  void set_path(Condition& condition, const YAML::Node& node) {
    auto path = parse_path(node.Scalar(), names_);
    if (path) {
      condition.path = std::move(*path);
    } else {
      wrong(node, std::move(path.error()));
    }
  }

  void set_values(Condition& condition, Condition::Mode mode, const YAML::Node& node) {
    condition.mode = mode;
    if (!node.IsSequence() || node.size() == 0) {
      wrong(node, "a list of values is needed");
      return;
    }
    for (const YAML::Node& value : node) {
      if (!value.IsScalar()) {
        wrong(value, "a value is a text, a number, true or false");
        continue;
      }
      condition.values.push_back(value.Scalar());
    }
  }

  const std::string& file_;
  Names names_;
  Template program_;
  std::vector<PackFault> faults_;
};

std::expected<Template, std::vector<PackFault>> Template::compile(
    const YAML::Node& node, const std::vector<std::string>& roots, const std::string& file) {
  try {
    return TemplateCompiler(roots, file).run(node);
  } catch (const YAML::Exception& error) {
    return std::unexpected(std::vector<PackFault>{{file, error.mark.line + 1, error.msg}});
  }
}

std::expected<Template, std::vector<PackFault>> Template::compile(
    std::string_view text, const std::vector<std::string>& roots, const std::string& file) {
  // YAML's reader knows the lines, but reads more than JSON: a file named .json must be JSON.
  YAML::Node node;
  try {
    node = YAML::Load(std::string(text));
  } catch (const YAML::Exception& error) {
    return std::unexpected(
        std::vector<PackFault>{{file, error.mark.line + 1, "is not JSON: " + error.msg}});
  }
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(text);
  if (const auto error = parser.parse(padded).error(); error != simdjson::SUCCESS) {
    return std::unexpected(std::vector<PackFault>{
        {file, 1, std::string("is not JSON: ") + simdjson::error_message(error)}});
  }
  return compile(node, roots, file);
}

}  // namespace crossfoot::connector
