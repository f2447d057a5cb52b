#include "flow/plan/store_day.h"

#include "base/codec.h"
#include "flow/plan/damaged.h"

namespace crossfoot::flow {

namespace {

constexpr std::uint64_t stored_version = 1;

void append_escaped(std::string& text, std::string_view part) {
  for (const char c : part) {
    if (c == '|' || c == '\\') text += '\\';
    text += c;
  }
}

}  // namespace

std::string key_of(const SeenDay& day) {
  std::string key = to_string(day.date) + "|";
  append_escaped(key, day.tenant);
  key += '|';
  append_escaped(key, day.shop);
  return key;
}

std::string encode(const SeenDay& day) {
  ByteWriter out;
  out.u64(stored_version);
  out.text(day.tenant);
  out.text(day.shop);
  out.text(day.region);
  out.i64(day.date.days);
  return out.take();
}

Result<SeenDay> decode_seen_day(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint64_t version = in.u64();
  SeenDay day{.tenant = in.text(), .shop = in.text(), .region = in.text()};
  day.date = {static_cast<std::int32_t>(in.i64())};
  if (version != stored_version || in.failed() || !in.at_end()) return fail(damaged("store day"));
  return day;
}

}  // namespace crossfoot::flow
