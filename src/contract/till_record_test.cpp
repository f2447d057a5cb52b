#include "contract/till_record.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "contract/stored_message.h"
#include "contract/transaction_json.h"

namespace crossfoot::contract {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

const schema::Schema& till_contract() {
  static const schema::Schema compiled = [] {
    schema::SchemaOptions options;
    options.assert_formats = true;
    options.fetch = [](const std::string& uri) -> Result<std::string> {
      return read_text("api" + uri);
    };
    auto made = schema::Schema::compile(read_text("api/schemas/till_record/v1.json"), options);
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().cause);
    return std::move(*made);
  }();
  return compiled;
}

const Instant now{1'795'400'000'000'000};  // 2026-11-23

std::expected<Transaction, Problem> read(std::string_view json) {
  return read_till_record(till_contract(), json, now);
}

// Goal: every published example is read as what it says it is, and its stored form reads the same.
TEST(TillRecord, ReadsEveryPublishedExample) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("api/examples/till_record")) {
    const std::string text = read_text(entry.path());
    const auto record = read(text);
    ASSERT_TRUE(record.has_value()) << entry.path() << record.error().detail;
    EXPECT_EQ(to_string(record->kind), entry.path().stem().string());
    EXPECT_EQ(record->key.shop, "DE-001");
    const auto stored = read_stored_message(text);
    ASSERT_TRUE(stored.has_value()) << entry.path();
    EXPECT_EQ(*stored->till, *record->till);
    EXPECT_EQ(stored->key, record->key);
    EXPECT_FALSE(parse_transaction(text, ParsePolicy::stored()).has_value())
        << "the contracts of transactions and till records share no kind";
    ++count;
  }
  EXPECT_EQ(count, 10U);
}

// Goal: a Z-report keeps its figures to the minor unit.
TEST(TillRecord, ReadsTheFiguresOfAZReport) {
  const auto record = read(read_text("api/examples/till_record/till_close.json"));
  ASSERT_TRUE(record.has_value());
  const TillTotals& totals = *record->till->totals;
  EXPECT_EQ(totals.receipts, 212U);
  EXPECT_EQ(totals.last_sequence, "1412");
  EXPECT_EQ(totals.gross->minor, 95'453);
  EXPECT_EQ(totals.taxes.at(0).tax.minor, 15'240);
  EXPECT_EQ(record->till->counted.at(0).amount.minor, 110'450);
  EXPECT_EQ(record->key.register_epoch, 1U);
}

// Goal: whatever does not fit is refused with its place; nothing is guessed.
TEST(TillRecord, RefusesWhatDoesNotFitWithItsPlace) {
  const std::string good = read_text("api/examples/till_record/paid_in.json");
  struct Bad {
    std::string from, to, pointer, code;
  };
  const std::vector<Bad> table = {
      {R"("kind": "paid_in")", R"("kind": "sale")", "/kind", "CF-2450"},
      {R"("2026-11-21")", R"("2026-02-30")", "/business_date", "CF-2450"},
      {R"("shop")", R"("shop_")", "", "CF-2450"},
      {R"("2026-11-21T)", R"("2027-11-21T)", "/occurred_at", "CF-1210"},
      {R"("kind": "paid_in")", R"("kind": "no_sale")", "/amount", "CF-2450"},
  };
  for (const Bad& bad : table) {
    std::string text = good;
    const std::size_t at = text.find(bad.from);
    ASSERT_NE(at, std::string::npos) << bad.from;
    text.replace(at, bad.from.size(), bad.to);
    const auto record = read(text);
    ASSERT_FALSE(record.has_value()) << text;
    EXPECT_EQ(record.error().code, bad.code) << text;
    const bool named = std::ranges::any_of(record.error().errors, [&](const ProblemItem& item) {
      return item.pointer == bad.pointer;
    });
    EXPECT_TRUE(named) << bad.to << " " << to_json(record.error());
  }
  EXPECT_EQ(read("{").error().code, "CF-1001");
  EXPECT_EQ(read(R"({"kind":"no_sale","kind":"no_sale"})").error().code, "CF-1006");
}

// Goal: an amount beyond what can be summed exactly is refused, not wrapped.
TEST(TillRecord, RefusesAmountsBeyondExactSums) {
  std::string text = read_text("api/examples/till_record/paid_in.json");
  const std::size_t at = text.find(R"("amount": ")") + 11;
  text.replace(at, text.find('"', at) - at, "99999999999999999");
  const auto record = read(text);
  ASSERT_FALSE(record.has_value());
  EXPECT_EQ(record.error().code, "CF-2450");
}

// Goal: the content hash sees every figure and no transport.
TEST(TillRecord, HashesContentAlone) {
  const std::string text = read_text("api/examples/till_record/till_close.json");
  const auto hash_of = [](const std::string& json) {
    const auto record = read(json);
    EXPECT_TRUE(record.has_value()) << json;
    return till_record_hash(*record).hash;
  };
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    return hash_of(other);
  };
  EXPECT_EQ(hash_of(text), changed(R"("business_unit": "EU")", R"("business_unit": "NA")"));
  EXPECT_NE(hash_of(text), changed("1104.50", "1104.51"));
  EXPECT_NE(hash_of(text), changed("152.40", "152.41"));
  EXPECT_NE(hash_of(text), changed(R"("count": 212)", R"("count": 213)"));
  EXPECT_NE(hash_of(text), changed("K-12", "K-13"));
  EXPECT_NE(hash_of(text), changed("\"1412\"", "\"1411\""));
}

}  // namespace
}  // namespace crossfoot::contract
