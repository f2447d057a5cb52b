#include "flow/plan/service_day.h"

#include "base/codec.h"
#include "flow/plan/damaged.h"

namespace crossfoot::flow {

namespace {
constexpr std::uint64_t stored_version = 1;
}  // namespace

Hash128 service_day_key(std::string_view tenant, std::string_view person, BusinessDate day) {
  ByteWriter out;
  out.text("service day");
  out.text(tenant);
  out.text(person);
  out.i64(day.days);
  return hash128(out.view());
}

std::string encode(const ServiceDay& day) {
  ByteWriter out;
  out.u64(stored_version);
  out.u64(day.version);
  out.i64(day.moved.count);
  return out.take();
}

Result<ServiceDay> decode_service_day(std::string_view bytes) {
  ByteReader in(bytes);
  ServiceDay day;
  const std::uint64_t version = in.u64();
  day.version = static_cast<std::uint32_t>(in.u64());
  day.moved = {in.i64()};
  if (version != stored_version || in.failed() || !in.at_end()) return fail(damaged("service day"));
  return day;
}

}  // namespace crossfoot::flow
