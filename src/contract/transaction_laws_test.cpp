// Goal: rendering and parsing are inverse, and the content hash sees exactly what happened.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <set>

#include "contract/transaction_hash.h"
#include "contract/transaction_json.h"
#include "contract/words.h"

namespace crossfoot::contract {
namespace {

template <class E, std::size_t N>
E any_of(const std::array<std::string_view, N>&) {
  return static_cast<E>(*rc::gen::inRange<int>(0, static_cast<int>(N)));
}

std::string any_text() {
  static const std::vector<std::string> pieces = {"A", "b",  "7",    "\"", "\\", "/", "ü",
                                                  "€", "\n", "\x01", " ",  "😀", "-", "\x7f"};
  std::string text;
  for (const auto& piece : *rc::gen::nonEmpty(
           rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)))) {
    if (text.size() < 100) text += piece;
  }
  return text;
}

NaturalKey any_key(const std::string& tenant) {
  NaturalKey key;
  key.tenant = tenant;
  if (*rc::gen::arbitrary<bool>()) {
    key.shop = any_text();
    key.register_name = any_text();
    key.register_epoch = *rc::gen::inRange<std::uint32_t>(0, 3);
    key.business_date = {*rc::gen::inRange(10957, 20000)};
    key.sequence = any_text();
  } else {
    key.form = NaturalKey::Form::channel_id;
    key.channel = any_of<Channel>(words::channel);
    key.external_id = any_text();
  }
  return key;
}

