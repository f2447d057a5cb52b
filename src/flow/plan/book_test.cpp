// Goal: a receipt book ends in the same ledger whatever the order in which facts reach it, and
// never takes back more than was sold.
#include "flow/plan/book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace crossfoot::flow {
namespace {

SaleFacts settled_sale() {
  SaleFacts sale;
  sale.flow = {1, 1};
  sale.member = "M-1";
  sale.accrue_settled = sale.accrued = sale.post_settled = sale.posted = true;
  sale.accrual_reference = "ACCRUAL";
  sale.post_reference = "POSTING";
  sale.lines = {{1, {17, 0, 2}, 0}, {2, {4, 0, 1}, 0}};  // V6: 17, 17, 4
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
  sale.lines = {{1, {1, 3, 10}, 0}};
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

}  // namespace
}  // namespace crossfoot::flow
