#pragma once

#include <memory>

#include "sandbox/loyalty_books.h"
#include "sandbox/member_book.h"
#include "sandbox/system.h"

namespace crossfoot::sandbox {

/// The loyalty stand-in: `/loyalty/v1/…` over LoyaltyBooks, owner of the programme (README.md).
class LoyaltySystem final : public System {
 public:
  LoyaltySystem(std::unique_ptr<LoyaltyBooks> books, std::unique_ptr<MemberBook> members,
                Programme programme)
      : books_(std::move(books)), members_(std::move(members)), programme_(std::move(programme)) {}

  [[nodiscard]] Reply handle(const Call& call, Instant now) override;
  /// The member of a write.
  [[nodiscard]] std::optional<std::string> exclusive_key(const Call& call) override;
  [[nodiscard]] Reply tamper(std::string_view body) override;
  [[nodiscard]] Reply untamper() override;
  [[nodiscard]] Reply clear() override;
  void stats(JsonWriter& out) const override;

 private:
  enum class Purpose : std::uint8_t { book, ask };
  Reply accrue(const Call& call, const WriteKey& key, Purpose purpose);
  Reply reverse(const Call& call, const WriteKey& key, PointsType type);
  // loyalty_redeem.cpp
  Reply authorise(const Call& call, Instant now);
  Reply capture(const Call& call, const WriteKey& key);
  Reply deduct(const Call& call, const WriteKey& key);
  Reply release(const Call& call, Instant now);
  Reply holds(std::string_view query, bool releases, Instant now) const;
  // loyalty_adjust.cpp
  Reply adjust(const Call& call, const WriteKey& key);

  static Reply points_answer(const PointsTransaction& transaction, bool replayed);
  Reply book(PointsTransaction transaction, const WriteKey& key);
  Reply transactions(std::string_view query) const;
  Reply member(std::string_view path, Instant now) const;
  [[nodiscard]] static bool is_about_members(std::string_view path);
  Reply change_member(const Call& call, std::string_view path, const WriteKey& key);
  Reply member_changes(std::string_view query) const;
  [[nodiscard]] const PointsTransaction* accrual_of(const std::string& reference) const;

  std::unique_ptr<LoyaltyBooks> books_;
  std::unique_ptr<MemberBook> members_;
  Programme programme_;
  simdjson::dom::parser parser_;
};

}  // namespace crossfoot::sandbox
