#include <algorithm>

#include "contract/error_codes.h"
#include "edge/api.h"
#include "edge/explanation.h"
#include "edge/kept_programme.h"
#include "edge/views.h"

/// Why has this receipt these points? (DOMAIN F43, docs/guides/customer_service.md)
namespace crossfoot::edge {

namespace {

namespace code = contract::error_code;

Fault not_found(std::string cause) {
  return {.code = std::string(code::not_found),
          .fault_class = FaultClass::not_found,
          .where = "explanations",
          .cause = std::move(cause)};
}

bool is_explained(contract::TransactionKind kind) {
  return kind != contract::TransactionKind::redemption &&
         kind != contract::TransactionKind::customer_profile &&
         kind != contract::TransactionKind::points_adjustment;
}

/// What a book says about the flows that `wanted` picks.
template <class Wanted>
Status read_reversals(store::Reader& reader, const Hash128& key, std::vector<Reversal>& into,
                      Wanted wanted) {
  auto row = reader.load_book(key);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return {};
  auto book = flow::decode_book((*row)->state);
  if (!book) return fail(std::move(book.error()));
  const auto add = [&](Id by, Id of, const std::vector<flow::ReversalLine>& lines) {
    if (!lines.empty() && wanted(by, of)) into.push_back({by, of, lines});
  };
  for (const flow::PastRevision& past : book->past) {
    for (const flow::PastRevision::Reversal& one : past.reversals) {
      add(one.claimant, past.flow, one.lines);
    }
  }
  const Id of = book->sale ? book->sale->flow : Id{};
  for (const flow::Claim& claim : book->claims) add(claim.flow, of, claim.reversal);
  return {};
}

Result<std::string> explanation_json(store::Reader& reader, Id id, const CallerPtr& caller,
                                     const ledger::ZoneLookup& zones) {
  auto message = reader.load_message(id);
  if (!message) return fail(std::move(message.error()));
  if (!*message || !is_visible(caller, **message)) {
    return fail(not_found("there is no transaction with this id"));
  }
  if ((*message)->state == store::MessageState::invalid ||
      !is_explained(static_cast<contract::TransactionKind>((*message)->kind))) {
    return fail(not_found("a transaction of this kind has nothing to explain"));
  }
  const auto parsed =
      contract::parse_transaction((*message)->body, contract::ParsePolicy::stored());
  if (!parsed) {
    return fail({.code = std::string(code::stored_bytes_corrupt),
                 .fault_class = FaultClass::corrupt,
                 .where = "stored message",
                 .cause = parsed.error().detail});
  }
  ExplanationFacts facts{.message = **message, .transaction = parsed->transaction, .zones = zones};
  auto row = reader.load_flow(id);
  if (!row) return fail(std::move(row.error()));
  std::optional<flow::Flow> flow;
  if (*row) {
    auto decoded = flow::decode_flow((*row)->state);
    if (!decoded) return fail(std::move(decoded.error()));
    flow = std::move(*decoded);
    facts.flow = &*flow;
    auto rules = kept_programme(reader, flow->programme_version);
    if (!rules) return fail(std::move(rules.error()));
    facts.programme = std::move(*rules);
    Status read = read_reversals(reader, hash128(flow->natural_key), facts.reversals,
                                 [id](Id, Id of) { return of == id; });
    std::vector<Hash128> books;
    for (const flow::Leg& leg : flow->legs) {
      const bool claims = leg.kind == flow::LegKind::claim || leg.kind == flow::LegKind::supersede;
      if (!read || !claims || std::ranges::find(books, leg.book) != books.end()) continue;
      books.push_back(leg.book);
      read = read_reversals(reader, leg.book, facts.takes, [id](Id by, Id) { return by == id; });
    }
    if (!read) return fail(std::move(read.error()));
  }
  return render_explanation(facts);
}

}  // namespace

Api::Reply Api::get_explanation(Exchange& exchange) {
  const std::optional<Id> id = parse_id(exchange.target.parameters[0]);
  if (!id) co_return refuse(exchange, not_found("there is no transaction with this id"));
  co_return co_await json_of(exchange, [wanted = *id, caller = exchange.caller,
                                        &zones = parts_.zones](store::Reader& reader) {
    return explanation_json(reader, wanted, caller, zones);
  });
}

}  // namespace crossfoot::edge
