#include "ledger/zones.h"

#include <date/tz.h>

#include <stdexcept>

#include "contract/error_codes.h"

namespace crossfoot::ledger {

Result<LocalTime> SystemZones::local(std::string_view zone, Instant at) const {
  try {
    const date::time_zone* found = date::locate_zone(zone);
    const date::sys_time<Duration> time{Duration{at.micros}};
    return LocalTime{found->to_local(time).time_since_epoch().count()};
  } catch (const std::runtime_error& error) {
    return fail({.code = std::string(contract::error_code::zone_unknown),
                 .fault_class = FaultClass::not_found,
                 .where = std::string(zone),
                 .cause = error.what()});
  }
}

}  // namespace crossfoot::ledger
