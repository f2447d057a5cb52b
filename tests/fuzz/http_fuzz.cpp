// Feeds arbitrary bytes to the request parser, whole and in pieces. It must not crash, must come to
// the same requests however the bytes are cut, and what it accepts must lie inside its limits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/invariant.h"
#include "runtime/http_parse.h"

namespace {

using namespace crossfoot::runtime;

constexpr HttpServerLimits limits{
    .header_bytes_max = 2048, .headers_max = 16, .target_bytes_max = 256, .body_bytes_max = 4096};

struct Outcome {
  std::vector<std::string> requests;
  int refused = 0;
  bool operator==(const Outcome&) const = default;
};

void check(const HttpRequest& request) {
  INVARIANT(request.target.size() <= limits.target_bytes_max, "target within its limit");
  INVARIANT(request.headers.size() <= limits.headers_max, "headers within their limit");
  INVARIANT(request.body.size() <= limits.body_bytes_max, "body within its limit");
  INVARIANT(!request.path.empty(), "a request has a path");
  for (const auto& [name, value] : request.headers) {
    INVARIANT(!name.empty(), "a header has a name");
    INVARIANT(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
              "a header value is one line");
  }
}

std::string describe(const HttpRequest& request) {
  std::string text(request.target);
  for (const auto& [name, value] : request.headers) {
    text.append("\n").append(name).append(":").append(value);
  }
  return text.append("\n\n").append(request.body);
}

Outcome parse(std::string_view bytes, std::size_t piece) {
  RequestParser parser(limits);
  Outcome outcome;
  while (outcome.refused == 0) {
    const std::string_view next = bytes.substr(0, piece);
    bytes.remove_prefix(next.size());
    ParseStep step = parser.feed(next);
    while (step == ParseStep::complete) {
      check(parser.request());
      outcome.requests.push_back(describe(parser.request()));
      parser.next();
      step = parser.advance();
    }
    if (step == ParseStep::refused) outcome.refused = parser.refusal().status;
    if (bytes.empty()) break;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = parse(bytes, size + 1);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    const Outcome pieces = parse(bytes, piece);
    // Which of two faults in one message is seen first may depend on the cut; the requests before
    // it may not.
    INVARIANT(pieces.requests == whole.requests, "the same requests however the bytes are cut");
    INVARIANT((pieces.refused != 0) == (whole.refused != 0), "the same verdict");
  }
  return 0;
}
