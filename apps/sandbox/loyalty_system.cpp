#include "sandbox/loyalty_system.h"

#include <zlib.h>

#include <algorithm>

#include "sandbox/receipt_reader.h"

namespace crossfoot::sandbox {

namespace {

using runtime::Method;

constexpr std::string_view prefix = "/loyalty/v1/";
constexpr std::size_t key_bytes_max = 255;

Reply malformed(std::string_view fault) {
  return refusal(400, "bad_request", fault);
}
Reply unknown() {
  return refusal(404, "not_found", "there is no such thing");
}
Reply unavailable(const Fault& fault) {
  return refusal(503, "books_unavailable", fault.cause);
}

/// Tells whether a repeated key comes with the same content; not a defence against forgery.
std::uint64_t fingerprint_of(const Call& call) {
  const auto part = [](std::uint32_t crc, std::string_view bytes) {
    return static_cast<std::uint32_t>(::crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()),
                                              static_cast<uInt>(bytes.size())));
  };
  return std::uint64_t{part(part(0, call.path), call.body)} << 32 |
         (call.body.size() & 0xffffffffU);
}

void write_transaction(JsonWriter& out, const PointsTransaction& transaction) {
  out.open('{').field("id", transaction.id()).field("reference", transaction.reference);
  out.field("type", to_string(transaction.type));
  out.field("original_reference", transaction.original_reference);
  out.field("member", transaction.member).field("points", transaction.points);
  out.field("shop", transaction.shop);
  out.field("business_date", to_string(transaction.business_date));
  if (!transaction.reason.empty()) out.field("reason", transaction.reason);
  if (transaction.expires_on) out.field("expires_on", to_string(*transaction.expires_on));
  out.field("currency", transaction.currency.code()).key("lines").open('[');
  for (const PointsLine& line : transaction.lines) {
    out.open('{').field("line", std::int64_t{line.number}).field("points", line.points);
    out.field("quantity", to_string(line.quantity)).close('}');
  }
  out.close(']').close('}');
}

}  // namespace

Reply LoyaltySystem::points_answer(const PointsTransaction& transaction, bool replayed) {
  JsonWriter out;
  out.open('{').field("id", transaction.id()).field("reference", transaction.reference);
  out.field("points", transaction.points).key("lines").open('[');
  for (const PointsLine& line : transaction.lines) {
    out.open('{').field("line", std::int64_t{line.number}).field("points", line.points);
    out.close('}');
  }
  return {.status = 201, .body = out.close(']').close('}').take(), .replayed = replayed};
}

Reply LoyaltySystem::handle(const Call& call, Instant now) {
  if (!call.path.starts_with(prefix)) return unknown();
  const std::string_view path = call.path.substr(prefix.size());
  if (call.method == Method::get) {
    if (path == "transactions") return transactions(call.query);
    if (path == "holds") return holds(call.query, false, now);
    if (path == "releases") return holds(call.query, true, now);
    if (path == "member-changes") return member_changes(call.query);
    if (path.starts_with("members/")) return member(path.substr(8), now);
    return unknown();
  }
  if (call.method != Method::post) return refusal(405, "method_not_allowed", "use GET or POST");
  const bool about_members = is_about_members(path);
  if (call.idempotency_key.size() > key_bytes_max) return malformed("the key is too long");
  // Holds are known by their reference for good, not by a key for a day.
  if (path == "authorisations") return authorise(call, now);
  if (path == "releases") return release(call, now);
  if (!about_members && path != "accruals" && path != "reversals" && path != "reinstatements" &&
      path != "captures" && path != "deductions" && path != "eligibility" &&
      path != "adjustments") {
    return unknown();
  }
  const WriteKey key{std::string(call.idempotency_key), fingerprint_of(call), now};
  if (about_members) return change_member(call, path, key);
  if (!key.key.empty()) {
    if (const auto first = books_->remembered(key.key, now)) {
      if (first->fingerprint != key.fingerprint) {
        return refusal(422, "idempotency_key_reused", "the key came with other content before");
      }
      return points_answer(*first->transaction, true);
    }
  }
  if (path == "accruals") return accrue(call, key, Purpose::book);
  if (path == "eligibility") return accrue(call, key, Purpose::ask);
  if (path == "captures") return capture(call, key);
  if (path == "deductions") return deduct(call, key);
  if (path == "adjustments") return adjust(call, key);
  return reverse(call, key, path == "reversals" ? PointsType::reversal : PointsType::reinstatement);
}

