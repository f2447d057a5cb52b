// Goal: support for the simulation: a day of receipts, drawn from a seed.
#include "flow/engine/sim_story.h"

#include <string>
#include <utility>

namespace crossfoot::flow::sim {

using contract::Transaction;
using contract::TransactionKind;

namespace {

/// A higher revision with other units, sometimes of another member.
void correct(runtime::Random& random, Transaction& transaction) {
  ++transaction.revision;
  for (contract::Line& line : transaction.lines) {
    const auto units = static_cast<std::int64_t>(1 + random.below(4));
    line.quantity = {units, 0};
    line.amount = {1000 * units, transaction.currency};
  }
  if (!transaction.member.empty() && random.below(3) == 0) {
    transaction.member = "M-" + std::to_string(random.below(3));
  }
}

class Author {
 public:
  Author(runtime::Random& random, Duration within) : random_(random), within_(within) {}

  void sell() {
    const std::uint32_t number = ++sequence_;
    Transaction sale = new_receipt(TransactionKind::sale, number);
    if (random_.below(4) != 0) sale.member = "M-" + std::to_string(random_.below(3));
    const auto lines = static_cast<std::uint32_t>(1 + random_.below(3));
    for (std::uint32_t line = 1; line <= lines; ++line) {
      const auto units = static_cast<std::int64_t>(1 + random_.below(3));
      add_line(sale, line, units, contract::LineAction::sold);
      story_.sold[number][line] = units;
    }
    if (random_.below(5) == 0) send(sale);  // sent twice
    if (random_.below(8) == 0) {
      Transaction other = sale;  // the same key with other content
      other.lines[0].article = "OTHER";
      send(other);
    }
    send(sale);
    for (std::uint64_t revisions = random_.below(5) == 0 ? 1 + random_.below(3) : 0; revisions > 0;
         --revisions) {
      correct(random_, sale);
      for (const contract::Line& line : sale.lines) {
        story_.sold[number][line.number] = line.quantity.units;
      }
      send(sale);
      if (random_.below(5) == 0) send(sale);
    }
    for (std::uint64_t returns = random_.below(3); returns > 0; --returns) {
      take_back(number, static_cast<std::uint32_t>(1 + random_.below(lines)));
    }
    if (random_.below(6) == 0) {
      story_.voided.insert(number);
      undo(number);
    }
    if (random_.below(6) == 0) {
      Transaction stock = new_receipt(TransactionKind::stock_adjustment, ++sequence_);
      add_line(stock, 1, -3, contract::LineAction::sold);
      send(std::move(stock));
    }
  }

  Story end() { return std::move(story_); }

 private:
  static Transaction new_receipt(TransactionKind kind, std::uint32_t sequence) {
    return receipt(kind, sequence, start_of_time + Duration{std::int64_t{sequence} * 1'000'000});
  }

  void send(Transaction transaction) {
    const Duration at{
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(within_.count())))};
    story_.messages.push_back({std::move(transaction), at, false, {}});
  }

  void take_back(std::uint32_t sale, std::uint32_t line) {
    const std::uint32_t own = ++sequence_;
    Transaction back = new_receipt(TransactionKind::return_goods, own);
    const auto units = static_cast<std::int64_t>(1 + random_.below(2));
    add_line(back, 1, units, contract::LineAction::returned);
    back.lines[0].original = contract::OriginalLine{till_key(sale), line};
    send(back);
    if (random_.below(5) == 0) {
      correct(random_, back);
      send(back);
    }
    if (random_.below(4) == 0) {
      undo(own);
    } else {
      story_.claimed[sale][line] += back.lines[0].quantity.units;
    }
  }

  void undo(std::uint32_t original) {
    Transaction undo = new_receipt(TransactionKind::void_sale, ++sequence_);
    undo.original = till_key(original);
    send(std::move(undo));
  }

  runtime::Random& random_;
  Duration within_;
  std::uint32_t sequence_ = 0;
  Story story_;
};

}  // namespace

Story make_story(runtime::Random& random, std::uint32_t sales, Duration within) {
  Author author(random, within);
  for (std::uint32_t i = 0; i < sales; ++i) author.sell();
  return author.end();
}

}  // namespace crossfoot::flow::sim
