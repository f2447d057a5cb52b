// Goal: from the raw originals and the legs of their flows follows, item by item, what each target
// must have: amounts, signs, points, references, and what is only explained.
#include "observe/channel_reader.h"

#include <gtest/gtest.h>

#include "contract/error_codes.h"
#include "observe/stored_world.h"

namespace crossfoot::observe {
namespace {

using contract::LineAction;
using contract::Transaction;
using contract::TransactionKind;
using flow::LegKind;
using flow::LegState;
using testing::day;
using testing::eur;
using testing::goods;
using testing::StoredWorld;

TEST(ChannelReader, ASaleIsOneDocumentAndOneAccrual) {
  StoredWorld world;
  const Id id = world.store_sale(world.sale(day(0)));
  const auto items = world.expect(day(0));
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].side, Side::loyalty);
  EXPECT_EQ(items[0].reference, "L1");
  EXPECT_EQ(items[0].member, "M-1");
  EXPECT_EQ(items[0].points, Points{11});
  EXPECT_EQ(items[1].side, Side::erp);
  EXPECT_EQ(items[1].reference, "E1");
  EXPECT_EQ(items[1].transaction, id);
  EXPECT_EQ(items[1].expectation, Expectation::there);
  EXPECT_EQ(items[1].document->gross, eur(1190));
  EXPECT_EQ(items[1].document->tax, eur(190));
  EXPECT_EQ(items[1].document->lines.at(0).net, eur(1000));
  EXPECT_TRUE(world.expect(day(1)).empty());
}

TEST(ChannelReader, WhatComesBackIsNegative) {
  StoredWorld world;
  Transaction exchange = world.document(TransactionKind::exchange, day(0));
  exchange.lines = {goods(1, 2, "11.90"), goods(2, 1, "10.00")};
  exchange.lines[0].action = LineAction::returned;
  exchange.tenders = {{contract::TenderKind::cash, eur(380)},
                      {contract::TenderKind::card, eur(1000)}};
  world.store_message(exchange, {world.leg(LegKind::post, "erp", "E1")});
  const auto items = world.expect(day(0));
  ASSERT_EQ(items.size(), 1U);
  const ExpectedDocument& document = *items[0].document;
  EXPECT_EQ(document.gross, eur(-1380));
  EXPECT_EQ(document.tenders.at("cash"), eur(-380));
  EXPECT_EQ(document.tenders.at("card"), eur(-1000));
  EXPECT_EQ(document.lines[0].quantity, (Decimal{-2, 0}));
  EXPECT_EQ(document.lines[0].amount, eur(-2380));
  EXPECT_EQ(document.lines[1].amount, eur(1000));
}

TEST(ChannelReader, AVoidMirrorsItsOriginalUnderItsOwnDay) {
  StoredWorld world;
  const Transaction sale = world.sale(day(0));
  const Id original = world.store_sale(sale);
  Transaction post_void = world.document(TransactionKind::void_sale, day(1));
  post_void.original = sale.key;
  flow::Leg leg = world.leg(LegKind::post_void, "erp", "V1");
  leg.undoes = original;
  world.store_message(post_void, {leg});
  const auto items = world.expect(day(1));
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].document->gross, eur(-1190));
  EXPECT_EQ(items[0].document->lines.at(0).quantity, (Decimal{-1, 0}));
  EXPECT_EQ(items[0].business_date, day(1));
}

TEST(ChannelReader, OfRedemptionsWhatWasCapturedIsTakenFromTheMember) {
  StoredWorld world;
  using Ending = flow::Redemption::Ending;
  for (const Ending ending : {Ending::captured, Ending::open, Ending::voided, Ending::lapsed}) {
    Transaction asked = world.document(TransactionKind::redemption, day(0));
    asked.member = "M-1";
    const auto n = asked.key.sequence;
    world.store_message(asked,
                        {world.local_leg(LegKind::validate, LegState::done),
                         world.leg(LegKind::authorise, "loyalty", "A" + n),
                         world.leg(LegKind::capture, "loyalty", "C" + n),
                         world.leg(LegKind::release, "loyalty", "R" + n)},
                        {},
                        flow::Redemption{.points = {50},
                                         .authorised = {50},
                                         .captured = {20},
                                         .hold_for = {},
                                         .lapses_at = {},
                                         .ending = ending,
                                         .granted = false});
  }
  const auto items = world.expect(day(0));
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].side, Side::loyalty);
  EXPECT_EQ(items[0].reference, "C1");
  EXPECT_EQ(items[0].member, "M-1");
  EXPECT_EQ(items[0].points, Points{20});
  EXPECT_TRUE(items[0].takes_back);
  EXPECT_EQ(items[0].expectation, Expectation::there);
}

