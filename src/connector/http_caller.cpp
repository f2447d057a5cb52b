#include "connector/http_caller.h"

#include "contract/error_codes.h"

namespace crossfoot::connector {

namespace {

Fault no_such(std::string_view target, std::string_view operation, std::string cause) {
  return {.code = std::string(contract::error_code::bad_connector_pack),
          .fault_class = FaultClass::rejected,
          .where = std::string(target) + ": " + std::string(operation),
          .cause = std::move(cause)};
}

Fault placed(Fault fault, std::string_view target, std::string_view operation) {
  fault.where = std::string(target) + ": " + std::string(operation);
  return fault;
}

}  // namespace

const Operation* HttpCaller::find(std::string_view target, std::string_view operation) const {
  const Link* link = static_cast<const Targets&>(targets_).find(target);
  if (link == nullptr) return nullptr;
  const auto& operations = link->pack().operations;
  const auto found = operations.find(operation);
  return found == operations.end() ? nullptr : &found->second;
}

const flow::OperationTraits* HttpCaller::traits(std::string_view target,
                                                std::string_view operation) const {
  const Operation* found = find(target, operation);
  return found == nullptr ? nullptr : &found->traits;
}

std::size_t HttpCaller::concurrency(std::string_view target) const {
  const Link* link = static_cast<const Targets&>(targets_).find(target);
  // As many again may have their intent in a commit that is still open.
  return link == nullptr ? 1 : 2 * link->pack().limits.connections_max;
}

Duration HttpCaller::gate(const flow::Departure& departure) {
  Link* link = targets_.find(departure.target);
  return link == nullptr ? Duration{0} : link->gate(departure);
}

void HttpCaller::reserve(const flow::Departure& departure) {
  if (Link* link = targets_.find(departure.target)) link->reserve(departure);
}

void HttpCaller::give_back(const flow::Departure& departure) {
  if (Link* link = targets_.find(departure.target)) link->give_back(departure);
}

void HttpCaller::begin() {
  for (const std::string& name : targets_.names()) targets_.find(name)->forget_reserved();
}

void HttpCaller::call(flow::CallRequest request, Called done) {
  const auto refuse = [&](Fault fault) {
    scheduler_.post([done = std::move(done), fault = std::move(fault)]() mutable {
      done(fail(std::move(fault)));
    });
  };
  const Operation* operation = find(request.target, request.operation);
  if (operation == nullptr) {
    return refuse(no_such(request.target, request.operation, "there is no such operation"));
  }
  Link& link = *targets_.find(request.target);
  const flow::Departure departure{.target = request.target, .operation = request.operation};
  auto prepared = make_call(*operation, request, workspace_);
  if (!prepared) {
    link.give_back(departure);
    return refuse(placed(prepared.error(), request.target, request.operation));
  }
  runtime::HttpCall http = std::move(prepared->http);
  // The bodies have done their part; they need not wait for the answer.
  for (flow::CallItem& item : request.items) item.transaction.reset();
  const Link::Sent leaving = link.leave(departure);
  link.send(std::move(http), [this, &link, operation, leaving, request = std::move(request),
                              sent = std::move(*prepared),
                              done = std::move(done)](Result<runtime::HttpAnswer> answer) mutable {
    const int status = answer ? answer->status : 0;
    Result<flow::CallAnswer> read = answer
                                        ? read_answer(link.pack(), *operation, request, sent,
                                                      *answer, scheduler_.now(), workspace_)
                                        : Result<flow::CallAnswer>(fail(std::move(answer.error())));
    if (read) {
      link.note_success(leaving);
    } else {
      link.note_fault(leaving, read.error(), status);
      read = fail(placed(std::move(read.error()), request.target, request.operation));
    }
    done(std::move(read));
  });
}

void HttpCaller::lookup(std::string_view target, std::string_view operation,
                        std::string_view reference, Duration deadline, Found done) {
  const auto refuse = [&](Fault fault) {
    scheduler_.post([done = std::move(done), fault = std::move(fault)]() mutable {
      done(fail(std::move(fault)));
    });
  };
  const Operation* found = find(target, operation);
  if (found == nullptr) return refuse(no_such(target, operation, "there is no such operation"));
  if (!found->lookup) {
    return refuse(no_such(target, operation, "the target cannot be asked by reference"));
  }
  Link& link = *targets_.find(target);
  const flow::Departure departure{.target = target, .operation = operation, .question = true};
  auto http = make_lookup(*found, reference, deadline, workspace_);
  if (!http) {
    link.give_back(departure);
    return refuse(placed(std::move(http.error()), target, operation));
  }
  const Link::Sent leaving = link.leave(departure);
  link.send(std::move(*http), [this, &link, found, leaving, reference = std::string(reference),
                               done = std::move(done)](Result<runtime::HttpAnswer> answer) mutable {
    const int status = answer ? answer->status : 0;
    Result<std::optional<flow::ItemAnswer>> read =
        answer ? read_lookup(link.pack(), *found, reference, *answer, scheduler_.now(), workspace_)
               : fail(as_read_fault(std::move(answer.error())));
    if (read) {
      link.note_success(leaving);
    } else {
      link.note_fault(leaving, read.error(), status);
      read = fail(placed(std::move(read.error()), link.name(), found->name));
    }
    done(std::move(read));
  });
}

}  // namespace crossfoot::connector
