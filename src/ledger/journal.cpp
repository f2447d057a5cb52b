#include "ledger/journal.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "base/invariant.h"
#include "contract/error_codes.h"

namespace crossfoot::ledger {

namespace {

using contract::LineAction;
using contract::TaxMode;
using contract::TenderKind;

Account account_of(TenderKind kind) {
  switch (kind) {
    case TenderKind::cash:
      return Account::cash;
    case TenderKind::card:
      return Account::card;
    case TenderKind::gift_card:
    case TenderKind::voucher:
      return Account::voucher_liability;
    case TenderKind::points:
      return Account::points_liability;
    case TenderKind::on_account:
      return Account::receivable;
    case TenderKind::other:
      break;
  }
  return Account::other_tender;
}

std::unexpected<Fault> unbalanced(std::string cause) {
  return fail({.code = std::string(contract::error_code::posting_unbalanced),
               .fault_class = FaultClass::rejected,
               .where = "ledger: journal",
               .cause = std::move(cause)});
}

class Poster {
 public:
  Poster(const contract::Transaction& transaction, const Pricing& pricing,
         const JournalOptions& options)
      : transaction_(transaction), pricing_(pricing), options_(options) {}

  Result<Journal> run() {
    if (!pricing_.in_range) return unbalanced("the amounts are out of range");
    if (!settled()) {
      return unbalanced("tenders " + to_string(pricing_.tenders) + ", due " +
                        to_string(pricing_.due));
    }
    if (!share_points_part()) {
      return unbalanced("the points' part is not between zero and the net");
    }
    if (!share_carrying()) {
      return unbalanced("what the points are carried at does not fit what they paid for");
    }
    post_tenders();
    for (std::size_t i = 0; i < pricing_.groups.size(); ++i) post_group(i);
    if (options_.refund_kept) post(Account::loyalty_expense, -options_.refund_kept->minor, {});
    post(Account::rounding_difference, -open_, {});
    INVARIANT(open_ == 0 && imbalance(journal_).empty(), "a document's debits equal its credits");
    return std::move(journal_);
  }

 private:
  /// Positive minor units are a debit, negative ones a credit; nothing is not posted.
  void post(Account account, std::int64_t minor, const std::string& tax_code) {
    open_ += minor;
    if (minor == 0) return;
    journal_.push_back({account, minor > 0 ? Side::debit : Side::credit,
                        Money{minor < 0 ? -minor : minor, transaction_.currency}, tax_code});
  }

  [[nodiscard]] bool settled() const {
    if (!options_.refund_kept) return tenders_settle(transaction_, pricing_);
    const Money& kept = *options_.refund_kept;
    return kept.currency == transaction_.currency && kept.minor >= 0 &&
           kept.minor <= -pricing_.due.minor &&
           pricing_.tenders.minor + kept.minor == -pricing_.due.minor;
  }

  void post_tenders() {
    const std::int64_t direction = pricing_.due.minor < 0 ? -1 : 1;
    if (transaction_.tenders.empty()) {
      const std::int64_t kept = options_.refund_kept ? options_.refund_kept->minor : 0;
      post(Account::receivable, pricing_.due.minor + kept, {});
    }
    for (const contract::Tender& tender : transaction_.tenders) {
      if (options_.points_carrying && tender.kind == TenderKind::points) continue;
      post(account_of(tender.kind), direction * tender.amount.minor, {});
    }
    if (!options_.points_carrying) return;
    post(Account::points_liability, direction * options_.points_carrying->minor, {});
  }

  /// With prices that include tax, revenue is what the lines say; the receipt's tax may differ.
  [[nodiscard]] std::int64_t net_of(const TaxGroup& group) const {
    return transaction_.tax_mode == TaxMode::inclusive
               ? group.sums.gross.minor - group.tax_by_line.minor
               : group.sums.net.minor;
  }