std::optional<std::string> LoyaltySystem::exclusive_key(const Call& call) {
  if (call.method != Method::post || !call.path.starts_with(prefix)) return std::nullopt;
  std::string fault;
  const auto root = parse_json(parser_, call.body, fault);
  if (!root) return std::nullopt;
  JsonFields fields(*root, fault);
  std::string member = fields.text("member");
  if (!member.empty()) return member;
  if (const auto* hold = books_->holds().find(fields.text("authorisation_reference"));
      hold != nullptr && !hold->member.empty()) {
    return hold->member;
  }
  const std::string original = fields.text("original_reference");
  const PointsTransaction* accrual = accrual_of(original);
  if (accrual == nullptr) return std::nullopt;
  return accrual->member;
}

const PointsTransaction* LoyaltySystem::accrual_of(const std::string& reference) const {
  for (const PointsTransaction* transaction : books_->by_reference(reference)) {
    if (transaction->type == PointsType::accrual) return transaction;
  }
  return nullptr;
}

Reply LoyaltySystem::accrue(const Call& call, const WriteKey& key, Purpose purpose) {
  std::string fault;
  std::optional<Refusal> refused;
  const auto root = parse_json(parser_, call.body, fault);
  if (!root) return malformed(fault);
  const auto receipt = read_receipt(*root, ReceiptFor::loyalty, fault, refused);
  if (!fault.empty()) return malformed(fault);
  if (!receipt) return refusal(422, refused->code, refused->message);
  auto earned = earn(programme_, *receipt);
  if (!earned) return refusal(422, earned.error().code, earned.error().message);
  PointsTransaction transaction;
  transaction.reference = receipt->reference;
  transaction.member = receipt->member;
  transaction.shop = receipt->shop;
  transaction.business_date = receipt->business_date;
  transaction.currency = receipt->currency;
  transaction.points = earned->points;
  transaction.lines.reserve(receipt->lines.size());
  for (std::size_t i = 0; i < receipt->lines.size(); ++i) {
    const ReceiptLine& line = receipt->lines[i];
    PointsLine points{.number = line.number,
                      .quantity = line.quantity,
                      .single = line.measured || !line.quantity.is_whole(),
                      .points = 0,
                      .runs = std::move(earned->lines[i])};
    for (const PointRun& run : points.runs) points.points += run.count * run.points;
    transaction.lines.push_back(std::move(points));
  }
  if (purpose == Purpose::ask) {
    Reply reply = points_answer(transaction, false);
    reply.status = 200;
    return reply;
  }
  return book(std::move(transaction), key);
}

Reply LoyaltySystem::reverse(const Call& call, const WriteKey& key, PointsType type) {
  std::string fault;
  const auto root = parse_json(parser_, call.body, fault);
  if (!root) return malformed(fault);
  JsonFields fields(*root, fault);
  PointsTransaction transaction;
  transaction.type = type;
  transaction.reference = fields.text("reference", true);
  transaction.original_reference = fields.text("original_reference", true);
  const auto date = parse_business_date(fields.text("business_date", true));
  if (!date) fields.fail("business_date", "YYYY-MM-DD is expected");
  if (!parse_instant(fields.text("occurred_at", true))) {
    fields.fail("occurred_at", "a time with a zone is expected");
  }
  std::vector<ReversalLine> wanted;
  if (const auto lines = fields.array("lines", lines_max, true)) {
    for (const auto element : *lines) {
      JsonFields line(element, fault);
      const std::int64_t number = line.integer("line", true).value_or(0);
      const Decimal quantity = line.decimal("quantity", true).value_or(Decimal{1, 0});
      if (quantity <= Decimal{0, 0} || quantity > Decimal{quantity_max, 0} ||
          quantity.normalised().scale > 6) {
        line.fail("quantity", "above 0, at most 1,000,000,000, at most six places are expected");
      }
      if (number < 1 || number > 1'000'000) line.fail("line", "1 to 1,000,000 is expected");
      wanted.push_back({static_cast<std::uint32_t>(number), quantity});
      if (!fault.empty()) break;
    }
    if (wanted.empty()) fields.fail("lines", "must not be empty");
  }
  if (!fault.empty()) return malformed(fault);
  const PointsTransaction* original = accrual_of(transaction.original_reference);
  if (original == nullptr) return refusal(404, "original_not_found", "no accrual is known by it");
  auto reversed = type == PointsType::reversal ? books_->reverse(*original, wanted)
                                               : books_->reinstate(*original, wanted);
  if (!reversed) return refusal(422, reversed.error().code, reversed.error().message);
  transaction.original_seq = original->seq;
  transaction.member = original->member;
  transaction.shop = original->shop;
  transaction.currency = original->currency;
  transaction.business_date = *date;
  transaction.lines = std::move(*reversed);
  for (const PointsLine& line : transaction.lines) transaction.points += line.points;
  return book(std::move(transaction), key);
}

