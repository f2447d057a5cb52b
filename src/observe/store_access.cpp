#include "observe/store_access.h"

#include <utility>

#include "contract/error_codes.h"

namespace crossfoot::observe {

namespace {

/// A completion that is always heard of: with true when the store answers; with false, by a task of
/// its own, when it is destroyed with the question still open.
class Heard {
 public:
  using Then = std::move_only_function<void(bool answered)>;

  Heard(runtime::Scheduler& scheduler, std::shared_ptr<const bool> alive, Then then)
      : scheduler_(&scheduler), alive_(std::move(alive)), then_(std::move(then)) {}
  Heard(Heard&& other) noexcept
      : scheduler_(other.scheduler_),
        alive_(std::move(other.alive_)),
        then_(std::exchange(other.then_, nullptr)) {}
  Heard& operator=(Heard&&) = delete;
  ~Heard() {
    if (!then_ || !*alive_) return;
    scheduler_->post([alive = std::move(alive_), then = std::move(then_)]() mutable {
      if (*alive) then(false);
    });
  }

  void answer() {
    auto then = std::exchange(then_, nullptr);
    if (then && *alive_) then(true);
  }

 private:
  runtime::Scheduler* scheduler_;
  std::shared_ptr<const bool> alive_;
  Then then_;
};

Fault closed() {
  return {.code = std::string(contract::error_code::store_closed),
          .fault_class = FaultClass::transient,
          .where = "reconciliation",
          .cause = "the data store is being opened again"};
}

bool passes(const Fault& fault) {
  return fault.fault_class == FaultClass::transient || fault.fault_class == FaultClass::cancelled ||
         fault.fault_class == FaultClass::unknown_outcome;
}

}  // namespace

struct StoreAccess::Reading {
  Work work;
  Done done;
  int tries = 1;
  Status status;
};

struct StoreAccess::Writing {
  std::vector<store::DocumentRow> documents;
  Done done;
  int tries = 1;
};

StoreAccess::StoreAccess(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store)
    : scheduler_(scheduler), data_store_(std::move(data_store)) {}

StoreAccess::~StoreAccess() {
  close();
}

template <class Call>
void StoreAccess::again_or(std::shared_ptr<Call> call, Fault fault,
                           void (StoreAccess::*put)(std::shared_ptr<Call>)) {
  const bool again = passes(fault) && --call->tries > 0;
  scheduler_.after(again ? pause : Duration{0}, [this, alive = alive_, call = std::move(call), put,
                                                 again, fault = std::move(fault)]() mutable {
    if (!*alive) return;
    if (again) return (this->*put)(std::move(call));
    call->done(fail(std::move(fault)));
  });
}

void StoreAccess::read(Work work, Done done, int tries) {
  read(std::make_shared<Reading>(std::move(work), std::move(done), tries));
}

void StoreAccess::read(std::shared_ptr<Reading> reading) {
  store::Store* const data_store = data_store_();
  if (data_store == nullptr) return again_or(std::move(reading), closed(), &StoreAccess::read);
  Heard heard(scheduler_, alive_, [this, reading](bool answered) {
    if (!answered) return again_or(reading, closed(), &StoreAccess::read);
    if (!reading->status) return again_or(reading, reading->status.error(), &StoreAccess::read);
    reading->done({});
  });
  data_store->read([reading](store::Reader& reader) { reading->status = reading->work(reader); },
                   [heard = std::move(heard)]() mutable { heard.answer(); });
}

void StoreAccess::write(std::vector<store::DocumentRow> documents, Done done, int tries) {
  write(std::make_shared<Writing>(std::move(documents), std::move(done), tries));
}

void StoreAccess::write(std::shared_ptr<Writing> writing) {
  store::Store* const data_store = data_store_();
  if (data_store == nullptr || data_store->under_pressure()) {
    return again_or(std::move(writing), closed(), &StoreAccess::write);
  }
  auto result = std::make_shared<store::UnitResult>();
  Heard heard(scheduler_, alive_, [this, writing, result](bool answered) {
    if (!answered) return again_or(writing, closed(), &StoreAccess::write);
    if (result->outcome != store::Outcome::applied) {
      return again_or(writing, result->fault, &StoreAccess::write);
    }
    writing->done({});
  });
  store::Unit unit;
  unit.lane = store::Lane::batch;
  unit.documents = writing->documents;
  data_store->commit(std::move(unit),
                     [heard = std::move(heard), result](store::UnitResult answer) mutable {
                       *result = std::move(answer);
                       heard.answer();
                     });
}

}  // namespace crossfoot::observe
