#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/time.h"
#include "contract/problem.h"
#include "contract/record/fields.h"
#include "contract/record/ownership.h"
#include "contract/schema/schema.h"

namespace crossfoot::contract::record {

inline constexpr std::size_t key_bytes_max = 256;
/// Of one record, in JSON.
inline constexpr std::size_t body_bytes_max = 1U << 20U;

/// One kind of record: its contract, compiled.
struct Kind {
  std::string contract;               ///< `customer`
  std::string path;                   ///< `customers`, as addresses say it
  bool personal = false;              ///< tells about persons
  std::vector<std::string> identity;  ///< pointers whose values make the key
  std::string subject;                ///< pointer; empty: none
  std::string valid;                  ///< pointer of a period or of an instant; empty: none
  /// Lists by pointer whose entries are told apart by this member: of each the later one counts,
  /// whoever says it.
  std::map<std::string, std::string, std::less<>> latest;
  schema::Schema schema;
  Ownership ownership;
};

/// By whom a change is that a person ordered and no system has stated.
inline constexpr std::string_view process_system = "crossfoot";

/// The system's last word about a record, as it is remembered.
struct Word {
  std::uint32_t revision = 0;
  std::int64_t changed_at = 0;  ///< microseconds UTC; 0: not stated
  Hash128 content;              ///< salted

  /// Whether this one is later. Revisions count first.
  [[nodiscard]] bool is_after(const Word& other) const {
    return revision != other.revision ? revision > other.revision : changed_at > other.changed_at;
  }
  bool operator==(const Word&) const = default;
};

/// Whose word a field is.
struct FieldSource {
  std::string system;
  std::uint32_t revision = 0;
  Instant at;  ///< when it was taken

  bool operator==(const FieldSource&) const = default;
};

/// Beside a record: whose word each of its fields is, and the last word of each system.
struct Provenance {
  std::string salt;  ///< makes the digests of words useless to who guesses; gone with erasure
  std::uint32_t policy = 0;  ///< version of the ownership that judged last
  std::map<std::string, FieldSource, std::less<>> fields;
  std::map<std::string, Word, std::less<>> words;
  std::vector<std::string> proposals;  ///< ids of those that are open
  std::string told;  ///< id of the flow that tells others of the last version; empty: none

  bool operator==(const Provenance&) const = default;
};
/// 32 hexadecimal digits.
[[nodiscard]] std::optional<Hash128> parse_hash(std::string_view hex);

[[nodiscard]] std::string encode(const Provenance& provenance);
[[nodiscard]] Result<Provenance> decode_provenance(std::string_view json);

/// A version of a record as it is known.
struct Known {
  std::uint32_t version = 0;
  Instant valid_from;
  std::optional<Instant> valid_to;
  std::string body;
  Provenance provenance;
};

/// One statement about a record that fits its contract.
struct Statement {
  std::string tenant;
  std::string key;
  std::string subject;
  std::string system;
  Word word;            ///< its content is still without salt
  std::string content;  ///< canonical text, without what belongs to the sending
  std::string body;
};

/// Parses and judges by the contract; the key follows from the identity.
[[nodiscard]] std::expected<Statement, Problem> read_statement(const Kind& kind,
                                                               std::string_view system,
                                                               std::string_view json);

/// A foreign value that waits for a person.
struct Proposal {
  std::string pointer;
  std::string value;  ///< JSON
};

struct Merged {
  enum class Outcome : std::uint8_t {
    created,
    updated,
    unchanged,  ///< a later word that says what is known: remembered, nothing else
    replayed,   ///< the system's last word once more: nothing is written
    late,       ///< earlier than the system's last word: nothing is written
  };
  Outcome outcome = Outcome::created;
  std::string body;  ///< of the new version
  Provenance provenance;
  Instant valid_from;
  std::optional<Instant> valid_to;
  std::vector<std::string> changed;  ///< pointers, in order
  std::vector<std::string> ignored;
  std::vector<Proposal> proposed;
};
[[nodiscard]] std::string_view to_string(Merged::Outcome outcome);

/// What a statement makes of what is known (null: nothing yet). Fields that their owner leaves out
/// are gone; those of others stay. Refused when a field is another's and the policy says so, when
/// the system has said something else under the same revision, and when the whole would not fit
/// its contract. `fresh_salt` becomes the record's when it is new.
[[nodiscard]] std::expected<Merged, Problem> merge(const Kind& kind, const Known* known,
                                                   const Statement& statement, Instant now,
                                                   std::string_view fresh_salt);

/// The record of these fields, judged by its contract; its own times go before
/// `merged.valid_from`.
[[nodiscard]] std::expected<Merged, Problem> whole(const Kind& kind, const Fields& fields,
                                                   std::string_view tenant, std::uint32_t version,
                                                   Merged merged);

/// The record with one proposed field, as if its owner had said so.
[[nodiscard]] std::expected<Merged, Problem> accept_proposal(const Kind& kind, const Known& known,
                                                             const Proposal& proposal,
                                                             std::string_view system, Instant now);

}  // namespace crossfoot::contract::record
