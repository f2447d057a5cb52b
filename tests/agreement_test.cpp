// Goal: the ledger and the loyalty sandbox, which share no arithmetic, agree on 10,000 random
// receipts: on what each unit earns, and on what every sequence of returns takes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "ledger/programme_json.h"
#include "ledger/reversal_method.h"
#include "ledger/zones.h"
#include "sandbox/programme.h"

namespace crossfoot {
namespace {

constexpr std::uint64_t seed = 20'261'124;
constexpr int receipts = 10'000;

/// Rules that differ in everything both sides know; each is read by both readers.
constexpr std::array programmes{
    R"({"programme": "a", "version": 1, "currency": "EUR",
        "earn": {"points_per_unit": "1", "rounding": "floor", "base": "gross",
                 "stacking": "multiplicative", "line_kinds": ["goods"],
                 "excluded_tenders": ["gift_card", "points"]},
        "rates": [{"currency": "CHF", "to_programme": "1.05"},
                  {"currency": "JPY", "to_programme": "0.0061"}],
        "tiers": [{"tier": "gold", "multiplier": "1.25", "members": ["M-GOLD"]}],
        "campaigns": [{"id": "toys", "multiplier": "3", "articles": ["TOY-*"],
                       "from": "2026-11-21T00:00:00", "until": "2026-11-23T00:00:00"},
                      {"id": "always", "multiplier": "1.5", "articles": ["TOY-1", "CUP-*"]}],
        "zones": {"DE": "Europe/Berlin", "IN": "Asia/Kolkata"}})",
    R"({"programme": "b", "version": 2, "currency": "EUR",
        "earn": {"points_per_unit": "2.5", "rounding": "half_up", "base": "net",
                 "stacking": "additive", "line_kinds": ["goods", "shipping"],
                 "excluded_tenders": ["gift_card"]},
        "rates": [{"currency": "CHF", "to_programme": "1.05"},
                  {"currency": "JPY", "to_programme": "0.0061"}],
        "tiers": [{"tier": "gold", "multiplier": "2", "members": ["M-GOLD"]}],
        "campaigns": [{"id": "toys", "multiplier": "2.25", "articles": ["TOY-*"],
                       "spend_from": "60.50"}],
        "zones": {"DE": "Europe/Berlin", "IN": "Asia/Kolkata"}})",
    R"({"programme": "c", "version": 3, "currency": "EUR",
        "earn": {"points_per_unit": "0.1", "rounding": "half_even", "base": "gross"},
        "rates": [{"currency": "CHF", "to_programme": "1.05"},
                  {"currency": "JPY", "to_programme": "0.0061"}]})"};

class Dice {
 public:
  std::int64_t from_to(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  bool one_in(std::int64_t n) { return from_to(1, n) == 1; }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(
        from_to(0, static_cast<std::int64_t>(values.size()) - 1))];
  }
  template <class T>
  void shuffle(std::vector<T>& values) {
    std::shuffle(values.begin(), values.end(), engine_);
  }

 private:
  std::mt19937_64 engine_{seed};
};

