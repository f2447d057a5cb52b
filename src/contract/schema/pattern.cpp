#include "contract/schema/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "contract/schema/ecma_regex.h"

namespace crossfoot::contract::schema {

namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Deleter<Free>>;

constexpr std::size_t pattern_bytes_max = 16'384;
constexpr std::uint32_t heap_kib_max = 32 * 1024;
/// The first try of a match: enough for every sensible pattern, and not charged.
constexpr std::uint32_t cheap_steps = 2'000;
constexpr std::uint32_t costly_steps = 200'000;

std::uint32_t scaled(std::uint32_t steps, std::uint32_t steps_a_byte, std::size_t bytes) {
  constexpr std::size_t counted_bytes_max = 10'000'000;
  return steps + steps_a_byte * static_cast<std::uint32_t>(std::min(bytes, counted_bytes_max));
}

std::string message(int error) {
  std::array<PCRE2_UCHAR, 200> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

struct Pattern::Compiled {
  Owned<pcre2_code, pcre2_code_free> code;
};

Pattern::Pattern(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

std::expected<Pattern, std::string> Pattern::compile(std::string_view pattern) {
  if (pattern.size() > pattern_bytes_max) return std::unexpected("the pattern is too long");
  const auto translated = translate_ecma_regex(pattern);
  if (!translated) return std::unexpected(translated.error());
  int error = 0;
  std::size_t offset = 0;
  constexpr std::uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY |
                                    PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C;
  auto compiled = std::make_unique<Compiled>();
  compiled->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated->data()),
                                     translated->size(), options, &error, &offset, nullptr));
  if (!compiled->code) return std::unexpected(message(error));
  // Where the system forbids it, matching falls back to the interpreter.
  static_cast<void>(pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE));
  return Pattern(std::move(compiled));
}

std::size_t Pattern::bytes() const {
  std::size_t code = 0;
  std::size_t jit = 0;
  static_cast<void>(pcre2_pattern_info(compiled_->code.get(), PCRE2_INFO_SIZE, &code));
  static_cast<void>(pcre2_pattern_info(compiled_->code.get(), PCRE2_INFO_JITSIZE, &jit));
  return code + jit;
}

/// Matching needs no result but yes or no, so one pair of offsets is room enough.
struct Matcher::Scratch {
  Owned<pcre2_match_context, pcre2_match_context_free> context{pcre2_match_context_create(nullptr)};
  Owned<pcre2_match_data, pcre2_match_data_free> data{pcre2_match_data_create(1, nullptr)};

  int run(const pcre2_code* code, std::string_view text, std::uint32_t steps,
          std::uint32_t options) const {
    if (!context || !data) return PCRE2_ERROR_NOMEMORY;
    pcre2_set_match_limit(context.get(), steps);
    pcre2_set_depth_limit(context.get(), steps);
    pcre2_set_heap_limit(context.get(), heap_kib_max);
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                       options | PCRE2_NO_UTF_CHECK, data.get(), context.get());
  }
};

Matcher::Matcher() = default;
Matcher::~Matcher() = default;

MatchOutcome Matcher::match(const Pattern& pattern, std::string_view text) {
  if (text.data() == nullptr) text = "";
  if (!scratch_) scratch_ = std::make_unique<Scratch>();
  const pcre2_code* code = pattern.compiled_->code.get();
  int result = scratch_->run(code, text, scaled(cheap_steps, 4, text.size()), 0);
  if (result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_JIT_STACKLIMIT) {
    const std::uint32_t steps = scaled(costly_steps, 20, text.size());
    if (steps_left_ < steps) return MatchOutcome::gave_up;
    steps_left_ -= steps;
    result = scratch_->run(code, text, steps, PCRE2_NO_JIT);
  }
  if (result >= 0) return MatchOutcome::matches;
  return result == PCRE2_ERROR_NOMATCH ? MatchOutcome::differs : MatchOutcome::gave_up;
}

}  // namespace crossfoot::contract::schema