Line any_line(const Transaction& t, std::uint32_t number) {
  Line line;
  line.number = number;
  line.kind = any_of<LineKind>(words::line_kind);
  line.article = any_text();
  if (*rc::gen::arbitrary<bool>()) line.description = any_text();
  line.quantity = {*rc::gen::inRange<std::int64_t>(1, 1'000'000),
                   *rc::gen::inRange<std::uint8_t>(0, 7)};
  line.unit = *rc::gen::elementOf(std::vector<std::string>{"EA", "KG"});
  line.measured = *rc::gen::arbitrary<bool>();
  line.unit_price = {*rc::gen::inRange<std::int64_t>(0, 1'000'000),
                     *rc::gen::inRange<std::uint8_t>(0, 10)};
  line.amount = {*rc::gen::inRange<std::int64_t>(0, 1'000'000), t.currency};
  line.discount = {*rc::gen::inRange<std::int64_t>(0, 1'000), t.currency};
  if (*rc::gen::arbitrary<bool>()) line.tax_code = any_text();
  if (*rc::gen::arbitrary<bool>()) line.tax_rate = Decimal{*rc::gen::inRange(0, 100), 2};
  line.source_row = *rc::gen::inRange<std::int64_t>(0, 1'000'000);
  line.action = t.kind == TransactionKind::return_goods ? LineAction::returned : LineAction::sold;
  if (t.kind == TransactionKind::exchange) line.action = any_of<LineAction>(words::line_action);
  if (*rc::gen::arbitrary<bool>()) {
    line.original = {any_key(t.key.tenant), *rc::gen::inRange<std::uint32_t>(1, 100)};
  }
  return line;
}

Transaction any_transaction() {
  Transaction t;
  t.kind = any_of<TransactionKind>(words::transaction_kind);
  t.key = any_key(*rc::gen::elementOf(std::vector<std::string>{"default", "acme"}));
  t.channel = any_of<Channel>(words::channel);
  t.shop = any_text();
  t.business_date = {*rc::gen::inRange(10957, 20000)};
  if (t.key.form == NaturalKey::Form::till) {
    t.shop = t.key.shop;
    t.business_date = t.key.business_date;
  } else {
    t.channel = t.key.channel;
  }
  t.revision = *rc::gen::inRange<std::uint32_t>(0, 3);
  t.region = *rc::gen::elementOf(std::vector<std::string>{"", "DE", "US-CA"});
  t.occurred_at = {*rc::gen::inRange<std::int64_t>(946'684'800'000'000, 1'700'000'000'000'000)};
  t.currency = *find_currency(*rc::gen::elementOf(std::vector<std::string>{"EUR", "JPY", "KWD"}));
  t.tax_mode = any_of<TaxMode>(words::tax_mode);
  if (*rc::gen::arbitrary<bool>()) t.member = any_text();
  const auto lines = *rc::gen::inRange<std::uint32_t>(1, 5);
  for (std::uint32_t i = 1; i <= lines; ++i) t.lines.push_back(any_line(t, i));
  if (*rc::gen::arbitrary<bool>()) {
    t.discounts.push_back({{*rc::gen::inRange(1, 100), t.currency}, any_text()});
  }
  const auto tenders = *rc::gen::inRange(0, 3);
  for (int i = 0; i < tenders; ++i) {
    t.tenders.push_back(
        {any_of<TenderKind>(words::tender_kind), {*rc::gen::inRange(1, 100'000), t.currency}});
  }
  if (*rc::gen::arbitrary<bool>()) t.totals.gross = {*rc::gen::inRange(-9, 99'999), t.currency};
  if (*rc::gen::arbitrary<bool>()) t.totals.tax = {*rc::gen::inRange(0, 99), t.currency};
  if (t.kind == TransactionKind::void_sale || *rc::gen::arbitrary<bool>()) {
    t.original = any_key(t.key.tenant);
  }
  if (*rc::gen::arbitrary<bool>()) t.source_format = "online-retail";
  return t;
}

TEST(TransactionLaws, ParsingWhatWasRenderedGivesTheSame) {
  TransactionParser parser;
  EXPECT_TRUE(rc::check("parse(render(t)) == t, and the hash survives", [&] {
    const Transaction t = any_transaction();
    ParsePolicy policy = ParsePolicy::stored();
    policy.unknown_fields = UnknownFields::strict;
    const auto parsed = parser.parse(render_transaction(t), policy);
    if (!parsed) RC_FAIL(to_json(parsed.error()) + render_transaction(t));
    RC_ASSERT(parsed->transaction == t);
    RC_ASSERT(transaction_hash(parsed->transaction) == transaction_hash(t));
    RC_ASSERT(render_transaction(parsed->transaction) == render_transaction(t));
  }));
}

Transaction example() {
  Transaction t;
  t.currency = *find_currency("EUR");
  t.key = {.tenant = "default", .shop = "S", .register_name = "1", .sequence = "9"};
  t.shop = "S";
  for (std::uint32_t number = 1; number <= 2; ++number) {
    Line line;
    line.number = number;
    line.article = "A" + std::to_string(number);
    line.quantity = {2, 0};
    line.unit = "EA";
    line.unit_price = {1999, 2};
    line.amount = {3998, t.currency};
    line.discount = {0, t.currency};
    line.source_row = number;
    t.lines.push_back(line);
  }
  t.tenders.push_back({TenderKind::card, {7996, t.currency}});
  return t;
}

TEST(TransactionHash, SeesEveryFieldOfTheContent) {
  const Currency eur = *find_currency("EUR");
  const std::vector<std::function<void(Transaction&)>> changes = {
      [](Transaction& t) { t.kind = TransactionKind::exchange; },
      [](Transaction& t) { t.key.sequence = "10"; },
      [](Transaction& t) { t.channel = Channel::file; },
      [](Transaction& t) { t.shop = "T"; },
      [](Transaction& t) { t.region = "DE"; },
      [](Transaction& t) { t.business_date.days += 1; },
      [](Transaction& t) { t.occurred_at.micros += 1; },
      [](Transaction& t) { t.currency = *find_currency("USD"); },
      [](Transaction& t) { t.tax_mode = TaxMode::exclusive; },
      [](Transaction& t) { t.member = "M"; },
      [](Transaction& t) { t.lines.pop_back(); },
      [](Transaction& t) { std::swap(t.lines[0].article, t.lines[1].article); },
      [](Transaction& t) { t.lines[0].number = 3; },
      [](Transaction& t) { t.lines[0].action = LineAction::returned; },
      [](Transaction& t) { t.lines[0].kind = LineKind::fee; },
      [](Transaction& t) { t.lines[0].description = "d"; },
      [](Transaction& t) { t.lines[0].quantity = {3, 0}; },
      [](Transaction& t) { t.lines[0].unit = "KG"; },
      [](Transaction& t) { t.lines[0].measured = true; },
      [](Transaction& t) { t.lines[0].unit_price = {1998, 2}; },
      [](Transaction& t) { t.lines[0].amount.minor = 1; },
      [](Transaction& t) { t.lines[0].discount.minor = 1; },
      [](Transaction& t) { t.lines[0].tax_code = "X"; },
      [](Transaction& t) { t.lines[0].tax_rate = Decimal{0, 0}; },
      [](Transaction& t) { t.lines[0].original = {t.key, 1}; },
      [&](Transaction& t) { t.discounts.push_back({{1, eur}, ""}); },
      [](Transaction& t) { t.tenders[0].kind = TenderKind::cash; },
      [](Transaction& t) { t.tenders[0].amount.minor = 1; },
      [&](Transaction& t) { t.totals.net = Money{0, eur}; },
      [&](Transaction& t) { t.totals.tax = Money{0, eur}; },
      [&](Transaction& t) { t.totals.gross = Money{0, eur}; },
      [](Transaction& t) { t.original = t.key; },
  };
  std::set<Hash128> seen{transaction_hash(example()).hash};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Transaction t = example();
    changes[i](t);
    EXPECT_TRUE(seen.insert(transaction_hash(t).hash).second) << "change " << i;
  }
}

TEST(TransactionHash, DoesNotSeeHowItCame) {
  Transaction t = example();
  t.revision = 4;
  t.lines[0].source_row = 77;
  t.lines[0].quantity = {200, 2};
  t.lines[0].unit_price = {19990, 3};
  EXPECT_EQ(transaction_hash(t), transaction_hash(example()));
}

TEST(TransactionHash, IgnoresTheOrderOfLinesThatTheSourceDoesNotNumber) {
  Transaction t = example();
  t.source_format = "online-retail";
  Transaction turned = t;
  std::swap(turned.lines[0], turned.lines[1]);
  turned.lines[0].number = 1;
  turned.lines[1].number = 2;
  EXPECT_EQ(transaction_hash(t), transaction_hash(turned));
  turned.lines.push_back(turned.lines[0]);
  EXPECT_NE(transaction_hash(t), transaction_hash(turned));
}

TEST(TransactionHash, IsStable) {
  // Stored hashes decide identity for years: a change here needs a new projection version.
  EXPECT_EQ(content_projection_latest, 1);
  EXPECT_EQ(to_string(transaction_hash(example()).hash), "68ec71b6ed521bb31952aafa6dda9e82");
  EXPECT_EQ(to_string(example().key.hash()), "472d54fdf666a3a779127809fb6cc52f");
  EXPECT_EQ(transaction_hash(example(), 1), transaction_hash(example()));
  const auto unknown = transaction_hash(example(), 2);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().fault_class, FaultClass::corrupt);
}

TEST(NaturalKey, CanonicalBytesAreUnambiguous) {
  NaturalKey a{.tenant = "t", .shop = "ab", .register_name = "c", .sequence = "1"};
  NaturalKey b{.tenant = "t", .shop = "a", .register_name = "bc", .sequence = "1"};
  EXPECT_NE(a.canonical(), b.canonical());
  EXPECT_NE(a.hash(), b.hash());
  NaturalKey epoch = a;
  epoch.register_epoch = 1;
  EXPECT_NE(a.hash(), epoch.hash());
  EXPECT_EQ(epoch.display(), "ab/c.1/1970-01-01/1");
  NaturalKey tenant = a;
  tenant.tenant = "u";
  EXPECT_NE(a.hash(), tenant.hash());
}

TEST(NaturalKey, HomesSpreadOverAllPartitions) {
  NaturalKey key{.tenant = "t", .shop = "s", .register_name = "r"};
  std::vector<int> homes(partition_count);
  for (int i = 0; i < partition_count * 16; ++i) {
    key.sequence = std::to_string(i);
    ++homes.at(key.home());
  }
  EXPECT_EQ(std::ranges::count(homes, 0), 0);
  EXPECT_LT(*std::ranges::max_element(homes), 48);
}

TEST(Fingerprint, SuspectsANewNumberForTheSameReceipt) {
  Transaction again = example();
  again.key.sequence = "4711";
  again.key.register_name = "2";
  again.occurred_at.micros += 60 * 1'000'000;
  EXPECT_EQ(content_fingerprint(again), content_fingerprint(example()));
  again.member = "somebody else";
  EXPECT_NE(content_fingerprint(again), content_fingerprint(example()));
  again = example();
  again.shop = "another shop";
  EXPECT_NE(content_fingerprint(again), content_fingerprint(example()));
  again = example();
  again.original = example().key;
  EXPECT_NE(content_fingerprint(again), content_fingerprint(example()));
  again = example();
  again.tenders[0].kind = TenderKind::cash;
  EXPECT_NE(content_fingerprint(again), content_fingerprint(example()));
  again = example();
  again.lines[0].quantity = {1, 0};
  EXPECT_NE(content_fingerprint(again), content_fingerprint(example()));
}

}  // namespace
}  // namespace crossfoot::contract
