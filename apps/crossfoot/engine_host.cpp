#include "engine_host.h"

#include <algorithm>

#include "contract/error_codes.h"
#include "contract/points_adjustment.h"
#include "contract/profile_change.h"
#include "contract/transaction_json.h"

namespace crossfoot::app {

namespace {

Result<contract::Transaction> parse_stored(std::string_view body) {
  if (contract::is_profile_message(body)) {
    return transform(contract::read_profile_message(body), contract::profile_transaction);
  }
  if (contract::is_adjustment_message(body)) return contract::read_adjustment_message(body);
  contract::TransactionParser parser;
  auto parsed = parser.parse(body, contract::ParsePolicy::stored());
  if (!parsed) {
    return fail({.code = std::string(contract::error_code::stored_bytes_corrupt),
                 .fault_class = FaultClass::corrupt,
                 .where = "stored message",
                 .cause = parsed.error().detail});
  }
  return std::move(parsed->transaction);
}

constexpr Duration delay_max = std::chrono::seconds{5};

}  // namespace

EngineHost::EngineHost(runtime::Scheduler& scheduler, flow::Caller& caller,
                       const ledger::Programme& programme, const ledger::ZoneLookup& zones,
                       Setup setup, runtime::Logger log)
    : scheduler_(scheduler),
      caller_(caller),
      programme_(programme),
      zones_(zones),
      setup_(std::move(setup)),
      log_(log) {}

EngineHost::~EngineHost() {
  *alive_ = false;
  engine_.reset();
  store_.reset();
}

void EngineHost::open(std::function<void(Status)> done) {
  opened_ = std::move(done);
  try_open();
}

void EngineHost::stop_engine() {
  closed_ = true;
  ready_ = false;
  engine_.reset();
}

void EngineHost::close() {
  stop_engine();
  if (store_ != nullptr) store_->close();
  store_.reset();
}

void EngineHost::try_open() {
  if (closed_) return;
  auto opened = setup_.open_store();
  if (!opened) return failed(opened.error());
  store_ = std::move(*opened);
  auto checked = std::make_shared<Status>();
  store_->read([this, checked](store::Reader& reader) { *checked = setup_.check_store(reader); },
               [this, alive = alive_, checked] {
                 if (!*alive || closed_) return;
                 if (*checked) return start_engine();
                 scheduler_.post([this, alive, fault = checked->error()] {
                   if (*alive) failed(fault);
                 });
               });
}

void EngineHost::start_engine() {
  engine_ = std::make_unique<flow::Engine>(
      scheduler_, *store_, caller_, processes_, programme_, zones_, parse_stored, setup_.engine,
      setup_.seed + reopenings_, [this, alive = alive_](Fault fault) {
        // The engine that calls this is discarded: not while it is still on the stack.
        scheduler_.post([this, alive, fault = std::move(fault)] {
          if (*alive) failed(fault);
        });
      });
  engine_->start(setup_.targets, [this, alive = alive_](Status status) {
    if (!*alive) return;
    if (!status) {
      scheduler_.post([this, alive, fault = status.error()] {
        if (*alive) failed(fault);
      });
      return;
    }
    ready_ = true;
    delay_ = std::chrono::milliseconds{100};
    if (opened_) std::exchange(opened_, nullptr)({});
  });
}

void EngineHost::failed(const Fault& fault) {
  log_.error("store.failed", {}, {{"code", fault.code}, {"cause", fault.cause}});
  ready_ = false;
  engine_.reset();
  store_.reset();
  if (opened_) return std::exchange(opened_, nullptr)(fail(fault));
  reopen_later();
}

void EngineHost::reopen_later() {
  ++reopenings_;
  scheduler_.after(delay_, [this, alive = alive_] {
    if (*alive) try_open();
  });
  delay_ = std::min(delay_ * 2, delay_max);
}

}  // namespace crossfoot::app
