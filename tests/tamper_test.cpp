// Goal: five hundred seeded tampers of the ERP's and the loyalty platform's own books, in rounds,
// give exactly those breaks, each of the right class; before and after them there is none.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>
#include <set>

#include "ledger/pricing.h"
#include "runtime/random.h"
#include "sandbox_world.h"

namespace crossfoot {
namespace {

using contract::LineAction;
using contract::Transaction;
using contract::TransactionKind;
using testing::day;
using testing::World;

struct Shop {
  const char* name;
  const char* currency;
  const char* region;
  contract::TaxMode mode;
  const char* tax_codes[2];
  const char* rates[2];
  bool earns;
};
constexpr Shop shops[] = {
    {"DE-001",
     "EUR",
     "DE",
     contract::TaxMode::inclusive,
     {"DE-STD", "DE-RED"},
     {"0.19", "0.07"},
     true},
    {"DE-002",
     "EUR",
     "DE",
     contract::TaxMode::inclusive,
     {"DE-STD", "DE-RED"},
     {"0.19", "0.07"},
     true},
    {"CH-001",
     "CHF",
     "CH",
     contract::TaxMode::inclusive,
     {"CH-STD", "CH-RED"},
     {"0.081", "0.026"},
     true},
    {"US-001",
     "USD",
     "US",
     contract::TaxMode::exclusive,
     {"US-TX", "US-0"},
     {"0.0825", "0"},
     false},
};

/// A weekend's made-up traffic.
class Traffic {
 public:
  explicit Traffic(std::uint64_t seed) : random_(seed) {}

  Transaction sale() {
    const Shop& shop = shops[random_.below(4)];
    Transaction made = base(shop, TransactionKind::sale, static_cast<std::int32_t>(pick(3)));
    if (shop.earns && pick(5) > 0) {
      made.member = pick(6) == 0 ? "M-GOLD-1" : fmt::format("M-{}", pick(30));
    }
    const std::uint64_t lines = 1 + pick(4);
    for (std::uint64_t i = 0; i < lines; ++i) add_line(made, shop, LineAction::sold);
    if (pick(3) == 0) {
      made.discounts.push_back(
          {Money{static_cast<std::int64_t>(1 + pick(150)), made.currency}, "coupon"});
    }
    const Money due = ledger::price(made).due;
    if (pick(4) == 0 && due.minor > 500) {
      made.tenders.push_back({contract::TenderKind::gift_card, Money{333, made.currency}});
      made.tenders.push_back({contract::TenderKind::card, Money{due.minor - 333, made.currency}});
    }
    return made;
  }

  /// Brings one unit, or the whole, of a line of `sale` back, the day after.
  Transaction return_of(const Transaction& sale, std::size_t index, bool whole) {
    Transaction made = base(shop_of(sale), TransactionKind::return_goods,
                            sale.business_date.days - day(0).days + 1);
    made.member = sale.member;
    add_returned(made, sale, index, whole);
    return made;
  }

  Transaction exchange_of(const Transaction& sale) {
    Transaction made =
        base(shop_of(sale), TransactionKind::exchange, sale.business_date.days - day(0).days + 1);
    made.member = sale.member;
    add_returned(made, sale, 0, false);
    add_line(made, shop_of(sale), LineAction::sold);
    return made;
  }

  Transaction void_of(const Transaction& sale) {
    Transaction made =
        base(shop_of(sale), TransactionKind::void_sale, sale.business_date.days - day(0).days + 1);
    made.original = sale.key;
    return made;
  }

  Transaction adjustment(TransactionKind kind) {
    Transaction made = base(shops[0], kind, static_cast<std::int32_t>(pick(4)));
    const std::uint64_t lines = 1 + pick(3);
    for (std::uint64_t i = 0; i < lines; ++i) {
      add_line(made, shops[0], LineAction::sold);
      made.lines.back().quantity = {-static_cast<std::int64_t>(1 + pick(9)), 0};
      made.lines.back().measured = false;
      made.lines.back().unit_price = {0, 2};
      made.lines.back().amount = Money{0, made.currency};
      made.lines.back().tax_rate.reset();
      made.lines.back().tax_code.clear();
    }
    return made;
  }

