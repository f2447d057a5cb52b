#include "edge/explanation.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/json_writer.h"
#include "edge/views.h"
#include "ledger/accrual.h"
#include "ledger/journal.h"
#include "ledger/pricing.h"

namespace crossfoot::edge {

namespace {

using contract::JsonWriter;
using contract::LineAction;

std::string priced(const Money& money) {
  return to_string(money) + " " + std::string(money.currency.code());
}

std::string quantity(std::int64_t units, bool measured) {
  return to_string(ledger::to_decimal({std::abs(units), measured}));
}

/// A wall clock has no zone letter.
std::string wall_clock(ledger::LocalTime at) {
  std::string text = to_string(Instant{at.micros});
  if (text.ends_with('Z')) text.pop_back();
  return text;
}

Points sum_of(const std::vector<Reversal>& reversals) {
  Points sum;
  for (const Reversal& reversal : reversals) {
    for (const flow::ReversalLine& line : reversal.lines) sum += line.points;
  }
  return sum;
}

class Explainer {
 public:
  explicit Explainer(const ExplanationFacts& facts)
      : facts_(facts), pricing_(ledger::price(facts.transaction)) {
    if (!facts.programme) return;
    const auto local = ledger::local_time(*facts.programme, facts.transaction, facts.zones);
    if (!local) return;
    local_ = *local;
    auto accrual =
        ledger::accrue(*facts.programme, facts.transaction, pricing_, *local, &decisions_);
    if (accrual) accrual_ = std::move(*accrual);
  }

  std::string run() {
    out_.begin_object();
    out_.key("transaction");
    write_transaction(out_, facts_.message, facts_.flow);
    write_points();
    write_rules();
    write_lines();
    write_components();
    write_reversals("reversals", facts_.reversals);
    write_reversals("takes_back", facts_.takes);
    out_.key("lots").null();
    write_postings();
    write_sentences();
    out_.end_object();
    return out_.take();
  }

 private:
  [[nodiscard]] const flow::Flow* flow() const { return facts_.flow; }
  [[nodiscard]] bool earns_by_kind() const {
    return facts_.transaction.kind == contract::TransactionKind::sale ||
           facts_.transaction.kind == contract::TransactionKind::exchange;
  }
  /// What was expected when the receipt was planned.
  [[nodiscard]] std::optional<Points> expected() const {
    return flow() == nullptr ? std::nullopt : flow()->expected;
  }
  [[nodiscard]] std::optional<Points> answered() const {
    return flow() == nullptr ? std::nullopt : flow()->answered;
  }
  [[nodiscard]] std::optional<Points> counts() const {
    return answered() ? answered() : expected();
  }
  /// The rules say again what was recorded; a difference would be a defect, and is told.
  [[nodiscard]] bool agrees() const { return accrual_ && expected() == accrual_->total; }

  void points_or_null(std::string_view name, std::optional<Points> points) {
    out_.key(name);
    points ? out_.integer(points->count) : out_.null();
  }

  void write_points() {
    out_.key("points").begin_object();
    points_or_null("expected", expected());
    points_or_null("answered", answered());
    points_or_null("counts", counts());
    out_.member_or_null("whose", answered() ? "platform" : expected() ? "crossfoot" : "");
    const Points taken = sum_of(facts_.reversals);
    out_.member("taken_back", taken.count);
    points_or_null("left", counts() ? std::optional(*counts() - taken) : std::nullopt);
    out_.end_object();
  }

  void write_rules() {
    out_.key("rules");
    if (!facts_.programme || !earns_by_kind()) {
      out_.null();
      return;
    }
    const ledger::Programme& rules = *facts_.programme;
    out_.begin_object().member("programme", rules.name).member("version", rules.version);
    out_.member("zone", rules.zone_of(facts_.transaction.region));
    out_.member_or_null("local_time", local_ ? wall_clock(*local_) : "");
    out_.member("base", rules.base == ledger::EarnBase::net ? "net" : "gross");
    out_.member("stacking",
                rules.stacking == ledger::Stacking::additive ? "additive" : "multiplicative");
    out_.key("tier");
    if (const auto tier = rules.tier_of(facts_.transaction.member)) {
      out_.begin_object().member("name", rules.tiers[*tier].name);
      out_.member("multiplier", ledger::to_text(rules.tiers[*tier].multiplier)).end_object();
    } else {
      out_.null();
    }
    out_.member("agrees_with_record", agrees());
    out_.end_object();
  }