  /// Shares the points' part out over the groups that it lowers the revenue of.
  bool share_points_part() {
    points_shares_.resize(pricing_.groups.size());
    if (!options_.points_part) return true;
    const bool any_sold = std::ranges::any_of(
        pricing_.groups, [](const TaxGroup& group) { return group.action == LineAction::sold; });
    const LineAction action = any_sold ? LineAction::sold : LineAction::returned;
    std::int64_t net = 0;
    std::vector<LineWeight> weights;
    for (const TaxGroup& group : pricing_.groups) {
      const bool lowered = group.action == action && !group.voucher;
      weights.push_back({lowered ? std::max<std::int64_t>(0, net_of(group)) : 0, lowered ? 1 : 0});
      net += weights.back().weight;
    }
    const Money& part = *options_.points_part;
    if (part.currency != transaction_.currency || part.minor < 0 || part.minor > net) return false;
    allocate(part.minor, weights, points_shares_);
    spent_left_ = options_.points_spent ? options_.points_spent->minor : 0;
    return spent_left_ >= 0 && spent_left_ <= part.minor && (!any_sold || spent_left_ == 0);
  }

  /// Shares what the redeemed points paid for beyond their carrying amount over the revenue.
  bool share_carrying() {
    carrying_shares_.resize(pricing_.groups.size());
    if (!options_.points_carrying) return true;
    const Money& carrying = *options_.points_carrying;
    if (carrying.currency != transaction_.currency || carrying.minor < 0) return false;
    std::int64_t difference = -carrying.minor;
    for (const contract::Tender& tender : transaction_.tenders) {
      if (tender.kind == TenderKind::points) difference += tender.amount.minor;
    }
    const LineAction action = pricing_.due.minor < 0 ? LineAction::returned : LineAction::sold;
    std::vector<LineWeight> weights;
    std::int64_t net = 0;
    for (std::size_t i = 0; i < pricing_.groups.size(); ++i) {
      const TaxGroup& group = pricing_.groups[i];
      const bool takes = group.action == action && !group.voucher;
      const std::int64_t left = net_of(group) - points_shares_[i].sum();
      weights.push_back({takes ? std::max<std::int64_t>(0, left) : 0, takes ? 1 : 0});
      net += weights.back().weight;
    }
    if (difference == 0) return true;
    if (net == 0 || difference > net) return false;
    allocate(difference, weights, carrying_shares_);
    return true;
  }

  void post_group(std::size_t index) {
    const TaxGroup& group = pricing_.groups[index];
    const std::int64_t direction = group.action == LineAction::sold ? -1 : 1;
    const std::string& tax_code = transaction_.lines[group.first_line].tax_code;
    const std::int64_t points = points_shares_[index].sum();
    Account account = Account::revenue;
    if (group.action == LineAction::returned && options_.unlinked) {
      account = Account::unlinked_returns;
    }
    if (group.voucher) account = Account::voucher_liability;
    post(account, direction * (net_of(group) - points - carrying_shares_[index].sum()), tax_code);
    const std::int64_t spent = std::min(spent_left_, points);
    spent_left_ -= spent;
    post(Account::points_liability, direction * (points - spent), {});
    post(Account::loyalty_expense, direction * spent, {});
    post(Account::tax_payable, direction * group.sums.tax.minor, tax_code);
  }

  const contract::Transaction& transaction_;
  const Pricing& pricing_;
  const JournalOptions& options_;
  Journal journal_;
  std::vector<UnitAllocation> points_shares_;    // per group
  std::vector<UnitAllocation> carrying_shares_;  // per group
  std::int64_t spent_left_ = 0;                  // of the points' part, not yet posted
  std::int64_t open_ = 0;                        // debits less credits
};

void require_prices(const Money& price, const Money& goods_ssp, const Money& points_ssp) {
  INVARIANT(price.currency == goods_ssp.currency && price.currency == points_ssp.currency,
            "prices of two currencies are not shared");
  INVARIANT(goods_ssp.minor >= 0 && points_ssp.minor >= 0, "a selling price is not negative");
}

}  // namespace

std::string_view to_string(Account account) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(account_last) + 1> names{
      "cash",
      "card",
      "receivable",
      "other_tender",
      "voucher_liability",
      "points_liability",
      "revenue",
      "unlinked_returns",
      "tax_payable",
      "rounding_difference",
      "loyalty_expense",
      "over_short"};
  return names[static_cast<std::size_t>(account)];
}

