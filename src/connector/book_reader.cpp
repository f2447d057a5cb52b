#include "connector/book_reader.h"

#include <algorithm>

#include "contract/error_codes.h"

namespace crossfoot::connector {

struct BookReader::Shared {
  runtime::Scheduler& scheduler;
  Targets& targets;
  Workspace workspace;
  bool closed = false;
};

struct BookReader::Reading {
  Link* link = nullptr;
  BusinessDate date;
  Duration deadline{0};
  Page page;
  Done done;
  std::optional<std::string> cursor;
  std::size_t pages = 0;
  int tries = 0;
  Duration waited{0};  ///< at the target's gate, for this page
  Link::Sent sent;
};

namespace {

constexpr std::chrono::milliseconds pause_first{50};
constexpr std::chrono::milliseconds pause_max{5000};
/// How long one page waits for the target's breaker and quota.
constexpr Duration gate_patience{std::chrono::minutes{2}};

bool passes(FaultClass fault_class) {
  return fault_class == FaultClass::transient || fault_class == FaultClass::throttled ||
         fault_class == FaultClass::deadline;
}

}  // namespace

BookReader::BookReader(runtime::Scheduler& scheduler, Targets& targets)
    : shared_(std::make_shared<Shared>(scheduler, targets)) {}

BookReader::~BookReader() {
  shared_->closed = true;
}

bool BookReader::can_list(std::string_view target) const {
  const Link* link = static_cast<const Targets&>(shared_->targets).find(target);
  return link != nullptr && link->pack().book.has_value();
}

void BookReader::list(std::string_view target, BusinessDate date, Duration deadline, Page page,
                      Done done) {
  auto reading = std::make_shared<Reading>();
  reading->link = shared_->targets.find(target);
  reading->date = date;
  reading->deadline = deadline;
  reading->page = std::move(page);
  reading->done = std::move(done);
  const bool can = can_list(target);
  shared_->scheduler.post([shared = shared_, reading, can, name = std::string(target)] {
    if (shared->closed) return;
    if (can) return ask(shared, reading);
    reading->done(fail({.code = std::string(contract::error_code::bad_connector_pack),
                        .fault_class = FaultClass::rejected,
                        .where = name + ": list",
                        .cause = "the target's book cannot be read"}));
  });
}

void BookReader::ask(const std::shared_ptr<Shared>& shared, ReadingPtr reading) {
  Link& link = *reading->link;
  const flow::Departure departure{
      .target = link.name(), .operation = book_line, .lane = flow::Lane::settlement};
  if (const Duration wait = link.gate(departure); wait > Duration{0}) {
    reading->waited += wait;
    if (reading->waited > gate_patience) {
      return reading->done(fail({.code = std::string(contract::error_code::target_unavailable),
                                 .fault_class = FaultClass::transient,
                                 .where = link.name() + ": list",
                                 .cause = "the target takes no calls now"}));
    }
    shared->scheduler.after(wait, [shared, reading] {
      if (!shared->closed) ask(shared, reading);
    });
    return;
  }
  auto call =
      make_page_request(*link.pack().book, reading->date, reading->cursor, shared->workspace);
  if (!call) return reading->done(fail(std::move(call.error())));
  call->deadline = reading->deadline;
  ++reading->tries;
  reading->waited = Duration{0};
  reading->sent = link.leave(departure);
  link.send(std::move(*call), [shared, reading](Result<runtime::HttpAnswer> answer) {
    if (!shared->closed) answered(shared, reading, std::move(answer));
  });
}

void BookReader::answered(const std::shared_ptr<Shared>& shared, ReadingPtr reading,
                          Result<runtime::HttpAnswer> answer) {
  Link& link = *reading->link;
  const int status = answer ? answer->status : 0;
  Result<BookPage> page =
      answer ? read_page(link.pack(), *answer, shared->scheduler.now(), shared->workspace)
             : fail(as_read_fault(std::move(answer.error())));
  if (!page) {
    link.note_fault(reading->sent, page.error(), status);
    return failed(shared, std::move(reading), std::move(page.error()));
  }
  link.note_success(reading->sent);
  const bool circle = page->next && page->next == reading->cursor;
  reading->tries = 0;
  reading->page(std::move(page->items));
  if (shared->closed) return;
  if (!page->next) return reading->done({});
  if (circle || ++reading->pages >= pages_max) {
    return reading->done(fail({.code = std::string(contract::error_code::corrupt_answer),
                               .fault_class = FaultClass::corrupt,
                               .where = link.name() + ": list",
                               .cause = "the pages lead in a circle"}));
  }
  reading->cursor = std::move(page->next);
  ask(shared, std::move(reading));
}

void BookReader::failed(const std::shared_ptr<Shared>& shared, ReadingPtr reading, Fault fault) {
  if (!passes(fault.fault_class) || reading->tries >= tries_max) {
    fault.where = reading->link->name() + ": list";
    return reading->done(fail(std::move(fault)));
  }
  const auto pause = std::min(pause_first * (1 << (reading->tries - 1)), pause_max);
  shared->scheduler.after(std::max(pause, fault.retry_after), [shared, reading] {
    if (!shared->closed) ask(shared, reading);
  });
}

}  // namespace crossfoot::connector
