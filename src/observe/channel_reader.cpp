#include "observe/channel_reader.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "contract/error_codes.h"
#include "contract/points_adjustment.h"
#include "edge/kept_programme.h"

namespace crossfoot::observe {

namespace {

using contract::LineAction;
using contract::Transaction;
using contract::TransactionKind;
using flow::LegKind;
using flow::LegState;

bool is_receipt(TransactionKind kind) {
  return kind == TransactionKind::sale || kind == TransactionKind::return_goods ||
         kind == TransactionKind::exchange || kind == TransactionKind::void_sale;
}

Decimal signed_quantity(const contract::Line& line) {
  const bool back = line.action == LineAction::returned;
  return {back ? -line.quantity.units : line.quantity.units, line.quantity.scale};
}

/// When the leg could first have left.
Instant since_of(const flow::Flow& flow, const flow::Leg& leg) {
  if (leg.first_due_at.micros != 0) return leg.first_due_at;
  return leg.due_at.micros != 0 ? leg.due_at : flow.recorded_at;
}

Instant acknowledged_at(const flow::Leg& leg) {
  Instant at;
  for (const flow::Step& step : leg.steps) at = std::max(at, step.acknowledgement.at);
  return at;
}

void set_expectation(const flow::Flow& flow, const flow::Leg& leg, ExpectedItem& item) {
  switch (leg.state) {
    case LegState::done:
      item.expectation = Expectation::there;
      item.since = acknowledged_at(leg);
      return;
    case LegState::cancelled:
      item.expectation = Expectation::absent;
      return;
    case LegState::parked:
    case LegState::dead:
    case LegState::rejected:
      item.expectation = Expectation::explained;
      item.code = leg.reason;
      return;
    case LegState::waiting:
      if (const flow::Leg* stuck = flow::first_stuck(flow); stuck != nullptr) {
        item.expectation = Expectation::explained;
        item.code = stuck->reason;
        return;
      }
      [[fallthrough]];
    case LegState::due:
    case LegState::calling:
    case LegState::retrying:
    case LegState::unknown:
      item.expectation = Expectation::pending;
      item.since = since_of(flow, leg);
      return;
  }
}

Currency currency_of(const store::MessageRow& message) {
  return find_currency(message.currency).value_or(Currency{});
}

ExpectedItem item_of(const store::MessageRow& message) {
  ExpectedItem item;
  item.transaction = message.id;
  item.shop = message.shop;
  item.business_date = message.business_date;
  item.currency = currency_of(message);
  return item;
}

/// Kept, but with no obligation towards any target.
ExpectedItem kept(const store::MessageRow& message, std::string_view code) {
  ExpectedItem item = item_of(message);
  item.expectation = Expectation::explained;
  item.code = code;
  if (!message.currency.empty()) item.waiting = Money{message.gross_minor, item.currency};
  return item;
}

Fault damaged(std::string cause) {
  return {.code = std::string(contract::error_code::stored_bytes_corrupt),
          .fault_class = FaultClass::corrupt,
          .where = "reconciliation",
          .cause = std::move(cause)};
}

std::string_view code_of(flow::Disposition disposition) {
  switch (disposition) {
    case flow::Disposition::over_returned:
      return contract::error_code::over_returned;
    case flow::Disposition::no_customer:
      return contract::error_code::no_customer;
    case flow::Disposition::orphaned:
      return contract::error_code::orphaned;
    default:
      return {};
  }
}

/// The returned lines that a stuck link or claim leaves without their points, by why.
std::map<std::string, Money> waiting_lines(const Transaction& transaction,
                                           const ledger::Pricing& pricing, const flow::Flow& flow,
                                           const flow::Leg& leg) {
  std::map<std::string, Money> sums;
  for (const flow::LineLink& link : flow.links) {
    std::string_view code = code_of(link.disposition);
    if (leg.kind == LegKind::claim) {
      const bool concerned = std::ranges::any_of(link.parts, [&leg](const flow::LinkPart& part) {
        return part.book == leg.book && part.covered < part.units;
      });
      if (!concerned) continue;
      code = leg.reason;
    } else if (!link.parts.empty() || code.empty()) {
      continue;
    }
    for (std::size_t i = 0; i < transaction.lines.size(); ++i) {
      if (transaction.lines[i].number != link.line) continue;
      const Money gross = -pricing.lines[i].gross;
      const auto [at, fresh] = sums.try_emplace(std::string(code), gross);
      if (!fresh) at->second += gross;
    }
  }
  return sums;
}

}  // namespace

ExpectedDocument document_of(const Transaction& transaction, const ledger::Pricing& pricing) {
  ExpectedDocument document;
  document.net = pricing.sold.net - pricing.returned.net;
  document.tax = pricing.sold.tax - pricing.returned.tax;
  document.gross = pricing.due;
  // Tenders are stated without a sign: money goes out when goods come back on balance.
  const bool out = transaction.kind == TransactionKind::return_goods || pricing.due.minor < 0;
  for (const contract::Tender& tender : transaction.tenders) {
    const Money amount = out ? -tender.amount : tender.amount;
    const auto [at, fresh] =
        document.tenders.try_emplace(std::string(contract::to_string(tender.kind)), amount);
    if (!fresh) at->second += amount;
  }
  document.lines.reserve(transaction.lines.size());
  for (std::size_t i = 0; i < transaction.lines.size(); ++i) {
    const contract::Line& line = transaction.lines[i];
    const ledger::PricedLine& priced = pricing.lines[i];
    const bool back = line.action == LineAction::returned;
    const auto with_sign = [back](const Money& amount) { return back ? -amount : amount; };
    document.lines.push_back({.line = line.number,
                              .article = line.article,
                              .quantity = signed_quantity(line),
                              .amount = with_sign(priced.amount),
                              .net = with_sign(priced.net),
                              .tax = with_sign(priced.tax),
                              .tax_code = line.tax_code});
    ExactSum rounding;
    rounding.add(priced.extended);
    ExactSum exact;
    exact.add_product(line.quantity, line.unit_price);
    rounding -= exact;
    document.rounding += back ? -rounding : rounding;
  }
  return document;
}

struct ChannelReader::Message {
  const store::MessageRow& row;
  const flow::Flow& flow;
  const Transaction& transaction;
  const ledger::Pricing& pricing;
};

ChannelReader::ChannelReader(const ledger::Programme& programme, const ledger::ZoneLookup& zones,
                             Setup setup)
    : programme_(programme), zones_(zones), setup_(std::move(setup)) {}

Result<ChannelPage> ChannelReader::read(store::Reader& reader, BusinessDate date, Id after,
                                        std::size_t limit) {
  store::MessageQuery query;
  query.business_date = date;
  query.after = after;
  query.oldest_first = true;
  query.limit = limit;
  auto messages = reader.messages(query, true);
  if (!messages) return fail(std::move(messages.error()));
  ChannelPage page;
  page.more = messages->size() == limit;
  for (const store::MessageRow& message : *messages) {
    const std::size_t before = page.items.size();
    if (auto added = add(reader, message, page.items); !added) {
      // A snapshot lives a second at most: what it has shown so far is a page too.
      if (added.error().fault_class != FaultClass::transient || page.last.is_nil()) {
        return fail(std::move(added.error()));
      }
      page.items.resize(before);
      page.more = true;
      return page;
    }
    page.last = message.id;
    const auto kind = static_cast<TransactionKind>(message.kind);
    const bool accepted = message.state == store::MessageState::accepted ||
                          message.state == store::MessageState::suspected;
    if (accepted && is_receipt(kind)) ++page.receipts;
  }
  return page;
}

Status ChannelReader::add(store::Reader& reader, const store::MessageRow& message,
                          std::vector<ExpectedItem>& items) {
  if (message.state == store::MessageState::held) {
    items.push_back(kept(message, message.code.empty() ? contract::error_code::identity_conflict
                                                       : std::string_view(message.code)));
    return {};
  }
  if (message.state == store::MessageState::invalid) {
    items.push_back(kept(message, message.code));
    return {};
  }
  // What a person has decided about is a receipt under another id, or none.
  const bool settled = message.state == store::MessageState::replaced ||
                       message.state == store::MessageState::discarded;
  if (settled) return {};
  auto row = reader.load_flow(message.id);
  if (!row) return fail(std::move(row.error()));
  // A lower revision that came late: nothing was ever owed for it.
  if (!*row && message.state == store::MessageState::superseded) return {};
  if (!*row) return fail(damaged("the flow of " + to_string(message.id) + " is not there"));
  const auto flow = flow::decode_flow((*row)->state);
  if (!flow) return fail(flow.error());
  if (flow->redemption) {
    add_redemption(message, *flow, items);
    return {};
  }
  if (flow->kind == TransactionKind::points_adjustment) {
    return add_adjustment(message, *flow, items);
  }
  const auto parsed = parser_.parse(message.body, contract::ParsePolicy::stored());
  const Transaction nothing;
  const Transaction& transaction = parsed ? parsed->transaction : nothing;
  const ledger::Pricing pricing = ledger::price(transaction);
  const Message read{message, *flow, transaction, pricing};
  for (const flow::Leg& leg : flow->legs) {
    if (leg.steps.empty()) continue;
    if (parsed) {
      if (auto added = add_leg(reader, read, leg, items); !added) return added;
      continue;
    }
    ExpectedItem item = item_of(message);
    item.side = leg.target == setup_.loyalty ? Side::loyalty : Side::erp;
    item.reference = leg.steps.front().reference;
    item.expectation = Expectation::unreadable;
    items.push_back(std::move(item));
  }
  if (parsed) add_waiting(read, items);
  return {};
}

Status ChannelReader::add_leg(store::Reader& reader, const Message& message, const flow::Leg& leg,
                              std::vector<ExpectedItem>& items) {
  ExpectedItem item = item_of(message.row);
  if (leg.target == setup_.erp) {
    item.side = Side::erp;
  } else if (leg.target == setup_.loyalty) {
    item.side = Side::loyalty;
  } else {
    return {};
  }
  // What several entries of others brought about has none of its own.
  if (leg.covered && leg.covered_by.empty()) return {};
  item.reference = sent_reference(leg, leg.steps.front());
  set_expectation(message.flow, leg, item);
  switch (leg.kind) {
    case LegKind::accrue:
      return add_accrual(reader, message, std::move(item), items);
    case LegKind::reverse:
    case LegKind::reinstate:
      return add_reversal(reader, message, leg, std::move(item), items);
    case LegKind::post:
    case LegKind::post_refund:
      item.document = document_of(message.transaction, message.pricing);
      items.push_back(std::move(item));
      return {};
    case LegKind::post_void:
      return add_void(reader, leg, std::move(item), items);
    case LegKind::move_stock:
      add_movement(message, leg, item, items);
      return {};
    case LegKind::validate:
    case LegKind::link:
    case LegKind::claim:
    case LegKind::supersede:
    case LegKind::authorise:
    case LegKind::capture:
    case LegKind::release:
    case LegKind::hold:
    case LegKind::share_profile:
    case LegKind::approve:
    case LegKind::adjust:
      return {};
  }
  return {};
}

void ChannelReader::add_redemption(const store::MessageRow& message, const flow::Flow& flow,
                                   std::vector<ExpectedItem>& items) {
  // What was only reserved stands in no book.
  if (flow.redemption->ending != flow::Redemption::Ending::captured) return;
  const flow::Leg& capture = *flow.leg(flow::capture_number);
  ExpectedItem item = item_of(message);
  item.side = Side::loyalty;
  item.reference = capture.steps.front().reference;
  item.member = message.member;
  item.points = flow.redemption->captured;
  item.takes_back = true;
  set_expectation(flow, capture, item);
  items.push_back(std::move(item));
}

Status ChannelReader::add_adjustment(const store::MessageRow& message, const flow::Flow& flow,
                                     std::vector<ExpectedItem>& items) {
  const flow::Leg* leg = flow.first_of(LegKind::adjust);
  if (leg == nullptr) return fail(damaged("an adjustment without its leg"));
  ExpectedItem item = item_of(message);
  item.side = Side::loyalty;
  item.reference = sent_reference(*leg, leg->steps.front());
  item.member = message.member;
  set_expectation(flow, *leg, item);
  const auto asked = contract::read_adjustment_message(message.body);
  if (asked) {
    const Points points = asked->adjustment->points;
    item.takes_back = points.count < 0;
    item.points = item.takes_back ? -points : points;
  } else {
    item.expectation = Expectation::unreadable;
  }
  items.push_back(std::move(item));
  return {};
}

Result<const ledger::Programme*> ChannelReader::rules_of(store::Reader& reader,
                                                         const flow::Flow& flow) {
  const std::uint32_t version = flow.programme_version;
  if (version == programme_.version) return &programme_;
  auto known = kept_.find(version);
  if (known == kept_.end()) {
    auto kept = edge::kept_programme(reader, version);
    if (!kept) return fail(std::move(kept.error()));
    known = kept_.emplace(version, std::move(*kept)).first;
  }
  return known->second ? &*known->second : &programme_;
}

Result<std::optional<ledger::Accrual>> ChannelReader::accrue(store::Reader& reader,
                                                             const flow::Flow& flow,
                                                             const Transaction& transaction,
                                                             const ledger::Pricing& pricing) {
  const auto rules = rules_of(reader, flow);
  if (!rules) return fail(rules.error());
  const auto local = ledger::local_time(**rules, transaction, zones_);
  if (!local) return std::nullopt;
  auto accrual = ledger::accrue(**rules, transaction, pricing, *local);
  if (!accrual) return std::nullopt;
  return std::move(*accrual);
}

Status ChannelReader::add_accrual(store::Reader& reader, const Message& message, ExpectedItem item,
                                  std::vector<ExpectedItem>& items) {
  item.member = message.transaction.member;
  const auto accrual = accrue(reader, message.flow, message.transaction, message.pricing);
  if (!accrual) return fail(accrual.error());
  if (*accrual) item.points = (*accrual)->total;
  items.push_back(std::move(item));
  return {};
}

Result<std::optional<Transaction>> ChannelReader::load_original(store::Reader& reader, Id id) {
  auto row = reader.load_message(id);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return std::nullopt;
  auto parsed = parser_.parse((*row)->body, contract::ParsePolicy::stored());
  if (!parsed) return std::nullopt;
  return std::move(parsed->transaction);
}

Status ChannelReader::add_reversal(store::Reader& reader, const Message& message,
                                   const flow::Leg& leg, ExpectedItem item,
                                   std::vector<ExpectedItem>& items) {
  const auto original = load_original(reader, leg.undoes);
  if (!original) return fail(original.error());
  auto row = reader.load_book(leg.book);
  if (!row) return fail(std::move(row.error()));
  item.takes_back = leg.kind == LegKind::reverse;
  if (!*original || !*row) {
    item.expectation = Expectation::unreadable;
    items.push_back(std::move(item));
    return {};
  }
  const auto book = flow::decode_book((*row)->state);
  if (!book) return fail(book.error());
  // The platform takes back what it gave, where it gave it.
  item.member = (*original)->member;
  item.shop = (*original)->shop;
  auto sold = reader.load_flow(leg.undoes);
  if (!sold) return fail(std::move(sold.error()));
  if (!*sold) return fail(damaged("the flow of " + to_string(leg.undoes) + " is not there"));
  const auto sold_by = flow::decode_flow((*sold)->state);
  if (!sold_by) return fail(sold_by.error());
  auto accrual = accrue(reader, *sold_by, **original, ledger::price(**original));
  if (!accrual) return fail(std::move(accrual.error()));
  if (*accrual) {
    auto group =
        std::make_shared<const ReversalGroup>(*book, leg.undoes, std::move((*accrual)->lines));
    item.points = group->points_of({message.flow.id, !item.takes_back});
    if (group->size() > 1) item.group = std::move(group);
  }
  items.push_back(std::move(item));
  return {};
}

Status ChannelReader::add_void(store::Reader& reader, const flow::Leg& leg, ExpectedItem item,
                               std::vector<ExpectedItem>& items) {
  const auto original = load_original(reader, leg.undoes);
  if (!original) return fail(original.error());
  if (*original) {
    item.shop = (*original)->shop;
    item.currency = (*original)->currency;
    item.document = document_of(**original, ledger::price(**original)).mirrored();
  } else {
    item.expectation = Expectation::unreadable;
  }
  items.push_back(std::move(item));
  return {};
}

void ChannelReader::add_movement(const Message& message, const flow::Leg& leg,
                                 const ExpectedItem& item, std::vector<ExpectedItem>& items) {
  // One entry for each line; the last one carries the leg's own reference (connectors/sandbox-erp).
  for (const contract::Line& line : message.transaction.lines) {
    ExpectedItem entry = item;
    if (&line != &message.transaction.lines.back()) {
      entry.reference = leg.steps.front().reference + "-" + std::to_string(line.number);
    }
    // An entry stands alone in the book, so it is line 1 there.
    ExpectedLine moved;
    moved.line = 1;
    moved.article = line.article;
    moved.quantity = line.quantity;
    entry.moved.push_back(std::move(moved));
    items.push_back(std::move(entry));
  }
}

void ChannelReader::add_waiting(const Message& message, std::vector<ExpectedItem>& items) {
  for (const flow::Leg& leg : message.flow.legs) {
    if (!leg.steps.empty() || leg.state != LegState::parked) continue;
    if (leg.kind == LegKind::validate) {
      // Its consequences are the legs that wait for it; without any, it is the item.
      const bool alone = std::ranges::all_of(
          message.flow.legs, [](const flow::Leg& each) { return each.steps.empty(); });
      if (alone) items.push_back(kept(message.row, leg.reason));
      continue;
    }
    auto sums = waiting_lines(message.transaction, message.pricing, message.flow, leg);
    if (sums.empty()) sums.try_emplace(leg.reason, Money{0, message.transaction.currency});
    for (auto& [code, money] : sums) {
      ExpectedItem item = kept(message.row, code);
      item.side = Side::loyalty;
      item.waiting = money;
      items.push_back(std::move(item));
    }
  }
}

}  // namespace crossfoot::observe
