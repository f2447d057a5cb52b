// Goal: the published schema and examples say what the parser does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "contract/fields.h"
#include "contract/transaction_json.h"
#include "contract/words.h"

namespace crossfoot::contract {
namespace {

using testing::UnorderedElementsAreArray;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class Schema : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(parser_.load("api/schemas/transaction/v1.json").get(root_), simdjson::SUCCESS);
  }

  std::vector<std::string> names(std::string_view pointer) {
    std::vector<std::string> found;
    simdjson::dom::object object;
    EXPECT_EQ(root_.at_pointer(pointer).get(object), simdjson::SUCCESS) << pointer;
    for (const auto [key, value] : object) found.emplace_back(key);
    return found;
  }
  std::vector<std::string> texts(std::string_view pointer) {
    std::vector<std::string> found;
    simdjson::dom::array array;
    EXPECT_EQ(root_.at_pointer(pointer).get(array), simdjson::SUCCESS) << pointer;
    for (const auto value : array) found.emplace_back(std::string_view(value));
    return found;
  }
  std::uint64_t number(std::string_view pointer) {
    std::uint64_t found = 0;
    EXPECT_EQ(root_.at_pointer(pointer).get(found), simdjson::SUCCESS) << pointer;
    return found;
  }

  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

TEST_F(Schema, HasTheFieldsThatTheParserReads) {
  EXPECT_THAT(names("/properties"), UnorderedElementsAreArray(fields::top_names));
  EXPECT_THAT(names("/$defs/line/properties"), UnorderedElementsAreArray(fields::line_names));
  EXPECT_THAT(names("/$defs/original/properties"),
              UnorderedElementsAreArray(fields::original_names));
  EXPECT_THAT(names("/$defs/discount/properties"),
              UnorderedElementsAreArray(fields::discount_names));
  EXPECT_THAT(names("/$defs/tender/properties"), UnorderedElementsAreArray(fields::tender_names));
  EXPECT_THAT(names("/$defs/totals/properties"), UnorderedElementsAreArray(fields::totals_names));
}

TEST_F(Schema, HasTheWordsThatTheParserReads) {
  EXPECT_THAT(texts("/properties/kind/enum"), UnorderedElementsAreArray(words::transaction_kind));
  EXPECT_THAT(texts("/$defs/channel/enum"), UnorderedElementsAreArray(words::channel));
  EXPECT_THAT(texts("/properties/tax_mode/enum"), UnorderedElementsAreArray(words::tax_mode));
  EXPECT_THAT(texts("/$defs/line/properties/action/enum"),
              UnorderedElementsAreArray(words::line_action));
  EXPECT_THAT(texts("/$defs/line/properties/kind/enum"),
              UnorderedElementsAreArray(words::line_kind));
  EXPECT_THAT(texts("/$defs/tender/properties/kind/enum"),
              UnorderedElementsAreArray(words::tender_kind));
}

TEST_F(Schema, HasTheLimitsThatTheParserKeeps) {
  const ParseLimits limits;
  EXPECT_EQ(number("/properties/lines/maxItems"), limits.lines_max);
  EXPECT_EQ(number("/properties/discounts/maxItems"), limits.discounts_max);
  EXPECT_EQ(number("/properties/tenders/maxItems"), limits.tenders_max);
  EXPECT_EQ(number("/$defs/text/maxLength"), limits.text_characters_max);
  EXPECT_EQ(number("/$defs/line/properties/description/maxLength"),
            limits.description_characters_max);
}

TEST_F(Schema, RequiresWhatTheParserRequires) {
  // Each required field taken out of an example must be missed under its own pointer.
  const std::string sale = read_text("api/examples/transaction/sale.json");
  const ParsePolicy policy = ParsePolicy::stored();
  for (const std::string& field : texts("/required")) {
    std::string without = sale;
    const std::string quoted = "\"" + field + "\":";
    const std::size_t at = without.find(quoted);
    ASSERT_NE(at, std::string::npos) << field;
    without.replace(at, quoted.size(), "\"x_" + field + "\":");
    const auto parsed = parse_transaction(without, policy);
    ASSERT_FALSE(parsed.has_value()) << field;
    EXPECT_EQ(parsed.error().errors[0].pointer, "/" + field);
    EXPECT_EQ(parsed.error().errors[0].code, error_code::required_field) << field;
  }
}

TEST(Fields, AreFoundByTheirExactNamesOnly) {
  const auto& table = fields::Names<fields::Top>::table;
  for (std::size_t i = 0; i < table.size; ++i) {
    const std::string name(table.names()[i]);
    EXPECT_EQ(table.find(name), i) << name;
    EXPECT_EQ(table.find(name + "s"), table.size) << name;
    for (std::size_t at = 0; at < name.size(); ++at) {
      std::string other = name;
      other[at] = static_cast<char>(other[at] ^ 1);
      EXPECT_EQ(table.find(other), table.size) << other;
    }
  }
  EXPECT_EQ(table.find(""), table.size);
}

TEST(Examples, EveryOneIsTakenStrictly) {
  ParsePolicy policy{.unknown_fields = UnknownFields::strict,
                     .now = *parse_instant("2026-11-22T18:00:00Z")};
  std::vector<TransactionKind> kinds;
  for (const auto& entry : std::filesystem::directory_iterator("api/examples/transaction")) {
    if (entry.path().extension() != ".json") continue;
    const auto parsed = parse_transaction(read_text(entry.path()), policy);
    ASSERT_TRUE(parsed.has_value()) << entry.path() << to_json(parsed.error());
    kinds.push_back(parsed->transaction.kind);
    EXPECT_EQ(parse_transaction(render_transaction(parsed->transaction), policy)->transaction,
              parsed->transaction);
  }
  EXPECT_THAT(kinds,
              UnorderedElementsAreArray({TransactionKind::sale, TransactionKind::return_goods,
                                         TransactionKind::exchange, TransactionKind::void_sale,
                                         TransactionKind::stock_adjustment}));
}

}  // namespace
}  // namespace crossfoot::contract
