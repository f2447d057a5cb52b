#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/record/record.h"
#include "flow/decide/decide.h"
#include "store/api/rows.h"

namespace crossfoot::flow {

/// One statement of a system about a record, read and judged at the door.
struct RecordRequest {
  std::shared_ptr<const contract::record::Kind> kind;
  contract::record::Statement statement;
  std::string correlation_id;
};

struct RecordAnswer {
  std::string key;
  contract::record::Merged::Outcome outcome = contract::record::Merged::Outcome::created;
  std::uint32_t version = 0;  ///< that counts now
  Id id;                      ///< of the write; nil when nothing was written
  std::vector<std::string> changed;
  std::vector<std::string> ignored;
  std::vector<std::string> proposals;        ///< ids
  std::optional<contract::Problem> refused;  ///< then nothing was taken
  std::optional<Fault> fault;                ///< then neither, or it is not known
};

/// A field that another system would have otherwise, and that a person decides about. Its id is
/// made of record, field and system: a later value takes the place of an earlier one.
struct RecordProposal {
  Id write;  ///< in which it came
  store::RecordName record;
  std::string system;
  contract::record::Proposal field;
  Instant at;
};
inline constexpr std::string_view proposal_documents = "record_proposal";
[[nodiscard]] std::string proposal_id(const RecordProposal& proposal);
[[nodiscard]] std::string encode(const RecordProposal& proposal);
[[nodiscard]] Result<RecordProposal> decode_proposal(std::string_view bytes);

/// A person's word on a proposal.
struct RecordVerdict {
  std::string proposal;
  bool accepted = false;
  Decision decision;
  /// The kind by the name of its contract; null when it is not known here.
  std::function<std::shared_ptr<const contract::record::Kind>(std::string_view)> kinds;
};

/// What a person decides about a customer as a whole.
struct ProfileOrder {
  enum class Kind : std::uint8_t { merge, unmerge, erase, consent };
  Kind what = Kind::merge;
  std::shared_ptr<const contract::record::Kind> kind;
  store::RecordName name;
  std::string into;     ///< of a merge: key of the customer that goes on
  std::string consent;  ///< JSON, as the contract describes one
  Decision decision;
  std::string correlation_id;
};

/// What is written within the commit that begins a flow of Crossfoot's own: a record's new version,
/// and the flow that tells others of it. Whose key is taken already is answered as `replayed`.
struct RecordStage {
  std::function<void(Id, store::Unit&)> write;  ///< may be absent
  std::string said;                             ///< for the flow's timeline
};

/// Legs of a merged member stand in the order of the member that goes on: new order key by old one,
/// each sixteen bytes, the old one in hexadecimal digits.
inline constexpr std::string_view order_redirects = "order_redirect";

/// The key that lets one write be a version of a record.
[[nodiscard]] Hash128 record_hash(const store::RecordName& name, std::uint32_t version);
/// A record's home partition is of this one.
[[nodiscard]] Hash128 record_hash(const store::RecordName& name);

/// What is stored, as the rules of records see it.
[[nodiscard]] Result<contract::record::Known> known_of(const store::RecordRow& row);

}  // namespace crossfoot::flow
