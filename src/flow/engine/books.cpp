#include <algorithm>

#include "base/invariant.h"
#include "flow/engine/parts.h"

namespace crossfoot::flow {

namespace {

Claim claim_of(const Flow& flow, const Leg& leg) {
  Claim claim;
  claim.flow = flow.id;
  claim.leg = leg.number;
  claim.occurred_at = flow.occurred_at;
  claim.natural_key = flow.natural_key;
  if (leg.kind == LegKind::supersede) {
    claim.supersedes = leg.undoes;
    return claim;
  }
  claim.releases = leg.undoes;
  // A release asks for no units, whatever its flow claims there itself.
  if (!leg.undoes.is_nil()) return claim;
  claim.whole = flow.kind == contract::TransactionKind::void_sale;
  for (const LineLink& link : flow.links) {
    for (const LinkPart& part : link.parts) {
      if (part.book != leg.book) continue;
      const auto at = std::ranges::find_if(claim.lines, [&](const ClaimLine& line) {
        return line.line == part.line && line.measured == link.measured;
      });
      if (at == claim.lines.end()) {
        claim.lines.push_back({part.line, part.units, 0, link.measured});
      } else {
        at->units += part.units;
      }
    }
  }
  return claim;
}

bool has(const Flow& flow, const Leg& wanted, const ClaimAnswer& answer) {
  return std::ranges::any_of(flow.legs, [&](const Leg& leg) {
    const bool alike =
        leg.kind == wanted.kind && leg.book == wanted.book && leg.undoes == wanted.undoes;
    if (!alike || !is_delta(wanted.kind)) return alike;
    return carries(flow, leg, {answer.sale.accrual_reference, answer.revision});
  });
}

/// The book's next stored row.
store::BookRow row_of(Book& book) {
  ++book.version;
  return {
      .key = book.key, .version = book.version, .pending = book.pending(), .state = encode(book)};
}

}  // namespace

void Engine::claim(const ActivePtr& active, std::uint16_t number) {
  const Leg& leg = *active->flow.leg(number);
  auto& task = books_[leg.book];
  if (task == nullptr) {
    task = std::make_shared<BookTask>();
    task->key = leg.book;
    task->date = leg.book_date;
  }
  task->claimants.emplace_back(active, number);
  run_book(leg.book, leg.book_date);
}

void Engine::touch_book(const Flow& flow) {
  const Hash128 key = hash128(flow.natural_key);
  const auto running = books_.find(key);
  if (running != books_.end()) {
    running->second->again = true;
    return;
  }
  if (pending_books_.contains(key)) run_book(key, {});
}

void Engine::run_book(const Hash128& key, BusinessDate date) {
  auto& task = books_[key];
  if (task == nullptr) {
    task = std::make_shared<BookTask>();
    task->key = key;
    task->date = date;
  }
  if (task->running) {
    task->again = true;
    return;
  }
  task->running = true;
  load_book(task);
}

void Engine::load_book(const std::shared_ptr<BookTask>& task) {
  struct Loaded {
    std::optional<Fault> fault;
    std::optional<Book> book;
    std::optional<Id> sale;
  };
  task->again = false;
  auto loaded = std::make_shared<Loaded>();
  read(
      [loaded, key = task->key, date = task->date](store::Reader& reader) {
        auto row = reader.load_book(key);
        if (!row) {
          loaded->fault = row.error();
          return;
        }
        BusinessDate key_date = date;
        if (*row) {
          auto book = decode_book((*row)->state);
          if (!book) {
            loaded->fault = book.error();
            return;
          }
          key_date = book->date;
          loaded->book = std::move(*book);
        }
        if (loaded->book && !loaded->book->receipt.is_nil()) {
          loaded->sale = loaded->book->receipt;
          return;
        }
        auto found = reader.find_key(store::KeyKind::natural, key_date, key);
        if (!found) {
          loaded->fault = found.error();
        } else if (*found) {
          loaded->sale = (*found)->id;
        }
      },
      [this, task, loaded] {
        if (loaded->fault) return stop(std::move(*loaded->fault));
        if (loaded->book) {
          task->book = std::move(*loaded->book);
        } else {
          task->book = Book{};
          task->book.key = task->key;
          task->book.date = task->date;
        }
        if (!loaded->sale) return judge(task, std::nullopt);
        judge_by(task, *loaded->sale);
      });
}

void Engine::judge_by(const std::shared_ptr<BookTask>& task, Id receipt) {
  load(receipt, [this, task](ActivePtr sale) {
    if (sale == nullptr) return judge(task, std::nullopt);
    // The sale's facts count once they are committed.
    enqueue_read(sale, [this, task, sale] { judge(task, sale_facts(sale->flow)); });
  });
}

void Engine::judge(const std::shared_ptr<BookTask>& task, std::optional<SaleFacts> sale) {
  for (const auto& [active, number] : task->claimants) {
    const Leg* leg = active->flow.leg(number);
    add_claim(task->book, claim_of(active->flow, *leg));
    --active->outstanding;
  }
  task->claimants.clear();
  evaluate(task->book, std::move(sale), restore_.count > 0);
  deliver(task);
}

void Engine::deliver(const std::shared_ptr<BookTask>& task) {
  Book& book = task->book;
  // In the order of the revisions: the calls that follow leave in that order, and each fits what
  // those before it left.
  const Claim* next = nullptr;
  for (const Claim& claim : book.claims) {
    if (!claim.delivered && (next == nullptr || claim.revision < next->revision)) next = &claim;
  }
  if (next != nullptr) {
    const auto index = static_cast<std::size_t>(next - book.claims.data());
    return load(next->flow, [this, task, index](ActivePtr active) {
      INVARIANT(active != nullptr, "a claim names a stored flow");
      deliver_to(task, active, index);
    });
  }
  if (advance(book, restore_.count > 0)) return save_book(task);
  const bool wants_cancel =
      book.voided() && book.sale && !(book.sale->accrue_settled && book.sale->post_settled);
  if (!wants_cancel) return finish_book(task);
  load(book.sale->flow, [this, task](ActivePtr sale) {
    if (sale == nullptr) return finish_book(task);
    enqueue(sale, [this, task, sale](Staged& staged) {
      if (!apply(sale, VoidRequested{}, staged)) {
        finish_book(task);
        return false;
      }
      staged.committed.emplace_back([this, task] { finish_book(task); });
      return true;
    });
  });
}

/// The book has turned to its next revision: that is stored, and then judged by that one's facts.
void Engine::save_book(const std::shared_ptr<BookTask>& task) {
  store::Unit unit;
  unit.books.push_back(row_of(task->book));
  store_.commit(std::move(unit), [this, alive = alive_, task](store::UnitResult result) {
    if (!*alive || stopped_) return;
    if (result.outcome != store::Outcome::applied) return stop(std::move(result.fault));
    judge_by(task, task->book.receipt);
  });
}

void Engine::deliver_to(const std::shared_ptr<BookTask>& task, const ActivePtr& active,
                        std::size_t index) {
  enqueue(active, [this, task, active, index](Staged& staged) {
    Book& book = task->book;
    Claim& claim = book.claims[index];
    claim.delivered = true;
    const ClaimAnswer answer = answer_of(book, claim);
    const Leg* leg = active->flow.leg(claim.leg);
    Claimed event{claim.leg, answer, {}};
    if (leg != nullptr && answer.status == ClaimStatus::answered) {
      event.more = processes_.after_claim(active->flow, *leg, answer, options_.routing);
      // A claim that a person let go on asks again, and gets the answer that it had.
      std::erase_if(event.more, [&](const Leg& more) { return has(active->flow, more, answer); });
    }
    // What a void waits for is not sent first.
    if (!claim.supersedes.is_nil() && book.voided()) {
      (void)apply(active, VoidRequested{}, staged);
    }
    (void)apply(active, std::move(event), staged);
    staged.unit.books.push_back(row_of(book));
    staged.committed.emplace_back([this, task] { deliver(task); });
    return true;
  });
}

void Engine::finish_book(const std::shared_ptr<BookTask>& task) {
  if (task->book.pending()) {
    pending_books_.insert(task->key);
  } else {
    pending_books_.erase(task->key);
  }
  task->running = false;
  if (task->again || !task->claimants.empty()) {
    task->running = true;
    return load_book(task);
  }
  books_.erase(task->key);
}

}  // namespace crossfoot::flow
