// Goal: a receipt book ends in the same ledger whatever the order in which facts reach it, and
// never takes back more than was sold.
#include "flow/plan/book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/codec.h"

namespace crossfoot::flow {
namespace {

SaleFacts settled_sale() {
  SaleFacts sale;
  sale.flow = {1, 1};
  sale.member = "M-1";
  sale.accrue_settled = sale.accrued = sale.post_settled = sale.posted = true;
  sale.accrual_reference = "ACCRUAL";
  sale.post_reference = "POSTING";
  sale.lines = {{1, ledger::line_points({2, false}, {17, 0, 2}), 0},
                {2, ledger::line_points({1, false}, {4, 0, 1}), 0}};  // V6: 17, 17, 4
  return sale;
}

Claim claim_by(std::uint64_t flow, std::int64_t occurred_at, std::vector<ClaimLine> lines) {
  Claim claim;
  claim.flow = {flow, 0};
  claim.leg = 3;
  claim.occurred_at = {occurred_at};
  claim.natural_key = "return-" + std::to_string(flow);
  claim.lines = std::move(lines);
  return claim;
}

struct Ledger {
  std::map<std::uint32_t, std::int64_t> units;
  std::int64_t points = 0;
  std::map<std::uint64_t, std::int64_t> covered;

  bool operator==(const Ledger&) const = default;
};

Ledger ledger_of(const Book& book) {
  Ledger ledger;
  for (const Claim& claim : book.claims) {
    for (const ReversalLine& line : claim.reversal) {
      ledger.units[line.line] += line.units;
      ledger.points += line.points.count;
    }
    for (const ClaimLine& line : claim.lines) ledger.covered[claim.flow.high] += line.covered;
  }
  return ledger;
}

TEST(Book, AnyOrderOfSaleAndReturnsEndsInTheSameLedger) {
  // Facts 0 … 3 are returns that ask for more than was sold; 4 is the sale.
  const std::vector<Claim> claims{claim_by(10, 100, {{1, 1, 0}}),
                                  claim_by(11, 200, {{1, 1, 0}, {2, 1, 0}}),
                                  claim_by(12, 300, {{1, 1, 0}}), claim_by(13, 50, {{2, 1, 0}})};
  std::vector<int> order(5);
  std::iota(order.begin(), order.end(), 0);
  std::optional<Ledger> first;
  do {
    Book book;
    for (const int fact : order) {
      if (fact == 4) {
        evaluate(book, settled_sale());
      } else {
        add_claim(book, claims[static_cast<std::size_t>(fact)]);
        evaluate(book, std::nullopt);
      }
    }
    const Ledger ledger = ledger_of(book);
    EXPECT_EQ(ledger.units.at(1), 2);
    EXPECT_EQ(ledger.units.at(2), 1);
    EXPECT_EQ(ledger.points, 38);
    EXPECT_EQ(ledger.covered.at(13), 1);  // the earliest gets the mug, whenever it arrives
    EXPECT_EQ(ledger.covered.at(12), 0);
    if (!first) first = ledger;
    EXPECT_EQ(ledger, *first);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Book, SixtyFourReturnsNeverTakeBackMoreThanWasSold) {
  Book book;
  SaleFacts sale = settled_sale();
  sale.lines = {{1, ledger::line_points({10, false}, {1, 3, 10}), 0}};
  evaluate(book, sale);
  for (std::uint64_t i = 0; i < 64; ++i) {
    add_claim(book, claim_by(100 + i, static_cast<std::int64_t>((i * 37) % 64), {{1, 1, 0}}));
    evaluate(book, std::nullopt);
  }
  EXPECT_EQ(ledger_of(book).units.at(1), 10);
  EXPECT_EQ(ledger_of(book).points, 13);
  EXPECT_EQ(book.revision, 64U);
}

TEST(Book, AClaimWaitsForItsOriginalAndForItsSettlement) {
  Book book;
  add_claim(book, claim_by(10, 100, {{1, 1, 0}}));
  evaluate(book, std::nullopt);
  EXPECT_EQ(book.claims[0].status, ClaimStatus::waits_for_original);
  EXPECT_TRUE(book.pending());
  SaleFacts sale = settled_sale();
  sale.accrue_settled = false;
  evaluate(book, sale);
  EXPECT_EQ(book.claims[0].status, ClaimStatus::waits_for_settlement);
  evaluate(book, settled_sale());
  EXPECT_EQ(book.claims[0].status, ClaimStatus::answered);
  EXPECT_EQ(book.claims[0].reversal.front().points.count, 17);
  book.claims[0].delivered = true;
  EXPECT_FALSE(book.pending());
}

TEST(Book, AVoidTakesBackWhatIsLeftAndLaterReturnsFindNothing) {
  Book book;
  evaluate(book, settled_sale());
  add_claim(book, claim_by(10, 100, {{1, 1, 0}}));
  evaluate(book, std::nullopt);
  Claim whole = claim_by(11, 200, {});
  whole.whole = true;
  add_claim(book, whole);
  evaluate(book, std::nullopt);
  EXPECT_EQ(ledger_of(book).points, 38);
  add_claim(book, claim_by(12, 300, {{1, 1, 0}}));
  evaluate(book, std::nullopt);
  EXPECT_EQ(book.claims[2].lines[0].covered, 0);
  EXPECT_TRUE(book.claims[2].reversal.empty());
  EXPECT_EQ(ledger_of(book).points, 38);
}

/// Everything that is answered has reached its claimant.
void deliver(Book& book) {
  for (Claim& claim : book.claims) claim.delivered = true;
}

TEST(Book, ACorrectionTakesBackWhatIsLeftAndAllClaimsAreJudgedAnew) {
  // Goal: of 2 + 1 sold one is back; the correction takes 1 + 1, and of its own 1 unit the claims
  // for two get one: the later return is over-returned now.
  Book book;
  evaluate(book, settled_sale());
  add_claim(book, claim_by(10, 100, {{1, 1, 0}}));
  add_claim(book, claim_by(11, 200, {{1, 1, 0}}));
  evaluate(book, std::nullopt);
  EXPECT_EQ(book.claims[1].lines[0].covered, 1);
  deliver(book);
  EXPECT_FALSE(advance(book));
  Claim correction = claim_by(20, 50, {});
  correction.supersedes = {1, 1};
  add_claim(book, correction);
  evaluate(book, std::nullopt);
  ASSERT_NE(book.correction(), nullptr);
  EXPECT_EQ(book.correction()->status, ClaimStatus::answered);
  const ClaimAnswer answer = answer_of(book, *book.correction());
  EXPECT_TRUE(answer.whole);
  ASSERT_EQ(answer.reversal.size(), 1U) << "line 1 is back already";
  EXPECT_EQ(answer.reversal[0].line, 2U);
  EXPECT_FALSE(advance(book)) << "the correction has not been told yet";
  EXPECT_TRUE(book.pending());
  deliver(book);
  EXPECT_TRUE(book.pending()) << "the next revision is to be looked at";
  ASSERT_TRUE(advance(book));
  EXPECT_EQ(book.receipt, (Id{20, 0}));
  ASSERT_EQ(book.past.size(), 1U);
  EXPECT_EQ(book.past[0].reversals.size(), 3U);
  SaleFacts next = settled_sale();
  next.flow = {20, 0};
  next.accrual_reference = "SECOND";
  next.lines = {{1, ledger::line_points({1, false}, {9, 0, 1}), 0}};
  evaluate(book, next);
  const auto claim_of = [&book](std::uint64_t flow) {
    return *std::ranges::find(book.claims, Id{flow, 0}, &Claim::flow);
  };
  EXPECT_EQ(claim_of(10).reversal.at(0).points, Points{9});
  EXPECT_EQ(claim_of(10).lines[0].covered, 1);
  EXPECT_TRUE(claim_of(11).reversal.empty());
  EXPECT_EQ(claim_of(11).lines[0].covered, 0);
  EXPECT_EQ(answer_of(book, claim_of(10)).sale.accrual_reference, "SECOND");
  EXPECT_GT(claim_of(10).revision, 3U) << "what is taken back anew has a reference of its own";
  const std::string bytes = encode(book);
  const auto again = decode_book(bytes);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(encode(*again), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_book(bytes.substr(0, size)).has_value()) << size;
  }
}

TEST(Book, AVoidedRevisionIsMirroredOnce) {
  // Goal: what a void has mirrored and taken back its correction does not take back again.
  Book book;
  evaluate(book, settled_sale());
  Claim whole = claim_by(11, 200, {});
  whole.whole = true;
  add_claim(book, whole);
  evaluate(book, std::nullopt);
  deliver(book);
  Claim correction = claim_by(20, 50, {});
  correction.supersedes = {1, 1};
  add_claim(book, correction);
  evaluate(book, std::nullopt);
  const ClaimAnswer answer = answer_of(book, *book.correction());
  EXPECT_FALSE(answer.sale.posted);
  EXPECT_TRUE(answer.reversal.empty());
  deliver(book);
  ASSERT_TRUE(advance(book));
  EXPECT_TRUE(book.voided()) << "the void holds for the next revision too";
  EXPECT_TRUE(book.pending());
}

TEST(Book, WithoutCorrectionsItIsStoredAsBefore) {
  Book book;
  evaluate(book, settled_sale());
  add_claim(book, claim_by(10, 100, {{1, 1, 0}}));
  EXPECT_EQ(encode(book)[0], 3);
}

TEST(Book, TheSameClaimAgainChangesNothing) {
  Book book;
  evaluate(book, settled_sale());
  add_claim(book, claim_by(10, 100, {{1, 1, 0}}));
  evaluate(book, std::nullopt);
  const Ledger before = ledger_of(book);
  add_claim(book, claim_by(10, 100, {{1, 1, 0}}));
  evaluate(book, std::nullopt);
  EXPECT_EQ(ledger_of(book), before);
  EXPECT_EQ(book.revision, 1U);
}

TEST(Book, StoredFormRoundTripsAndRefusesDamage) {
  Book book;
  book.key = hash128("sale");
  book.date = {20'000};
  evaluate(book, settled_sale());
  add_claim(book, claim_by(10, 100, {{1, 1, 0}}));
  evaluate(book, std::nullopt);
  const std::string bytes = encode(book);
  const auto again = decode_book(bytes);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(encode(*again), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_book(bytes.substr(0, size)).has_value()) << size;
  }
}

/// 0.735 kg for 13 points.
SaleFacts weighed_sale() {
  SaleFacts sale = settled_sale();
  sale.lines = {{1, {.quantity = {735'000, true}, .runs = {{1, 13}}}, 0}};
  return sale;
}

TEST(Book, APartOfAWeighedLineTakesItsPartBack) {
  // Goal: 0.300 kg of 0.735 kg take 5 of 13 points, the next 0.500 kg what is left.
  Book book;
  evaluate(book, weighed_sale());
  add_claim(book, claim_by(10, 100, {{1, 300'000, 0, true}}));
  add_claim(book, claim_by(11, 200, {{1, 500'000, 0, true}}));
  evaluate(book, std::nullopt);
  const ReversalLine& first = book.claims[0].reversal.at(0);
  EXPECT_EQ(first.units, 300'000);
  EXPECT_TRUE(first.measured);
  EXPECT_EQ(first.points, Points{5});
  EXPECT_EQ(book.claims[1].reversal.at(0).units, 435'000);
  EXPECT_EQ(book.claims[1].reversal.at(0).points, Points{8});
  EXPECT_EQ(book.claims[0].lines[0].covered, 300'000);
  EXPECT_EQ(book.claims[1].lines[0].covered, 435'000);
}

TEST(Book, PiecesAndWeightsMeetInTheSoldLinesMeasure) {
  // Goal: one "piece" of a weighed line asks for a whole kilogram, half a piece for a whole one.
  Book weighed;
  evaluate(weighed, weighed_sale());
  add_claim(weighed, claim_by(10, 100, {{1, 1, 0, false}}));
  evaluate(weighed, std::nullopt);
  EXPECT_EQ(weighed.claims[0].reversal.at(0).units, 735'000);
  EXPECT_EQ(weighed.claims[0].lines[0].covered, 0) << "not the whole kilogram that was claimed";
  Book pieces;
  evaluate(pieces, settled_sale());
  add_claim(pieces, claim_by(10, 100, {{1, 500'000, 0, true}}));
  evaluate(pieces, std::nullopt);
  EXPECT_EQ(pieces.claims[0].reversal.at(0).units, 1);
  EXPECT_FALSE(pieces.claims[0].reversal.at(0).measured);
  EXPECT_EQ(pieces.claims[0].lines[0].covered, 500'000);
}

Claim release_by(std::uint64_t flow, std::int64_t occurred_at, std::uint64_t of) {
  Claim claim = claim_by(flow, occurred_at, {});
  claim.releases = {of, 0};
  return claim;
}

TEST(Book, V18AnyOrderOfSaleReturnsAndTheVoidOfAReturnEndsInTheSameLedger) {
  // Goal: V18: {sale, partial return, its post-void, second return} in all 24 orders: one shirt is
  // back, by the second return.
  const std::vector<Claim> claims{claim_by(10, 100, {{1, 1, 0}}), release_by(11, 200, 10),
                                  claim_by(12, 300, {{1, 1, 0}})};
  std::vector<int> order{0, 1, 2, 3};  // 3 is the sale
  do {
    Book book;
    for (const int fact : order) {
      if (fact == 3) {
        evaluate(book, settled_sale());
      } else {
        add_claim(book, claims[static_cast<std::size_t>(fact)]);
        evaluate(book, std::nullopt);
      }
    }
    const Ledger ledger = ledger_of(book);
    EXPECT_EQ(ledger.units.at(1), 1);
    EXPECT_EQ(ledger.points, 17);
    EXPECT_EQ(ledger.covered.at(10), 0);
    EXPECT_EQ(ledger.covered.at(12), 1);
    EXPECT_EQ(book.claimed(1), 1);
    for (const Claim& claim : book.claims) {
      EXPECT_EQ(claim.status, ClaimStatus::answered);
      EXPECT_EQ(answer_of(book, claim).released, claim.flow.high == 10);
    }
    EXPECT_EQ(encode(decode_book(encode(book)).value()), encode(book));
  } while (std::ranges::next_permutation(order).found);
}

TEST(Book, AReleaseGivesTheLastUnitsBackAndCoversWhoWasOver) {
  // Goal: of two shirts three came back; the first return's void leaves the sums alone and covers
  // the third, the second's void gives a shirt's points again.
  Book book;
  evaluate(book, settled_sale());
  for (std::uint64_t flow = 10; flow < 13; ++flow) {
    add_claim(book, claim_by(flow, static_cast<std::int64_t>(flow), {{1, 1, 0}}));
    evaluate(book, std::nullopt);
  }
  EXPECT_EQ(ledger_of(book).covered.at(12), 0);
  for (Claim& claim : book.claims) claim.delivered = true;
  add_claim(book, release_by(20, 500, 10));
  evaluate(book, std::nullopt);
  EXPECT_EQ(ledger_of(book).points, 34);
  EXPECT_EQ(ledger_of(book).covered.at(12), 1);
  EXPECT_FALSE(book.claims[0].delivered) << "who was voided is told";
  EXPECT_FALSE(book.claims[2].delivered) << "who is covered now is told";
  add_claim(book, release_by(21, 600, 11));
  evaluate(book, std::nullopt);
  EXPECT_EQ(ledger_of(book).points, 17);
  const Claim& second = book.claims.back();
  EXPECT_EQ(second.reversal.at(0).units, -1);
  EXPECT_EQ(second.reversal.at(0).points, Points{-17});
}

TEST(Book, AVoidedReturnOfASaleThatNeverCameWaitsForNothing) {
  // Goal: a return and its void are settled without their sale, in either order.
  for (const bool void_first : {false, true}) {
    Book book;
    if (void_first) add_claim(book, release_by(11, 200, 10));
    add_claim(book, claim_by(10, 100, {{1, 1, 0}}));
    evaluate(book, std::nullopt);
    if (!void_first) add_claim(book, release_by(11, 200, 10));
    evaluate(book, std::nullopt);
    for (Claim& claim : book.claims) {
      EXPECT_EQ(claim.status, ClaimStatus::answered);
      claim.delivered = true;
    }
    EXPECT_FALSE(book.pending());
    evaluate(book, settled_sale());
    EXPECT_TRUE(ledger_of(book).units.empty());
  }
}

TEST(Book, TheFirstStoredFormIsStillRead) {
  // Goal: a book as it was stored with one share per line means what it meant.
  ByteWriter out;
  out.u64(1);
  out.hash(hash128("sale"));
  out.i64(20'000);
  out.u64(4);
  out.u64(1);
  out.boolean(true);
  out.id({1, 1});
  out.text("default");
  out.text("M-1");
  out.boolean(true);
  out.boolean(true);
  out.text("ACCRUAL");
  out.boolean(true);
  out.boolean(true);
  out.text("POSTING");
  out.u64(1);  // lines: number, share, units that get one more, units, weight
  out.u64(7);
  for (const std::int64_t value : {3, 1, 3, 1050}) out.i64(value);
  out.u64(1);  // taken back
  out.u64(7);
  out.i64(1);
  out.u64(1);  // claims
  out.id({10, 0});
  out.u64(3);
  out.instant({100});
  out.text("return-10");
  out.boolean(false);
  out.u64(1);
  out.u64(7);
  out.i64(1);
  out.i64(1);
  out.enumerator(ClaimStatus::answered);
  out.boolean(true);
  out.u64(1);
  out.u64(1);
  out.u64(7);
  out.i64(1);
  out.i64(4);
  auto book = decode_book(out.view());
  ASSERT_TRUE(book.has_value());
  EXPECT_EQ(book->sale->lines.at(0).points, ledger::line_points({3, false}, {3, 1, 3}));
  EXPECT_EQ(book->sale->lines.at(0).weight, 1050);
  EXPECT_EQ(book->claims.at(0).reversal.at(0).points, Points{4});
  add_claim(*book, claim_by(11, 200, {{7, 2, 0}}));
  evaluate(*book, std::nullopt);
  EXPECT_EQ(book->claims[1].reversal.at(0).points, Points{6});
  EXPECT_TRUE(decode_book(encode(*book)).has_value());
}

}  // namespace
}  // namespace crossfoot::flow
