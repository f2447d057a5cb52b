#include <algorithm>

#include "connector/template.h"
#include "contract/error_codes.h"

namespace crossfoot::connector {

namespace {

bool is_truthy(Json value) {
  if (value.is_bool()) return value.get_bool().value_unsafe();
  if (value.is_string()) return !std::string_view(value.get_string().value_unsafe()).empty();
  if (value.is_array()) return value.get_array().value_unsafe().size() > 0;
  if (value.is_object()) return value.get_object().value_unsafe().size() > 0;
  return true;
}

bool is_truthy(const Path& path, const Scope& scope) {
  switch (path.source) {
    case Path::Source::index:
      return true;
    case Path::Source::first:
      return scope.loops[path.loop].index == 0;
    case Path::Source::last:
      return scope.loops[path.loop].last;
    default:
      break;
  }
  const auto value = resolve(path, scope);
  return value && is_truthy(*value);
}

}  // namespace

bool holds(const Condition& condition, const Scope& scope) {
  if (condition.mode == Condition::Mode::truthy) return is_truthy(condition.path, scope);
  std::string text;
  // A list or an object has no text: it is present, and equal to none of the values.
  const auto present = append_text(text, {.path = condition.path}, scope);
  switch (condition.mode) {
    case Condition::Mode::present:
      return !present || *present;
    case Condition::Mode::absent:
      return present && !*present;
    case Condition::Mode::in:
      return present && *present &&
             std::ranges::find(condition.values, text) != condition.values.end();
    default:
      return !present || !*present ||
             std::ranges::find(condition.values, text) == condition.values.end();
  }
}

/// Runs a program once. A node that yields nothing leaves `out` as it was.
class TemplateRenderer {
 public:
  TemplateRenderer(const Template& program, Json input, std::string& out)
      : program_(program), out_(out) {
    scope_.input = input;
  }

  Status run() {
    if (!render(program_.root_)) {
      if (fault_) return fail(std::move(*fault_));
      return fail(rejected("the template yields nothing"));
    }
    return {};
  }

 private:
  using Kind = Template::Kind;
  using NodeIndex = Template::NodeIndex;

  static Fault rejected(std::string cause) {
    return {.code = std::string(contract::error_code::mapping_failed),
            .fault_class = FaultClass::rejected,
            .where = "mapping",
            .cause = std::move(cause)};
  }

  bool taken(Result<bool> present) {
    if (present) return *present;
    if (!fault_) fault_ = std::move(present.error());
    return false;
  }

  /// False when the node yields nothing or a fault was found.
  bool render(NodeIndex index) {
    if (index == Template::no_node || fault_) return false;
    if (out_.size() > Template::output_bytes_max) {
      fault_ = rejected("the request grows over its limit");
      return false;
    }
    const Template::Node& node = program_.nodes_[index];
    switch (node.kind) {
      case Kind::literal:
        out_ += program_.literals_[node.first];
        return true;
      case Kind::value:
        return taken(append_value(out_, program_.values_[node.first], scope_));
      case Kind::text:
        return render_text(node);
      case Kind::object:
        return render_object(node);
      case Kind::array:
        return render_array(node);
      case Kind::each:
        return render_list(program_.loops_[node.first]);
      case Kind::if_: {
        const Template::If& choice = program_.ifs_[node.first];
        return render(holds(choice.condition, scope_) ? choice.then : choice.otherwise);
      }
      case Kind::switch_:
        return render_switch(program_.switches_[node.first]);
    }
    return false;
  }

  bool render_text(const Template::Node& node) {
    std::string text;
    for (std::uint32_t i = 0; i < node.count; ++i) {
      const Piece& piece = program_.pieces_[node.first + i];
      if (!piece.placeholder) {
        text += piece.literal;
      } else if (!taken(append_text(text, *piece.placeholder, scope_))) {
        return false;
      }
    }
    append_json_string(out_, text);
    return true;
  }

  bool render_object(const Template::Node& node) {
    const std::size_t start = out_.size();
    out_ += '{';
    for (std::uint32_t i = 0; i < node.count; ++i) {
      const Template::Member& member = program_.members_[node.first + i];
      const std::size_t before = out_.size();
      if (before > start + 1) out_ += ',';
      out_ += member.key;
      if (!render(member.value)) out_.resize(before);
    }
    out_ += '}';
    return !fault_;
  }

  bool render_array(const Template::Node& node) {
    const std::size_t start = out_.size();
    out_ += '[';
    for (std::uint32_t i = 0; i < node.count; ++i) {
      append_element(program_.elements_[node.first + i], start);
    }
    out_ += ']';
    return !fault_;
  }

  void append_element(NodeIndex index, std::size_t start) {
    const std::size_t before = out_.size();
    if (before > start + 1) out_ += ',';
    if (!render(index)) out_.resize(before);
  }

  bool render_list(const Template::Each& each) {
    const std::size_t start = out_.size();
    out_ += '[';
    render_elements(each, start);
    out_ += ']';
    return !fault_;
  }

  /// A loop directly inside a loop puts its elements into the same list.
  void render_elements(const Template::Each& each, std::size_t start) {
    const auto list = resolve(each.list, scope_);
    if (!list) return;
    if (!list->is_array()) {
      fault_ = rejected("'" + each.list.text + "' is not a list");
      return;
    }
    const std::vector<Json> elements = matching(list->get_array().value_unsafe(), each.where);
    const bool nested =
        each.body != Template::no_node && program_.nodes_[each.body].kind == Kind::each;
    const std::size_t frame = scope_.loops.size();
    scope_.loops.emplace_back();
    for (std::size_t i = 0; i < elements.size() && !fault_; ++i) {
      scope_.loops[frame] = {elements[i], i, i + 1 == elements.size()};
      if (nested) {
        render_elements(program_.loops_[program_.nodes_[each.body].first], start);
      } else {
        append_element(each.body, start);
      }
    }
    scope_.loops.pop_back();
  }

  std::vector<Json> matching(simdjson::dom::array list, const std::optional<Condition>& where) {
    std::vector<Json> elements;
    elements.reserve(list.size());
    if (!where) {
      for (Json element : list) elements.push_back(element);
      return elements;
    }
    scope_.loops.emplace_back();
    for (Json element : list) {
      scope_.loops.back() = {element, 0, false};
      if (holds(*where, scope_)) elements.push_back(element);
    }
    scope_.loops.pop_back();
    return elements;
  }

  bool render_switch(const Template::Switch& choice) {
    std::string text;
    const bool present = taken(append_text(text, choice.on, scope_));
    if (fault_) return false;
    if (present) {
      for (const auto& [value, node] : choice.cases) {
        if (value == text) return render(node);
      }
    }
    return render(choice.otherwise);
  }

  const Template& program_;
  std::string& out_;
  Scope scope_;
  std::optional<Fault> fault_;
};

Status Template::render(Json input, std::string& out) const {
  return TemplateRenderer(*this, input, out).run();
}

}  // namespace crossfoot::connector
