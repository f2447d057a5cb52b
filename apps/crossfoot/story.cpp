#include "story.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/invariant.h"
#include "ledger/pricing.h"
#include "runtime/random.h"

namespace crossfoot::app {

namespace {

using contract::Channel;
using contract::Line;
using contract::LineAction;
using contract::LineKind;
using contract::TaxMode;
using contract::TenderKind;
using contract::Transaction;
using contract::TransactionKind;

struct Shop {
  std::string_view name;
  std::string_view region;
  std::string_view currency;
  std::string_view tax_code;
  Decimal tax_rate;
  int utc_offset_hours;  ///< in November
  Channel channel = Channel::pos;
};

constexpr std::array<Shop, 6> shops{{
    {"DE-BERLIN", "DE", "EUR", "DE-STD", {19, 2}, 1},
    {"DE-HAMBURG", "DE", "EUR", "DE-STD", {19, 2}, 1},
    {"CH-ZURICH", "CH", "CHF", "CH-STD", {81, 3}, 1},
    {"GB-LONDON", "GB", "GBP", "GB-STD", {20, 2}, 0},
    {"GB-LEEDS", "GB", "GBP", "GB-STD", {20, 2}, 0},
    {"WEB-EU", "DE", "EUR", "DE-STD", {19, 2}, 1, Channel::ecommerce},
}};

struct Article {
  std::string_view code;
  std::string_view description;
  std::int64_t cents;
};

constexpr std::array<Article, 8> articles{{
    {"TOY-TRAIN", "Wooden train", 1999},
    {"TOY-BEAR", "Teddy bear", 2450},
    {"TOY-CUBES", "Building cubes", 1299},
    {"BOOK-FAIRY", "Fairy tales", 1490},
    {"BOOK-STARS", "Stars and planets", 2295},
    {"MUG-BLUE", "Blue mug", 501},
    {"SCARF-RED", "Red scarf", 1790},
    {"SOAP-OAT", "Oat soap", 333},
}};

constexpr std::array<std::string_view, 7> members{"M-1001", "M-1002",   "M-1003",  "M-1004",
                                                  "M-1005", "M-GOLD-1", "M-GOLD-2"};

constexpr std::int64_t friday = 20'777;  // 2026-11-20
constexpr std::uint64_t story_seconds = 45;
constexpr std::uint64_t sales_per_second = 14;

class Teller {
 public:
  explicit Teller(std::uint64_t seed) : random_(seed) {}

  Story tell() {
    story_.seconds = story_seconds;
    story_.outage_from = 18;
    story_.first_day = {static_cast<std::int32_t>(friday)};
    story_.last_day = {static_cast<std::int32_t>(friday + 2)};
    for (std::uint64_t second = 0; second < story_seconds; ++second) {
      for (std::uint64_t i = 0; i < sales_per_second; ++i) sale(second);
    }
    scenes();
    std::ranges::sort(story_.events, {},
                      [](const StoryEvent& event) { return std::pair(event.second, event.order); });
    return std::move(story_);
  }

