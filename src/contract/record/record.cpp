#include "contract/record/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "contract/record/customer.h"
#include "contract/record/json_text.h"

namespace crossfoot::contract::record {

namespace {

using schema::Json;
using schema::JsonDocument;
using schema::JsonKind;

constexpr schema::JsonLimits limits{
    .bytes_max = body_bytes_max, .values_max = 100'000, .depth_max = 32};

const Json* at(const Json& root, std::string_view pointer) {
  const Json* found = &root;
  while (found != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    found = found->find(token);
    pointer.remove_prefix(token.size());
  }
  return found;
}

std::string text_at(const Json& root, std::string_view pointer) {
  const Json* found = at(root, pointer);
  return found != nullptr && found->is(JsonKind::text) ? std::string(found->text()) : std::string();
}

Problem refusal(std::string_view code, std::string pointer, std::string detail) {
  std::string whole = detail;
  return make_problem(code, std::move(whole),
                      {{std::move(pointer), std::string(code), std::move(detail)}});
}

/// What does not fit the contract, field by field.
std::optional<Problem> misfit(const Kind& kind, const Json& document, std::string_view where) {
  const auto verdict = kind.schema.validate(document);
  if (!verdict) return make_problem(verdict.error().code, verdict.error().cause);
  if (verdict->valid) return std::nullopt;
  std::vector<ProblemItem> items;
  for (const schema::SchemaError& one : verdict->errors) {
    items.push_back({one.instance, std::string(error_code::record_invalid), one.message});
  }
  return make_problem(error_code::record_invalid,
                      fmt::format("{} does not fit the contract {}", where, kind.contract),
                      std::move(items));
}

/// The values of the identity, joined; lists by their digest.
std::string key_of(const Kind& kind, const Json& root) {
  std::string key;
  for (const std::string& pointer : kind.identity) {
    if (&pointer != &kind.identity.front()) key += '~';
    const Json* value = at(root, pointer);
    if (value == nullptr) continue;
    if (value->is(JsonKind::text)) {
      key += value->text();
    } else {
      const Hash128 digest = hash128(canonical(*value));
      key += base32(digest.bytes, 60);
    }
  }
  while (key.ends_with('~')) key.pop_back();
  return key;
}

/// When a record says that it holds.
struct Times {
  std::optional<Instant> from;
  std::optional<Instant> until;
  bool is_instant = false;  ///< a level: later ones follow it
};

Times times_of(const Kind& kind, const Json& root) {
  const Json* value = kind.valid.empty() ? nullptr : at(root, kind.valid);
  if (value == nullptr) return {};
  if (value->is(JsonKind::text)) return {parse_instant(value->text()), std::nullopt, true};
  return {parse_instant(text_at(*value, "/from")), parse_instant(text_at(*value, "/until"))};
}

}  // namespace

std::string_view to_string(Merged::Outcome outcome) {
  constexpr std::array<std::string_view, 5> names{"created", "updated", "unchanged", "replayed",
                                                  "superseded"};
  return names[static_cast<std::size_t>(outcome)];
}

std::expected<Statement, Problem> read_statement(const Kind& kind, std::string_view system,
                                                 std::string_view json) {
  const auto document = JsonDocument::parse(std::string(json), limits);
  if (!document) {
    return std::unexpected(make_problem(document.error().code,
                                        document.error().where + ": " + document.error().cause));
  }
  const Json& root = document->root();
  if (auto problem = misfit(kind, root, "the record")) return std::unexpected(std::move(*problem));
  Statement statement{.tenant = text_at(root, "/tenant"),
                      .key = key_of(kind, root),
                      .subject = kind.subject.empty() ? "" : text_at(root, kind.subject),
                      .system = std::string(system),
                      .body = canonical(root)};
  if (statement.tenant.empty()) statement.tenant = "default";
  if (statement.key.size() > key_bytes_max) {
    return std::unexpected(refusal(error_code::text_length, kind.identity.front(),
                                   "the fields that name the record are too long together"));
  }
  if (const Json* revision = root.find("revision")) {
    statement.word.revision = static_cast<std::uint32_t>(schema::saturated(revision->number()));
  }
  if (const auto changed = parse_instant(text_at(root, "/changed_at"))) {
    statement.word.changed_at = changed->micros;
  }
  if (const Times times = times_of(kind, root);
      times.is_instant && times.from && statement.word.changed_at == 0) {
    statement.word.changed_at = times.from->micros;
  }
  for (const auto& [pointer, value] : fields_of(root, kind.ownership)) {
    statement.content.append(pointer).append(1, '=').append(value).append(1, '\n');
  }
  return statement;
}

std::expected<Merged, Problem> whole(const Kind& kind, const Fields& fields,
                                     std::string_view tenant, std::uint32_t version,
                                     Merged merged) {
  merged.body = compose(fields, tenant, version, merged.valid_from);
  const auto document = JsonDocument::parse(merged.body, limits);
  INVARIANT(document.has_value(), "a composed record is JSON");
  if (auto problem = misfit(kind, document->root(), "the record with what others say of it")) {
    return std::unexpected(std::move(*problem));
  }
  const Times times = times_of(kind, document->root());
  if (times.from) merged.valid_from = *times.from;
  merged.valid_to = times.until;
  return merged;
}

namespace {

/// One statement against what is known, field by field.
class Merge {
 public:
  Merge(const Kind& kind, const Known* known, const Statement& statement, Instant now,
        std::string_view fresh_salt)
      : kind_(kind), known_(known), statement_(statement), now_(now), word_(statement.word) {
    if (known != nullptr) merged_.provenance = known->provenance;
    std::string& salt = merged_.provenance.salt;
    if (salt.empty()) salt = fresh_salt;
    word_.content = hash128(salt + statement.content);
  }

