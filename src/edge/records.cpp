#include "flow/engine/records.h"
#include "flow/engine/references.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "edge/api.h"
#include "edge/decision.h"
#include "edge/record_answer.h"

/// Records that systems of record own: in as statements, out as of any time.
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;
namespace record = contract::record;
using contract::JsonWriter;
using contract::make_problem;
using contract::Problem;
using flow::RecordAnswer;
using runtime::HttpResponse;

constexpr std::size_t versions_max = 100;
constexpr std::string_view default_tenant = "default";

struct SystemPermission {
  std::string_view system;
  Permission permission;
};
constexpr std::array systems{SystemPermission{"erp", Permission::system_erp},
                             SystemPermission{"loyalty", Permission::system_loyalty},
                             SystemPermission{"pos", Permission::system_pos},
                             SystemPermission{"crm", Permission::system_crm},
                             SystemPermission{"oms", Permission::system_oms}};

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  out.key(name).begin_array();
  for (const std::string& text : texts) out.text(text);
  out.end_array();
}

/// The members of an answer, in an object that is open.
void write_answer(JsonWriter& out, const RecordAnswer& answer) {
  out.member("key", answer.key).member("outcome", to_string(answer.outcome));
  out.member("version", answer.version);
  write_texts(out, "changed", answer.changed);
  write_texts(out, "ignored", answer.ignored);
  write_texts(out, "proposals", answer.proposals);
}

/// One version as it is read; its salt and digests are nobody's business.
void write_record(JsonWriter& out, const store::RecordRow& row,
                  const record::Provenance& provenance) {
  out.begin_object().member("key", row.name.key).member("version", row.version);
  out.member("recorded_at", to_string(row.recorded_at));
  out.member("valid_from", to_string(row.valid_from));
  out.member_or_null("valid_to",
                     row.valid_to == Instant::never() ? std::string() : to_string(row.valid_to));
  out.member("source", row.source).member("source_revision", row.revision);
  out.member("erased", row.body.empty()).key("record");
  if (row.body.empty()) {
    out.null();
  } else {
    out.raw(row.body);
  }
  out.key("provenance").begin_array();
  for (const auto& [pointer, source] : provenance.fields) {
    out.begin_object().member("pointer", pointer).member("system", source.system);
    out.member("revision", source.revision).member("at", to_string(source.at)).end_object();
  }
  out.end_array().member("ownership", provenance.policy).end_object();
}

Status write_row(JsonWriter& out, const store::RecordRow& row) {
  record::Provenance provenance;
  if (!row.provenance.empty()) {
    auto decoded = record::decode_provenance(row.provenance);
    if (!decoded) return fail(decoded.error());
    provenance = std::move(*decoded);
  }
  write_record(out, row, provenance);
  return {};
}

Result<std::string> page_of(const std::vector<store::RecordRow>& rows, std::size_t limit,
                            const std::string& next) {
  JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (std::size_t i = 0; i < std::min(rows.size(), limit); ++i) {
    if (Status written = write_row(out, rows[i]); !written) return fail(written.error());
  }
  out.end_array().member_or_null("next", rows.size() > limit ? next : std::string()).end_object();
  return out.take();
}

Fault no_record() {
  return {.code = std::string(code::not_found),
          .fault_class = FaultClass::not_found,
          .where = "records",
          .cause = "no such record was known and held at that time"};
}

std::string tenant_of(const Query& query) {
  const std::string* tenant = query.find("tenant");
  return tenant == nullptr ? std::string(default_tenant) : *tenant;
}

}  // namespace

RecordAnswer dropped_record() {
  RecordAnswer answer;
  answer.fault = opening_fault();
  return answer;
}

std::optional<Problem> problem_of(RecordAnswer& answer) {
  if (answer.refused) return std::move(answer.refused);
  if (answer.fault) return problem_of(*answer.fault);
  return std::nullopt;
}

HttpResponse record_taken(const RecordAnswer& answer) {
  JsonWriter out;
  out.begin_object();
  write_answer(out, answer);
  out.end_object();
  HttpResponse response;
  response.body = out.take();
  if (answer.outcome == record::Merged::Outcome::replayed) {
    response.headers.emplace_back("Idempotent-Replayed", "true");
  }
  return response;
}

std::expected<RecordBook::KindPtr, HttpResponse> Api::record_kind(Exchange& exchange,
                                                                  std::string_view path) {
  RecordBook::KindPtr kind = parts_.records == nullptr ? nullptr : parts_.records->by_path(path);
  if (kind == nullptr) {
    return std::unexpected(
        refuse(exchange, code::not_found, "no records of this name are kept here"));
  }
  const bool reads = exchange.request.method != runtime::Method::post;
  if (kind->personal && reads && exchange.caller != nullptr &&
      !exchange.caller->may(Permission::customers_read)) {
    return std::unexpected(refuse(exchange, code::forbidden,
                                  "these records tell about persons: this needs the permission "
                                  "customers:read"));
  }
  return kind;
}

