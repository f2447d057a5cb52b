#include <algorithm>

#include "contract/error_codes.h"
#include "edge/api.h"

namespace crossfoot::edge {

namespace code = contract::error_code;

namespace {

constexpr std::size_t caller_bytes_max = 80;

}  // namespace

/// Counts who sends transactions, and remembers what their version's life has to say.
void Api::note_contract(Exchange& exchange) {
  if (transaction_use_ == nullptr) return;
  exchange.life = &transaction_use_->life;
  if (exchange.caller != nullptr) {
    caller_ = "principal:" + exchange.caller->name;
  } else if (!exchange.headers.user_agent.empty()) {
    caller_ = "agent:";
    for (const char c : exchange.headers.user_agent.substr(0, caller_bytes_max)) {
      if (c >= ' ' && c <= '~') caller_ += c;
    }
  } else {
    caller_ = "address:";
    caller_ += exchange.request.client;
  }
  parts_.contracts->called(*transaction_use_, caller_, parts_.scheduler.now());
}

Api::Reply Api::list_contracts(Exchange& exchange) {
  if (parts_.contracts == nullptr) {
    co_return refuse(exchange, code::not_found, "this server has no registry");
  }
  HttpResponse response;
  response.body = parts_.contracts->list_json();
  co_return response;
}

Api::Reply Api::get_contract(Exchange& exchange, bool consumers) {
  if (parts_.contracts == nullptr) {
    co_return refuse(exchange, code::not_found, "this server has no registry");
  }
  const auto* found = parts_.contracts->registry().find(exchange.target.parameters[0]);
  if (found == nullptr) co_return refuse(exchange, code::unknown_contract, "no such contract");
  HttpResponse response;
  response.body =
      consumers ? parts_.contracts->consumers_json(*found) : ContractBook::contract_json(*found);
  co_return response;
}

Api::Reply Api::get_contract_version(Exchange& exchange) {
  if (parts_.contracts == nullptr) {
    co_return refuse(exchange, code::not_found, "this server has no registry");
  }
  const PathParameters& named = exchange.target.parameters;
  const ContractBook::Use* use = parts_.contracts->find(named[0], named[1]);
  if (use == nullptr) co_return refuse(exchange, code::unknown_contract, "no such version");
  exchange.life = &use->life;
  HttpResponse response;
  response.content_type = exchange.media;
  response.body = use->schema;
  co_return response;
}

}  // namespace crossfoot::edge