  [[nodiscard]] std::string_view why_nothing(std::size_t i) const {
    if (facts_.transaction.lines[i].action == LineAction::returned) return "returned";
    if (facts_.transaction.member.empty()) return "no_member";
    if (!accrual_ || decisions_.lines.empty()) return {};
    if (!decisions_.lines[i].kind_earns) return "kind";
    if (accrual_->lines[i].eligible.minor > 0) return {};
    return decisions_.lines[i].base.minor == 0 ? "costs_nothing" : "paid_otherwise";
  }

  void write_lines() {
    out_.key("lines").begin_array();
    for (std::size_t i = 0; i < pricing_.lines.size(); ++i) write_line(i);
    out_.end_array();
  }

  void write_line(std::size_t i) {
    const contract::Line& line = facts_.transaction.lines[i];
    const ledger::PricedLine& price = pricing_.lines[i];
    out_.begin_object().member("line", line.number);
    out_.member("article", line.article).member_or_null("description", line.description);
    out_.member("action", contract::to_string(line.action));
    out_.member("kind", contract::to_string(line.kind));
    out_.member("quantity", to_string(line.quantity));
    out_.member("extended", to_string(price.extended));
    out_.member("line_discount", to_string(price.discount));
    out_.member("order_discount", to_string(price.order_discount));
    out_.member("tax", to_string(price.tax)).member("gross", to_string(price.gross));
    const bool judged = accrual_ && !decisions_.lines.empty();
    const auto money = [&](std::string_view name, const Money& amount) {
      out_.member_or_null(name, judged ? to_string(amount) : "");
    };
    const ledger::LineDecision decision = judged ? decisions_.lines[i] : ledger::LineDecision{};
    money("base", decision.base);
    money("tender_share", decision.tender_share);
    money("eligible", judged ? accrual_->lines[i].eligible : Money{});
    out_.member_or_null("earns_nothing_because", why_nothing(i));
    write_units(line.number);
    out_.end_object();
  }

  void write_units(std::uint32_t number) {
    const ledger::FrozenLine* frozen = nullptr;
    if (flow() != nullptr) {
      const auto at = std::ranges::find(flow()->frozen, number, &ledger::FrozenLine::line);
      if (at != flow()->frozen.end()) frozen = &*at;
    }
    std::int64_t taken = 0;
    Points taken_points;
    for (const Reversal& reversal : facts_.reversals) {
      for (const flow::ReversalLine& line : reversal.lines) {
        if (line.line != number) continue;
        taken += line.units;
        taken_points += line.points;
      }
    }
    points_or_null("points",
                   frozen == nullptr ? std::nullopt : std::optional(Points{frozen->points.sum()}));
    out_.key("units").begin_array();
    if (frozen != nullptr) {
      std::int64_t rest = frozen->points.units();
      for (const ledger::UnitRun& run : frozen->points.runs) {
        out_.begin_object().member("units", run.units).member("points", run.points).end_object();
        rest -= run.units;
      }
      if (rest > 0) out_.begin_object().member("units", rest).member("points", 0).end_object();
    }
    out_.end_array();
    const bool measured = frozen != nullptr && frozen->points.quantity.measured;
    out_.key("taken_back").begin_object().member("quantity", quantity(taken, measured));
    out_.member("points", taken_points.count).end_object();
  }

  void write_components() {
    out_.key("campaigns").begin_array();
    for (std::size_t c = 0; c < decisions_.campaigns.size(); ++c) write_campaign(c);
    out_.end_array();
    out_.key("components").begin_array();
    if (accrual_) {
      for (const ledger::Component& component : accrual_->components) write_component(component);
    }
    out_.end_array();
    out_.key("rounding");
    if (!accrual_ || accrual_->components.empty()) {
      out_.null().key("shares").begin_array().end_array();
      return;
    }
    out_.begin_object().member("mode", ledger::rounding_name(accrual_->rounding));
    out_.member("exact", ledger::to_text(accrual_->exact.numerator, accrual_->exact.denominator));
    out_.member("points", accrual_->total.count).end_object();
    out_.key("shares").begin_array();
    for (const ledger::PartDecision& part : decisions_.parts) {
      out_.begin_object().key("components").begin_array();
      for (const std::size_t index : part.components) {
        out_.text(name_of(accrual_->components[index]));
      }
      out_.end_array().member("points", part.points.count).end_object();
    }
    out_.end_array();
  }

