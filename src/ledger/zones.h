#pragma once

#include "ledger/programme.h"

namespace crossfoot::ledger {

/// Zones of the machine's tz database. The database is read at first use and kept; thread-safe.
class SystemZones final : public ZoneLookup {
 public:
  [[nodiscard]] Result<LocalTime> local(std::string_view zone, Instant at) const override;
};

}  // namespace crossfoot::ledger
