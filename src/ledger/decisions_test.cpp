// Goal: accrue() tells why: what each line lost, which rules were tried and what became of them,
// how the rounded points were shared; the same numbers that the golden vectors state.
#include <gtest/gtest.h>

#include <numeric>

#include "ledger/accrual.h"
#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using testing::money;
using testing::plain_programme;
using testing::ReceiptBuilder;

struct Told {
  Accrual accrual;
  Decisions decisions;
};

Told tell(const Programme& programme, const contract::Transaction& sale, LocalTime at = {}) {
  Told told;
  told.accrual = accrue(programme, sale, price(sale), at, &told.decisions).value();
  return told;
}

LocalTime clock(std::string_view text) {
  return {parse_instant(std::string(text) + "Z").value().micros};
}

Campaign triple(std::string id, std::vector<std::string> articles = {}) {
  Campaign campaign;
  campaign.id = std::move(id);
  campaign.multiplier = {3, 1};
  campaign.articles = std::move(articles);
  return campaign;
}

TEST(Decisions, V5_EachLineTellsWhatTheGiftCardTook) {
  const auto sale = ReceiptBuilder()
                        .line("2", "19.99", "SHIRT")
                        .line("1", "5.01", "MUG")
                        .line("1", "4.95", "SHIPPING")
                        .kind(contract::LineKind::shipping)
                        .discount("4.50")
                        .member("M-GOLD")
                        .tender(contract::TenderKind::gift_card, "10.00")
                        .tender(contract::TenderKind::card, "35.44")
                        .take();
  const Told told = tell(plain_programme(), sale);
  ASSERT_EQ(told.decisions.lines.size(), 3U);
  Money taken{0, told.accrual.eligible.currency};
  for (std::size_t i = 0; i < 3; ++i) {
    const LineDecision& line = told.decisions.lines[i];
    EXPECT_EQ(line.kind_earns, i < 2);
    EXPECT_EQ(told.accrual.lines[i].eligible.minor,
              line.kind_earns ? line.base.minor - line.tender_share.minor : 0);
    taken.minor += line.tender_share.minor;
  }
  EXPECT_EQ(taken, money("10.00"));
  EXPECT_EQ(told.accrual.excluded, money("10.00"));
}

TEST(Decisions, V6_BaseAndTierAreOneShareOfTheRoundedPoints) {
  const auto sale = ReceiptBuilder()
                        .line("2", "19.99", "SHIRT")
                        .line("1", "5.01", "MUG")
                        .discount("4.50")
                        .member("M-GOLD")
                        .tender(contract::TenderKind::gift_card, "10.00")
                        .tender(contract::TenderKind::card, "30.49")
                        .take();
  const Told told = tell(plain_programme(), sale);
  ASSERT_EQ(told.decisions.parts.size(), 1U);
  EXPECT_EQ(told.decisions.parts[0].components, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(told.decisions.parts[0].points, Points{38});
  EXPECT_EQ(to_text(told.accrual.exact.numerator, told.accrual.exact.denominator), "38.1125");
}

TEST(Decisions, V15_TheSurplusOfEachRuleByTheStacking) {
  for (const auto& [stacking, tier, campaign] :
       {std::tuple{Stacking::multiplicative, "2.5", "25"}, {Stacking::additive, "2.5", "20"}}) {
    Programme programme = plain_programme();
    programme.stacking = stacking;
    programme.campaigns.push_back(triple("x3"));
    const auto sale = ReceiptBuilder().line("1", "10.00").member("M-GOLD").take();
    const Told told = tell(programme, sale);
    const auto exact = [&](std::size_t component) {
      return to_text(told.accrual.components[component].numerator, told.accrual.exact.denominator);
    };
    ASSERT_EQ(told.accrual.components.size(), 3U);
    EXPECT_EQ(exact(0), "10");
    EXPECT_EQ(exact(1), tier);
    EXPECT_EQ(exact(2), campaign);
  }
}

TEST(Decisions, V20_ACampaignTellsOnWhichSideOfItsTimeTheReceiptFell) {
  Programme programme = plain_programme();
  programme.campaigns.push_back(triple("weekend"));
  programme.campaigns[0].from = clock("2026-11-21T00:00:00");
  programme.campaigns[0].until = clock("2026-11-23T00:00:00");
  const auto sale = ReceiptBuilder().line("1", "10.00").take();
  const auto verdict = [&](std::string_view at) {
    return tell(programme, sale, clock(at)).decisions.campaigns.at(0).verdict;
  };
  EXPECT_EQ(verdict("2026-11-20T23:59:59.999"), CampaignVerdict::before_start);
  EXPECT_EQ(verdict("2026-11-21T00:00:00"), CampaignVerdict::fired);
  EXPECT_EQ(verdict("2026-11-22T23:59:59.999"), CampaignVerdict::fired);
  EXPECT_EQ(verdict("2026-11-23T00:00:00"), CampaignVerdict::after_end);
}

TEST(Decisions, V21_TheCampaignsPointsAreItsOwn) {
  Programme programme = plain_programme();
  programme.campaigns.push_back(triple("none", {"C*"}));
  programme.campaigns.push_back(triple("triple-a", {"A"}));
  programme.campaigns.push_back(triple("from-31", {"A"}));
  programme.campaigns[2].spend_from = Ratio{31, 1};
  const auto sale = ReceiptBuilder().line("1", "30.00", "A").line("1", "20.00", "B").take();
  const Told told = tell(programme, sale);
  ASSERT_EQ(told.decisions.campaigns.size(), 3U);
  EXPECT_EQ(told.decisions.campaigns[0].verdict, CampaignVerdict::no_article);
  EXPECT_EQ(told.decisions.campaigns[1].verdict, CampaignVerdict::fired);
  EXPECT_EQ(told.decisions.campaigns[1].eligible, money("30.00"));
  EXPECT_EQ(told.decisions.campaigns[2].verdict, CampaignVerdict::below_spend);
  EXPECT_EQ(told.decisions.campaigns[2].eligible, money("30.00"));
  ASSERT_EQ(told.decisions.parts.size(), 2U);
  EXPECT_EQ(told.decisions.parts[0].points, Points{50});
  EXPECT_EQ(told.decisions.parts[1].points, Points{60});
  EXPECT_EQ(told.decisions.parts[1].components, (std::vector<std::size_t>{1}));
  EXPECT_EQ(told.accrual.total, Points{110});
}

TEST(Decisions, RulesOfTheSameLinesShareTheirPointsAndNothingIsLost) {
  Programme programme = plain_programme();
  programme.campaigns.push_back(triple("all"));
  programme.campaigns.push_back(triple("half", {"A"}));
  programme.campaigns[1].multiplier = {1, 2};  // takes points off: rules are not told apart
  const auto sale = ReceiptBuilder().line("3", "9.99", "A").line("1", "7.77", "B").take();
  for (const bool with_half : {false, true}) {
    if (!with_half) programme.campaigns[1].until = LocalTime{-1};
    if (with_half) programme.campaigns[1].until.reset();
    const Told told = tell(programme, sale);
    ASSERT_EQ(told.decisions.parts.size(), 1U);
    EXPECT_EQ(told.decisions.parts[0].components.size(), with_half ? 3U : 2U);
    EXPECT_EQ(told.decisions.parts[0].points, told.accrual.total);
  }
}

}  // namespace
}  // namespace crossfoot::ledger