  [[nodiscard]] std::string name_of(const ledger::Component& component) const {
    const ledger::Programme& rules = *facts_.programme;
    switch (component.kind) {
      case ledger::ComponentKind::base:
        break;
      case ledger::ComponentKind::tier:
        return "tier " + rules.tiers[component.index].name;
      case ledger::ComponentKind::campaign:
        return "campaign " + rules.campaigns[component.index].id;
    }
    return "base";
  }

  void write_campaign(std::size_t c) {
    const ledger::Campaign& campaign = facts_.programme->campaigns[c];
    const ledger::CampaignDecision& decision = decisions_.campaigns[c];
    out_.begin_object().member("id", campaign.id);
    out_.member("multiplier", ledger::to_text(campaign.multiplier));
    out_.member("verdict", ledger::to_string(decision.verdict));
    out_.member_or_null("from", campaign.from ? wall_clock(*campaign.from) : "");
    out_.member_or_null("until", campaign.until ? wall_clock(*campaign.until) : "");
    out_.member_or_null("spend_from",
                        campaign.spend_from ? ledger::to_text(*campaign.spend_from) : "");
    out_.member("eligible", to_string(decision.eligible)).end_object();
  }

  void write_component(const ledger::Component& component) {
    const ledger::Programme& rules = *facts_.programme;
    out_.begin_object().member("rule", name_of(component));
    out_.member("kind", ledger::to_string(component.kind));
    const ledger::Ratio factor = component.kind == ledger::ComponentKind::base
                                     ? rules.points_per_unit
                                 : component.kind == ledger::ComponentKind::tier
                                     ? rules.tiers[component.index].multiplier
                                     : rules.campaigns[component.index].multiplier;
    out_.member("factor", ledger::to_text(factor));
    out_.member("eligible", to_string(component.eligible));
    out_.member("exact", ledger::to_text(component.numerator, accrual_->exact.denominator));
    out_.end_object();
  }

  void write_reversals(std::string_view name, const std::vector<Reversal>& reversals) {
    out_.key(name).begin_array();
    for (const Reversal& reversal : reversals) {
      out_.begin_object().member("by", to_string(reversal.by));
      out_.member_or_null("of", reversal.of.is_nil() ? "" : to_string(reversal.of));
      out_.member("points", sum_of({reversal}).count);
      out_.key("lines").begin_array();
      for (const flow::ReversalLine& line : reversal.lines) {
        out_.begin_object().member("line", line.line);
        out_.member("quantity", quantity(line.units, line.measured));
        out_.member("points", line.points.count).end_object();
      }
      out_.end_array().end_object();
    }
    out_.end_array();
  }

  void write_postings() {
    out_.key("postings").begin_array();
    const bool unlinked =
        flow() != nullptr && std::ranges::any_of(flow()->links, [](const flow::LineLink& link) {
          return link.parts.empty() && link.disposition != flow::Disposition::adjustment;
        });
    const auto journal = ledger::journal_of(facts_.transaction, pricing_, {.unlinked = unlinked});
    if (journal) {
      for (const ledger::Posting& posting : *journal) {
        out_.begin_object().member("account", ledger::to_string(posting.account));
        out_.member("side", posting.side == ledger::Side::debit ? "debit" : "credit");
        out_.member("amount", to_string(posting.amount));
        out_.member("currency", posting.amount.currency.code());
        out_.member_or_null("tax_code", posting.tax_code).end_object();
      }
    }
    out_.end_array();
  }

  void say(std::string sentence) { out_.text(sentence); }

