// Goal: a receipt's later life, in real systems' books: what is weighed comes back by weight, what
// is voided is undone, and money, stock and points agree afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "sandbox_world.h"

namespace crossfoot {
namespace {

using contract::LineAction;
using contract::Transaction;
using contract::TransactionKind;
using testing::day;
using testing::World;

/// A shop's receipts, a minute apart.
class Till {
 public:
  Transaction receipt(TransactionKind kind, std::int32_t on) {
    Transaction made;
    made.kind = kind;
    made.key.tenant = "default";
    made.key.shop = made.shop = "DE-001";
    made.key.register_name = "1";
    made.key.business_date = made.business_date = day(on);
    made.key.sequence = std::to_string(++count_);
    made.region = "DE";
    made.currency = *find_currency("EUR");
    made.tax_mode = contract::TaxMode::inclusive;
    made.occurred_at =
        Instant{made.business_date.days * 86'400'000'000 + 36'000'000'000 + count_ * 60'000'000};
    return made;
  }

  static void add_line(Transaction& to, std::string_view quantity, std::string_view price,
                       bool measured = false) {
    contract::Line line;
    line.number = static_cast<std::uint32_t>(to.lines.size() + 1);
    line.article = "CHEESE";
    line.quantity = *parse_decimal(quantity);
    line.unit = measured ? "KGM" : "EA";
    line.measured = measured;
    line.unit_price = *parse_decimal(price);
    line.amount = {*multiply_round(line.quantity, line.unit_price, 2, Rounding::half_up),
                   to.currency};
    line.discount = {0, to.currency};
    line.tax_code = "DE-RED";
    line.tax_rate = Decimal{7, 2};
    to.lines.push_back(std::move(line));
  }

  Transaction return_of(const Transaction& sale, std::string_view quantity) {
    Transaction made = receipt(TransactionKind::return_goods, 1);
    made.member = sale.member;
    const contract::Line& sold = sale.lines[0];
    add_line(made, quantity, to_string(sold.unit_price), sold.measured);
    made.lines[0].action = LineAction::returned;
    made.lines[0].original = contract::OriginalLine{sale.key, sold.number};
    return made;
  }

  Transaction void_of(const Transaction& original) {
    Transaction made = receipt(TransactionKind::void_sale, 2);
    made.original = original.key;
    return made;
  }

