// Goal: programmes are read exactly or refused with the place, and zones give the shop's clock.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "contract/error_codes.h"
#include "ledger/programme_json.h"
#include "ledger/receipt_builder.h"
#include "ledger/zones.h"

namespace crossfoot::ledger {
namespace {

std::string example() {
  std::ifstream file("apps/sandbox/programme.example.json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string with(std::string_view part) {
  return R"({"programme":"p","version":2,"currency":"EUR","earn":{"points_per_unit":"1"},)" +
         std::string(part) + "}";
}

TEST(ProgrammeJson, ReadsTheExample) {
  // Goal: every rule of the example arrives.
  const auto programme = parse_programme(example());
  ASSERT_TRUE(programme) << programme.error().where << " " << programme.error().cause;
  EXPECT_EQ(programme->name, "default");
  EXPECT_EQ(programme->version, 1U);
  EXPECT_EQ(programme->points_per_unit, (Ratio{1, 1}));
  EXPECT_EQ(programme->rounding, Rounding::floor);
  EXPECT_EQ(programme->base, EarnBase::gross);
  EXPECT_EQ(programme->stacking, Stacking::multiplicative);
  EXPECT_TRUE(programme->earns(contract::LineKind::goods));
  EXPECT_FALSE(programme->earns(contract::LineKind::voucher));
  EXPECT_TRUE(programme->excludes(contract::TenderKind::gift_card));
  EXPECT_TRUE(programme->excludes(contract::TenderKind::points));
  EXPECT_FALSE(programme->excludes(contract::TenderKind::card));
  EXPECT_EQ(programme->rate(*find_currency("CHF")), (Ratio{21, 20}));
  EXPECT_EQ(programme->rate(*find_currency("GBP")), std::nullopt);
  ASSERT_TRUE(programme->tier_of("M-GOLD-1"));
  EXPECT_EQ(programme->tiers[*programme->tier_of("M-GOLD-1")].multiplier, (Ratio{5, 4}));
  EXPECT_FALSE(programme->tier_of("M-1"));
  ASSERT_EQ(programme->campaigns.size(), 1U);
  EXPECT_TRUE(programme->campaigns[0].covers("TOY-7"));
  EXPECT_FALSE(programme->campaigns[0].covers("CUP-7"));
  EXPECT_EQ(programme->zone_of("DE"), "Europe/Berlin");
  EXPECT_EQ(programme->zone_of("DE-BY"), "Europe/Berlin");
  EXPECT_EQ(programme->zone_of("FR"), "UTC");
  EXPECT_EQ(programme->zone_of(""), "UTC");
}

TEST(ProgrammeJson, RatesMayBeFractions) {
  // Goal: 1/17 has no finite decimal and is kept exact.
  const auto programme =
      parse_programme(with(R"("rates":[{"currency":"ZAR","to_programme":"2/34"}])"));
  ASSERT_TRUE(programme);
  EXPECT_EQ(programme->rate(*find_currency("ZAR")), (Ratio{1, 17}));
}

TEST(ProgrammeJson, RefusesWithThePlace) {
  // Goal: nothing malformed, unknown or contradictory becomes a rule.
  const std::vector<std::pair<std::string, std::string>> refused{
      {"{", "/"},
      {"[]", "/"},
      {R"({"programme":"p"})", "/version"},
      {with(R"("zone":{})"), "/zone"},
      {with(R"("version":3)"), "/version"},
      {with(R"("rates":[{"currency":"XAU","to_programme":"1"}])"), "/rates/0/currency"},
      {with(R"("rates":[{"currency":"CHF","to_programme":1.05}])"), "/rates/0/to_programme"},
      {with(R"("rates":[{"currency":"CHF","to_programme":"0"}])"), "/rates/0"},
      {with(R"("rates":[{"currency":"CHF","to_programme":"1/0"}])"), "/rates/0/to_programme"},
      {with(R"("tiers":[{"multiplier":"2"}])"), "/tiers/0/tier"},
      {with(R"("tiers":[{"tier":"a","multiplier":"-2"}])"), "/tiers/0/multiplier"},
      {with(R"("tiers":[{"tier":"a","members":["x","x"]}])"), "/tiers"},
      {with(R"("campaigns":[{"id":"a","from":"2026-11-21"}])"), "/campaigns/0/from"},
      {with(R"("campaigns":[{"id":"a","spend_from":50}])"), "/campaigns/0/spend_from"},
      {with(R"("campaigns":[{"id":"a","from":"2026-11-21T00:00:00",)"
            R"("until":"2026-11-21T00:00:00"}])"),
       "/campaigns/0/until"},
  };
  for (const auto& [json, place] : refused) {
    const auto programme = parse_programme(json);
    ASSERT_FALSE(programme) << json;
    EXPECT_EQ(programme.error().code, contract::error_code::programme_malformed);
    EXPECT_EQ(programme.error().where, "programme: " + place) << json;
  }
}

TEST(ProgrammeJson, ReadsReturnPolicies) {
  // Goal: the method and the valuation are chosen by name; a programme without them has the frozen
  // ones, as before they existed.
  const auto plain = parse_programme(with(R"("zones":{})")).value();
  EXPECT_EQ(plain.returns.reversal_method, ReversalMethod::frozen);
  EXPECT_EQ(plain.returns.refund_valuation, RefundValuation::frozen);
  const auto chosen = parse_programme(
      with(R"("returns":{"reversal_method":"recompute","refund_valuation":"rejudged"},)"
           R"("basket_promotions":[{"id":"ten","spend_from":"300","percentage":"12.5"},)"
           R"({"id":"five","spend_from":"40.00","amount_off":"5.00"}])"));
  ASSERT_TRUE(chosen) << chosen.error().where << chosen.error().cause;
  EXPECT_EQ(chosen->returns.reversal_method, ReversalMethod::recompute);
  EXPECT_EQ(chosen->returns.refund_valuation, RefundValuation::rejudged);
  ASSERT_EQ(chosen->returns.basket_promotions.size(), 2U);
  EXPECT_EQ(chosen->returns.basket_promotions[0].percentage, (Ratio{1, 8}));
  EXPECT_EQ(chosen->returns.basket_promotions[0].spend_from, testing::money("300"));
  EXPECT_EQ(chosen->returns.basket_promotions[1].amount_off, testing::money("5"));
}

TEST(ProgrammeJson, ReadsTheGuidesExample) {
  // Goal: the document in the guide is a programme, whole and as it is written there.
  std::ifstream file("docs/guides/programme.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string guide = text.str();
  const std::string_view fence = "```json\n";
  const std::size_t begin = guide.find(fence) + fence.size();
  const auto programme = parse_programme(guide.substr(begin, guide.find("```", begin) - begin));
  ASSERT_TRUE(programme) << programme.error().where << " " << programme.error().cause;
  EXPECT_EQ(programme->version, 3U);
  EXPECT_EQ(programme->returns.basket_promotions.size(), 2U);
  EXPECT_EQ(programme->campaigns.at(0).spend_from, (Ratio{50, 1}));
}

TEST(ProgrammeJson, RefusesContradictoryReturnPolicies) {
  // Goal: a policy that another one makes senseless is a fault with its place.
  const std::vector<std::pair<std::string, std::string>> refused{
      {R"("returns":{"reversal_method":"D"})", "/returns/reversal_method"},
      {R"("returns":{"refund_valuation":"rejudged"})", "/returns/refund_valuation"},
      {R"("basket_promotions":[{"id":"a","spend_from":"1"}])", "/basket_promotions/0"},
      {R"("basket_promotions":[{"id":"a","percentage":"5","amount_off":"1"}])",
       "/basket_promotions/0"},
      {R"("basket_promotions":[{"id":"a","percentage":"101"}])", "/basket_promotions/0/percentage"},
      {R"("basket_promotions":[{"id":"a","percentage":"5","spend_from":"0.001"}])",
       "/basket_promotions/0/spend_from"},
      {R"("basket_promotions":[{"id":"a","percentage":"5"},{"id":"a","percentage":"6"}])",
       "/basket_promotions/1/id"},
  };
  for (const auto& [part, place] : refused) {
    const auto programme = parse_programme(with(part));
    ASSERT_FALSE(programme) << part;
    EXPECT_EQ(programme.error().where, "programme: " + place) << part;
  }
}

TEST(ProgrammeJson, ReadsPointsPolicies) {
  // Goal: the life of points is read in days, points and minutes; left out, they never expire.
  const auto plain = parse_programme(with(R"("zones":{})")).value();
  EXPECT_EQ(plain.lots.expiry_days, 0);
  EXPECT_EQ(plain.negative.balance, NegativeBalance::allow_negative);
  const auto stated = parse_programme(
      with(R"("lots":{"pending_days":14,"expiry_days":365,"expiry_from":"earned","grace_days":30},)"
           R"("negative_balance":{"policy":"offset_refund","point_value":"0.01"},)"
           R"("redemption":{"hold_minutes":20,"offline_floor_limit":500})"));
  ASSERT_TRUE(stated) << stated.error().where << stated.error().cause;
  EXPECT_EQ(stated->lots.pending_days, 14);
  EXPECT_EQ(stated->lots.expiry_days, 365);
  EXPECT_EQ(stated->lots.expiry_from, ExpiryFrom::earned);
  EXPECT_EQ(stated->lots.grace_days, 30);
  EXPECT_EQ(stated->negative.point_value, (Ratio{1, 100}));
  EXPECT_EQ(stated->redemption.hold_time, std::chrono::minutes{20});
  EXPECT_EQ(stated->redemption.offline_floor_limit, Points{500});
}

TEST(ProgrammeJson, RefusesContradictoryPointsPolicies) {
  // Goal: policies that cannot both hold are a fault with the place.
  const std::vector<std::pair<std::string, std::string>> refused{
      {R"("lots":{"grace_days":3})", "/lots/grace_days"},
      {R"("lots":{"pending_days":30,"expiry_days":30,"expiry_from":"earned"})",
       "/lots/expiry_days"},
      {R"("lots":{"pending_days":-1})", "/lots/pending_days"},
      {R"("lots":{"pending_days":1.5})", "/lots/pending_days"},
      {R"("negative_balance":{"policy":"floor_zero","debt_max":5})", "/negative_balance/debt_max"},
      {R"("negative_balance":{"policy":"offset_refund"})", "/negative_balance/point_value"},
      {R"("negative_balance":{"point_value":"0.01"})", "/negative_balance/point_value"},
      {R"("negative_balance":{"policy":"pending_only"})", "/negative_balance/policy"},
      {R"("redemption":{"hold_minutes":0})", "/redemption/hold_minutes"},
      {R"("redemption":{"offline_floor_limit":"5"})", "/redemption/offline_floor_limit"},
  };
  for (const auto& [part, place] : refused) {
    const auto programme = parse_programme(with(part));
    ASSERT_FALSE(programme) << part;
    EXPECT_EQ(programme.error().where, "programme: " + place) << part;
  }
}

TEST(ProgrammeJson, ReadsHowRevenueIsDeferred) {
  // Goal: exact by default, percentage first with its places and rounding, contradictions refused.
  EXPECT_EQ(parse_programme(with(R"("zones":{})"))->deferral, DeferralPolicy{});
  EXPECT_EQ(parse_programme(with(R"("deferred_revenue":{"point_price":"0.05"})"))->deferral,
            (DeferralPolicy{{1, 20}, {}}));
  EXPECT_EQ(parse_programme(with(R"("deferred_revenue":{"point_price":"0.05","places":1,)"
                                 R"("method":"percentage_first","rounding":"truncate"})"))
                ->deferral,
            (DeferralPolicy{{1, 20}, PercentageFirst{1, Rounding::truncate}}));
  for (const auto& [part, place] : std::vector<std::pair<std::string, std::string>>{
           {R"("deferred_revenue":{})", "/deferred_revenue/point_price"},
           {R"("deferred_revenue":{"point_price":"0.05","places":1})", "/deferred_revenue/method"},
           {R"("deferred_revenue":{"point_price":"0.05","places":7})", "/deferred_revenue/places"},
       }) {
    EXPECT_EQ(parse_programme(with(part)).error().where, "programme: " + place);
  }
}

TEST(Glob, Matches) {
  // Goal: stars backtrack, question marks take one character.
  EXPECT_TRUE(glob_matches("TOY-*", "TOY-"));
  EXPECT_TRUE(glob_matches("*-A*B", "X-AAB"));
  EXPECT_TRUE(glob_matches("T?Y", "TOY"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_FALSE(glob_matches("T?Y", "TY"));
  EXPECT_FALSE(glob_matches("TOY", "TOYS"));
  EXPECT_FALSE(glob_matches("*A", "AB"));
}

TEST(Zones, FollowDaylightSaving) {
  // Goal: the shop's clock jumps in spring and repeats an hour in autumn.
  const SystemZones zones;
  const auto clock = [&](std::string_view instant) {
    const auto local = zones.local("Europe/Berlin", parse_instant(instant).value());
    return to_string(Instant{local.value().micros});
  };
  EXPECT_EQ(clock("2026-03-29T00:59:59Z"), "2026-03-29T01:59:59Z");
  EXPECT_EQ(clock("2026-03-29T01:00:00Z"), "2026-03-29T03:00:00Z");
  EXPECT_EQ(clock("2026-10-25T00:30:00Z"), "2026-10-25T02:30:00Z");
  EXPECT_EQ(clock("2026-10-25T01:30:00Z"), "2026-10-25T02:30:00Z");
}

TEST(Zones, UnknownOnesAreAFault) {
  // Goal: a misspelt zone is reported, not taken as UTC.
  const auto local = SystemZones().local("Europe/Atlantis", Instant{0});
  ASSERT_FALSE(local);
  EXPECT_EQ(local.error().code, contract::error_code::zone_unknown);
}

TEST(Zones, ATransactionIsJudgedByItsShopsClock) {
  // Goal: Saturday 00:30 in Berlin is still Friday in UTC.
  const auto programme = parse_programme(example()).value();
  auto sale = testing::ReceiptBuilder().line("1", "1").take();
  sale.occurred_at = parse_instant("2026-11-20T23:30:00Z").value();
  EXPECT_TRUE(programme.campaigns[0].holds_at(local_time(programme, sale, SystemZones()).value()));
  sale.region = "XX";
  EXPECT_FALSE(programme.campaigns[0].holds_at(local_time(programme, sale, SystemZones()).value()));
}

}  // namespace
}  // namespace crossfoot::ledger
