// Goal: what came of a shop's day is put together the same way whatever the order in which it came,
// and what speaks against closing it is named.
#include "ledger/day_review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using contract::TenderKind;
using contract::TillRecord;
using contract::TransactionKind;
using testing::currency_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::money;
using testing::ReceiptBuilder;

const BusinessDate saturday = parse_business_date("2026-11-21").value();
const Instant morning{1'795'200'000'000'000};

/// One message of a day: what was handed over and when it was recorded.
struct Sent {
  DayMessage message;
  contract::Transaction transaction;
};

class Day {
 public:
  explicit Day(DayRules rules = {}) : rules_(std::move(rules)) {}

  Sent& sale(int number, std::string_view amount, TenderKind tender = TenderKind::cash) {
    return add(number, ReceiptBuilder()
                           .mode(contract::TaxMode::inclusive)
                           .line("1", amount)
                           .tax("STD", "0.20")
                           .tender(tender, amount)
                           .take());
  }
  Sent& refund(int number, std::string_view amount) {
    return add(number, ReceiptBuilder()
                           .as(TransactionKind::return_goods)
                           .mode(contract::TaxMode::inclusive)
                           .line("1", amount)
                           .returned()
                           .tax("STD", "0.20")
                           .tender(TenderKind::cash, amount)
                           .take());
  }
  Sent& void_of(int number, int original) {
    contract::Transaction made;
    made.kind = TransactionKind::void_sale;
    made.original = key(original);
    return add(number, std::move(made));
  }
  Sent& till(TransactionKind kind, int number, TillRecord record = {}) {
    contract::Transaction made;
    made.kind = kind;
    made.till = std::make_shared<const TillRecord>(std::move(record));
    return add(number, std::move(made));
  }
  Sent& open(int number, std::string_view floating = "100.00") {
    return till(TransactionKind::till_open, number,
                {.counted = {{TenderKind::cash, money(floating)}}});
  }
  Sent& close(int number, std::string_view counted, contract::TillTotals totals) {
    return till(TransactionKind::till_close, number,
                {.counted = {{TenderKind::cash, money(counted)}}, .totals = std::move(totals)});
  }
  Sent& last() { return sent.back(); }

  [[nodiscard]] StoreDayStatus status() const {
    DayReview review(rules_);
    for (const Sent& one : sent) review.add(one.message, one.transaction);
    return review.finish();
  }

  std::vector<Sent> sent;

 private:
  static contract::NaturalKey key(int number) {
    return {.tenant = "default",
            .shop = "DE-001",
            .register_name = "3",
            .business_date = saturday,
            .sequence = std::to_string(number),
            .external_id = {}};
  }
  Sent& add(int number, contract::Transaction transaction) {
    transaction.key = key(number);
    transaction.shop = "DE-001";
    transaction.business_date = saturday;
    transaction.occurred_at = morning + std::chrono::minutes{number};
    const Instant recorded = transaction.occurred_at + std::chrono::seconds{1};
    const Id id{static_cast<std::uint64_t>(number), 7};
    return sent.emplace_back(Sent{{id, recorded, {}}, std::move(transaction)});
  }

  DayRules rules_;
};

std::vector<std::string> codes(const StoreDayStatus& status) {
  std::vector<std::string> all;
  for (const DayFinding& finding : status.findings) all.emplace_back(finding.code);
  return all;
}

contract::TillTotals z(std::uint32_t receipts, std::string_view gross, std::string first,
                       std::string last) {
  return {.receipts = receipts,
          .first_sequence = std::move(first),
          .last_sequence = std::move(last),
          .gross = money(gross),
          .taxes = {},
          .tenders = {}};
}

/// Float 100, sales of 12 and 6 in cash and 30 by card, 5 back, 20 paid out: 93 in the drawer.
Day good_day(DayRules rules = {}) {
  Day day(std::move(rules));
  day.open(1);
  day.sale(2, "12.00");
  day.sale(3, "30.00", TenderKind::card);
  day.refund(4, "5.00");
  day.till(TransactionKind::no_sale, 5);
  day.till(TransactionKind::paid_out, 6, {.amount = money("20.00"), .reason = "stamps"});
  day.sale(7, "6.00");
  contract::TillTotals totals = z(4, "43.00", "2", "7");
  totals.taxes = {{"STD", money("35.83"), money("7.17")}};
  totals.tenders = {{TenderKind::cash, money("13.00")}, {TenderKind::card, money("30.00")}};
  day.close(8, "93.00", totals);
  return day;
}

TEST(DayReview, ADayThatTiesMayBeClosed) {
  const StoreDayStatus status = good_day().status();
  EXPECT_THAT(codes(status), IsEmpty());
  EXPECT_TRUE(status.may_close());
  ASSERT_EQ(status.tills.size(), 1U);
  const TillDay& till = status.tills.front();
  EXPECT_EQ(till.receipts, 4);
  EXPECT_EQ(till.records, 4);
  EXPECT_EQ(till.first_sequence, "1");
  EXPECT_EQ(till.last_sequence, "8");
  ASSERT_EQ(till.sessions.size(), 1U);
  const CashUp& cash = till.sessions[0].cash.at(currency_of("EUR"));
  EXPECT_EQ(cash.expected(), 9'300);
  EXPECT_EQ(cash.over_short(), 0);
  const CurrencyTotals& totals = *status.totals.find(currency_of("EUR"));
  EXPECT_EQ(totals.gross, 4'300);
  EXPECT_EQ(totals.net + totals.tax, totals.gross);
  EXPECT_EQ(totals.tenders.at(TenderKind::cash), 1'300);
  EXPECT_EQ(status.receipts.size(), 4U);
}

TEST(DayReview, NamesWhatIsMissingAcrossReceiptsAndRecords) {
  Day day = good_day();
  std::erase_if(day.sent, [](const Sent& one) {
    const std::string& number = one.transaction.key.sequence;
    return number == "3" || number == "5" || number == "6";
  });
  const StoreDayStatus status = day.status();
  ASSERT_FALSE(status.findings.empty());
  const DayFinding& gaps = status.findings.front();
  EXPECT_EQ(gaps.code, "CF-3301");
  EXPECT_EQ(gaps.count, 3U);
  EXPECT_THAT(gaps.missing, ElementsAre(MissingNumbers{"3", "3", 1}, MissingNumbers{"5", "6", 2}));
  EXPECT_FALSE(status.may_close());
}

TEST(DayReview, TheLastReceiptThatNeverCameIsMissed) {
  // Goal: only the Z-report knows of a receipt behind which nothing else came.
  Day day;
  day.open(1);
  day.sale(2, "12.00");
  day.close(9, "112.00", z(2, "12.00", "2", "4"));
  const StoreDayStatus status = day.status();
  ASSERT_THAT(codes(status), ElementsAre("CF-3301", "CF-3303"));
  EXPECT_EQ(status.findings[0].missing.front().first, "3");
  EXPECT_EQ(status.findings[1].differences.front().what, "count");
}

TEST(DayReview, SaysWhereAZReportDiffers) {
  Day day = good_day();
  contract::TillTotals totals = z(5, "43.01", "2", "7");
  totals.taxes = {{"RED", money("1.00"), money("0.07")}};
  totals.tenders = {{TenderKind::cash, money("13.00")}};
  day.sent.pop_back();
  day.close(8, "93.00", totals);
  const StoreDayStatus status = day.status();
  ASSERT_THAT(codes(status), ElementsAre("CF-3303"));
  std::vector<std::string> what;
  for (const ZDifference& one : status.findings[0].differences) what.push_back(one.what);
  EXPECT_THAT(what, ElementsAre("count", "gross", "tax:RED:net", "tax:RED:tax", "tax:STD:net",
                                "tax:STD:tax", "tender:card"));
  EXPECT_EQ(status.findings[0].money.front(), money("-0.01"));
}

TEST(DayReview, CashThatDiffersIsToldAndTolerated) {
  Day day = good_day();
  day.sent.pop_back();
  day.close(8, "92.00", z(4, "43.00", "2", "7"));
  const StoreDayStatus strict = day.status();
  ASSERT_THAT(codes(strict), ElementsAre("CF-3304"));
  EXPECT_EQ(strict.findings[0].money.front(), money("-1.00"));
  EXPECT_FALSE(strict.may_close());

  DayRules rules;
  rules.cash_tolerance[currency_of("EUR")] = 100;
  Day tolerant = good_day(rules);
  tolerant.sent.pop_back();
  tolerant.close(8, "92.00", z(4, "43.00", "2", "7"));
  EXPECT_THAT(codes(tolerant.status()), ElementsAre("CF-3304"));
  EXPECT_TRUE(tolerant.status().may_close()) << "shown, and closed all the same";
}

TEST(DayReview, ATillWithoutZReportKeepsTheDayOpen) {
  Day day;
  day.sale(1, "12.00");
  EXPECT_THAT(codes(day.status()), ElementsAre("CF-3302"));
  Day without({.z_reports = false, .registers = {}, .cash_tolerance = {}});
  without.sale(1, "12.00");
  EXPECT_THAT(codes(without.status()), IsEmpty());
  without.open(2);
  EXPECT_THAT(codes(without.status()), ElementsAre("CF-3302")) << "opened is to be closed";
}

TEST(DayReview, ASecondSessionHasItsOwnFloatAndZReport) {
  Day day = good_day();
  day.open(9, "50.00");
  day.sale(10, "6.00");
  day.close(11, "56.00", z(1, "6.00", "10", "10"));
  const StoreDayStatus status = day.status();
  EXPECT_THAT(codes(status), IsEmpty());
  EXPECT_EQ(status.tills.front().sessions.size(), 2U);
}

TEST(DayReview, ReceiptsBehindTheLastZReportAreTold) {
  Day day = good_day();
  day.sale(9, "6.00");
  EXPECT_THAT(codes(day.status()), ElementsAre("CF-3310"));
}

TEST(DayReview, AReceiptThatCameAfterItsZReportIsNamed) {
  Day day = good_day();
  for (Sent& one : day.sent) {
    if (one.transaction.key.sequence == "3") {
      one.message.recorded_at = morning + std::chrono::hours{5};
    }
  }
  const StoreDayStatus status = day.status();
  ASSERT_THAT(codes(status), ElementsAre("CF-3308"));
  EXPECT_TRUE(status.may_close()) << "it ties";
  EXPECT_THAT(status.findings[0].messages, ElementsAre(Id{3, 7}));
}

TEST(DayReview, AVoidTakesItsReceiptBackOnce) {
  Day day;
  day.open(1);
  day.sale(2, "12.00");
  day.void_of(3, 2);
  day.close(4, "100.00", z(2, "0.00", "2", "3"));
  EXPECT_THAT(codes(day.status()), IsEmpty());
  const Money nothing = money("0.00");
  EXPECT_EQ(day.status().totals.find(nothing.currency)->gross, 0);
  Day twice;
  twice.sale(2, "12.00");
  twice.void_of(3, 2);
  twice.void_of(4, 2);
  EXPECT_EQ(twice.status().totals.find(nothing.currency)->gross, 0) << "the second takes nothing";
  EXPECT_EQ(twice.status().receipts.size(), 2U) << "and is no receipt that counts";
}

TEST(DayReview, AVoidOfWhatIsNotHereWaitsForIt) {
  Day day({.z_reports = false, .registers = {}, .cash_tolerance = {}});
  day.void_of(3, 2);
  const StoreDayStatus status = day.status();
  EXPECT_THAT(codes(status), ElementsAre("CF-3311"));
  EXPECT_THAT(status.receipts, IsEmpty());
  DayReview review({.z_reports = false, .registers = {}, .cash_tolerance = {}});
  review.add(day.last().message, day.last().transaction);
  ASSERT_EQ(review.voided_elsewhere().size(), 1U);
  Day other;
  review.add_voided(review.voided_elsewhere().front(), other.sale(2, "12.00").transaction);
  const StoreDayStatus settled = review.finish();
  EXPECT_THAT(codes(settled), IsEmpty());
  EXPECT_EQ(settled.totals.find(currency_of("EUR"))->gross, -1'200);
}

TEST(DayReview, SilenceIsToldOnlyWhereSomethingIsExpected) {
  EXPECT_THAT(codes(DayReview({}).finish()), IsEmpty());
  EXPECT_THAT(
      codes(DayReview({.expected = true, .registers = {"3"}, .cash_tolerance = {}}).finish()),
      ElementsAre("CF-3305"));
  Day day({.expected = true, .z_reports = false, .registers = {"3", "4"}, .cash_tolerance = {}});
  day.sale(1, "1.00");
  const StoreDayStatus status = day.status();
  ASSERT_THAT(codes(status), ElementsAre("CF-3306"));
  EXPECT_EQ(status.findings[0].register_name, "4");
}

TEST(DayReview, HeldAndUnreadableMessagesAreCountedByCause) {
  DayReview review({.z_reports = false, .registers = {}, .cash_tolerance = {}});
  review.add_open({Id{1, 1}, morning, "CF-3003"}, "3", money("5.00"));
  review.add_open({Id{2, 1}, morning, "CF-3003"}, "3", money("7.00"));
  review.add_open({Id{3, 1}, morning, "CF-1001"}, "3", Money{});
  const StoreDayStatus status = review.finish();
  ASSERT_THAT(codes(status), ElementsAre("CF-3307", "CF-3307"));
  EXPECT_EQ(status.findings[0].count, 2U);
  EXPECT_EQ(status.findings[0].money.front(), money("12.00"));
  EXPECT_THAT(status.findings[0].detail, HasSubstr("CF-3003"));
}

TEST(DayReview, ATillThatWasSetUpAnewCountsByItself) {
  Day day({.z_reports = false, .registers = {}, .cash_tolerance = {}});
  day.sale(17, "1.00");
  day.sale(18, "1.00");
  day.sale(1, "1.00").transaction.key.register_epoch = 1;
  day.sale(2, "1.00").transaction.key.register_epoch = 1;
  const StoreDayStatus status = day.status();
  EXPECT_THAT(codes(status), IsEmpty()) << "no gap between 2 and 17";
  EXPECT_EQ(status.tills.size(), 2U);
}

AccountTable accounts() {
  auto table = parse_account_table(R"([
    {"class": "cash", "account": "1000"}, {"class": "card", "account": "1360"},
    {"class": "revenue", "account": "8400", "profit_centre": "RETAIL"},
    {"class": "revenue", "event": "return", "account": "8401"},
    {"class": "unlinked_returns", "account": "8490"},
    {"class": "tax_payable", "tax_code": "STD", "account": "1776", "tax_key": "A1"},
    {"class": "over_short", "account": "2660", "cost_centre": "STORES"}])");
  EXPECT_TRUE(table.has_value());
  return std::move(*table);
}

std::string text_of(const std::vector<AccountTotal>& journal) {
  std::string text;
  for (const AccountTotal& total : journal) {
    text += total.account + " " + std::to_string(static_cast<long long>(total.debit)) + "/" +
            std::to_string(static_cast<long long>(total.credit)) + "; ";
  }
  return text;
}

void expect_balanced(const std::vector<AccountTotal>& journal) {
  Wide sum = 0;
  for (const AccountTotal& total : journal) sum += total.debit - total.credit;
  EXPECT_TRUE(sum == 0) << text_of(journal);
}

TEST(DayReview, MakesOneBalancedJournalOfTheDay) {
  // Goal: receipts by account, the unlinked return on its own, and the drawer's euro too little.
  const AccountTable table = accounts();
  Day day = good_day({.registers = {}, .cash_tolerance = {}, .accounts = &table});
  day.sent.pop_back();
  day.close(8, "92.00", z(4, "43.00", "2", "7"));
  const StoreDayStatus status = day.status();
  ASSERT_TRUE(status.journal.has_value());
  EXPECT_EQ(text_of(*status.journal),
            "1000 1800/600; 1360 3000/0; 1776 83/800; 2660 100/0; 8400 0/4000; 8490 417/0; ");
  expect_balanced(*status.journal);
  EXPECT_FALSE(good_day().status().journal.has_value()) << "nobody has named accounts";
}

TEST(DayReview, AVoidIsPostedAsTheOppositeOfItsReceipt) {
  const AccountTable table = accounts();
  Day day({.z_reports = false, .registers = {}, .cash_tolerance = {}, .accounts = &table});
  day.sale(1, "12.00");
  day.void_of(2, 1);
  const StoreDayStatus status = day.status();
  EXPECT_EQ(text_of(*status.journal), "1000 1200/1200; 1776 200/200; 8400 1000/1000; ");
}

TEST(DayReview, WhatHasNoAccountIsToldAndLeftOut) {
  // Goal: nothing is guessed, no document is posted by half, and the day may be closed.
  const AccountTable table = accounts();
  Day day({.z_reports = false, .registers = {}, .cash_tolerance = {}, .accounts = &table});
  day.sale(1, "12.00");
  day.sale(2, "5.00", TenderKind::gift_card);
  const StoreDayStatus status = day.status();
  ASSERT_THAT(codes(status), ElementsAre("CF-3209"));
  EXPECT_THAT(status.findings[0].messages, ElementsAre(Id{2, 7}));
  EXPECT_THAT(status.findings[0].detail, HasSubstr("1 document is not in the journal"));
  EXPECT_TRUE(status.may_close());
  EXPECT_EQ(text_of(*status.journal), "1000 1200/0; 1776 0/200; 8400 0/1000; ");
}

/// All that a person sees, as text.
std::string seen(const StoreDayStatus& status) {
  std::string all;
  for (const DayFinding& finding : status.findings) {
    all += std::string(finding.code) + finding.detail + (finding.blocks ? "!" : "") + "\n";
  }
  for (const DayReceipt& receipt : status.receipts) all += to_string(receipt.id);
  return status.journal ? all + text_of(*status.journal) : all;
}

// Goal: any order of {sale, return, void, records, Z} gives the same day.
RC_GTEST_PROP(DayReview, DoesNotDependOnTheOrderOfArrival, ()) {
  const AccountTable table = accounts();
  Day day = good_day({.registers = {}, .cash_tolerance = {}, .accounts = &table});
  day.void_of(9, 2);
  day.void_of(10, 99);
  const StoreDayStatus expected = day.status();
  expect_balanced(*expected.journal);
  for (std::size_t i = day.sent.size(); i > 1; --i) {
    std::swap(day.sent[i - 1], day.sent[*rc::gen::inRange<std::size_t>(0, i)]);
  }
  const StoreDayStatus shuffled = day.status();
  RC_ASSERT(seen(shuffled) == seen(expected));
  RC_ASSERT(shuffled.totals == expected.totals);
}

}  // namespace
}  // namespace crossfoot::ledger
