#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/transaction_json.h"
#include "flow/plan/book.h"
#include "flow/plan/flow.h"
#include "ledger/accrual.h"
#include "ledger/pricing.h"
#include "observe/items.h"
#include "observe/reversal_group.h"
#include "store/api/store.h"

namespace crossfoot::observe {

/// What the ERP must have of a sale, a return or an exchange, by Crossfoot's own arithmetic over
/// the channel's original.
[[nodiscard]] ExpectedDocument document_of(const contract::Transaction& transaction,
                                           const ledger::Pricing& pricing);

struct ChannelPage {
  std::vector<ExpectedItem> items;
  std::uint64_t receipts = 0;  ///< accepted sales, returns, exchanges and voids
  Id last;                     ///< of the messages read
  bool more = false;
};

/// The channel's side: reads the stored messages of a business date, parses their originals again
/// and says what each target must have of them. Where a leg stands and which references it was sent
/// with comes from the flow; every amount and every point is computed anew, by the programme of the
/// version that the flow was planned by. One thread at a time; programme and zones outlive it.
class ChannelReader {
 public:
  struct Setup {
    std::string erp;
    std::string loyalty;
  };

  ChannelReader(const ledger::Programme& programme, const ledger::ZoneLookup& zones, Setup setup);

  /// At most `limit` messages behind `after`, oldest first. A snapshot that grows too old ends the
  /// page early. Faults: the data store's; corrupt for a flow that makes no sense.
  [[nodiscard]] Result<ChannelPage> read(store::Reader& reader, BusinessDate date, Id after,
                                         std::size_t limit);

  /// What one message leads one to expect is appended.
  [[nodiscard]] Status add(store::Reader& reader, const store::MessageRow& message,
                           std::vector<ExpectedItem>& items);

 private:
  struct Message;

  static void add_redemption(const store::MessageRow& message, const flow::Flow& flow,
                             std::vector<ExpectedItem>& items);
  static Status add_adjustment(const store::MessageRow& message, const flow::Flow& flow,
                               std::vector<ExpectedItem>& items);
  [[nodiscard]] Status add_leg(store::Reader& reader, const Message& message, const flow::Leg& leg,
                               std::vector<ExpectedItem>& items);
  [[nodiscard]] Status add_accrual(store::Reader& reader, const Message& message, ExpectedItem item,
                                   std::vector<ExpectedItem>& items);
  [[nodiscard]] Status add_reversal(store::Reader& reader, const Message& message,
                                    const flow::Leg& leg, ExpectedItem item,
                                    std::vector<ExpectedItem>& items);
  [[nodiscard]] Status add_void(store::Reader& reader, const flow::Leg& leg, ExpectedItem item,
                                std::vector<ExpectedItem>& items);
  void add_movement(const Message& message, const flow::Leg& leg, const ExpectedItem& item,
                    std::vector<ExpectedItem>& items);
  void add_waiting(const Message& message, std::vector<ExpectedItem>& items);
  [[nodiscard]] Result<std::optional<contract::Transaction>> load_original(store::Reader& reader,
                                                                           Id id);
  /// The present rules where those of the version were not kept.
  [[nodiscard]] Result<const ledger::Programme*> rules_of(store::Reader& reader,
                                                          const flow::Flow& flow);
  /// Nothing when the rules cannot say.
  [[nodiscard]] Result<std::optional<ledger::Accrual>> accrue(
      store::Reader& reader, const flow::Flow& flow, const contract::Transaction& transaction,
      const ledger::Pricing& pricing);

  const ledger::Programme& programme_;
  const ledger::ZoneLookup& zones_;
  Setup setup_;
  std::map<std::uint32_t, std::optional<ledger::Programme>> kept_;  ///< by version, as far as read
  contract::TransactionParser parser_;
};

}  // namespace crossfoot::observe
