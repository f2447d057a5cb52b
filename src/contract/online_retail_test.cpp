// Goal: rows of the Online Retail file become the documents that the import's rules define.
#include "contract/online_retail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/error_codes.h"
#include "contract/transaction_hash.h"
#include "contract/transaction_json.h"

namespace crossfoot::contract {
namespace {

using testing::ElementsAre;

constexpr std::string_view header =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

OnlineRetailOptions options() {
  // One hour ahead of UTC, to see that the conversion is used.
  return {.to_utc = [](std::chrono::local_seconds at) {
    return Instant{(at.time_since_epoch().count() - 3600) * 1'000'000};
  }};
}

struct Import {
  OnlineRetailReader reader{options()};

  explicit Import(const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      reader.begin_file();
      reader.feed(file);
      reader.end_file();
    }
    reader.group();
  }
  explicit Import(std::string_view rows)
      : Import(std::vector{std::string(header) + std::string(rows)}) {}
  explicit Import(const char* rows) : Import(std::string_view(rows)) {}
};

TEST(OnlineRetail, ASaleBecomesATransaction) {
  const Import import(
      "536365,85123a,WHITE HOLDER ,6,2010-12-01 08:27:00,2.55,17850,EIRE\n"
      "536365,POST,POSTAGE,1,2010-12-01 08:26:00,18,17850,EIRE\n"
      "536365,gift_0001_40,\"Voucher, \xa3"
      "40\",1,2010-12-01 08:26:00,34.045,17850.0,EIRE\n");
  ASSERT_EQ(import.reader.document_count(), 1U);
  const OnlineRetailDocument document = import.reader.document(0);
  const Transaction& t = document.transaction;
  EXPECT_EQ(document.kind, OnlineRetailKind::sale);
  EXPECT_EQ(t.kind, TransactionKind::sale);
  EXPECT_EQ(t.key.display(), "file:536365");
  EXPECT_EQ(t.shop, "ONLINE-RETAIL-UK");
  EXPECT_EQ(t.region, "IE");
  EXPECT_EQ(t.member, "17850");
  EXPECT_EQ(to_string(t.occurred_at), "2010-12-01T07:26:00Z");
  EXPECT_EQ(to_string(t.business_date), "2010-12-01");
  EXPECT_EQ(t.tax_mode, TaxMode::not_in_source);
  EXPECT_EQ(t.source_format, "online-retail");
  ASSERT_EQ(t.lines.size(), 3U);
  EXPECT_EQ(t.lines[0].article, "85123a");
  EXPECT_EQ(t.lines[0].description, "WHITE HOLDER");
  EXPECT_EQ(t.lines[0].amount.minor, 1530);
  EXPECT_EQ(t.lines[1].kind, LineKind::shipping);
  EXPECT_EQ(t.lines[2].kind, LineKind::voucher);
  EXPECT_EQ(t.lines[2].description, "Voucher, £40");
  EXPECT_EQ(t.lines[2].amount.minor, 3405) << "34.045 rounds away from zero";
  EXPECT_EQ(t.lines[2].source_row, 3);
  ASSERT_EQ(t.tenders.size(), 1U);
  EXPECT_EQ(t.tenders[0].kind, TenderKind::on_account);
  EXPECT_EQ(t.tenders[0].amount.minor, 1530 + 1800 + 3405);
  ParsePolicy policy = ParsePolicy::stored();
  policy.unknown_fields = UnknownFields::strict;
  const auto again = parse_transaction(render_transaction(t), policy);
  ASSERT_TRUE(again.has_value()) << to_json(again.error());
  EXPECT_EQ(again->transaction, t);
}

TEST(OnlineRetail, GroupsByInvoiceOverAllFiles) {
  const Import import({std::string(header) + "2,A,,1,2011-01-01 10:00:00,1,,United Kingdom\n"
                                             "1,A,,1,2011-01-01 09:00:00,1,,United Kingdom\n"
                                             "2,B,,1,2011-01-01 09:59:00,1,,United Kingdom\n",
                       std::string(header) + "2,C,,1,2011-01-01 10:00:00,1,,United Kingdom\n"});
  ASSERT_EQ(import.reader.document_count(), 2U);
  const auto two = import.reader.document(0);
  ASSERT_EQ(two.transaction.lines.size(), 3U);
  EXPECT_EQ(two.transaction.lines[2].source_row, 4);
  EXPECT_EQ(two.transaction.lines[2].number, 3U);
  const auto head = import.reader.head(0);
  EXPECT_EQ(head.invoice, "2");
  EXPECT_EQ(head.first_row, 1);
  EXPECT_FALSE(head.has_member);
  EXPECT_EQ(to_string(two.transaction.occurred_at), "2011-01-01T08:59:00Z");
}

TEST(OnlineRetail, ClassifiesDocumentsFirstMatchWins) {
  const Import import(
      "A1,B,Adjust bad debt,1,2011-08-12 14:50:00,-11062.06,,United Kingdom\n"
      "C2,D,Discount,-1,2011-01-01 10:00:00,27.5,14527,United Kingdom\n"
      "c3,22041,,-2,2011-01-01 10:00:00,2.1,,United Kingdom\n"
      "4,22041,damaged,-7,2011-01-01 10:00:00,0,,United Kingdom\n"
      "5,22041,,7,2011-01-01 10:00:00,0.0,,United Kingdom\n"
      "6,22041,free sample,7,2011-01-01 10:00:00,0,14527,United Kingdom\n"
      "7,22041,,-7,2011-01-01 10:00:00,1,14527,United Kingdom\n"
      "C8,22041,,7,2011-01-01 10:00:00,1,14527,United Kingdom\n"
      "9,22041,,7,2011-01-01 10:00:00,-1,14527,United Kingdom\n"
      "10,22041,,7,2011-01-01 10:00:00,1,14527,United Kingdom\n"
      "10,22041,,7,2011-01-01 10:00:00,1,14528,United Kingdom\n");
  std::vector<OnlineRetailKind> kinds;
  for (std::size_t i = 0; i < import.reader.document_count(); ++i) {
    kinds.push_back(import.reader.document(i).kind);
  }
  using enum OnlineRetailKind;
  EXPECT_THAT(kinds, ElementsAre(accounting_adjustment, return_goods, return_goods,
                                 stock_adjustment, stock_adjustment, sale, odd, odd, odd, odd));
  EXPECT_EQ(import.reader.refused_count(), 0U);

  const auto adjustment = import.reader.document(0);
  EXPECT_EQ(adjustment.park_code, error_code::accounting_adjustment);
  EXPECT_EQ(adjustment.transaction.lines[0].amount.minor, -1'106'206);
  EXPECT_TRUE(adjustment.transaction.tenders.empty());
  const auto returned = import.reader.document(1).transaction;
  EXPECT_EQ(returned.lines[0].action, LineAction::returned);
  EXPECT_EQ(returned.lines[0].kind, LineKind::manual);
  EXPECT_EQ(returned.lines[0].quantity, (Decimal{1, 0}));
  EXPECT_EQ(returned.tenders[0].amount.minor, 2750);
  const auto stock = import.reader.document(3).transaction;
  EXPECT_EQ(stock.kind, TransactionKind::stock_adjustment);
  EXPECT_EQ(stock.lines[0].quantity, (Decimal{-7, 0}));
  const auto odd_one = import.reader.document(6);
  EXPECT_EQ(odd_one.park_code, error_code::odd_document);
  EXPECT_EQ(odd_one.transaction.lines[0].quantity, (Decimal{-7, 0}));
}

TEST(OnlineRetail, ReadsCodesInUpperCase) {
  const std::vector<std::pair<std::string_view, LineKind>> expected = {
      {"POST", LineKind::shipping},
      {"dot", LineKind::shipping},
      {"C2", LineKind::shipping},
      {"D", LineKind::manual},
      {"m", LineKind::manual},
      {"S", LineKind::manual},
      {"AMAZONFEE", LineKind::fee},
      {"Bank Charges", LineKind::fee},
      {"CRUK", LineKind::fee},
      {"B", LineKind::fee},
      {"gift_0001_20", LineKind::voucher},
      {"PADS", LineKind::goods},
      {"DCGS0003", LineKind::goods},
      {"85123A", LineKind::goods}};
  for (const auto& [code, kind] : expected) {
    EXPECT_EQ(online_retail_line_kind(fold_code(code)), kind) << code;
  }
}

TEST(OnlineRetail, MapsCountriesThatAreOne) {
  EXPECT_EQ(online_retail_region("United Kingdom"), "GB");
  EXPECT_EQ(online_retail_region("RSA"), "ZA");
  EXPECT_EQ(online_retail_region("Channel Islands"), "");
  EXPECT_EQ(online_retail_region("Unspecified"), "");
}

TEST(OnlineRetail, RefusesRowsWithLineAndReason) {
  const Import import(
      "1,A,,1,2011-01-01 10:00:00,1,,UK\n"
      "1,A,,1,2011-01-01 10:00:00,1,UK\n"
      "1,A,x,y,1,2011-01-01 10:00:00,1,,UK\n"
      "1,\"A,,1,2011-01-01 10:00:00,1,,UK\n"
      ",A,,1,2011-01-01 10:00:00,1,,UK\n"
      "1,,,1,2011-01-01 10:00:00,1,,UK\n"
      "1,A,,0,2011-01-01 10:00:00,1,,UK\n"
      "1,A,,1.5,2011-01-01 10:00:00,1,,UK\n"
      "1,A,,1,2011-02-30 10:00:00,1,,UK\n"
      "1,A,,1,12/1/2010 8:26,1,,UK\n"
      "1,A,,1,2011-01-01 10:00:00,1e3,,UK\n"
      "1,A,\"\"\"\",1,2011-01-01 10:00:00,1,,UK\n");
  std::vector<std::pair<std::int64_t, std::string>> refused;
  for (const RefusedRow& row : import.reader.refused()) {
    EXPECT_EQ(row.file, 0U);
    EXPECT_FALSE(row.reason.empty());
    refused.emplace_back(row.line, row.code);
  }
  const std::string columns(error_code::wrong_columns);
  const std::string csv(error_code::bad_csv);
  const std::string value(error_code::bad_row_value);
  EXPECT_EQ(refused, (std::vector<std::pair<std::int64_t, std::string>>{{3, columns},
                                                                        {4, columns},
                                                                        {5, csv},
                                                                        {6, value},
                                                                        {7, value},
                                                                        {8, value},
                                                                        {9, value},
                                                                        {10, value},
                                                                        {11, value},
                                                                        {12, value}}));
  EXPECT_EQ(import.reader.row_count(), 2U);
  EXPECT_EQ(import.reader.document(0).transaction.lines[1].source_row, 12)
      << "refused rows keep their numbers";
}

TEST(OnlineRetail, RefusesAFileWithAnotherHeader) {
  const std::string row = "1,A,,1,2011-01-01 10:00:00,1,,UK\n";
  const Import import({row + row, "", "\"bad\n" + row, std::string(header) + row});
  ASSERT_EQ(import.reader.refused_count(), 3U);
  EXPECT_EQ(import.reader.refused()[0].code, error_code::wrong_columns);
  EXPECT_EQ(import.reader.refused()[0].line, 1);
  EXPECT_EQ(import.reader.refused()[1].file, 1U);
  EXPECT_EQ(import.reader.refused()[1].code, error_code::wrong_columns);
  EXPECT_EQ(import.reader.refused()[2].file, 2U);
  EXPECT_EQ(import.reader.row_count(), 1U);
}

TEST(OnlineRetail, CountsRepeatedLinesAndBooksThem) {
  const std::string a = "1,A,,1,2011-01-01 10:00:00,1,,UK\n";
  const std::string b = "1,B,,1,2011-01-01 10:00:00,1,,UK\n";
  const Import import(a + b + a + a);
  const auto document = import.reader.document(0);
  EXPECT_EQ(document.repeated_lines, 2U);
  EXPECT_EQ(document.transaction.lines.size(), 4U);
}

TEST(OnlineRetail, TheSameRowsAreTheSameContent) {
  const std::string a = "1,A,,1,2011-01-01 10:00:00,1,,UK\n";
  const std::string b = "1,B,,1,2011-01-01 10:00:00,1,,UK\n";
  const auto hash = [](const std::string& rows) {
    return transaction_hash(Import(rows).reader.document(0).transaction);
  };
  EXPECT_EQ(hash(a + b), hash(b + a));
  EXPECT_NE(hash(a + b), hash(a + b + b));
  EXPECT_NE(hash(a), hash(b));
}

TEST(OnlineRetail, KeepsAnInvoiceInsideTheLimitsOfATransaction) {
  const std::string huge = "1,A,,1000000,2011-01-01 10:00:00,1000000,,UK\n";
  std::string rows;
  for (int i = 0; i < 11; ++i) rows += huge;
  const Import import(rows);
  EXPECT_EQ(import.reader.row_count(), 10U);
  ASSERT_EQ(import.reader.refused_count(), 1U);
  EXPECT_EQ(import.reader.refused()[0].line, 12);
  const auto body = render_transaction(import.reader.document(0).transaction);
  EXPECT_TRUE(parse_transaction(body, ParsePolicy::stored()).has_value());
}

}  // namespace
}  // namespace crossfoot::contract
