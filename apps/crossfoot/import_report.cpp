#include "import_report.h"

#include <fmt/format.h>

#include "base/invariant.h"
#include "contract/json_writer.h"

namespace crossfoot::app {

void ExactSum::add(const Decimal& a, const Decimal& b, bool negative) {
  const unsigned places = static_cast<unsigned>(a.scale) + b.scale;
  INVARIANT(places <= scale, "prices and quantities have at most six places each");
  const Wide product = Wide{a.units} * b.units * power_of_ten(scale - places);
  units_ += negative ? -product : product;
}

void ExactSum::add_minor(std::int64_t minor, std::uint8_t exponent) {
  units_ += Wide{minor} * power_of_ten(static_cast<unsigned>(scale - exponent));
}

ExactSum& ExactSum::operator+=(const ExactSum& other) {
  units_ += other.units_;
  return *this;
}

ExactSum ExactSum::minus(const ExactSum& other) const {
  ExactSum result = *this;
  result.units_ -= other.units_;
  return result;
}

std::string ExactSum::text() const {
  const bool negative = units_ < 0;
  const Wide magnitude = negative ? -units_ : units_;
  const Wide one = power_of_ten(scale);
  std::string text = std::to_string(static_cast<std::int64_t>(magnitude / one));
  std::string fraction = fmt::format("{:012}", static_cast<std::int64_t>(magnitude % one));
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (!fraction.empty()) text += "." + fraction;
  return negative ? "-" + text : text;
}

bool ImportReport::adds_up() const {
  const std::uint64_t rows =
      booked.rows + duplicate.rows + parked.rows + refused.rows + in_flight.rows;
  ExactSum net = booked.net;
  net += duplicate.net;
  net += parked.net;
  net += refused.net;
  net += in_flight.net;
  return rows == read.rows && read.net.minus(net).is_zero();
}

std::string ImportReport::json() const {
  contract::JsonWriter out;
  const std::pair<const char*, const Part*> parts[] = {
      {"read", &read},     {"booked", &booked},   {"duplicate", &duplicate},
      {"parked", &parked}, {"refused", &refused}, {"in_flight", &in_flight}};
  out.begin_object();
  out.key("rows").begin_object();
  for (const auto& [name, part] : parts) out.member(name, part->rows);
  out.end_object();
  out.key("net").begin_object();
  for (const auto& [name, part] : parts) out.member(name, part->net.text());
  out.end_object();
  out.member("receipts", receipts);
  out.key("documents").begin_object();
  for (const auto& [kind, count] : documents) out.member(kind, count);
  out.end_object();
  out.key("cancellations").begin_object();
  for (const auto& [name, part] : cancellations) out.member(name, part.rows);
  out.end_object();
  out.key("cancellations_net").begin_object();
  for (const auto& [name, part] : cancellations) out.member(name, part.net.text());
  out.end_object();
  out.member("erp_posted", erp_posted.text());
  out.member("rounding", erp_posted.minus(erp_exact).text());
  out.member("goods_units", goods_units);
  out.key("points").begin_object();
  out.member("earned", points_earned).member("reversed", points_reversed);
  out.member("net", points_earned - points_reversed);
  out.end_object();
  out.key("reasons").begin_object();
  for (const auto& [reason, count] : reasons) out.member(reason, count);
  out.end_object();
  if (!reconciliation.empty()) out.key("reconciliation").raw(reconciliation);
  out.member("seconds", fmt::format("{:.1f}", seconds));
  out.end_object();
  return out.take();
}

std::string ImportReport::text() const {
  std::string page = fmt::format("{:<12} {:>10} {:>18}\n", "", "rows", "net");
  const std::pair<const char*, const Part*> parts[] = {
      {"read", &read},     {"booked", &booked},   {"duplicate", &duplicate},
      {"parked", &parked}, {"refused", &refused}, {"in flight", &in_flight}};
  for (const auto& [name, part] : parts) {
    page += fmt::format("{:<12} {:>10} {:>18}\n", name, part->rows, part->net.text());
  }
  page += fmt::format("\nreceipts {}   ERP posted {} (rounding {})   goods {} units\n", receipts,
                      erp_posted.text(), erp_posted.minus(erp_exact).text(), goods_units);
  page += fmt::format("points earned {}, reversed {}, net {}\n\nreturn rows:\n", points_earned,
                      points_reversed, points_earned - points_reversed);
  for (const auto& [name, part] : cancellations) {
    page += fmt::format("  {:<22} {:>8} {:>16}\n", name, part.rows, part.net.text());
  }
  page += "\nreasons:\n";
  for (const auto& [reason, count] : reasons) {
    page += fmt::format("  {:<22} {:>8}\n", reason, count);
  }
  if (read.rows > 0 && duplicate.rows == read.rows) {
    page += "\nEvery row was taken before: nothing was changed.\n";
  }
  page += fmt::format("\n{:.1f} s, {:.0f} rows/s\n", seconds,
                      seconds > 0 ? static_cast<double>(read.rows) / seconds : 0.0);
  return page;
}

}  // namespace crossfoot::app