  void write_sentences() {
    out_.key("why").begin_array();
    if (earns_by_kind()) {
      say_rules();
      say_outcome();
    }
    const Points taken = sum_of(facts_.reversals);
    if (!facts_.reversals.empty()) {
      say(fmt::format("Returns took {} points back; {} are left.", taken.count,
                      (counts().value_or(Points{0}) - taken).count));
    }
    for (const Reversal& reversal : facts_.takes) {
      const Points points = sum_of({reversal});
      say(points.count < 0 ? fmt::format("It gives {} points of its original again.", -points.count)
                           : fmt::format("It takes {} points of its original back.", points.count));
    }
    out_.end_array();
  }

  void say_rules() {
    const contract::Transaction& sale = facts_.transaction;
    if (flow() == nullptr) return say("It was not processed, so nothing is earned.");
    if (sale.member.empty()) return say("It names no member, so nobody earns.");
    if (!facts_.programme) {
      return say(
          fmt::format("The rules of version {} were not kept; only what was recorded is told.",
                      flow()->programme_version));
    }
    if (!accrual_) return say("The rules could not be applied to it; the platform decides.");
    const ledger::Programme& rules = *facts_.programme;
    say(fmt::format("Judged by programme {}, version {}, at {} ({}).", rules.name, rules.version,
                    wall_clock(*local_), rules.zone_of(sale.region)));
    for (std::size_t i = 0; i < decisions_.lines.size(); ++i) {
      const std::string_view why = why_nothing(i);
      if (why.empty()) continue;
      const contract::Line& line = sale.lines[i];
      say(why == "kind"       ? fmt::format("Line {} does not earn: {}.", line.number,
                                            contract::to_string(line.kind))
          : why == "returned" ? fmt::format("Line {} comes back and does not earn.", line.number)
          : why == "costs_nothing"
              ? fmt::format("Line {} costs nothing after discounts.", line.number)
              : fmt::format("Line {} was paid with tenders that do not earn.", line.number));
    }
    for (std::string& sentence : ledger::explain(*accrual_, rules)) say(std::move(sentence));
    for (std::size_t c = 0; c < decisions_.campaigns.size(); ++c) say_rejected(c);
    if (!agrees() && expected()) {
      say(fmt::format("Recorded with the receipt was an expectation of {}.", expected()->count));
    }
  }

  void say_rejected(std::size_t c) {
    const ledger::Campaign& campaign = facts_.programme->campaigns[c];
    const ledger::CampaignDecision& decision = decisions_.campaigns[c];
    switch (decision.verdict) {
      case ledger::CampaignVerdict::fired:
        return;
      case ledger::CampaignVerdict::before_start:
        return say(fmt::format("campaign {} had not begun: it starts {}", campaign.id,
                               wall_clock(*campaign.from)));
      case ledger::CampaignVerdict::after_end:
        return say(fmt::format("campaign {} was over: it ended {}", campaign.id,
                               wall_clock(*campaign.until)));
      case ledger::CampaignVerdict::no_article:
        return say(fmt::format("campaign {} covers none of the articles", campaign.id));
      case ledger::CampaignVerdict::below_spend:
        return say(fmt::format("campaign {} needs {} {}, its articles have {} to earn on",
                               campaign.id, ledger::to_text(*campaign.spend_from),
                               facts_.programme->currency.code(), priced(decision.eligible)));
    }
  }

  void say_outcome() {
    if (!answered()) {
      if (expected()) say("The loyalty platform has not answered yet; this is the expectation.");
      return;
    }
    if (!expected()) {
      return say(
          fmt::format("The loyalty platform answered {}; its figure counts.", answered()->count));
    }
    say(*expected() == *answered()
            ? fmt::format("The loyalty platform answered {}, as expected.", answered()->count)
            : fmt::format("The loyalty platform answered {} where {} was expected; its figure "
                          "counts, and reconciliation tells the difference.",
                          answered()->count, expected()->count));
  }

  const ExplanationFacts& facts_;
  ledger::Pricing pricing_;
  std::optional<ledger::LocalTime> local_;
  ledger::Decisions decisions_;
  std::optional<ledger::Accrual> accrual_;
  JsonWriter out_;
};

}  // namespace

std::string render_explanation(const ExplanationFacts& facts) {
  return Explainer(facts).run();
}

}  // namespace crossfoot::edge