Result<Journal> journal_of(const contract::Transaction& transaction, const Pricing& pricing,
                           const JournalOptions& options) {
  switch (transaction.kind) {
    case contract::TransactionKind::void_sale:
    case contract::TransactionKind::stock_adjustment:
    case contract::TransactionKind::accounting_adjustment:
    case contract::TransactionKind::redemption:
    case contract::TransactionKind::customer_profile:
    case contract::TransactionKind::till_open:
    case contract::TransactionKind::till_close:
    case contract::TransactionKind::no_sale:
    case contract::TransactionKind::paid_in:
    case contract::TransactionKind::paid_out:
    case contract::TransactionKind::training:
    case contract::TransactionKind::suspended:
    case contract::TransactionKind::resumed:
    case contract::TransactionKind::aborted:
    case contract::TransactionKind::till_audit:
    case contract::TransactionKind::store_day_close:
    case contract::TransactionKind::points_adjustment:
      return Journal{};
    case contract::TransactionKind::sale:
    case contract::TransactionKind::return_goods:
    case contract::TransactionKind::exchange:
      break;
  }
  return Poster(transaction, pricing, options).run();
}

Journal points_released(Money carrying) {
  if (carrying.minor == 0) return {};
  const Money amount = carrying.minor < 0 ? -carrying : carrying;
  const Journal released{{Account::points_liability, Side::debit, amount, {}},
                         {Account::revenue, Side::credit, amount, {}}};
  return carrying.minor < 0 ? mirrored(released) : released;
}

Journal till_difference(Money counted, Money expected) {
  const Money over = counted - expected;
  if (over.minor == 0) return {};
  const Money amount = over.minor < 0 ? -over : over;
  const Journal postings{{Account::cash, Side::debit, amount, {}},
                         {Account::over_short, Side::credit, amount, {}}};
  return over.minor < 0 ? mirrored(postings) : postings;
}

Journal merged(const Journal& journal) {
  std::map<std::tuple<Account, std::string_view, Currency>, Wide> sums;
  for (const Posting& posting : journal) {
    Wide& sum = sums[{posting.account, posting.tax_code, posting.amount.currency}];
    sum += posting.side == Side::debit ? posting.amount.minor : -posting.amount.minor;
  }
  Journal merged;
  for (const auto& [key, sum] : sums) {
    if (sum == 0) continue;
    const auto& [account, tax_code, currency] = key;
    const Wide amount = sum < 0 ? -sum : sum;
    INVARIANT(amount <= INT64_MAX, "a day's sums fit 64 bits");
    merged.push_back({account, sum > 0 ? Side::debit : Side::credit,
                      Money{static_cast<std::int64_t>(amount), currency}, std::string(tax_code)});
  }
  return merged;
}

Journal mirrored(const Journal& journal) {
  Journal mirror = journal;
  for (Posting& posting : mirror) {
    posting.side = posting.side == Side::debit ? Side::credit : Side::debit;
  }
  return mirror;
}

std::vector<Money> imbalance(const Journal& journal) {
  std::vector<Money> sums;
  for (const Posting& posting : journal) {
    auto at = std::ranges::find(sums, posting.amount.currency, &Money::currency);
    if (at == sums.end()) at = sums.insert(at, Money{0, posting.amount.currency});
    *at += posting.side == Side::debit ? posting.amount : -posting.amount;
  }
  std::erase_if(sums, [](const Money& sum) { return sum.minor == 0; });
  return sums;
}

SspSplit allocate_by_relative_ssp(Money price, Money goods_ssp, Money points_ssp) {
  require_prices(price, goods_ssp, points_ssp);
  const std::array<LineWeight, 2> weights{
      {{std::max<std::int64_t>(goods_ssp.minor, points_ssp.minor == 0 ? 1 : 0), 1},
       {points_ssp.minor, 1}}};
  std::array<UnitAllocation, 2> shares;
  allocate(price.minor, weights, shares);
  return {Money{shares[0].sum(), price.currency}, Money{shares[1].sum(), price.currency}};
}

SspSplit allocate_by_relative_ssp(Money price, Money goods_ssp, Money points_ssp,
                                  const PercentageFirst& mode) {
  require_prices(price, goods_ssp, points_ssp);
  INVARIANT(mode.places <= 6, "a percentage has at most six places");
  const Wide sum = Wide{goods_ssp.minor} + points_ssp.minor;
  const std::int64_t whole = 100 * power_of_ten(mode.places);
  const Wide percentage =
      sum == 0 ? Wide{whole} : divide(Wide{goods_ssp.minor} * whole, sum, mode.rounding);
  const auto goods =
      static_cast<std::int64_t>(divide(price.minor * percentage, whole, Rounding::half_up));
  return {Money{goods, price.currency}, Money{price.minor - goods, price.currency}};
}

}  // namespace crossfoot::ledger
