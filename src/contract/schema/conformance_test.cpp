// Goal: the validator agrees with the JSON Schema Test Suite (github.com/json-schema-org, MIT) on
// every required test of draft 2020-12. Read from the folder named by CROSSFOOT_DATA.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "contract/schema/schema.h"

namespace crossfoot::contract::schema {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view remotes_uri = "http://localhost:1234/";

fs::path suite() {
  const char* named = std::getenv("CROSSFOOT_DATA");
  return fs::path(named != nullptr ? named : "../shared/data") / "conformance" /
         "json-schema-draft2020-12";
}

Result<std::string> read_text(const fs::path& path) {
  std::ifstream in(path);
  if (!in.good()) return fail({.code = "CF-7003", .cause = "no file"});
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The text of one value again, from its parsed form: the suite has its schemas inside its files.
void write(const Json& value, std::string& out) {
  const auto quote = [&out](std::string_view text) {
    out += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      if (static_cast<std::uint8_t>(c) < 0x20) {
        constexpr std::string_view digits = "0123456789abcdef";
        out += "\\u00";
        out += digits[static_cast<std::uint8_t>(c) >> 4];
        out += digits[static_cast<std::uint8_t>(c) & 15];
      } else {
        out += c;
      }
    }
    out += '"';
  };
  switch (value.kind()) {
    case JsonKind::null:
      out += "null";
      return;
    case JsonKind::boolean:
      out += value.boolean() ? "true" : "false";
      return;
    case JsonKind::number: {
      const Number number = value.number();
      if (number.negative) out += '-';
      out += number.is_zero() ? std::string("0") : std::string(number.digits);
      out += "e" + std::to_string(number.exponent);
      return;
    }
    case JsonKind::text:
      quote(value.text());
      return;
    case JsonKind::array:
      out += '[';
      for (const Json& element : value.elements()) {
        if (&element != value.elements().data()) out += ',';
        write(element, out);
      }
      out += ']';
      return;
    case JsonKind::object:
      out += '{';
      for (const JsonMember& member : value.members()) {
        if (&member != value.members().data()) out += ',';
        quote(member.name);
        out += ':';
        write(member.value, out);
      }
      out += '}';
      return;
  }
}

struct Score {
  std::size_t passed = 0;
  std::vector<std::string> failed;
};

void run_group(const Json& group, const SchemaOptions& options, const std::string& file,
               Score& score) {
  std::string text;
  write(*group.find("schema"), text);
  const auto compiled = Schema::compile(std::move(text), options);
  for (const Json& test : group.find("tests")->elements()) {
    const std::string name = file + ": " + std::string(group.find("description")->text()) + ": " +
                             std::string(test.find("description")->text());
    if (!compiled) {
      score.failed.push_back(name + ": " + compiled.error().where + " " + compiled.error().cause);
      continue;
    }
    const bool expected = test.find("valid")->boolean();
    const auto verdict = compiled->validate(*test.find("data"));
    const auto first = compiled->validate(*test.find("data"), 1);
    const bool agrees = verdict && first && verdict->valid == expected &&
                        first->valid == expected && verdict->errors.empty() == expected &&
                        first->errors.size() == (expected ? 0 : 1);
    if (agrees) {
      ++score.passed;
    } else {
      score.failed.push_back(name + (verdict ? "" : ": " + verdict.error().cause));
    }
  }
}

Score run_folder(const fs::path& folder, bool assert_formats) {
  Score score;
  SchemaOptions options;
  options.assert_formats = assert_formats;
  options.fetch = [](const std::string& uri) -> Result<std::string> {
    if (!uri.starts_with(remotes_uri)) return fail({.code = "CF-7003", .cause = "no file"});
    return read_text(suite() / "remotes" / uri.substr(remotes_uri.size()));
  };
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    const auto document = JsonDocument::parse(*read_text(file));
    if (!document) {
      score.failed.push_back(file.string() + ": " + document.error().cause);
      continue;
    }
    for (const Json& group : document->root().elements()) {
      run_group(group, options, file.filename(), score);
    }
  }
  return score;
}

TEST(SchemaConformance, EveryRequiredTestPasses) {
  const fs::path folder = suite() / "draft2020-12";
  if (!fs::is_directory(folder)) {
    GTEST_SKIP() << "SKIPPED: no data in " << folder << "; set CROSSFOOT_DATA to the folder of it";
  }
  const Score score = run_folder(folder, false);
  std::cout << score.passed << " required tests passed, " << score.failed.size() << " failed\n";
  for (const std::string& name : score.failed) ADD_FAILURE() << name;
  EXPECT_GT(score.passed, 1'000U);
}

/// Optional tests that are not met: other drafts; the `dependencies` of older ones; of host names
/// the bidirectional rule and the encoded length, which want more tables than they are worth here.
constexpr std::array<std::string_view, 3> not_met = {
    "cross-draft.json", "dependencies-compatibility.json", "idn-hostname.json"};

TEST(SchemaConformance, OptionalTestsFailOnlyWhereItIsSaid) {
  const fs::path folder = suite() / "draft2020-12" / "optional";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "SKIPPED: no optional tests in " << folder;
  for (const auto& [part, formats] : {std::pair{folder, false}, {folder / "format", true}}) {
    const Score score = run_folder(part, formats);
    std::cout << part << ": " << score.passed << " passed, " << score.failed.size() << " failed\n";
    for (const std::string& name : score.failed) {
      const std::string file = name.substr(0, name.find(':'));
      EXPECT_NE(std::ranges::find(not_met, file), not_met.end()) << name;
    }
  }
}

}  // namespace
}  // namespace crossfoot::contract::schema