std::expected<std::string, HttpResponse> Api::writing_system(Exchange& exchange) {
  const std::string_view name = exchange.target.parameters[0];
  const auto found = std::ranges::find(systems, name, &SystemPermission::system);
  if (found == systems.end()) {
    return std::unexpected(
        refuse(exchange, code::not_found, "a system is erp, loyalty, pos, crm or oms"));
  }
  if (exchange.caller != nullptr && !exchange.caller->may(found->permission)) {
    const auto number = static_cast<std::size_t>(found->permission);
    return std::unexpected(refuse(
        exchange, code::forbidden,
        "to write as this system needs the permission " + std::string(permission_names[number])));
  }
  return std::string(name);
}

Api::Reply Api::post_record(Exchange& exchange) {
  auto system = writing_system(exchange);
  if (!system) co_return std::move(system.error());
  auto kind = record_kind(exchange, exchange.target.parameters[1]);
  if (!kind) co_return std::move(kind.error());
  auto statement = record::read_statement(**kind, *system, exchange.request.body);
  if (!statement) co_return refuse(exchange, std::move(statement.error()));
  make_correlation_id(exchange);
  flow::RecordRequest request{std::move(*kind), std::move(*statement), exchange.correlation_id};
  auto slot = std::make_shared<Slot<RecordAnswer>>(home());
  flow::Engine* engine = parts_.engine();
  if (engine == nullptr) co_return refuse(exchange, opening_fault());
  engine->put_record(std::move(request), slot->callback());
  RecordAnswer answer = (co_await value_of(slot)).value_or(dropped_record());
  if (auto problem = problem_of(answer)) co_return refuse(exchange, std::move(*problem));
  co_return record_taken(answer);
}

Api::Reply Api::post_records(Exchange& exchange) {
  auto system = writing_system(exchange);
  if (!system) co_return std::move(system.error());
  auto kind = record_kind(exchange, exchange.target.parameters[1]);
  if (!kind) co_return std::move(kind.error());
  co_return co_await run_lines(
      exchange, [this, kind = *kind, system = *system](const std::shared_ptr<LineBatch>& batch,
                                                       std::string_view line) {
        const std::size_t index = batch->lines.size() - 1;
        if (const auto refusal = shed(AdmissionClass::bulk)) {
          return batch->refuse(
              index, make_problem(code::overloaded, "too little is left of: " +
                                                        std::string(to_string(refusal->resource))));
        }
        auto statement = record::read_statement(*kind, system, line);
        if (!statement) return batch->refuse(index, std::move(statement.error()));
        Once<RecordAnswer> done([batch, index](std::optional<RecordAnswer> given) {
          RecordAnswer answer = given ? std::move(*given) : dropped_record();
          if (auto problem = problem_of(answer)) {
            return batch->refuse(index, std::move(*problem));
          }
          JsonWriter out;
          out.begin_object().member("line", batch->lines[index].number).member("status", 200);
          write_answer(out, answer);
          out.end_object();
          batch->answer(index, out.take());
        });
        flow::Engine* engine = parts_.engine();
        if (engine == nullptr) return done(dropped_record());
        engine->put_record({kind, std::move(*statement), batch->correlation_id}, std::move(done));
      });
}

std::expected<store::RecordTime, HttpResponse> Api::record_time(Exchange& exchange) {
  store::RecordTime time{.valid = parts_.scheduler.now()};
  const std::pair<std::string_view, Instant*> wanted[] = {{"as_of", &time.valid},
                                                          {"known_at", &time.known}};
  for (const auto& [name, into] : wanted) {
    const std::string* text = exchange.query.find(name);
    if (text == nullptr) continue;
    const std::optional<Instant> at = parse_instant(*text);
    if (!at) {
      return std::unexpected(refuse_parameter(exchange, name, code::invalid_format,
                                              "expected an instant with its zone (RFC 3339)"));
    }
    *into = *at;
  }
  return time;
}

Api::Reply Api::list_records(Exchange& exchange) {
  auto kind = record_kind(exchange, exchange.target.parameters[0]);
  if (!kind) co_return std::move(kind.error());
  auto time = record_time(exchange);
  if (!time) co_return std::move(time.error());
  const auto limit = page_limit(exchange);
  if (!limit) co_return limit.error();
  store::RecordQuery query{.kind = (*kind)->contract,
                           .scope = tenant_of(exchange.query),
                           .at = *time,
                           .limit = *limit + 1};
  if (const std::string* subject = exchange.query.find("subject")) query.subject = *subject;
  if (const std::string* after = exchange.query.find("after")) query.after = *after;
  co_return co_await json_of(exchange, [query](store::Reader& reader) -> Result<std::string> {
    const auto rows = reader.records(query);
    if (!rows) return fail(rows.error());
    const std::size_t most = query.limit - 1;
    return page_of(*rows, most, rows->size() > most ? (*rows)[most - 1].name.key : "");
  });
}