  std::expected<Merged, Problem> run() {
    if (auto known_word = against_last_word()) return *std::move(known_word);
    if (known_ != nullptr && is_erased()) {
      return std::unexpected(make_problem(error_code::record_erased, "the record was erased"));
    }
    auto said = JsonDocument::parse(statement_.body, limits);
    INVARIANT(said.has_value(), "a statement's canonical text is JSON");
    said_ = fields_of(said->root(), kind_.ownership);
    if (known_ != nullptr) {
      auto before = JsonDocument::parse(known_->body, limits);
      if (!before) return std::unexpected(make_problem(before.error().code, "stored record"));
      fields_ = fields_of(before->root(), kind_.ownership);
    }
    for (const auto& [pointer, value] : said_) take(pointer, value);
    drop_what_the_owner_left_out();
    if (!refused_.empty()) {
      return std::unexpected(make_problem(
          error_code::field_of_another,
          fmt::format("{} does not own every field that it changes", statement_.system),
          std::move(refused_)));
    }
    return finish();
  }

 private:
  /// An answer where the system's last word decides already.
  std::optional<std::expected<Merged, Problem>> against_last_word() {
    const auto& words = merged_.provenance.words;
    const auto last = words.find(statement_.system);
    if (last == words.end()) return std::nullopt;
    if (word_ == last->second) {
      merged_.outcome = Merged::Outcome::replayed;
      return std::move(merged_);
    }
    if (last->second.is_after(word_)) {
      merged_.outcome = Merged::Outcome::late;
      return std::move(merged_);
    }
    if (word_.is_after(last->second)) return std::nullopt;
    return std::unexpected(refusal(
        error_code::revision_conflict, "/revision",
        fmt::format("{} has said something else under this revision: state a higher one, or a "
                    "later changed_at",
                    statement_.system)));
  }

  [[nodiscard]] bool is_erased() const {
    const auto document = JsonDocument::parse(known_->body, limits);
    return document && text_at(document->root(), "/status") == "erased";
  }

  [[nodiscard]] bool owns(const FieldRule* rule) const {
    return rule != nullptr && (rule->owner == statement_.system || rule->owner == any_writer);
  }

  void take(const std::string& pointer, std::string value) {
    const auto before = fields_.find(pointer);
    const auto by = kind_.latest.find(pointer);
    if (by != kind_.latest.end()) {
      value = later_entries(before == fields_.end() ? "[]" : before->second, value, by->second);
    }
    if (before != fields_.end() && before->second == value) return;
    if (is_of_merge(pointer)) return merged_.ignored.push_back(pointer);
    const FieldRule* rule = kind_.ownership.rule_of(pointer);
    if (owns(rule) || is_identity(pointer)) {
      fields_[pointer] = value;
      return changed(pointer);
    }
    switch (rule == nullptr ? ForeignWrite::refuse : rule->otherwise) {
      case ForeignWrite::refuse:
        refused_.push_back({pointer, std::string(error_code::field_of_another),
                            rule == nullptr ? "nobody owns this field"
                                            : fmt::format("{} owns this field", rule->owner)});
        return;
      case ForeignWrite::ignore:
        merged_.ignored.push_back(pointer);
        return;
      case ForeignWrite::propose:
        merged_.proposed.push_back({pointer, value});
        return;
    }
  }

