// Goal: the shared months of the real file give every published figure that needs no links.
//
// Data: Chen, D. (2015). Online Retail [Dataset]. UCI Machine Learning Repository.
// https://doi.org/10.24432/C5BW33, CC BY 4.0. Read from the folder named by CROSSFOOT_DATA.
#include <gtest/gtest.h>
#include <simdjson.h>
#include <zlib.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "contract/online_retail.h"
#include "contract/transaction_hash.h"
#include "contract/transaction_json.h"

namespace crossfoot::contract {
namespace {

namespace fs = std::filesystem;

/// Tests run in the source folder; the shared data lies beside it unless the variable says where.
fs::path data_folder() {
  const char* named = std::getenv("CROSSFOOT_DATA");
  return fs::path(named != nullptr ? named : "../shared/data") / "online-retail";
}

/// Last Sunday of March 01:00 UTC to last Sunday of October 01:00 UTC: the rule since 1996.
Instant london(std::chrono::local_seconds local) {
  using namespace std::chrono;
  const year_month_day day{floor<days>(local)};
  const auto change = [&](month m) {
    const auto sunday = local_days{day.year() / m / Sunday[last]};
    return local_seconds{sunday} + hours{m == October ? 2 : 1};
  };
  const bool summer = local >= change(March) && local < change(October);
  return {(local.time_since_epoch().count() - (summer ? 3600 : 0)) * 1'000'000};
}

void feed_gzip(OnlineRetailReader& reader, const fs::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr) << path;
  std::vector<char> buffer(1 << 16);
  reader.begin_file();
  int size = 0;
  while ((size = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    reader.feed({buffer.data(), static_cast<std::size_t>(size)});
  }
  EXPECT_EQ(size, 0) << "the file is damaged";
  reader.end_file();
  EXPECT_EQ(gzclose(file), Z_OK);
}

/// Sum of exact products in thousandths of a pound and below; the file has at most three places.
struct ExactSum {
  std::int64_t thousandths = 0;

  void add(const Line& line) {
    const std::int64_t sign = line.action == LineAction::returned ? -1 : 1;
    const auto product = multiply_round(line.quantity, line.unit_price, 3, Rounding::truncate);
    ASSERT_TRUE(product.has_value());
    thousandths += sign * *product;
  }
};

struct Figures {
  std::map<OnlineRetailKind, std::int64_t> documents;
  std::map<OnlineRetailKind, std::int64_t> rows;
  std::map<OnlineRetailKind, ExactSum> net;
  std::int64_t posted_minor = 0;
  std::int64_t receipt_thousandths = 0;
  std::int64_t goods_units = 0;
  std::int64_t points_earned = 0;
  std::int64_t adjustment_rows = 0;
  std::int64_t adjustment_thousandths = 0;
  std::int64_t repeated_lines = 0;
  std::set<Hash128> content;
};

void count_lines(Figures& figures, const OnlineRetailDocument& document) {
  const bool receipt =
      document.kind == OnlineRetailKind::sale || document.kind == OnlineRetailKind::return_goods;
  const bool is_return = document.kind == OnlineRetailKind::return_goods;
  const std::int64_t sign = is_return ? -1 : 1;
  std::int64_t earning_minor = 0;
  for (const Line& line : document.transaction.lines) {
    figures.net[document.kind].add(line);
    ExactSum one;
    one.add(line);
    if (receipt) {
      figures.posted_minor += sign * line.amount.minor;
      figures.receipt_thousandths += one.thousandths;
    }
    const bool goods = line.kind == LineKind::goods;
    if (goods && document.park_code.empty()) figures.goods_units += sign * line.quantity.units;
    if (goods) earning_minor += line.amount.minor;
    if (is_return && !goods && line.kind != LineKind::voucher) {
      ++figures.adjustment_rows;
      figures.adjustment_thousandths += one.thousandths;
    }
  }
  const bool earns =
      document.kind == OnlineRetailKind::sale && !document.transaction.member.empty();
  if (earns) figures.points_earned += earning_minor / 100;
}

Figures figures_of(const OnlineRetailReader& reader) {
  Figures figures;
  for (std::size_t i = 0; i < reader.document_count(); ++i) {
    const OnlineRetailDocument document = reader.document(i);
    ++figures.documents[document.kind];
    figures.rows[document.kind] += static_cast<std::int64_t>(document.transaction.lines.size());
    figures.repeated_lines += static_cast<std::int64_t>(document.repeated_lines);
    figures.content.insert(transaction_hash(document.transaction).hash);
    count_lines(figures, document);
  }
  return figures;
}

class OnlineRetailData : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path folder = data_folder();
    if (!fs::exists(folder / "expected.json")) {
      GTEST_SKIP() << "SKIPPED: no data in " << folder << "; set CROSSFOOT_DATA to the folder "
                   << "that holds online-retail/";
    }
    ASSERT_EQ(parser_.load((folder / "expected.json").string()).get(expected_), simdjson::SUCCESS);
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".gz") files.insert(entry.path());
    }
    ASSERT_FALSE(files.empty());
    for (const fs::path& file : files) feed_gzip(reader_, file);
    reader_.group();
  }

  std::int64_t number(const std::string& pointer) {
    std::int64_t value = 0;
    EXPECT_EQ(expected_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
    return value;
  }
  /// A decimal text in thousandths.
  std::int64_t thousandths(const std::string& pointer) {
    std::string_view text;
    EXPECT_EQ(expected_.at_pointer(pointer).get(text), simdjson::SUCCESS) << pointer;
    const auto value = parse_decimal(text);
    EXPECT_TRUE(value.has_value()) << pointer;
    return value ? rescale(*value, 3, Rounding::truncate)->units : 0;
  }

  simdjson::dom::parser parser_;
  simdjson::dom::element expected_;
  OnlineRetailReader reader_{OnlineRetailOptions{.to_utc = london}};
};