 private:
  std::int64_t count_ = 0;
};

void accept(World& world, const Transaction& transaction) {
  EXPECT_EQ(world.accept(transaction), flow::AcceptAnswer::Kind::accepted);
}

void expect_agreement(World& world) {
  const std::string json = world.reconcile(day(0), day(3));
  EXPECT_NE(json.find(R"("state":"done")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("break":0)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("unverified":0)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("different":0)"), std::string::npos) << json;
}

std::string stock_of(World& world) {
  return world.erp.ask("/erp/v1/stock", "shop=DE-001&article=CHEESE");
}
std::string balance_of(World& world) {
  return world.loyalty.ask("/loyalty/v1/members/M-1");
}

TEST(Lifecycle, AWeighedLineComesBackByWeight) {
  // Goal: of 0.735 kg for 13.22 and 13 points, 0.300 kg come back for 5.39 and 5 points.
  World world;
  Till till;
  Transaction sale = till.receipt(TransactionKind::sale, 0);
  sale.member = "M-1";
  Till::add_line(sale, "0.735", "17.98", true);
  accept(world, sale);
  world.settle();
  EXPECT_NE(balance_of(world).find(R"("balance":13)"), std::string::npos) << balance_of(world);
  accept(world, till.return_of(sale, "0.300"));
  world.settle();
  EXPECT_NE(balance_of(world).find(R"("balance":8)"), std::string::npos) << balance_of(world);
  EXPECT_NE(stock_of(world).find(R"("sold":"0.735","returned":"0.3")"), std::string::npos)
      << stock_of(world);
  const std::string memo = world.erp.ask("/erp/v1/documents", "business_date=2026-11-21");
  EXPECT_NE(memo.find(R"("gross":"-5.39")"), std::string::npos) << memo;
  EXPECT_NE(memo.find(R"("quantity":"-0.300")"), std::string::npos) << memo;
  expect_agreement(world);
  // What is left comes back too, and what was never sold does not.
  accept(world, till.return_of(sale, "0.400"));
  accept(world, till.return_of(sale, "0.400"));
  world.settle();
  EXPECT_NE(balance_of(world).find(R"("balance":0)"), std::string::npos) << balance_of(world);
  expect_agreement(world);
}

TEST(Lifecycle, AWholeKilogramIsStillWeighed) {
  // Goal: 2.000 kg are one unit for the ERP's discount as for ours, and come back by the gram.
  World world;
  Till till;
  Transaction sale = till.receipt(TransactionKind::sale, 0);
  sale.member = "M-1";
  Till::add_line(sale, "2.000", "9.99", true);
  Till::add_line(sale, "3", "4.99");
  sale.discounts.push_back({Money{101, sale.currency}, "coupon"});
  accept(world, sale);
  world.settle();
  accept(world, till.return_of(sale, "1"));
  accept(world, till.return_of(sale, "0.333"));
  world.settle();
  expect_agreement(world);
}

TEST(Lifecycle, AVoidedReturnWasNeverOneInAnyOrder) {
  // Goal: {sale, return, void of the return} in all orders: 3 sold, none back, 32 points, money and
  // stock as sold; a second return then takes the first unit's points.
  std::array<int, 3> order{0, 1, 2};
  do {
    World world;
    Till till;
    Transaction sale = till.receipt(TransactionKind::sale, 0);
    sale.member = "M-1";
    Till::add_line(sale, "3", "10.99");
    const Transaction back = till.return_of(sale, "2");
    const std::array<Transaction, 3> facts{sale, back, till.void_of(back)};
    for (const int fact : order) {
      accept(world, facts[static_cast<std::size_t>(fact)]);
      world.settle();
    }
    SCOPED_TRACE(::testing::Message() << order[0] << order[1] << order[2]);
    EXPECT_NE(balance_of(world).find(R"("balance":32)"), std::string::npos) << balance_of(world);
    EXPECT_NE(stock_of(world).find(R"("on_hand":"-3")"), std::string::npos) << stock_of(world);
    expect_agreement(world);
    accept(world, till.return_of(sale, "1"));
    world.settle();
    EXPECT_NE(balance_of(world).find(R"("balance":21)"), std::string::npos) << balance_of(world);
    expect_agreement(world);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Lifecycle, AVoidedExchangeFreesWhatItTookBack) {
  // Goal: the void of an exchange takes its sale's points and gives those of its return again.
  World world;
  Till till;
  Transaction sale = till.receipt(TransactionKind::sale, 0);
  sale.member = "M-1";
  Till::add_line(sale, "1", "10.00");
  Transaction trade = till.return_of(sale, "1");
  trade.kind = TransactionKind::exchange;
  Till::add_line(trade, "1", "25.00");
  for (const Transaction& each : {sale, trade, till.void_of(trade)}) {
    accept(world, each);
    world.settle();
  }
  EXPECT_NE(balance_of(world).find(R"("balance":10)"), std::string::npos) << balance_of(world);
  EXPECT_NE(stock_of(world).find(R"("on_hand":"-1")"), std::string::npos) << stock_of(world);
  expect_agreement(world);
}

TEST(Lifecycle, ACorrectedSaleIsWhatAllBooksSayInAnyOrder) {
  // Goal: 3 sold, corrected to 2 for 21 points, a return of 1 for 11, in all orders: the books
  // agree with the receipts that count.
  std::array<int, 3> order{0, 1, 2};
  do {
    World world;
    Till till;
    Transaction sale = till.receipt(TransactionKind::sale, 0);
    sale.member = "M-1";
    Till::add_line(sale, "3", "10.99");
    Transaction fixed = sale;
    fixed.revision = 1;
    fixed.lines.clear();
    Till::add_line(fixed, "2", "10.99");
    const Transaction back = till.return_of(sale, "1");
    const std::array<Transaction, 3> facts{sale, fixed, back};
    for (const int fact : order) {
      (void)world.accept(facts[static_cast<std::size_t>(fact)]);
      world.settle();
    }
    SCOPED_TRACE(::testing::Message() << order[0] << order[1] << order[2]);
    EXPECT_NE(balance_of(world).find(R"("balance":10)"), std::string::npos) << balance_of(world);
    EXPECT_NE(stock_of(world).find(R"("on_hand":"-1")"), std::string::npos) << stock_of(world);
    expect_agreement(world);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Lifecycle, ACorrectedReturnGivesThePointsOfWhatReallyCameBack) {
  // Goal: 2 of 3 are returned for 22 of 32 points, corrected to 1 for 11.
  World world;
  Till till;
  Transaction sale = till.receipt(TransactionKind::sale, 0);
  sale.member = "M-1";
  Till::add_line(sale, "3", "10.99");
  Transaction back = till.return_of(sale, "2");
  accept(world, sale);
  accept(world, back);
  world.settle();
  EXPECT_NE(balance_of(world).find(R"("balance":10)"), std::string::npos) << balance_of(world);
  const Transaction fewer = till.return_of(sale, "1");
  back.revision = 1;
  back.lines = fewer.lines;
  EXPECT_EQ(world.accept(back), flow::AcceptAnswer::Kind::corrected);
  world.settle();
  EXPECT_NE(balance_of(world).find(R"("balance":21)"), std::string::npos) << balance_of(world);
  EXPECT_NE(stock_of(world).find(R"("on_hand":"-2")"), std::string::npos) << stock_of(world);
  expect_agreement(world);
}

}  // namespace
}  // namespace crossfoot
