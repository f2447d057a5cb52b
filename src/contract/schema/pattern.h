#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace crossfoot::contract::schema {

enum class MatchOutcome : std::uint8_t { matches, differs, gave_up };

/// One compiled ECMA-262 pattern, unanchored. Immutable; any thread.
class Pattern {
 public:
  /// The error says why the pattern cannot be used.
  [[nodiscard]] static std::expected<Pattern, std::string> compile(std::string_view pattern);

  /// Memory of the compiled form.
  [[nodiscard]] std::size_t bytes() const;

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

 private:
  friend class Matcher;
  struct Compiled;
  explicit Pattern(std::unique_ptr<Compiled> compiled);

  std::unique_ptr<Compiled> compiled_;
};

/// Runs patterns for one validation, with one budget for all its matches: many slow ones end like
/// one endless one. Single owner.
class Matcher {
 public:
  Matcher();
  ~Matcher();

  /// `text` is valid UTF-8. Steps and memory of one match are bounded in proportion to its length;
  /// `gave_up` when they, or what is left of the budget, do not suffice.
  [[nodiscard]] MatchOutcome match(const Pattern& pattern, std::string_view text);

 private:
  struct Scratch;

  std::unique_ptr<Scratch> scratch_;
  std::uint64_t steps_left_ = 20'000'000;  ///< beyond the cheap first try of each match
};

}  // namespace crossfoot::contract::schema
