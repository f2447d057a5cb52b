// Goal: points go to single units as DOMAIN 7.2 says: by component, by what each unit is worth,
// without one lost or found.
#include "ledger/unit_split.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <numeric>

#include "ledger/accrual.h"
#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using contract::TaxMode;
using contract::TenderKind;
using contract::Transaction;
using testing::plain_programme;
using testing::ReceiptBuilder;
using Units = std::vector<std::int64_t>;

Accrual accrued(const Programme& programme, const Transaction& sale) {
  return accrue(programme, sale, price(sale), LocalTime{}).value();
}

Units units_of(const LinePoints& line) {
  Units units;
  for (std::int64_t i = 0; i < line.units(); ++i) {
    units.push_back(line.quantity.measured ? line.sum() : reversal(line, i, i + 1).count);
  }
  return units;
}

TEST(UnitSplit, EachComponentIsSplitForItself) {
  // Goal: 18 points are 8 by the base and 10 by the campaign, each over its own lines.
  Programme programme = plain_programme();
  programme.campaigns.push_back({"toys", {3, 1}, {"TOY"}, {}, {}});
  const Accrual accrual =
      accrued(programme, ReceiptBuilder().line("2", "2.50", "TOY").line("1", "3.33", "CUP").take());
  EXPECT_EQ(accrual.total, Points{18});
  EXPECT_EQ(units_of(accrual.lines[0].points), (Units{8, 7}));
  EXPECT_EQ(units_of(accrual.lines[1].points), (Units{3}));
}

TEST(UnitSplit, AUnitThatGotMoreOfTheDiscountEarnsLess) {
  // Goal: the first of two units bears the only cent of discount, and earns the less for it.
  Programme programme = plain_programme();
  programme.points_per_unit = {100, 1};
  const Accrual accrual =
      accrued(programme, ReceiptBuilder().line("2", "0.10").discount("0.01").take());
  EXPECT_EQ(units_of(accrual.lines[0].points), (Units{9, 10}));
}

