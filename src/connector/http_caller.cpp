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

template <class Done, class Read>
void HttpCaller::question(std::string_view target, const Operation* operation,
                          std::string_view name, const Endpoint* endpoint,
                          std::string_view reference, Duration deadline, Read read, Done done) {
  const auto refuse = [&](Fault fault) {
    scheduler_.post([done = std::move(done), fault = std::move(fault)]() mutable {
      done(fail(std::move(fault)));
    });
  };
  if (operation == nullptr) return refuse(no_such(target, name, "there is no such operation"));
  if (endpoint == nullptr) {
    return refuse(no_such(target, name, "the target cannot be asked by reference"));
  }
  Link& link = *targets_.find(target);
  const flow::Departure departure{.target = target, .operation = name, .question = true};
  auto http = make_question(*endpoint, reference, deadline, workspace_);
  if (!http) {
    link.give_back(departure);
    return refuse(placed(std::move(http.error()), target, name));
  }
  const Link::Sent leaving = link.leave(departure);
  link.send(std::move(*http), [this, &link, operation, leaving, read = std::move(read),
                               done = std::move(done)](Result<runtime::HttpAnswer> answer) mutable {
    const int status = answer ? answer->status : 0;
    auto found = answer ? read(link.pack(), *answer, scheduler_.now(), workspace_)
                        : fail(as_read_fault(std::move(answer.error())));
    if (found) {
      link.note_success(leaving);
    } else {
      link.note_fault(leaving, found.error(), status);
      found = fail(placed(std::move(found.error()), link.name(), operation->name));
    }
    done(std::move(found));
  });
}

void HttpCaller::lookup(std::string_view target, std::string_view operation,
                        std::string_view reference, Duration deadline, Found done) {
  const Operation* found = find(target, operation);
  const Endpoint* endpoint = found != nullptr && found->lookup ? &found->lookup->endpoint : nullptr;
  const auto read = [found, asked = std::string(reference)](
                        const Pack& pack, const runtime::HttpAnswer& answer, Instant now,
                        Workspace& workspace) -> Result<std::optional<flow::ItemAnswer>> {
    return read_lookup(pack, *found, asked, answer, now, workspace);
  };
  question(target, found, operation, endpoint, reference, deadline, read, std::move(done));
}

void HttpCaller::survey(std::string_view target, std::string_view operation,
                        std::string_view original_reference, Duration deadline, Surveyed done) {
  const Operation* found = find(target, operation);
  const Endpoint* endpoint = found != nullptr && found->survey ? &found->survey->endpoint : nullptr;
  const auto read = [found](const Pack& pack, const runtime::HttpAnswer& answer, Instant now,
                            Workspace& workspace) -> Result<std::vector<flow::SurveyEntry>> {
    return read_survey(pack, *found, answer, now, workspace);
  };
  question(target, found, operation, endpoint, original_reference, deadline, read, std::move(done));
}

}  // namespace crossfoot::connector