Reply LoyaltySystem::book(PointsTransaction transaction, const WriteKey& key) {
  const auto booked = books_->post(std::move(transaction), key);
  if (!booked) return unavailable(booked.error());
  return points_answer(**booked, false);
}

Reply LoyaltySystem::transactions(std::string_view query) const {
  JsonWriter out;
  out.open('{').key("items").open('[');
  if (const auto reference = query_value(query, "reference")) {
    for (const auto* transaction : books_->by_reference(*reference)) {
      write_transaction(out, *transaction);
    }
    return {.body = out.close(']').close('}').take()};
  }
  if (const auto original = query_value(query, "original_reference")) {
    if (const PointsTransaction* accrual = accrual_of(std::string(*original))) {
      for (const auto* undoing : books_->by_original(accrual->seq)) {
        write_transaction(out, *undoing);
      }
    }
    return {.body = out.close(']').close('}').take()};
  }
  const auto date = parse_business_date(query_value(query, "business_date").value_or(""));
  const auto page = page_of(query);
  if (!date || !page) return malformed("business_date, after or limit is malformed");
  const auto found = books_->by_day(*date, page->after, page->limit + 1);
  const std::size_t count = std::min(found.size(), page->limit);
  for (std::size_t i = 0; i < count; ++i) write_transaction(out, *found[i]);
  out.close(']').key("next");
  if (found.size() > count)
    out.text(std::to_string(found[count - 1]->seq));
  else
    out.raw("null");
  return {.body = out.close('}').take()};
}

Reply LoyaltySystem::tamper(std::string_view body) {
  std::string fault;
  const auto order = read_tamper_order(body, LoyaltyBooks::tamper_kinds(), fault);
  if (!order) return malformed(fault);
  const auto done = books_->tamper(*order);
  if (!done) return unavailable(done.error());
  JsonWriter out;
  out.open('{').key("tampers").open('[');
  for (const auto& item : *done) {
    out.open('{').field("kind", item.kind).field("id", item.id);
    out.field("reference", item.reference).close('}');
  }
  return {.body = out.close(']').close('}').take()};
}

Reply LoyaltySystem::untamper() {
  const auto done = books_->untamper();
  if (!done) return unavailable(done.error());
  JsonWriter out;
  out.open('{').field("restored", static_cast<std::int64_t>(*done)).close('}');
  return {.body = out.take()};
}

Reply LoyaltySystem::clear() {
  if (const auto cleared = books_->clear(); !cleared) return unavailable(cleared.error());
  if (const auto cleared = members_->clear(); !cleared) return unavailable(cleared.error());
  return {.body = "{}"};
}

void LoyaltySystem::stats(JsonWriter& out) const {
  out.field("transactions", static_cast<std::int64_t>(books_->transactions()));
  out.field("members", static_cast<std::int64_t>(books_->members()));
  out.field("tampers", static_cast<std::int64_t>(books_->tampers()));
  out.field("log_bytes", static_cast<std::int64_t>(books_->log_bytes()));
}

}  // namespace crossfoot::sandbox
