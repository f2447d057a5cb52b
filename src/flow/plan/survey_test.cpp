// Goal: after a restore, what is sent of a receipt book's delta is what the book wants in total and
// the target does not have, whatever had been sent before and in whatever order claims come again.
#include "flow/plan/survey.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crossfoot::flow {
namespace {

using Kind = SurveyOutcome::Kind;
constexpr std::string_view accrual = "ACCRUAL";

Flow claimant(std::uint64_t number) {
  Flow flow;
  flow.id = {number, 0};
  flow.natural_key = "return-" + std::to_string(number);
  return flow;
}

/// Three units sold of one line, 17 + 17 + 16 points, and returns of it, in their order.
Book book_of(const std::vector<std::int64_t>& returned, bool restored = false) {
  SaleFacts sale;
  sale.flow = {1, 1};
  sale.accrue_settled = sale.accrued = sale.post_settled = sale.posted = true;
  sale.accrual_reference = accrual;
  sale.lines = {{1, ledger::line_points({3, false}, {16, 2, 3}), 0}};
  Book book;
  book.key = hash128("book");
  for (std::size_t i = 0; i < returned.size(); ++i) {
    Claim claim;
    claim.flow = {10 + i, 0};
    claim.leg = 3;
    claim.occurred_at = {static_cast<std::int64_t>(i)};
    claim.lines = {{1, returned[i], 0}};
    add_claim(book, std::move(claim));
    evaluate(book, sale, restored);
  }
  return book;
}

Leg delta_leg(const Book& book, const Flow& flow) {
  Leg leg;
  leg.kind = LegKind::reverse;
  leg.target = "loyalty";
  leg.undoes = book.sale->flow;
  leg.book = book.key;
  for (const Claim& claim : book.claims) {
    if (claim.flow != flow.id) continue;
    leg.steps = {{.operation = "reverse",
                  .reference = delta_reference(flow, leg, "reverse", {accrual, claim.revision})}};
  }
  return leg;
}

SurveyEntry entry(std::string reference, std::int64_t units, std::int64_t points) {
  return {.reference = reference,
          .target_id = "T-" + reference,
          .points = Points{points},
          .lines = {{1, {units, 0}}}};
}

SurveyOutcome outcome_of(const Book& book, std::uint64_t number,
                         const std::vector<SurveyEntry>& entries) {
  const Flow flow = claimant(number);
  return survey_outcome(book, flow, delta_leg(book, flow), accrual, entries);
}

TEST(Survey, WhatTheTargetDoesNotHaveIsSentAsAWhole) {
  EXPECT_EQ(outcome_of(book_of({2}), 10, {}).kind, Kind::absent);
}

TEST(Survey, WhatIsThereUnderItsOwnReferenceIsDone) {
  const Book book = book_of({2});
  const std::string own = delta_leg(book, claimant(10)).steps.front().reference;
  const SurveyOutcome outcome = outcome_of(book, 10, {entry(own, 2, 34)});
  EXPECT_EQ(outcome.kind, Kind::covered);
  EXPECT_FALSE(outcome.by_others);
  EXPECT_EQ(outcome.answer.target_id, "T-" + own);
  EXPECT_EQ(outcome.answer.points, Points{34});
}

TEST(Survey, WhatWasSentUnderAnotherRevisionIsAdopted) {
  // Before the restore the other return came first, so that this one's reference was another.
  const SurveyOutcome outcome =
      outcome_of(book_of({1}), 10, {entry("FIRST", 2, 34), entry("SECOND", 1, 16)});
  EXPECT_EQ(outcome.kind, Kind::covered);
  EXPECT_TRUE(outcome.by_others);
  EXPECT_EQ(outcome.reference, "SECOND");
  EXPECT_EQ(outcome.answer.points, Points{16});
}

TEST(Survey, TwoThatSayTheSameAdoptOneEach) {
  const Book book = book_of({1, 1});
  const std::vector<SurveyEntry> entries{entry("A", 1, 17), entry("B", 1, 17)};
  EXPECT_EQ(outcome_of(book, 10, entries).reference, "A");
  EXPECT_EQ(outcome_of(book, 11, entries).reference, "B");
}

TEST(Survey, OfADeltaThatIsThereInPartTheRestIsSent) {
  const SurveyOutcome outcome = outcome_of(book_of({1, 2}), 11, {entry("X", 2, 34)});
  EXPECT_EQ(outcome.kind, Kind::part);
  ASSERT_EQ(outcome.rest.size(), 1U);
  EXPECT_EQ(outcome.rest.front().units, 1);
  EXPECT_EQ(outcome.rest.front().points, Points{16});
  EXPECT_EQ(outcome.covered, Points{17});
}

TEST(Survey, WhatIsUndoneAtTheTargetIsNotThereAnyMore) {
  const std::vector<SurveyEntry> entries{entry("X", 2, 34), entry("V", -2, 34)};
  EXPECT_EQ(outcome_of(book_of({2}), 10, entries).kind, Kind::absent);
}

TEST(Survey, MoreThanTheBookKnowsOfIsLeftToWhoComesLater) {
  const SurveyOutcome outcome = outcome_of(book_of({1}), 10, {entry("X", 3, 50)});
  EXPECT_EQ(outcome.kind, Kind::covered);
  EXPECT_TRUE(outcome.reference.empty()) << "it is no entry of its own";
}

TEST(Survey, AClaimThatAddsNothingIsAskedForAllTheSame) {
  // Two units were returned before and voided since, which this book has not heard of yet.
  const Book book = book_of({3, 2}, true);
  EXPECT_EQ(book.claims[1].reversal.size(), 1U);
  EXPECT_EQ(book.claims[1].reversal.front().units, 0);
  const SurveyOutcome outcome = outcome_of(book, 11, {entry("X", 1, 17)});
  EXPECT_EQ(outcome.kind, Kind::part);
  EXPECT_EQ(outcome.rest.front().units, 2);
}

TEST(Survey, ADeltaThatNobodyKnowsOfIsForAPerson) {
  const Book book = book_of({1});
  Leg leg = delta_leg(book, claimant(10));
  leg.steps.front().reference = "SENT-ONCE-MORE";
  EXPECT_EQ(survey_outcome(book, claimant(10), leg, accrual, {}).kind, Kind::differs);
}

TEST(InDoubt, IsWhatMayHaveHappenedBeforeTheRestore) {
  const Restore restore{.count = 1, .at = {1'000'000'000'000}};
  Flow flow;
  Leg post;
  post.kind = LegKind::post;
  flow.occurred_at = restore.at;
  EXPECT_TRUE(in_doubt(flow, post, restore));
  EXPECT_FALSE(in_doubt(flow, post, {})) << "nothing was restored";
  post.restores = 1;
  EXPECT_FALSE(in_doubt(flow, post, restore)) << "its target was asked";
  EXPECT_TRUE(in_doubt(flow, post, {.count = 2, .at = restore.at}));
  post.restores = 0;
  flow.occurred_at = restore.at + std::chrono::hours{25};
  EXPECT_FALSE(in_doubt(flow, post, restore)) << "it came afterwards, by any till's clock";
  Leg delta;
  delta.kind = LegKind::reverse;
  EXPECT_TRUE(in_doubt(flow, delta, restore)) << "whoever comes first carries a book's delta";
}

}  // namespace
}  // namespace crossfoot::flow
