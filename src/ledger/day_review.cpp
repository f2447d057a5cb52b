#include "ledger/day_review.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/error_codes.h"

namespace crossfoot::ledger {

namespace {

namespace code = contract::error_code;
using contract::TransactionKind;

std::string till_name(std::string_view register_name, std::uint32_t epoch) {
  if (register_name.empty()) return "receipts without a till";
  return epoch == 0 ? fmt::format("till {}", register_name)
                    : fmt::format("till {} (epoch {})", register_name, epoch);
}

PostingFacts facts_of(const contract::Transaction& receipt) {
  const PostingEvent event = receipt.kind == TransactionKind::return_goods
                                 ? PostingEvent::return_goods
                             : receipt.kind == TransactionKind::exchange ? PostingEvent::exchange
                                                                         : PostingEvent::sale;
  return {.event = event, .channel = receipt.channel, .region = receipt.region, .category = {}};
}

/// Refunds whose original the channel does not know have an account of their own.
bool is_unlinked(const contract::Transaction& receipt) {
  return !receipt.original && std::ranges::any_of(receipt.lines, [](const contract::Line& line) {
    return line.action == contract::LineAction::returned && !line.original;
  });
}

}  // namespace

DayReview::DayReview(DayRules rules) : rules_(std::move(rules)) {
  if (rules_.accounts != nullptr) journal_.emplace(*rules_.accounts);
}

DayReview::Worth DayReview::worth_of(const contract::Transaction& receipt, Id message) {
  const Pricing pricing = price(receipt);
  Worth worth{.facts = facts_of(receipt)};
  worth.totals.add(receipt, pricing);
  if (!journal_) return worth;
  auto journal = journal_of(receipt, pricing, {.unlinked = is_unlinked(receipt)});
  if (journal) {
    worth.journal = std::move(*journal);
    return worth;
  }
  DayFinding& finding = not_posted_[journal.error().code];
  ++finding.count;
  note(finding, message);
  return worth;
}

bool StoreDayStatus::may_close() const {
  return std::ranges::none_of(findings, &DayFinding::blocks);
}

DayFinding& DayReview::report(std::string_view finding, bool blocks, std::string detail) {
  return status_.findings.emplace_back(
      DayFinding{.code = finding, .blocks = blocks, .detail = std::move(detail)});
}

DayFinding& DayReview::report(const TillDay& day, std::string_view finding, bool blocks,
                              std::string detail) {
  DayFinding& made =
      report(finding, blocks,
             fmt::format("{}: {}", till_name(day.register_name, day.register_epoch), detail));
  made.register_name = day.register_name;
  made.register_epoch = day.register_epoch;
  return made;
}

void DayReview::add(const DayMessage& message, const contract::Transaction& transaction) {
  const bool receipt = is_receipt(transaction.kind);
  if (!receipt && transaction.till == nullptr) return;
  if (region_.empty()) region_ = transaction.region;
  Fact fact{.message = message,
            .kind = transaction.kind,
            .sequence = transaction.key.sequence,
            .occurred_at = transaction.occurred_at,
            .till = transaction.till};
  if (transaction.kind == TransactionKind::void_sale) {
    fact.voids = transaction.original;
  } else if (receipt) {
    Worth worth = worth_of(transaction, message.id);
    fact.totals = worth.totals;
    fact.journal = worth.journal;
    fact.facts = worth.facts;
    by_key_.insert_or_assign(transaction.key.canonical(), std::move(worth));
  }
  tills_[{transaction.key.register_name, transaction.key.register_epoch}].push_back(
      std::move(fact));
}

void DayReview::add_open(const DayMessage& message, std::string_view register_name,
                         const Money& money) {
  auto at = std::ranges::find_if(open_, [&](const DayFinding& one) {
    return one.detail == message.code && one.register_name == register_name;
  });
  if (at == open_.end()) {
    at = open_.insert(at, DayFinding{.code = code::day_message_open,
                                     .detail = message.code,
                                     .register_name = std::string(register_name)});
  }
  ++at->count;
  if (money.minor != 0) add_money(*at, money);
  note(*at, message.id);
}

std::vector<contract::NaturalKey> DayReview::voided_elsewhere() const {
  std::vector<contract::NaturalKey> keys;
  for (const auto& [till, facts] : tills_) {
    for (const Fact& fact : facts) {
      if (fact.voids && !by_key_.contains(fact.voids->canonical())) keys.push_back(*fact.voids);
    }
  }
  return keys;
}

void DayReview::add_voided(const contract::NaturalKey& key, const contract::Transaction& receipt) {
  by_key_.emplace(key.canonical(), worth_of(receipt, {}));
}

/// Of several voids of one receipt the first counts.
void DayReview::settle_voids() {
  std::vector<Fact*> voids;
  for (auto& [till, facts] : tills_) {
    for (Fact& fact : facts) {
      if (fact.voids) voids.push_back(&fact);
    }
  }
  std::ranges::sort(voids, {}, [](const Fact* fact) { return fact->message.id; });
  DayFinding unknown{.code = code::voided_unknown,
                     .detail = "voids of receipts that are not here (yet)"};
  for (Fact* fact : voids) {
    const auto at = by_key_.find(fact->voids->canonical());
    if (at == by_key_.end()) {
      fact->counts = false;
      ++unknown.count;
      note(unknown, fact->message.id);
      continue;
    }
    if (at->second.totals.all().empty()) {
      fact->counts = false;  // it was voided before
      continue;
    }
    fact->totals = at->second.totals.voided();
    fact->journal = mirrored(at->second.journal);
    fact->facts = at->second.facts;
    fact->facts.event = PostingEvent::void_sale;
    at->second = {};
  }
  if (unknown.count > 0) status_.findings.push_back(std::move(unknown));
}

StoreDayStatus DayReview::finish() {
  settle_voids();
  for (auto& [key, facts] : tills_) finish_till(key, facts);
  judge_shop();
  keep_journal();
  std::ranges::sort(status_.receipts, {}, &DayReceipt::id);
  return std::move(status_);
}

void DayReview::add_to_journal(const Journal& journal, const PostingFacts& facts,
                               const Id* message) {
  if (!journal_) return;
  const Status added = journal_->add(journal, facts);
  if (added) return;
  DayFinding& finding = not_posted_[added.error().code];
  ++finding.count;
  finding.detail = added.error().where + " " + added.error().cause;
  if (message != nullptr) note(finding, *message);
}

/// What cannot be posted is told, and does not keep the day open: the ERP's documents are not made
/// of this journal.
void DayReview::keep_journal() {
  if (!journal_) return;
  status_.journal = journal_->totals();
  for (auto& [finding_code, finding] : not_posted_) {
    const bool undetermined = finding_code == code::account_undetermined;
    finding.code = undetermined ? code::account_undetermined : code::posting_unbalanced;
    finding.blocks = false;
    finding.detail = fmt::format("{} document{} not in the journal{}{}", finding.count,
                                 finding.count == 1 ? " is" : "s are",
                                 finding.detail.empty() ? "" : ": ", finding.detail);
    status_.findings.push_back(std::move(finding));
  }
}

void DayReview::judge_shop() {
  for (DayFinding& finding : open_) {
    const std::string cause = std::move(finding.detail);
    finding.detail = fmt::format("{} message{} held or unreadable ({})", finding.count,
                                 finding.count == 1 ? " is" : "s are", cause);
    status_.findings.push_back(std::move(finding));
  }
  const bool nothing = tills_.empty() && open_.empty();
  if (nothing && rules_.expected) {
    report(code::shop_silent, true, "the shop trades on this day, and nothing came").count = 1;
    return;
  }
  if (nothing) return;
  for (const std::string& name : rules_.registers) {
    const bool sent = std::ranges::any_of(
        status_.tills, [&](const TillDay& day) { return day.register_name == name; });
    if (sent) continue;
    DayFinding& silent =
        report(code::till_silent, true, fmt::format("till {} has sent nothing", name));
    silent.register_name = name;
    silent.count = 1;
  }
  for (const auto& [currency, totals] : status_.totals.all()) {
    if (amount(totals.gross, currency)) continue;
    report(code::arithmetic_range, true,
           fmt::format("the sum in {} is beyond 64 bits", currency.code()))
        .count = 1;
  }
}

}  // namespace crossfoot::ledger
