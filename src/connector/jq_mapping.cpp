#include "connector/jq_mapping.h"

#include <algorithm>

#include "connector/jq_check.h"
#include "contract/error_codes.h"

extern "C" {
#include <jq.h>
#include <jv.h>
}

namespace crossfoot::connector {

namespace {

std::unexpected<Fault> rejected(std::string cause) {
  return fail({.code = std::string(contract::error_code::mapping_failed),
               .fault_class = FaultClass::rejected,
               .where = "mapping: jq",
               .cause = std::move(cause)});
}

std::string take_text(jv value) {
  if (jv_get_kind(value) != JV_KIND_STRING) value = jv_dump_string(value, 0);
  std::string text(jv_string_value(value),
                   static_cast<std::size_t>(jv_string_length_bytes(jv_copy(value))));
  jv_free(value);
  return text;
}

void keep_message(void* into, jv message) {
  auto& text = *static_cast<std::string*>(into);
  if (!text.empty()) text += "; ";
  text += take_text(message);
}

}  // namespace

class JqMapping::Program {
 public:
  explicit Program(JqLimits limits) : limits_(limits), state_(jq_init()) {
    if (state_ != nullptr) jq_set_error_cb(state_, keep_message, &messages_);
  }
  ~Program() {
    if (state_ != nullptr) jq_teardown(&state_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  bool compile(const std::string& text) {
    return state_ != nullptr && jq_compile(state_, text.c_str()) != 0;
  }

  [[nodiscard]] const std::string& messages() const { return messages_; }

  Status run(std::string_view input, std::string& out) {
    if (input.size() > limits_.input_bytes_max) return rejected("the input is over its limit");
    const jv value = jv_parse_sized(input.data(), static_cast<int>(input.size()));
    if (!jv_is_valid(value)) {
      jv_free(value);
      return rejected("the input is not JSON");
    }
    messages_.clear();
    jq_start(state_, value, 0);
    const jv result = jq_next(state_);
    if (!jv_is_valid(result)) return rejected(error_of(result));
    const jv more = jq_next(state_);
    const bool several = jv_is_valid(more);
    jv_free(more);
    if (several) {
      jv_free(result);
      return rejected("the program yields more than one value");
    }
    return append(result, out);
  }

 private:
  static std::string error_of(jv invalid) {
    if (jv_invalid_has_msg(jv_copy(invalid)) == 0) {
      jv_free(invalid);
      return "the program yields nothing";
    }
    return take_text(jv_invalid_get_msg(invalid));
  }

  Status append(jv result, std::string& out) const {
    const jv text = jv_dump_string(result, 0);
    const auto size = static_cast<std::size_t>(jv_string_length_bytes(jv_copy(text)));
    if (size > limits_.output_bytes_max) {
      jv_free(text);
      return rejected("the request grows over its limit");
    }
    out.append(jv_string_value(text), size);
    jv_free(text);
    return {};
  }

  JqLimits limits_;
  jq_state* state_;
  std::string messages_;
};

JqMapping::JqMapping(std::unique_ptr<Program> program) : program_(std::move(program)) {}
JqMapping::JqMapping(JqMapping&&) noexcept = default;
JqMapping& JqMapping::operator=(JqMapping&&) noexcept = default;
JqMapping::~JqMapping() = default;

std::expected<JqMapping, JqMapping::Error> JqMapping::compile(std::string_view program,
                                                              JqLimits limits) {
  if (program.size() > limits.program_bytes_max) {
    return std::unexpected(Error{1, "the program is over its limit"});
  }
  if (auto problem = check_jq_ends(program)) {
    return std::unexpected(Error{problem->line, std::move(problem->message)});
  }
  auto compiled = std::make_unique<Program>(limits);
  if (!compiled->compile(std::string(program))) {
    const std::string& messages = compiled->messages();
    const std::size_t at = messages.rfind("line ");
    const int line =
        at == std::string::npos ? 1 : std::max(1, std::atoi(messages.c_str() + at + 5));
    return std::unexpected(Error{line, messages});
  }
  return JqMapping(std::move(compiled));
}

Status JqMapping::run(std::string_view input, std::string& out) const {
  return program_->run(input, out);
}

}  // namespace crossfoot::connector
