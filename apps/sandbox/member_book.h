#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sandbox/arithmetic.h"
#include "sandbox/book_log.h"
#include "sandbox/system.h"

namespace crossfoot::sandbox {

enum class MemberChangeType : std::uint8_t { put, merge, unmerge, erase };

/// One write about a member, as it was sent.
struct MemberChange {
  std::uint64_t seq = 0;
  MemberChangeType type = MemberChangeType::put;
  std::string reference;
  std::string member;
  std::string into;  ///< of a merge: who goes on
  std::string name;
  std::string email;
  std::string phone;
  std::string language;
  std::string status;
  std::string consents;  ///< JSON
  std::string key;       ///< under which it came; empty: none
  std::uint64_t fingerprint = 0;
  Instant at;

  [[nodiscard]] std::string id() const;
};

struct Member {
  std::string name;
  std::string email;
  std::string phone;
  std::string language;
  std::string status;  ///< active, blocked, merged, erased
  std::string consents;
  std::string merged_into;
  std::uint64_t changes = 0;
};

/// The loyalty platform's members. As many of its kind it takes the last write that arrives, knows
/// no revisions, and makes a member of whoever buys. On one thread.
class MemberBook {
 public:
  [[nodiscard]] static Result<std::unique_ptr<MemberBook>> open(const std::string& directory);

  /// Refuses a merge that would lead back to itself and an unmerge of who is not merged.
  [[nodiscard]] std::optional<Refusal> check(const MemberChange& change) const;
  [[nodiscard]] Result<const MemberChange*> post(MemberChange change);

  /// What a key did less than 24 hours ago; null when it did nothing.
  [[nodiscard]] const MemberChange* remembered(const std::string& key, Instant now) const;
  [[nodiscard]] std::vector<const MemberChange*> by_reference(const std::string& reference) const;
  [[nodiscard]] const Member* find(const std::string& member) const;
  /// Who goes on in place of a merged one, else the member itself.
  [[nodiscard]] std::string survivor(std::string member) const;
  /// The member and everybody merged into it.
  [[nodiscard]] std::vector<std::string> accounts(const std::string& member) const;

  [[nodiscard]] Status clear();
  [[nodiscard]] std::size_t members() const { return members_.size(); }
  [[nodiscard]] std::size_t changes() const { return changes_.size(); }

 private:
  bool replay(std::string_view record);
  void apply(MemberChange change);

  BookLog log_;
  std::vector<std::unique_ptr<MemberChange>> changes_;
  std::map<std::string, Member> members_;
  std::unordered_map<std::string, const MemberChange*> keys_;
  std::unordered_multimap<std::string, const MemberChange*> references_;
};

}  // namespace crossfoot::sandbox
