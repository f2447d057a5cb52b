#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "contract/transaction.h"

namespace crossfoot::contract {

/// What happened to a customer that other systems must know.
enum class ProfileChangeKind : std::uint8_t {
  put,      ///< there is a new version of the record
  merge,    ///< goes on as another customer
  unmerge,  ///< was no other's after all
  erase,    ///< asked to be forgotten
};
inline constexpr auto profile_change_kind_last = ProfileChangeKind::erase;
[[nodiscard]] std::string_view to_string(ProfileChangeKind kind);

struct ProfileChange {
  ProfileChangeKind kind = ProfileChangeKind::put;
  std::string tenant;
  std::string customer;
  std::uint32_t version = 0;  ///< of the record that it makes
  std::string member;         ///< at the loyalty programme; empty: is no member
  std::string into;           ///< of a merge: the member that goes on
  Instant at;

  bool operator==(const ProfileChange&) const = default;
};

/// The message of a change as it is stored, which mappings read: `kind` customer_profile, `change`,
/// `customer`, `member`, `into`, `revision`, `occurred_at` and the whole `record` (a JSON object).
[[nodiscard]] std::string profile_message(const ProfileChange& change, std::string_view record);
/// The same without what it says of the person.
[[nodiscard]] std::string erased_profile_message(const ProfileChange& change);

/// Whether stored bytes are such a message, and the change in it. Faults: stored_bytes_corrupt.
[[nodiscard]] bool is_profile_message(std::string_view body);
[[nodiscard]] Result<ProfileChange> read_profile_message(std::string_view body);

/// The message as flows see it: a transaction of kind `customer_profile`, named by customer and
/// version.
[[nodiscard]] Transaction profile_transaction(const ProfileChange& change);

}  // namespace crossfoot::contract