  [[nodiscard]] bool is_identity(const std::string& pointer) const {
    return std::ranges::find(kind_.identity, pointer) != kind_.identity.end();
  }

  /// A person has merged the customer: what a system says that has not heard of it does not undo
  /// it.
  [[nodiscard]] bool is_of_merge(std::string_view pointer) const {
    const auto into = merged_.provenance.fields.find("/merged_into");
    return into != merged_.provenance.fields.end() && into->second.system == process_system &&
           (pointer == "/status" || pointer == "/merged_into");
  }

  void changed(const std::string& pointer) {
    merged_.changed.push_back(pointer);
    merged_.provenance.fields[pointer] = {statement_.system, word_.revision, now_};
  }

  void drop_what_the_owner_left_out() {
    for (auto field = fields_.begin(); field != fields_.end();) {
      const FieldRule* rule = kind_.ownership.rule_of(field->first);
      const auto source = merged_.provenance.fields.find(field->first);
      const bool shared = rule != nullptr && rule->owner == any_writer;
      // What belongs to each writer is taken back by the one who said it.
      const bool own = owns(rule) && !kind_.latest.contains(field->first) &&
                       (!shared || (source != merged_.provenance.fields.end() &&
                                    source->second.system == statement_.system));
      if (!own || said_.contains(field->first) || is_of_merge(field->first)) {
        ++field;
        continue;
      }
      merged_.changed.push_back(field->first);
      merged_.provenance.fields.erase(field->first);
      field = fields_.erase(field);
    }
  }

  std::expected<Merged, Problem> finish() {
    merged_.provenance.words[statement_.system] = word_;
    merged_.provenance.policy = kind_.ownership.version;
    merged_.outcome = known_ == nullptr         ? Merged::Outcome::created
                      : merged_.changed.empty() ? Merged::Outcome::unchanged
                                                : Merged::Outcome::updated;
    const bool dated = statement_.word.changed_at > 0;
    merged_.valid_from = dated ? Instant{statement_.word.changed_at} : now_;
    // Another system's earlier word does not hold before what it is merged with.
    if (known_ != nullptr) merged_.valid_from = std::max(merged_.valid_from, known_->valid_from);
    return whole(kind_, fields_, statement_.tenant, known_ == nullptr ? 1 : known_->version + 1,
                 std::move(merged_));
  }

  const Kind& kind_;
  const Known* known_;
  const Statement& statement_;
  Instant now_;
  Word word_;
  Fields said_;
  Fields fields_;
  std::vector<ProblemItem> refused_;
  Merged merged_;
};

}  // namespace

std::expected<Merged, Problem> merge(const Kind& kind, const Known* known,
                                     const Statement& statement, Instant now,
                                     std::string_view fresh_salt) {
  return Merge(kind, known, statement, now, fresh_salt).run();
}

std::expected<Merged, Problem> accept_proposal(const Kind& kind, const Known& known,
                                               const Proposal& proposal, std::string_view system,
                                               Instant now) {
  auto before = JsonDocument::parse(known.body, limits);
  if (!before) return std::unexpected(make_problem(before.error().code, "stored record"));
  Fields fields = fields_of(before->root(), kind.ownership);
  fields[proposal.pointer] = proposal.value;
  Merged merged;
  merged.outcome = Merged::Outcome::updated;
  merged.provenance = known.provenance;
  merged.provenance.policy = kind.ownership.version;
  merged.provenance.fields[proposal.pointer] = {std::string(system), 0, now};
  merged.valid_from = known.valid_from;
  merged.changed.push_back(proposal.pointer);
  return whole(kind, fields, text_at(before->root(), "/tenant"), known.version + 1,
               std::move(merged));
}

}  // namespace crossfoot::contract::record