contract::Line random_line(Dice& dice, const contract::Transaction& sale) {
  contract::Line line;
  line.number = static_cast<std::uint32_t>(sale.lines.size() + 1);
  line.article = dice.one_of<std::string>({"TOY-1", "TOY-2", "CUP-1", "PEN"});
  line.unit = "EA";
  line.quantity = {dice.one_in(20) ? dice.from_to(100, 5'000) : dice.from_to(1, 6), 0};
  if (dice.one_in(6)) {
    line.measured = true;
    line.quantity = {dice.from_to(1, 4'000), 3};
  }
  if (dice.one_in(8)) line.kind = contract::LineKind::shipping;
  // Sometimes below the minor unit, as prices by the hundred are; both sides weigh exactly up to
  // six places below it.
  line.unit_price = !line.measured && dice.one_in(5) ? Decimal{dice.from_to(1, 90'000), 4}
                                                     : Decimal{dice.from_to(0, 9'000), 2};
  const auto minor =
      multiply_round(line.quantity, line.unit_price, sale.currency.exponent(), Rounding::half_up);
  line.amount = Money{minor.value(), sale.currency};
  line.discount = Money{dice.one_in(4) ? dice.from_to(0, line.amount.minor) : 0, sale.currency};
  line.tax_code = "STD";
  line.tax_rate = dice.one_of<Decimal>({{19, 2}, {7, 2}, {0, 0}, {81, 3}});
  return line;
}

contract::Transaction random_sale(Dice& dice) {
  contract::Transaction sale;
  sale.currency = find_currency(dice.one_of<std::string>({"EUR", "CHF", "JPY"})).value();
  sale.tax_mode =
      dice.one_of<contract::TaxMode>({contract::TaxMode::inclusive, contract::TaxMode::exclusive,
                                      contract::TaxMode::not_in_source});
  sale.member = dice.one_of<std::string>({"M-1", "M-GOLD"});
  sale.region = dice.one_of<std::string>({"DE", "DE-BY", "IN", "US"});
  sale.occurred_at = {parse_instant("2026-11-20T12:00:00Z")->micros +
                      dice.from_to(0, 4 * 86'400) * 1'000'000};
  const auto lines = dice.from_to(1, 5);
  Money worth{0, sale.currency};
  for (std::int64_t i = 0; i < lines; ++i) {
    sale.lines.push_back(random_line(dice, sale));
    worth += sale.lines.back().amount - sale.lines.back().discount;
  }
  if (worth.minor > 0 && dice.one_in(3)) {
    sale.discounts.push_back({Money{dice.from_to(1, worth.minor), sale.currency}, "coupon"});
  }
  if (dice.one_in(3)) {
    sale.tenders.push_back(
        {contract::TenderKind::gift_card, Money{dice.from_to(1, worth.minor + 1), sale.currency}});
  }
  return sale;
}

/// The facts as the loyalty platform receives them.
sandbox::Receipt as_received(const contract::Transaction& sale) {
  sandbox::Receipt receipt;
  receipt.region = sale.region;
  receipt.member = sale.member;
  receipt.occurred_at = sale.occurred_at;
  receipt.currency = sale.currency;
  receipt.tax_mode = sale.tax_mode == contract::TaxMode::inclusive ? sandbox::TaxMode::inclusive
                     : sale.tax_mode == contract::TaxMode::exclusive
                         ? sandbox::TaxMode::exclusive
                         : sandbox::TaxMode::not_in_source;
  for (const contract::Line& line : sale.lines) {
    receipt.lines.push_back({.number = line.number,
                             .kind = line.kind == contract::LineKind::shipping
                                         ? sandbox::LineKind::shipping
                                         : sandbox::LineKind::goods,
                             .article = line.article,
                             .quantity = line.quantity,
                             .measured = line.measured,
                             .unit_price = line.unit_price,
                             .discount_minor = line.discount.minor,
                             .tax_code = line.tax_code,
                             .tax_rate = *line.tax_rate});
  }
  for (const contract::Discount& discount : sale.discounts) {
    receipt.order_discount_minor += discount.amount.minor;
  }
  for (const contract::Tender& tender : sale.tenders) {
    receipt.tenders.push_back({"gift_card", tender.amount.minor});
  }
  return receipt;
}

/// What a platform takes back for the first `count` of a line; of a measured one the proportion.
std::int64_t platform_takes(const std::vector<sandbox::PointRun>& runs,
                            const ledger::LineQuantity& sold, std::int64_t count) {
  if (!sold.measured) return sandbox::points_of_units(runs, 0, count);
  const Wide all = sandbox::points_of_units(runs, 0, 1);
  return static_cast<std::int64_t>(all * count / sold.count);
}

/// Takes everything back in random pieces and a random order, and answers what was taken; the two
/// sides agree on each step.
std::int64_t take_back(Dice& dice, const std::vector<ledger::FrozenLine>& frozen,
                       const sandbox::Earned& earned) {
  std::vector<std::size_t> open(frozen.size());
  std::iota(open.begin(), open.end(), std::size_t{0});
  std::vector<std::int64_t> back(frozen.size(), 0);
  std::int64_t taken = 0;
  while (!open.empty()) {
    const auto at =
        static_cast<std::size_t>(dice.from_to(0, static_cast<std::int64_t>(open.size()) - 1));
    const std::size_t i = open[at];
    const ledger::LinePoints& points = frozen[i].points;
    const std::int64_t left = points.quantity.count - back[i];
    const std::int64_t to = back[i] + (dice.one_in(2) ? left : dice.from_to(1, left));
    const std::int64_t step = ledger::reversal(points, back[i], to).count;
    EXPECT_EQ(step, platform_takes(earned.lines[i], points.quantity, to) -
                        platform_takes(earned.lines[i], points.quantity, back[i]));
    EXPECT_GE(step, 0);
    taken += step;
    back[i] = to;
    if (to == points.quantity.count) open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return taken;
}

/// Every method's steps over single returns of whole lines, in an order of their own.
void take_back_by_methods(Dice& dice, const ledger::EarnedSale& sale) {
  std::vector<ledger::ReturnedLine> order;
  for (const ledger::FrozenLine& line : sale.frozen) {
    const std::int64_t half = line.points.quantity.count / 2;
    if (half > 0) order.push_back({line.line, half});
    order.push_back({line.line, line.points.quantity.count - half});
  }
  for (const auto method :
       {ledger::ReversalMethod::frozen, ledger::ReversalMethod::proportional,
        ledger::ReversalMethod::recompute, ledger::ReversalMethod::on_full_return,
        ledger::ReversalMethod::on_first_return}) {
    dice.shuffle(order);
    std::vector<ledger::ReturnedLine> returned;
    Points before;
    for (const ledger::ReturnedLine& line : order) {
      returned.push_back(line);
      const Points now = ledger::taken_back(sale, method, returned).value();
      EXPECT_GE(now, before);
      EXPECT_LE(now, sale.accrual.total);
      before = now;
    }
    EXPECT_EQ(before, sale.accrual.total);
  }
}

TEST(Agreement, TenThousandReceiptsAreEarnedAndTakenBackAlike) {
  // Goal: the same points by unit, and by every order and split of returns what was earned; the
  // seed repeats the run.
  Dice dice;
  const ledger::SystemZones zones;
  std::int64_t points = 0;
  int earning = 0;
  for (int i = 0; i < receipts; ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", receipt " + std::to_string(i));
    const std::string json = programmes[static_cast<std::size_t>(i) % programmes.size()];
    const auto programme = ledger::parse_programme(json).value();
    const auto rules = sandbox::parse_programme(json).value();
    const auto sale = random_sale(dice);
    const auto earned = sandbox::earn(rules, as_received(sale));
    ASSERT_TRUE(earned) << earned.error().message;
    const auto pricing = ledger::price(sale);
    const auto at = ledger::local_time(programme, sale, zones).value();
    const auto accrual = ledger::accrue(programme, sale, pricing, at).value();
    ASSERT_EQ(accrual.total.count, earned->points);
    std::vector<ledger::FrozenLine> frozen;
    for (const ledger::AccruedLine& line : accrual.lines) {
      frozen.push_back({line.number, line.points, line.weight});
    }
    for (int order = 0; order < 3; ++order) {
      ASSERT_EQ(take_back(dice, frozen, *earned), earned->points);
    }
    take_back_by_methods(dice, {programme, sale, pricing, at, accrual, frozen});
    if (HasFailure()) return;
    points += earned->points;
    if (earned->points > 0) ++earning;
  }
  EXPECT_GT(earning, receipts / 2) << "most receipts must earn, or nothing was compared";
  EXPECT_GT(points, receipts);
}

}  // namespace
}  // namespace crossfoot
