#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/journal.h"

namespace crossfoot::ledger {

/// What a journal was made for.
enum class PostingEvent : std::uint8_t {
  sale,
  return_goods,
  exchange,
  void_sale,
  points,  ///< expiry, a new estimate
  till,    ///< a count that differs
};

/// Facts about the document that a posting belongs to.
struct PostingFacts {
  PostingEvent event = PostingEvent::sale;
  contract::Channel channel = contract::Channel::pos;
  std::string region;    ///< ISO 3166 country or sub-division, may be empty
  std::string category;  ///< of the goods, may be empty
};

/// One row of account determination: what is stated must hold, what is not may be anything.
struct AccountRow {
  Account account_class = Account::cash;
  std::optional<PostingEvent> event;
  std::optional<contract::Channel> channel;
  std::string region;  ///< a country holds for its sub-divisions too
  std::string tax_code;
  std::string category;

  std::string account;  ///< of the ERP; not empty
  std::string cost_centre;
  std::string profit_centre;
  std::string tax_key;

  bool operator==(const AccountRow&) const = default;
};

/// A posting with the accounts of an ERP.
struct ErpPosting {
  std::string account;
  std::string cost_centre;
  std::string profit_centre;
  std::string tax_key;
  Side side = Side::debit;
  Money amount;  ///< > 0

  bool operator==(const ErpPosting&) const = default;
};

/// Account determination as data (DOMAIN 7.8). Of the rows that hold, the one that states most
/// decides; among those the one that states an earlier column of event, channel, region, tax code,
/// category; then a sub-division before its country. No two rows of a table state the same.
/// Immutable; shared by threads.
class AccountTable {
 public:
  /// Fault account_table_malformed names the row that repeats another, or has no account.
  [[nodiscard]] static Result<AccountTable> make(std::vector<AccountRow> rows);

  /// The row for a posting; null when none holds.
  [[nodiscard]] const AccountRow* find(const Posting& posting, const PostingFacts& facts) const;

  /// The journal on the ERP's accounts, posting by posting: what balances stays balanced. Fault
  /// account_undetermined names the first posting without a row; nothing is guessed.
  [[nodiscard]] Result<std::vector<ErpPosting>> determine(const Journal& journal,
                                                          const PostingFacts& facts) const;

  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  std::vector<AccountRow> rows_;
};

/// Reads a table from JSON, an array of rows with the members `class`, `event`, `channel`,
/// `region`, `tax_code`, `category`, `account`, `cost_centre`, `profit_centre`, `tax_key`; class
/// and account are required. Strict, up to 10,000 rows. Fault account_table_malformed names the
/// place.
[[nodiscard]] Result<AccountTable> parse_account_table(std::string_view json);

}  // namespace crossfoot::ledger