TEST(ChannelReader, PointsFollowFromTheRulesOfTheVersionThatCountedThen) {
  StoredWorld world;
  world.programme.version = 1;
  world.store_sale(world.sale(day(0)));
  world.programme.version = 2;
  world.programme.points_per_unit = {2, 1};
  world.store_sale(world.sale(day(0)));
  const auto points = [&world] {
    std::vector<std::int64_t> all;
    for (const ExpectedItem& item : world.expect(day(0))) {
      if (item.side == Side::loyalty) all.push_back(item.points->count);
    }
    return all;
  };
  EXPECT_EQ(points(), (std::vector<std::int64_t>{23, 23})) << "version 1 was not kept";
  world.keep_programme(1, R"({"programme":"plain","version":1,"currency":"EUR",
      "earn":{"points_per_unit":"3","rounding":"floor","base":"gross","stacking":"multiplicative",
              "line_kinds":["goods"],"excluded_tenders":[]}})");
  EXPECT_EQ(points(), (std::vector<std::int64_t>{35, 23}));
}

TEST(ChannelReader, ReversalsTakeTheNextUnitsInTheOrderOfTheBook) {
  StoredWorld world;
  Transaction sale = world.sale(day(0));
  sale.lines = {goods(1, 3, "3.50")};  // 10.50: ten points over three units are 4, 3, 3
  const Id original = world.store_sale(sale);
  flow::Book book;
  book.key = sale.key.hash();
  std::vector<Id> returns;
  for (int i = 0; i < 3; ++i) {
    Transaction back = world.document(TransactionKind::return_goods, day(1));
    back.lines = {goods(1, 1, "3.50")};
    back.lines[0].action = LineAction::returned;
    back.lines[0].original = contract::OriginalLine{sale.key, 1};
    flow::Leg leg = world.leg(LegKind::reverse, "loyalty", "B" + std::to_string(i));
    leg.undoes = original;
    leg.book = book.key;
    returns.push_back(world.store_message(back, {leg}));
  }
  // The last one to come was the first that the book answered.
  for (std::size_t i = 0; i < 3; ++i) {
    flow::Claim claim;
    claim.flow = returns[i];
    claim.status = flow::ClaimStatus::answered;
    claim.revision = static_cast<std::uint32_t>(3 - i);
    claim.reversal = {{1, 1, Points{99}}};  // what was answered then is not believed
    book.claims.push_back(claim);
  }
  world.store_book(book);
  const auto items = world.expect(day(1));
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[2].points, Points{4});
  EXPECT_EQ(items[1].points, Points{3});
  EXPECT_EQ(items[0].points, Points{3});
  EXPECT_TRUE(items[0].takes_back);
  EXPECT_NE(items[0].group, nullptr);
  EXPECT_EQ(items[0].member, "M-1") << "the member of the original";
}

TEST(ChannelReader, AMovementIsOneItemALineTheLastUnderTheLegsReference) {
  StoredWorld world;
  Transaction moves = world.document(TransactionKind::stock_adjustment, day(0));
  moves.lines = {goods(1, -2, "0"), goods(2, 3, "0")};
  world.store_message(moves, {world.leg(LegKind::move_stock, "erp", "S1")});
  const auto items = world.expect(day(0));
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].reference, "S1-1");
  EXPECT_EQ(items[0].moved.at(0).quantity, (Decimal{-2, 0}));
  EXPECT_EQ(items[1].reference, "S1");
  EXPECT_FALSE(items[1].document.has_value());
}

Expectation expected_of(LegState state) {
  StoredWorld world;
  flow::Leg leg = world.leg(LegKind::post, "erp", "E1");
  leg.state = state;
  leg.steps[0].done = false;
  leg.reason = contract::error_code::target_rejected;
  world.store_message(world.sale(day(0)), {leg});
  return world.expect(day(0)).at(0).expectation;
}