  std::uint64_t pick(std::uint64_t below) { return random_.below(below); }

 private:
  static const Shop& shop_of(const Transaction& transaction) {
    for (const Shop& shop : shops) {
      if (transaction.shop == shop.name) return shop;
    }
    return shops[0];
  }

  Transaction base(const Shop& shop, TransactionKind kind, std::int32_t on) {
    Transaction made;
    made.kind = kind;
    made.shop = shop.name;
    made.region = shop.region;
    made.business_date = day(on);
    made.currency = *find_currency(shop.currency);
    made.tax_mode = shop.mode;
    // A minute apart, so that no two documents are one.
    made.occurred_at = Instant{made.business_date.days * 86'400'000'000 + 36'000'000'000 +
                               static_cast<std::int64_t>(++count_) * 60'000'000};
    made.key.tenant = "default";
    made.key.shop = shop.name;
    made.key.register_name = "1";
    made.key.business_date = made.business_date;
    made.key.sequence = std::to_string(count_);
    return made;
  }

  static Money amount_of(const contract::Line& line, Currency currency) {
    return {*multiply_round(line.quantity, line.unit_price, currency.exponent(), Rounding::half_up),
            currency};
  }

  void add_line(Transaction& to, const Shop& shop, LineAction action) {
    contract::Line line;
    line.number = static_cast<std::uint32_t>(to.lines.size() + 1);
    line.action = action;
    line.article = pick(4) == 0 ? fmt::format("TOY-{}", pick(5)) : fmt::format("A-{}", pick(40));
    line.quantity = {static_cast<std::int64_t>(1 + pick(4)), 0};
    line.unit = "EA";
    line.unit_price = {static_cast<std::int64_t>(199 + pick(4000)), 2};
    if (pick(6) == 0) {
      line.quantity = {static_cast<std::int64_t>(50 + pick(3000)), 3};
      line.unit = "KGM";
      line.measured = true;
    }
    line.amount = amount_of(line, to.currency);
    line.discount = Money{pick(5) == 0 ? 17 : 0, to.currency};
    const std::uint64_t code = pick(2);
    line.tax_code = shop.tax_codes[code];
    line.tax_rate = parse_decimal(shop.rates[code]);
    to.lines.push_back(std::move(line));
  }

  void add_returned(Transaction& to, const Transaction& sale, std::size_t index, bool whole) {
    contract::Line line = sale.lines[index];
    line.number = 1;
    line.action = LineAction::returned;
    if (!whole) line.quantity.units = line.measured ? line.quantity.units * 2 / 5 : 1;
    line.amount = amount_of(line, to.currency);
    line.discount = Money{0, to.currency};
    line.original = contract::OriginalLine{sale.key, sale.lines[index].number};
    to.lines.push_back(std::move(line));
  }

