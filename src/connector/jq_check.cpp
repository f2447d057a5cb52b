#include "connector/jq_check.h"

#include <algorithm>
#include <array>
#include <vector>

namespace crossfoot::connector {

namespace {

struct Refusal {
  std::string_view word;
  std::string_view reason;
};

constexpr std::string_view no_bound = "may run without bound";
constexpr std::string_view outside = "reaches outside of the mapping's input";
constexpr std::array refusals{
    Refusal{"while", no_bound},
    Refusal{"until", no_bound},
    Refusal{"repeat", no_bound},
    Refusal{"range", no_bound},
    Refusal{"recurse", no_bound},
    Refusal{"recurse_down", no_bound},
    Refusal{"combinations", no_bound},
    Refusal{"gsub", "may run without bound on an empty match"},
    Refusal{"implode", "may abort the process on bad data"},
    Refusal{"input", outside},
    Refusal{"inputs", outside},
    Refusal{"debug", outside},
    Refusal{"stderr", outside},
    Refusal{"env", outside},
    Refusal{"$ENV", outside},
    Refusal{"import", outside},
    Refusal{"include", outside},
    Refusal{"input_filename", outside},
    Refusal{"input_line_number", outside},
    Refusal{"get_search_list", outside},
    Refusal{"modulemeta", outside},
    Refusal{"now", outside},
    Refusal{"halt", outside},
    Refusal{"halt_error", outside},
};

struct Word {
  std::string_view text;  ///< an identifier, or one of `; ( ) :`
  int line = 1;
};

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || c == ':';
}

/// The program's words: without comments, texts (what is interpolated in them is read), fields.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) { read(false); }

  std::vector<Word> take() { return std::move(words_); }

 private:
  void read(bool interpolated) {
    int open = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == '"') {
        ++at_;
        skip_text();
      } else if (c == '.') {
        skip_field();
      } else if (is_word_char(c) && c != ':') {
        read_word();
      } else {
        if (c == '(') ++open;
        if (c == ')' && --open < 0 && interpolated) return;
        if (c == ';' || c == '(' || c == ')' || c == ':')
          words_.push_back({text_.substr(at_, 1), line_});
        ++at_;
      }
    }
  }

  void skip_text() {
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] == '\\') {
        ++at_;
        if (at_ < text_.size() && text_[at_] == '(') {
          ++at_;
          words_.push_back({"(", line_});
          read(true);
          words_.push_back({")", line_});
        }
      }
      ++at_;
    }
    ++at_;
  }

  void skip_field() {
    ++at_;
    while (at_ < text_.size() && is_word_char(text_[at_]) && text_[at_] != ':') ++at_;
  }

  void read_word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_word_char(text_[at_]) && text_[at_] != ':') ++at_;
    words_.push_back({text_.substr(from, at_ - from), line_});
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<Word> words_;
};

/// The index after the definition's body, whose first word is at `body`.
std::size_t body_end(const std::vector<Word>& words, std::size_t body) {
  int open = 0;
  int definitions = 0;
  for (std::size_t i = body; i < words.size(); ++i) {
    if (words[i].text == "(") ++open;
    if (words[i].text == ")") --open;
    if (words[i].text == "def" && open == 0) ++definitions;
    if (words[i].text == ";" && open == 0 && definitions-- == 0) return i;
  }
  return words.size();
}

std::optional<JqProblem> find_recursion(const std::vector<Word>& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].text != "def") continue;
    const std::string_view name = words[i + 1].text;
    std::size_t body = i + 2;
    if (body < words.size() && words[body].text == "(") {
      while (body < words.size() && words[body].text != ")") ++body;
      ++body;
    }
    const std::size_t end = body_end(words, body);
    for (std::size_t inner = body; inner < end; ++inner) {
      if (words[inner].text == name) {
        return JqProblem{words[inner].line,
                         "'" + std::string(name) + "' calls itself and may run without bound"};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<JqProblem> check_jq_ends(std::string_view program) {
  const std::vector<Word> words = Words(program).take();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto refusal = std::ranges::find(refusals, words[i].text, &Refusal::word);
    if (refusal == refusals.end()) continue;
    // `{range: 1}` names a member.
    if (i + 1 < words.size() && words[i + 1].text == ":") continue;
    return JqProblem{words[i].line,
                     "'" + std::string(refusal->word) + "' " + std::string(refusal->reason)};
  }
  return find_recursion(words);
}

}  // namespace crossfoot::connector
