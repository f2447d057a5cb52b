#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "edge/api.h"
#include "edge/decision.h"
#include "edge/record_answer.h"
#include "edge/views.h"
#include "flow/engine/records.h"

/// The customer profile process: what a person decides about a customer as a whole, and where other
/// systems stand with it.
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
using contract::JsonWriter;
using flow::RecordAnswer;
using Presence = BodyReader::Presence;

constexpr std::string_view contract_name = "customer";

/// The customer's record now, and the flow that tells the others of it.
Result<std::string> profile_json(store::Reader& reader, const store::RecordName& name) {
  const auto rows = reader.record_versions(name, 0, 1);
  if (!rows) return fail(rows.error());
  if (rows->empty()) {
    return fail({.code = std::string(code::not_found),
                 .fault_class = FaultClass::not_found,
                 .where = "customers",
                 .cause = "no such customer is known"});
  }
  const store::RecordRow& row = rows->front();
  JsonWriter out;
  out.begin_object().member("customer", name.key).member("version", row.version);
  out.key("record").raw(row.body).key("told");
  const auto provenance = contract::record::decode_provenance(row.provenance);
  if (!provenance) return fail(provenance.error());
  const std::optional<Id> told = parse_id(provenance->told);
  auto message = told ? reader.load_message(*told) : Result<std::optional<store::MessageRow>>{};
  if (!message) return fail(message.error());
  auto flow = told ? reader.load_flow(*told) : Result<std::optional<store::FlowRow>>{};
  if (!flow) return fail(flow.error());
  if (!*message || !*flow) {
    out.null();
  } else {
    const auto decoded = flow::decode_flow((*flow)->state);
    if (!decoded) return fail(decoded.error());
    write_transaction(out, **message, &*decoded);
  }
  out.end_object();
  return out.take();
}

}  // namespace

Api::Reply Api::get_profile(Exchange& exchange) {
  const std::string* tenant = exchange.query.find("tenant");
  const store::RecordName name{std::string(contract_name),
                               tenant == nullptr ? std::string("default") : *tenant,
                               std::string(exchange.target.parameters[0])};
  co_return co_await json_of(exchange,
                             [name](store::Reader& reader) { return profile_json(reader, name); });
}

Api::Reply Api::change_profile(Exchange& exchange, flow::ProfileOrder::Kind what) {
  using Kind = flow::ProfileOrder::Kind;
  BodyReader body(exchange.request.body);
  flow::ProfileOrder order;
  order.what = what;
  const std::string tenant = body.text("tenant", name_max, Presence::optional);
  order.name = {std::string(contract_name), tenant.empty() ? "default" : tenant,
                body.text("customer", contract::record::key_bytes_max, Presence::required)};
  if (what == Kind::merge) {
    order.into = body.text("into", contract::record::key_bytes_max, Presence::required);
    if (!order.into.empty() && order.into == order.name.key) {
      body.fault("into", code::contradiction, "a customer cannot be merged into itself");
    }
  }
  if (what == Kind::consent) order.consent = body.object("consent");
  order.decision = decision_of(body, exchange.caller.get());
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  order.kind = parts_.records == nullptr ? nullptr : parts_.records->by_contract(contract_name);
  flow::Engine* engine = parts_.engine();
  if (order.kind == nullptr) co_return refuse(exchange, code::not_found, "no customers are kept");
  if (engine == nullptr) co_return refuse(exchange, opening_fault());
  make_correlation_id(exchange);
  order.correlation_id = exchange.correlation_id;
  auto slot = std::make_shared<Slot<RecordAnswer>>(home());
  engine->change_profile(std::move(order), slot->callback());
  RecordAnswer answer = (co_await value_of(slot)).value_or(dropped_record());
  if (auto problem = problem_of(answer)) co_return refuse(exchange, std::move(*problem));
  co_return record_taken(answer);
}

}  // namespace crossfoot::edge