  runtime::Random random_;
  std::uint64_t count_ = 0;
};

void expect_kind(flow::AcceptAnswer::Kind got, flow::AcceptAnswer::Kind wanted) {
  EXPECT_EQ(static_cast<int>(got), static_cast<int>(wanted));
}

/// Sales first, then what refers to them, so that voids find posted documents.
void trade(World& world) {
  using Kind = flow::AcceptAnswer::Kind;
  Traffic traffic(20'261'121);
  std::vector<Transaction> sales;
  for (int i = 0; i < 150; ++i) {
    sales.push_back(traffic.sale());
    expect_kind(world.accept(sales.back()), Kind::accepted);
  }
  world.settle();
  for (std::size_t i = 0; i < 30; ++i) {
    const Transaction& sale = sales[i];
    const std::size_t line = traffic.pick(sale.lines.size());
    expect_kind(world.accept(traffic.return_of(sale, line, false)), Kind::accepted);
    // The rest of the line, as far as there is one: the second takes the next units.
    if (sale.lines[line].quantity.units < 2) continue;
    expect_kind(world.accept(traffic.return_of(sale, line, false)), Kind::accepted);
  }
  for (std::size_t i = 30; i < 45; ++i) {
    expect_kind(world.accept(traffic.exchange_of(sales[i])), Kind::accepted);
  }
  world.settle();
  for (std::size_t i = 25; i < 50; ++i) {
    expect_kind(world.accept(traffic.void_of(sales[i])), Kind::accepted);
  }
  for (int i = 0; i < 8; ++i) {
    expect_kind(world.accept(traffic.adjustment(TransactionKind::stock_adjustment)),
                Kind::accepted);
  }
  // What waits for a person is explained, never a break.
  expect_kind(world.accept(traffic.adjustment(TransactionKind::accounting_adjustment)),
              Kind::accepted);
  expect_kind(world.accept(traffic.return_of(traffic.sale(), 0, true)), Kind::accepted);
  Transaction conflicting = sales[60];
  conflicting.lines[0].article = "OTHER";
  expect_kind(world.accept(conflicting), Kind::held);
  world.settle();
}

std::string class_of(const std::string& kind) {
  static const std::map<std::string, std::string> classes{
      {"delete", "missing"},        {"duplicate", "duplicate"},   {"minor_plus", "amount"},
      {"minor_minus", "amount"},    {"other_tax_code", "amount"}, {"point_plus", "rate"},
      {"point_minus", "rate"},      {"other_day", "timing"},      {"other_shop", "ownership"},
      {"other_member", "ownership"}};
  return classes.at(kind);
}

class Counts {
 public:
  explicit Counts(const std::string& json) : root_(parser_.parse(json)), json_(json) {}

  std::int64_t operator[](std::string_view pointer) {
    return root_.at_pointer(pointer).get_int64().value();
  }
  std::string text(std::string_view pointer) {
    return std::string(root_.at_pointer(pointer).get_string().value());
  }
  [[nodiscard]] const std::string& json() const { return json_; }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  std::string json_;
};

void expect_clean(World& world) {
  Counts counts(world.reconcile(day(0), day(4)));
  EXPECT_EQ(counts.text("/state"), "done") << counts.json();
  EXPECT_EQ(counts["/items/break"], 0) << counts.json();
  EXPECT_EQ(counts["/items/unverified"], 0) << counts.json();
  EXPECT_EQ(counts["/items/in_flight"], 0) << counts.json();
  EXPECT_GT(counts["/items/agreed"], 300) << counts.json();
  EXPECT_GE(counts["/items/explained"], 3) << counts.json();
  EXPECT_EQ(counts["/control/different"], 0) << counts.json();
  EXPECT_EQ(counts["/points/crossfoot"], counts["/points/loyalty"]) << counts.json();
  for (const std::string& found : world.breaks(counts.text("/id"))) {
    ADD_FAILURE() << found << "\n" << world.details[found.substr(found.find('|') + 1, 20)];
  }
}

TEST(Tamper, FiveHundredTampersGiveExactlyTheirBreaks) {
  World world;
  trade(world);
  expect_clean(world);
  constexpr std::size_t rounds = 10;
  constexpr std::size_t per_book = 25;
  std::size_t tampers = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    std::multiset<std::string> wanted;
    for (const auto& [reference, kind] : world.erp.tamper(100 + round, per_book)) {
      wanted.insert(fmt::format("erp|{}|{}", reference, class_of(kind)));
    }
    for (const auto& [reference, kind] : world.loyalty.tamper(200 + round, per_book)) {
      wanted.insert(fmt::format("loyalty|{}|{}", reference, class_of(kind)));
    }
    ASSERT_EQ(wanted.size(), 2 * per_book);
    tampers += wanted.size();
    Counts counts(world.reconcile(day(0), day(4)));
    const auto found = world.breaks(counts.text("/id"));
    EXPECT_EQ(found, wanted) << "round " << round;
    EXPECT_EQ(static_cast<std::size_t>(counts["/items/break"]), wanted.size()) << counts.json();
    EXPECT_GT(counts["/control/different"], 0);
    world.erp.untamper();
    world.loyalty.untamper();
  }
  EXPECT_EQ(tampers, 500U);
  expect_clean(world);
}

}  // namespace
}  // namespace crossfoot