TEST(UnitSplit, AMeasuredLineIsOneUnitAndComesBackInProportion) {
  // Goal: 0.735 kg for 13 points: 0.300 kg take 5, the rest takes 8.
  const Accrual accrual =
      accrued(plain_programme(), ReceiptBuilder().line("0.735", "18.00").measured().take());
  const LinePoints& line = accrual.lines[0].points;
  EXPECT_EQ(line.quantity, (LineQuantity{735'000, true}));
  EXPECT_EQ(line.sum(), 13);
  EXPECT_EQ(reversal(line, 0, 300'000), Points{5});
  EXPECT_EQ(reversal(line, 300'000, 735'000), Points{8});
}

TEST(UnitSplit, AmountsBeyond128BitsAreExactToo) {
  // Goal: what the narrow arithmetic cannot hold is computed without a limit.
  Programme programme = plain_programme();
  for (int i = 0; i < 3; ++i) {
    programme.campaigns.push_back({"c", {9'973, 9'967}, {i == 0 ? "A" : "*"}, {}, {}});
  }
  const Accrual accrual = accrued(programme, ReceiptBuilder()
                                                 .line("7", "123456789.01", "A")
                                                 .line("999983", "1234.57", "B")
                                                 .line("3", "0.000000007", "A")
                                                 .discount("1234567.89")
                                                 .take());
  std::int64_t sum = 0;
  for (const AccruedLine& line : accrual.lines) sum += line.points.sum();
  EXPECT_EQ(sum, accrual.total.count);
  EXPECT_GT(sum, 2'000'000'000);
}

TEST(LinePointsTest, RunsAreAddedUnitByUnit) {
  // Goal: runs that end at different units are cut where the other one ends.
  LinePoints line{.quantity = {5, false}, .runs = {}};
  add_runs(line, std::vector<UnitRun>{{2, 3}, {3, 2}});
  add_runs(line, std::vector<UnitRun>{{3, 1}, {1, 2}});
  EXPECT_EQ(units_of(line), (Units{4, 4, 3, 4, 2}));
  EXPECT_EQ(line.prefix(4), 15);
  EXPECT_EQ(line.prefix(99), 17);
  EXPECT_EQ(line.prefix(-1), 0);
}

TEST(LinePointsTest, QuantitiesAreCountedInEitherMeasure) {
  // Goal: kilograms count in millionths, pieces whole, and a broken piece is a whole one.
  EXPECT_EQ(line_quantity({735, 3}, true), (LineQuantity{735'000, true}));
  EXPECT_EQ(line_quantity({15, 1}, false), (LineQuantity{1'500'000, true}));
  EXPECT_EQ(line_quantity({200, 2}, false), (LineQuantity{2, false}));
  EXPECT_EQ(line_quantity({2, 0}, true), (LineQuantity{2'000'000, true}));
  EXPECT_EQ(line_quantity({-2, 0}, false), (LineQuantity{1, false}));
  EXPECT_EQ(count_in({2, false}, true), 2'000'000);
  EXPECT_EQ(count_in({1'500'000, true}, false), 2);
  EXPECT_EQ(to_string(to_decimal({300'000, true})), "0.3");
  EXPECT_EQ(to_string(to_decimal({2, false})), "2");
}

/// The same split by single units over exact fractions, as DOMAIN 7.1 and 7.2 tell it.
class Slowly {
 public:
  using Exact = boost::multiprecision::cpp_rational;

  Slowly(const Programme& programme, const Transaction& sale, const Accrual& accrual) {
    const Pricing pricing = price(sale);
    for (std::size_t i = 0; i < sale.lines.size(); ++i) {
      const contract::Line& line = sale.lines[i];
      const std::int64_t units = accrual.lines[i].points.units();
      const Exact price = exact(line.quantity) * exact(line.unit_price) * 100 - line.discount.minor;
      for (std::int64_t u = 0; u < units; ++u) {
        weights_.push_back(price / units - pricing.lines[i].discount_units.at(u));
        lines_.push_back(i);
      }
    }
    if (programme.base == EarnBase::net) {
      for (std::size_t i = 0; i < sale.lines.size(); ++i) {
        take(pricing.lines[i].tax.minor, [&](std::size_t line) { return line == i; });
      }
    }
    take(accrual.excluded.minor, [](std::size_t) { return true; });
    points_.resize(weights_.size(), 0);
    // One point a EUR, a campaign on A that triples: base on all, twice as much again on A.
    Exact all = 0;
    Exact of_a = 0;
    for (const AccruedLine& line : accrual.lines) {
      const bool a = sale.lines[line.number - 1].article == "A";
      all += line.eligible.minor;
      if (a) of_a += 2 * line.eligible.minor;
    }
    if (all == 0) return;
    // Rules that hold for the same lines are one.
    const auto is_a = [](const contract::Line& line) { return line.article == "A"; };
    if (std::ranges::all_of(sale.lines, is_a)) {
      give(accrual.total.count, [](std::size_t) { return true; });
      return;
    }
    const auto shares = spread(accrual.total.count, {all, of_a});
    give(shares[0], [](std::size_t) { return true; });
    give(shares[1], [&](std::size_t line) { return sale.lines[line].article == "A"; });
  }

  [[nodiscard]] const Units& points() const { return points_; }

 private:
  static Exact exact(const Decimal& value) {
    return Exact{value.units} / power_of_ten(value.scale);
  }

  static Units spread(std::int64_t total, const std::vector<Exact>& weights) {
    const Exact sum = std::accumulate(weights.begin(), weights.end(), Exact{0});
    Units shares(weights.size(), 0);
    std::vector<Exact> remainders(weights.size());
    std::int64_t left = total;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const Exact quota = sum == 0 ? Exact{total} / weights.size() : weights[i] * total / sum;
      shares[i] = static_cast<std::int64_t>(numerator(quota) / denominator(quota));
      remainders[i] = quota - shares[i];
      left -= shares[i];
    }
    for (; left > 0; --left) {
      const auto most = std::ranges::max_element(remainders) - remainders.begin();
      ++shares[static_cast<std::size_t>(most)];
      remainders[static_cast<std::size_t>(most)] = -1;
    }
    return shares;
  }

  template <class Covers>
  Units over(std::int64_t total, Covers covers) const {
    std::vector<Exact> weights;
    for (std::size_t u = 0; u < weights_.size(); ++u) {
      if (covers(lines_[u])) weights.push_back(weights_[u]);
    }
    return weights.empty() ? Units{} : spread(total, weights);
  }

  template <class Covers>
  void take(std::int64_t total, Covers covers) {
    const Units shares = over(total, covers);
    for (std::size_t u = 0, s = 0; u < weights_.size(); ++u) {
      if (covers(lines_[u])) weights_[u] -= shares[s++];
    }
    for (std::size_t u = 0; u < weights_.size(); ++u) {
      if (weights_[u] >= 0) continue;
      for (std::size_t v = 0; v < weights_.size(); ++v) {
        if (lines_[v] == lines_[u]) weights_[v] = 0;
      }
    }
  }

  template <class Covers>
  void give(std::int64_t total, Covers covers) {
    const Units shares = over(total, covers);
    for (std::size_t u = 0, s = 0; u < points_.size(); ++u) {
      if (covers(lines_[u])) points_[u] += shares[s++];
    }
  }

  std::vector<Exact> weights_;
  std::vector<std::size_t> lines_;
  Units points_;
};

RC_GTEST_PROP(UnitSplit, IsWhatSingleUnitsOverExactFractionsGive, ()) {
  ReceiptBuilder builder;
  builder.mode(TaxMode::inclusive);
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    const auto milli = *rc::gen::inRange<std::int64_t>(10, 30'000);
    if (*rc::gen::inRange(0, 4) == 0) {
      const auto grams = *rc::gen::inRange<std::int64_t>(1, 3'000);
      builder.line(to_string(Decimal{grams, 3}), to_string(Decimal{milli, 3}), "A").measured();
    } else {
      builder.line(to_string(Decimal{*rc::gen::inRange<std::int64_t>(1, 7), 0}),
                   to_string(Decimal{milli, 3}), *rc::gen::element("A", "B"));
    }
    builder.tax("STD", *rc::gen::element("0.19", "0.07"));
  }
  if (*rc::gen::inRange(0, 2) == 0) {
    builder.discount(to_string(Decimal{*rc::gen::inRange<std::int64_t>(1, 300), 2}));
  }
  if (*rc::gen::inRange(0, 2) == 0) {
    const auto gift = *rc::gen::inRange<std::int64_t>(1, 900);
    builder.tender(TenderKind::gift_card, to_string(Decimal{gift, 2}));
  }
  Programme programme = plain_programme();
  programme.campaigns.push_back({"a", {3, 1}, {"A"}, {}, {}});
  programme.base = *rc::gen::element(EarnBase::net, EarnBase::gross);
  const auto sale = builder.take();
  const Accrual accrual = accrued(programme, sale);
  Units units;
  for (const AccruedLine& line : accrual.lines) {
    const Units of_line = units_of(line.points);
    units.insert(units.end(), of_line.begin(), of_line.end());
  }
  RC_ASSERT(units == Slowly(programme, sale, accrual).points());
  RC_ASSERT(std::accumulate(units.begin(), units.end(), std::int64_t{0}) == accrual.total.count);
}

RC_GTEST_PROP(UnitSplit, AMeasuredLineComesBackWholeInAnyPieces, ()) {
  const auto grams = *rc::gen::inRange<std::int64_t>(2, 5'000);
  const Accrual accrual =
      accrued(plain_programme(),
              ReceiptBuilder().line(to_string(Decimal{grams, 3}), "97.31").measured().take());
  const LinePoints& line = accrual.lines[0].points;
  std::int64_t taken = 0;
  for (std::int64_t at = 0; at < line.quantity.count;) {
    const std::int64_t piece = *rc::gen::inRange<std::int64_t>(1, grams * 1'000);
    const Points step = reversal(line, at, at + piece);
    RC_ASSERT(step.count >= 0);
    taken += step.count;
    at += piece;
  }
  RC_ASSERT(taken == accrual.total.count);
}

}  // namespace
}  // namespace crossfoot::ledger