TEST(ChannelReader, TheLegSaysHowSureOneMayBe) {
  for (const LegState state : {LegState::due, LegState::calling, LegState::retrying,
                               LegState::unknown, LegState::waiting}) {
    EXPECT_EQ(expected_of(state), Expectation::pending) << to_string(state);
  }
  for (const LegState state : {LegState::parked, LegState::dead, LegState::rejected}) {
    EXPECT_EQ(expected_of(state), Expectation::explained) << to_string(state);
  }
  EXPECT_EQ(expected_of(LegState::done), Expectation::there);
  EXPECT_EQ(expected_of(LegState::cancelled), Expectation::absent);
}

TEST(ChannelReader, WhatWaitsForAParkedLegIsExplainedByItsCode) {
  StoredWorld world;
  flow::Leg post = world.leg(LegKind::post, "erp", "E1");
  post.state = LegState::waiting;
  world.store_message(world.sale(day(0)), {world.local_leg(LegKind::validate, LegState::parked,
                                                           contract::error_code::totals_mismatch),
                                           post});
  const auto items = world.expect(day(0));
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].expectation, Expectation::explained);
  EXPECT_EQ(items[0].code, contract::error_code::totals_mismatch);
}

TEST(ChannelReader, ParkedWholeHeldAndInvalidAreExplainedWithTheirMoney) {
  StoredWorld world;
  Transaction adjustment = world.document(TransactionKind::accounting_adjustment, day(0));
  adjustment.lines = {goods(1, 1, "5.00")};
  world.store_message(adjustment, {world.local_leg(LegKind::validate, LegState::parked,
                                                   contract::error_code::accounting_adjustment)});
  world.store_kept(world.sale(day(0)), store::MessageState::held, {});
  world.store_kept(world.sale(day(0)), store::MessageState::invalid, "CF-1204");
  const auto items = world.expect(day(0));
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].code, contract::error_code::accounting_adjustment);
  EXPECT_EQ(items[0].waiting, eur(500));
  EXPECT_EQ(items[1].code, contract::error_code::identity_conflict);
  EXPECT_EQ(items[1].waiting, eur(1190));
  EXPECT_EQ(items[2].code, "CF-1204");
  for (const ExpectedItem& item : items) EXPECT_TRUE(item.reference.empty());
}

TEST(ChannelReader, ARevisionThatCameLateOwesNothing) {
  StoredWorld world;
  world.store_kept(world.sale(day(0)), store::MessageState::superseded, {});
  EXPECT_TRUE(world.expect(day(0)).empty());
}

TEST(ChannelReader, ReturnedLinesWithoutASaleAreExplainedLineByLine) {
  StoredWorld world;
  Transaction back = world.document(TransactionKind::return_goods, day(0));
  back.lines = {goods(1, 1, "5.00"), goods(2, 1, "7.00"), goods(3, 1, "1.00")};
  for (contract::Line& line : back.lines) line.action = LineAction::returned;
  const std::vector<flow::LineLink> links = {{1, flow::Disposition::orphaned, 1, {}},
                                             {2, flow::Disposition::over_returned, 1, {}},
                                             {3, flow::Disposition::adjustment, 0, {}}};
  world.store_message(
      back,
      {world.leg(LegKind::post_refund, "erp", "E1"),
       world.local_leg(LegKind::link, LegState::parked, contract::error_code::orphaned)},
      links);
  const auto items = world.expect(day(0));
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].document->gross, eur(-1300)) << "money and stock are posted all the same";
  EXPECT_EQ(items[1].code, contract::error_code::over_returned);
  EXPECT_EQ(items[1].waiting, eur(-700));
  EXPECT_EQ(items[2].code, contract::error_code::orphaned);
  EXPECT_EQ(items[2].waiting, eur(-500));
}

TEST(ChannelReader, TheExactPriceIsKeptBesideTheRoundedLine) {
  StoredWorld world;
  Transaction sale = world.sale(day(0));
  sale.lines = {goods(1, 3, "0.335")};  // 1.005, posted as 1.01
  world.store_message(sale, {world.leg(LegKind::post, "erp", "E1")});
  EXPECT_EQ(world.expect(day(0)).at(0).document->rounding.text(2), "0.005");
}

}  // namespace
}  // namespace crossfoot::observe
