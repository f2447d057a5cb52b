// Goal: patterns mean what ECMA-262 says, and no text makes one run long.
#include "contract/schema/pattern.h"

#include <gtest/gtest.h>

namespace crossfoot::contract::schema {
namespace {

MatchOutcome match(std::string_view pattern, std::string_view text) {
  const auto compiled = Pattern::compile(pattern);
  EXPECT_TRUE(compiled.has_value()) << pattern << ": " << (compiled ? "" : compiled.error());
  Matcher matcher;
  return compiled ? matcher.match(*compiled, text) : MatchOutcome::gave_up;
}

struct Case {
  std::string_view pattern;
  std::string_view text;
  bool matches;
};

TEST(Pattern, MeansWhatEcmaSays) {
  using namespace std::string_view_literals;
  const std::vector<Case> table = {
      {"b", "abc", true},
      {"^b", "abc", false},
      {"^abc$", "abc\n", false},
      {"a.c", "a\nc", false},
      {"a.c",
       "a\xe2\x80\xa8"
       "c",
       false},
      {"a.c", "aéc", true},
      {"^.$", "😀", true},
      {"^\\d+$", "١", false},
      {"^\\d+$", "12", true},
      {"^\\D$", "١", true},
      {"^\\w+$", "é", false},
      {"^\\W$", "é", true},
      {"^\\s$", "\xc2\xa0", true},
      {"^\\s$", "\xef\xbb\xbf", true},
      {"^[\\s]$", "\xe2\x80\x83", true},
      {"^\\S$", "\xc2\xa0", false},
      {"^[\\S]$", "x", true},
      {"^[^\\S]$", " ", true},
      {"\\bis\\b", "this is", true},
      {"\\bis\\b", "this", false},
      {"^\\p{Letter}+$", "Žluť", true},
      {"^\\p{L}+$", "a1", false},
      {"^\\p{Script=Greek}+$", "αβγ", true},
      {"^\\p{sc=Greek}+$", "abc", false},
      {"^\\P{Lu}$", "A", false},
      {"^\\p{gc=Decimal_Number}$", "١", true},
      {"^[\\p{Lu}\\d]+$", "A1", true},
      {"^\\u0041$", "A", true},
      {"^\\u{1F600}$", "😀", true},
      {"^\\ud83d\\ude00$", "😀", true},
      {"^[😀-😂]$", "😁", true},
      {"^\\x41\\cJ$", "A\n", true},
      {"^\\t\\n\\v\\f\\r$", "\t\n\v\f\r", true},
      {"^\\0$", "\0"sv, true},
      {"^[\\b]$", "\b", true},
      {"^\\/\\-\\.\\$$", "/-.$", true},
      {"^a{2,3}$", "aaaa", false},
      {"^a{2}b{0,}$", "aabbb", true},
      {"^a{,2}$", "a{,2}", true},
      {"^x{y}$", "x{y}", true},
      {"^[]$", "a", false},
      {"^[^]$", "\n", true},
      {"^[a-]$", "-", true},
      {"^[\\w-.]$", "-", true},
      {"^[[:alpha:]]$", "a]", true},
      {"^(?:a|b)+?$", "abab", true},
      {"^(a)(?<x>b)\\1\\k<x>$", "abab", true},
      {"^(?:(a)|b)\\1$", "b", true},
      {"^\\2(a)(b)$", "ab", true},
      {"^(?=.*[A-Z])(?!.*\\s).{4,}$", "abCd", true},
      {"^(?=.*[A-Z])(?!.*\\s).{4,}$", "ab Cd", false},
      {"(?<=€)5", "€5", true},
      {"(?<!€)5", "€5", false},
      {"^$", "", true},
      {"", "anything", true},
      {"^é?$", "é", true},
      {"^é+$", "ééé", true},
  };
  for (const Case& c : table) {
    EXPECT_EQ(match(c.pattern, c.text), c.matches ? MatchOutcome::matches : MatchOutcome::differs)
        << c.pattern << " on " << c.text;
  }
}

TEST(Pattern, RefusesWhatEcmaDoesNotKnow) {
  for (const std::string_view bad : {"(",        ")",
                                     "a)",       "[a",
                                     "[b-a]",    "*a",
                                     "a**",      "a+++",
                                     "^*",       "\\",
                                     "\\a",      "\\Z",
                                     "\\Aa",     "\\Q.",
                                     "\\G",      "\\R",
                                     "\\C",      "\\h",
                                     "(?i)a",    "(?>a)",
                                     "(?R)",     "(?1)",
                                     "(*UTF)",   "(?#x)",
                                     "(?|a)",    "(?P<n>a)",
                                     "a{2,1}",   "a{65536}",
                                     "\\1",      "(a)\\2",
                                     "\\k<x>",   "\\k",
                                     "(?<1>a)",  "(?<a>x)(?<a>y)",
                                     "\\u12",    "\\u{110000}",
                                     "\\x1",     "\\c1",
                                     "\\01",     "\\p{Nothing}",
                                     "\\pL",     "\\p{L",
                                     "\\ud800",  "[\\d-\\w",
                                     "(?<=a+)b", "(?=a)*"}) {
    EXPECT_FALSE(Pattern::compile(bad).has_value()) << bad;
  }
  std::string deep(300, '(');
  EXPECT_FALSE(Pattern::compile(deep + "a" + std::string(300, ')')).has_value());
  EXPECT_FALSE(Pattern::compile(std::string(20'000, 'a')).has_value());
  EXPECT_FALSE(Pattern::compile("((((a{1000}){1000}){1000}){1000})").has_value());
}

TEST(Pattern, GivesUpInsteadOfBacktrackingForever) {
  const std::string text = std::string(60, 'a') + "!";
  EXPECT_EQ(match("^(a+)+$", text), MatchOutcome::gave_up);
  EXPECT_EQ(match("^(a|aa)*$", text), MatchOutcome::gave_up);
  EXPECT_EQ(match("^(a+)+$", std::string(60, 'a')), MatchOutcome::matches);
}

TEST(Pattern, LongTextsAreNoTrouble) {
  const std::string text(1'000'000, 'a');
  EXPECT_EQ(match("^[a-z]*$", text), MatchOutcome::matches);
  EXPECT_EQ(match("^a*b", text), MatchOutcome::differs);
  EXPECT_NE(match("^(?:a|b)*$", text), MatchOutcome::differs);
}

TEST(Pattern, ManySlowMatchesShareOneBudget) {
  const auto compiled = Pattern::compile("^(a+)+$");
  ASSERT_TRUE(compiled.has_value());
  Matcher matcher;
  const std::string slow = std::string(14, 'a') + "!";  // some 30,000 steps: allowed, and charged
  MatchOutcome last = MatchOutcome::differs;
  int tries = 0;
  while (last == MatchOutcome::differs && tries < 1'000) {
    last = matcher.match(*compiled, slow);
    ++tries;
  }
  EXPECT_EQ(last, MatchOutcome::gave_up);
  EXPECT_GT(tries, 10);
}

}  // namespace
}  // namespace crossfoot::contract::schema