 private:
  /// Story time spread over the weekend's opening hours, 9:00 to 20:00 local.
  [[nodiscard]] std::pair<BusinessDate, Instant> clock(std::uint64_t second, const Shop& shop) {
    const std::uint64_t day = std::min<std::uint64_t>(second * 3 / story_seconds, 2);
    const std::uint64_t part = second * 3 - day * story_seconds;
    const auto local_seconds =
        static_cast<std::int64_t>(9 * 3600 + part * 11 * 3600 / story_seconds + random_.below(700));
    const std::int64_t date = friday + static_cast<std::int64_t>(day);
    return {{static_cast<std::int32_t>(date)},
            {((date * 86'400 + local_seconds) - shop.utc_offset_hours * 3600) * 1'000'000}};
  }

  Transaction receipt(TransactionKind kind, const Shop& shop, std::uint64_t second) {
    Transaction transaction;
    transaction.kind = kind;
    transaction.channel = shop.channel;
    transaction.shop = shop.name;
    transaction.region = shop.region;
    transaction.currency = *find_currency(shop.currency);
    transaction.tax_mode = TaxMode::inclusive;
    std::tie(transaction.business_date, transaction.occurred_at) = clock(second, shop);
    contract::NaturalKey& key = transaction.key;
    key.tenant = "default";
    key.shop = shop.name;
    const std::uint64_t number = ++numbers_;
    if (shop.channel == Channel::pos) {
      key.form = contract::NaturalKey::Form::till;
      key.register_name = std::to_string(1 + number % 3);
      key.business_date = transaction.business_date;
      key.sequence = std::to_string(number);
    } else {
      key.form = contract::NaturalKey::Form::channel_id;
      key.channel = shop.channel;
      key.external_id = fmt::format("#{}", 100'000 + number);
    }
    return transaction;
  }

  void add_line(Transaction& transaction, const Shop& shop, const Article& article,
                std::int64_t units, LineAction action) {
    Line line;
    line.number = static_cast<std::uint32_t>(transaction.lines.size() + 1);
    line.action = action;
    line.kind = LineKind::goods;
    line.article = article.code;
    line.description = article.description;
    line.quantity = {units, 0};
    line.unit = "EA";
    line.unit_price = {article.cents, 2};
    line.amount = {article.cents * units, transaction.currency};
    line.discount = {0, transaction.currency};
    line.tax_code = shop.tax_code;
    line.tax_rate = shop.tax_rate;
    transaction.lines.push_back(std::move(line));
  }

  /// States total and tenders as a correct till would.
  void pay(Transaction& transaction, TenderKind kind) {
    const ledger::Pricing pricing = ledger::price(transaction);
    const Money due =
        transaction.kind == TransactionKind::return_goods ? pricing.returned.gross : pricing.due;
    transaction.totals.gross = due;
    transaction.tenders = {{kind, due.minor < 0 ? -due : due}};
  }

  Transaction make_sale(const Shop& shop, std::uint64_t second, std::string_view member) {
    Transaction sale = receipt(TransactionKind::sale, shop, second);
    sale.member = member;
    const std::uint64_t lines = 1 + random_.below(5);
    for (std::uint64_t i = 0; i < lines; ++i) {
      add_line(sale, shop, articles[random_.below(articles.size())],
               static_cast<std::int64_t>(1 + random_.below(3)), LineAction::sold);
    }
    if (random_.below(5) == 0) {
      const ledger::Pricing pricing = ledger::price(sale);
      sale.discounts = {{{pricing.sold.gross.minor / 10, sale.currency}, "ten per cent coupon"}};
      if (sale.discounts[0].amount.minor == 0) sale.discounts.clear();
    }
    pay(sale, random_.below(3) == 0 ? TenderKind::cash : TenderKind::card);
    return sale;
  }

  void sale(std::uint64_t second) {
    const Shop& shop = shops[random_.below(shops.size())];
    const bool member = random_.below(3) != 0;
    Transaction sale = make_sale(
        shop, second, member ? members[random_.below(members.size())] : std::string_view());
    const bool again = random_.below(20) == 0;
    const bool comes_back = random_.below(8) == 0;
    const std::string key = fmt::format("story-{}", numbers_);
    add(second, sale, key, {});
    if (again) {
      add(second + random_.below(3), sale, key, {});
      story_.events.back().repeat = true;
    }
    if (comes_back && second + 4 < story_seconds) {
      give_back(sale, shop, second + 2 + random_.below(story_seconds - second - 3), {});
    }
  }

  void give_back(const Transaction& sale, const Shop& shop, std::uint64_t second,
                 std::string note) {
    Transaction back = receipt(TransactionKind::return_goods, shop, second);
    back.occurred_at = std::max(back.occurred_at, sale.occurred_at + std::chrono::minutes{5});
    const Line& sold = sale.lines[random_.below(sale.lines.size())];
    Line line = sold;
    line.number = 1;
    line.action = LineAction::returned;
    const auto units = static_cast<std::int64_t>(
        1 + random_.below(static_cast<std::uint64_t>(sold.quantity.units)));
    line.quantity = {units, 0};
    line.amount = {line.unit_price.units * units, sale.currency};
    // What was paid for these units, by the sale's own allocation of its discounts.
    const ledger::Pricing pricing = ledger::price(sale);
    const auto at = std::ranges::find(pricing.lines, sold.number, &ledger::PricedLine::number);
    line.discount = {line.amount.minor - at->amount_units.prefix(units), sale.currency};
    line.original = contract::OriginalLine{sale.key, sold.number};
    back.lines.push_back(std::move(line));
    pay(back, TenderKind::cash);
    add(second, std::move(back), {}, std::move(note));
  }

  void scenes() {
    const Shop& berlin = shops[0];
    const Shop& london = shops[3];

    Transaction mistaken = make_sale(berlin, 8, "M-1002");
    add(8, mistaken, "story-mistaken", "Berlin rings up a receipt by mistake");
    Transaction undo = receipt(TransactionKind::void_sale, berlin, 12);
    undo.original = mistaken.key;
    add(12, std::move(undo), {}, "Berlin voids it: points and posting are taken back");

    Transaction late = make_sale(london, 20, "M-1003");
    give_back(late, london, 21, "A return reaches us before its sale: London's line was down");
    add(26, late, {}, "London is back on line, its sale arrives and the return joins it");

    Transaction first = make_sale(berlin, 30, "M-GOLD-1");
    add(30, first, {}, {});
    add(31, first, {}, "A till sends a receipt again after its time-out: the first answer again");
    story_.events.back().repeat = true;

    Transaction trade = receipt(TransactionKind::exchange, berlin, 36);
    trade.member = "M-GOLD-1";
    add_line(trade, berlin, articles[4], 1, LineAction::sold);
    Line back = first.lines[0];
    back.number = 2;
    back.action = LineAction::returned;
    back.quantity = {1, 0};
    back.amount = {back.unit_price.units, trade.currency};
    const ledger::Pricing pricing = ledger::price(first);
    back.discount = {back.amount.minor - pricing.lines[0].amount_units.prefix(1), trade.currency};
    back.original = contract::OriginalLine{first.key, first.lines[0].number};
    trade.lines.push_back(std::move(back));
    pay(trade, TenderKind::card);
    add(36, std::move(trade), {}, "A gold member exchanges a toy for a book");
  }

  void add(std::uint64_t second, Transaction transaction, std::string key, std::string note) {
    story_.events.push_back({.second = second,
                             .order = story_.events.size(),
                             .transaction = std::move(transaction),
                             .idempotency_key = std::move(key),
                             .note = std::move(note)});
  }

  runtime::Random random_;
  Story story_;
  std::uint64_t numbers_ = 0;
};

}  // namespace

Story make_story(std::uint64_t seed) {
  return Teller(seed).tell();
}

std::string story_programme() {
  return R"({
  "programme": "toys-and-more", "version": 1,
  "currency": "EUR",
  "earn": {"points_per_unit": "1", "rounding": "floor", "base": "gross",
           "stacking": "multiplicative", "line_kinds": ["goods"],
           "excluded_tenders": ["gift_card", "points"]},
  "rates": [{"currency": "CHF", "to_programme": "1.05"},
            {"currency": "GBP", "to_programme": "1.17"}],
  "tiers": [{"tier": "gold", "multiplier": "1.25", "members": ["M-GOLD-1", "M-GOLD-2"]}],
  "campaigns": [{"id": "toys-weekend", "multiplier": "3", "articles": ["TOY-*"],
                 "from": "2026-11-21T00:00:00", "until": "2026-11-23T00:00:00"}],
  "zones": {"DE": "Europe/Berlin", "CH": "Europe/Zurich", "GB": "Europe/London"}
}
)";
}

}  // namespace crossfoot::app