Api::Reply Api::get_record(Exchange& exchange) {
  auto kind = record_kind(exchange, exchange.target.parameters[0]);
  if (!kind) co_return std::move(kind.error());
  auto time = record_time(exchange);
  if (!time) co_return std::move(time.error());
  const store::RecordName name{(*kind)->contract, tenant_of(exchange.query),
                               std::string(exchange.target.parameters[1])};
  co_return co_await json_of(exchange,
                             [name, time = *time](store::Reader& reader) -> Result<std::string> {
                               const auto row = reader.record_at(name, time);
                               if (!row) return fail(row.error());
                               if (!*row) return fail(no_record());
                               JsonWriter out;
                               if (Status written = write_row(out, **row); !written)
                                 return fail(written.error());
                               return out.take();
                             });
}

Api::Reply Api::list_record_versions(Exchange& exchange) {
  auto kind = record_kind(exchange, exchange.target.parameters[0]);
  if (!kind) co_return std::move(kind.error());
  std::uint32_t before = 0;
  if (const std::string* text = exchange.query.find("before")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), before);
    if (error != std::errc{} || end != text->data() + text->size() || before == 0) {
      co_return refuse_parameter(exchange, "before", code::invalid_format,
                                 "before is the next of the page before");
    }
  }
  const store::RecordName name{(*kind)->contract, tenant_of(exchange.query),
                               std::string(exchange.target.parameters[1])};
  co_return co_await json_of(
      exchange, [name, before](store::Reader& reader) -> Result<std::string> {
        const auto rows = reader.record_versions(name, before, versions_max + 1);
        if (!rows) return fail(rows.error());
        if (rows->empty() && before == 0) return fail(no_record());
        const bool more = rows->size() > versions_max;
        return page_of(*rows, versions_max,
                       more ? std::to_string((*rows)[versions_max - 1].version) : "");
      });
}

Api::Reply Api::list_record_proposals(Exchange& exchange) {
  const auto limit = page_limit(exchange);
  if (!limit) co_return limit.error();
  const std::string* after = exchange.query.find("after");
  co_return co_await json_of(
      exchange,
      [after = after == nullptr ? "" : *after,
       limit = *limit](store::Reader& reader) -> Result<std::string> {
        const auto rows = reader.documents(flow::proposal_documents, after, limit + 1, false);
        if (!rows) return fail(rows.error());
        JsonWriter out;
        out.begin_object().key("items").begin_array();
        for (std::size_t i = 0; i < std::min(rows->size(), limit); ++i) {
          const auto proposal = flow::decode_proposal((*rows)[i].value);
          if (!proposal) return fail(proposal.error());
          out.begin_object().member("id", (*rows)[i].key).member("contract", proposal->record.kind);
          out.member("tenant", proposal->record.scope).member("key", proposal->record.key);
          out.member("pointer", proposal->field.pointer).member("system", proposal->system);
          out.member("at", to_string(proposal->at));
          out.key("value").raw(proposal->field.value).end_object();
        }
        const bool more = rows->size() > limit;
        out.end_array().member_or_null("next", more ? (*rows)[limit - 1].key : "").end_object();
        return out.take();
      });
}

Api::Reply Api::judge_proposal(Exchange& exchange, bool accepted) {
  BodyReader body(exchange.request.body);
  flow::RecordVerdict verdict{.proposal = std::string(exchange.target.parameters[0]),
                              .accepted = accepted,
                              .decision = decision_of(body, exchange.caller.get()),
                              .kinds = [records = parts_.records](std::string_view name) {
                                return records->by_contract(name);
                              }};
  if (auto problem = body.finish()) co_return refuse(exchange, std::move(*problem));
  if (parts_.records == nullptr) {
    co_return refuse(exchange, code::not_found, "no records are kept here");
  }
  flow::Engine* engine = parts_.engine();
  if (engine == nullptr) co_return refuse(exchange, opening_fault());
  auto slot = std::make_shared<Slot<RecordAnswer>>(home());
  engine->judge_proposal(std::move(verdict), slot->callback());
  RecordAnswer answer = (co_await value_of(slot)).value_or(dropped_record());
  if (auto problem = problem_of(answer)) co_return refuse(exchange, std::move(*problem));
  co_return record_taken(answer);
}

Api::Reply Api::list_unresolved(Exchange& exchange) {
  co_return co_await json_of(exchange, [](store::Reader& reader) -> Result<std::string> {
    const auto counters = reader.counters();
    if (!counters) return fail(counters.error());
    JsonWriter out;
    out.begin_object().key("items").begin_array();
    for (const auto& [name, count] : *counters) {
      if (!name.starts_with(flow::unresolved_counters) || count <= 0) continue;
      const std::string_view reference =
          std::string_view(name).substr(flow::unresolved_counters.size());
      const std::size_t colon = reference.find(':');
      out.begin_object().member("reference", reference);
      out.member("type", reference.substr(0, colon));
      out.member("value", reference.substr(colon + 1)).member("waiting", count).end_object();
    }
    out.end_array().end_object();
    return out.take();
  });
}

Api::Reply Api::get_field_ownership(Exchange& exchange) {
  if (parts_.records == nullptr) {
    co_return refuse(exchange, code::not_found, "no records are kept here");
  }
  HttpResponse response;
  response.body = parts_.records->ownership_json();
  co_return response;
}

}  // namespace crossfoot::edge
