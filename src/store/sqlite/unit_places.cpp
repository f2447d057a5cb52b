#include <fmt/format.h>

#include "store/api/faults.h"
#include "store/sqlite/unit_writer.h"

// Places of order keys: who may be sent now is stored, not searched.
namespace crossfoot::store::sqlite {

bool UnitWriter::insert_due(const DueRow& row) {
  const std::optional<Hash128> order_key =
      row.order_key.is_zero() ? std::nullopt : std::optional(row.order_key);
  return wrote(insert_due_.run(row.target, row.lane, row.due_at, row.flow, row.leg,
                               row.flow.partition(), order_key),
               "due");
}

int UnitWriter::due_holds(TargetNumber target, const Hash128& order_key) {
  return due_holds_.run(target, order_key);
}

bool UnitWriter::has_waiter(TargetNumber target, const Hash128& order_key, bool& found) {
  const int code = first_waiter_.run(target, order_key);
  if (code != SQLITE_ROW && code != SQLITE_DONE) return failed(code, "waiter");
  found = code == SQLITE_ROW;
  return true;
}

bool UnitWriter::promote(const PlaceLeave& leave) {
  first_waiter_.query(leave.target, leave.order_key);
  const int code = first_waiter_.step();
  DueRow row;
  Id place;
  if (code == SQLITE_ROW) {
    place = first_waiter_.id(0);
    row = {.target = leave.target,
           .lane = first_waiter_.number<Lane>(1),
           .due_at = leave.now,
           .flow = first_waiter_.id(2),
           .leg = first_waiter_.number<std::uint16_t>(3),
           .order_key = leave.order_key};
  }
  first_waiter_.reset();
  if (code == SQLITE_DONE) return true;
  if (code != SQLITE_ROW) return failed(code, "waiter");
  if (!wrote(delete_waiter_.run(leave.target, leave.order_key, place), "waiter")) return false;
  if (!insert_due(row)) return false;
  result_->promoted.push_back(row);
  return true;
}

bool UnitWriter::write_leaves(const Unit& unit) {
  for (const PlaceLeave& leave : unit.leaves) {
    if (leave.order_key.is_zero()) continue;
    // A key that a due row still holds is not free: its waiters stay where they are.
    const int held = due_holds(leave.target, leave.order_key);
    if (held == SQLITE_ROW) continue;
    if (held != SQLITE_DONE) return failed(held, "due");
    if (!promote(leave)) return false;
  }
  return true;
}

bool UnitWriter::write_places(const Unit& unit) {
  for (const PlaceRequest& request : unit.places) {
    const DueRow& row = request.row;
    bool waits = false;
    if (!row.order_key.is_zero() && !request.holder) {
      waits = request.occupied;
      if (!waits) {
        const int held = due_holds(row.target, row.order_key);
        if (held != SQLITE_ROW && held != SQLITE_DONE) return failed(held, "due");
        waits = held == SQLITE_ROW;
      }
      if (!waits && !has_waiter(row.target, row.order_key, waits)) return false;
    }
    if (waits) {
      if (!wrote(insert_waiter_.run(row.target, row.order_key, request.place, row.flow.partition(),
                                    row.lane, row.due_at, row.flow, row.leg),
                 "waiter")) {
        return false;
      }
    } else if (!insert_due(row)) {
      return false;
    }
    result_->place_is_due.push_back(!waits);
  }
  return true;
}

}  // namespace crossfoot::store::sqlite