TEST_F(OnlineRetailData, GivesThePublishedFigures) {
  using enum OnlineRetailKind;
  Figures figures = figures_of(reader_);
  const std::array<std::pair<OnlineRetailKind, std::string>, 4> kinds = {
      {{sale, "sale"},
       {return_goods, "return"},
       {stock_adjustment, "stock_adjustment"},
       {accounting_adjustment, "accounting_adjustment"}}};
  std::int64_t rows = 0;
  std::int64_t net = 0;
  for (const auto& [kind, name] : kinds) {
    EXPECT_EQ(figures.documents[kind], number("/documents/" + name)) << name;
    EXPECT_EQ(figures.rows[kind], number("/document_rows/" + name)) << name;
    EXPECT_EQ(figures.net[kind].thousandths, thousandths("/document_net/" + name)) << name;
    rows += figures.rows[kind];
    net += figures.net[kind].thousandths;
  }
  EXPECT_EQ(figures.documents[odd],
            number("/odd/sale_negative_quantity") + number("/odd/return_positive_quantity"));
  EXPECT_EQ(rows, number("/rows/booked") + number("/rows/parked"));
  EXPECT_EQ(net, thousandths("/net/booked") + thousandths("/net/parked"));
  EXPECT_EQ(figures.documents[sale] + figures.documents[return_goods], number("/receipts"));
  EXPECT_EQ(figures.posted_minor * 10, thousandths("/erp_posted"));
  EXPECT_EQ(figures.posted_minor * 10 - figures.receipt_thousandths, thousandths("/rounding"));
  EXPECT_EQ(figures.goods_units, number("/goods_units"));
  EXPECT_EQ(figures.points_earned, number("/points/earned"));
  EXPECT_EQ(figures.adjustment_rows, number("/cancellations/adjustment"));
  EXPECT_EQ(figures.adjustment_thousandths, thousandths("/cancellations_net/adjustment"));
  EXPECT_EQ(reader_.refused_count(), 0U);
  EXPECT_EQ(figures.content.size(), reader_.document_count()) << "contents are told apart";
}

TEST_F(OnlineRetailData, EveryDocumentSurvivesItsStoredForm) {
  TransactionParser parser;
  ParsePolicy policy = ParsePolicy::stored();
  policy.unknown_fields = UnknownFields::strict;
  for (std::size_t i = 0; i < reader_.document_count(); ++i) {
    const Transaction t = reader_.document(i).transaction;
    const auto parsed = parser.parse(render_transaction(t), policy);
    ASSERT_TRUE(parsed.has_value()) << t.key.display() << to_json(parsed.error());
    ASSERT_EQ(parsed->transaction, t) << t.key.display();
  }
}

}  // namespace
}  // namespace crossfoot::contract
