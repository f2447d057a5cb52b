// Goal: no text of a request, and no refused body, breaks the readers of the edge or their laws.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "contract/utf8.h"
#include "edge/body.h"
#include "edge/original.h"
#include "edge/request.h"

using namespace crossfoot;
using namespace crossfoot::edge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto key = parse_idempotency_key(text)) {
    INVARIANT(!key->empty() && key->size() <= 255, "a key has 1 to 255 characters");
  }
  if (const auto trace = parse_traceparent(text)) {
    INVARIANT(trace->trace_id.size() == 32 && trace->flags.size() == 2, "a trace has its sizes");
  }
  if (const auto decoded = decode_percent(text, true)) {
    INVARIANT(contract::is_utf8(*decoded), "what is decoded is text");
  }
  const Match found = match(runtime::Method::get, text);
  if (found.route != nullptr) {
    static_cast<void>(Query::parse(text, *found.route));
  }
  for (const RouteInfo& route : route_table) static_cast<void>(Query::parse(text, route));
  runtime::HttpRequest request;
  request.headers.emplace_back("accept", text);
  request.headers.emplace_back("idempotency-key", text);
  static_cast<void>(negotiate(request, route_table[0]));
  static_cast<void>(read_headers(request));
  static_cast<void>(is_media_type(text, "application/json"));

  if (const auto row = refused_message(text, 4096)) {
    INVARIANT(contract::is_utf8(row->body) && row->body.size() <= 2 * 4096, "kept text is bounded");
    INVARIANT(row->body.find('\0') == std::string::npos, "kept text has no U+0000");
    INVARIANT(contract::is_utf8(row->shop) && contract::is_utf8(row->member), "fields are text");
  }
  BodyReader body(text);
  static_cast<void>(body.date("from"));
  body.texts("ids", 10, [](std::string_view) {});
  static_cast<void>(body.finish());
  return 0;
}
