#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "runtime/http_server.h"
#include "sandbox/json.h"

namespace crossfoot::sandbox {

/// A request to a stand-in, freed of HTTP.
struct Call {
  runtime::Method method = runtime::Method::get;
  std::string_view path;
  std::string_view query;
  std::string_view body;
  std::string_view idempotency_key;
};

struct Reply {
  int status = 200;
  std::string body;
  bool replayed = false;  ///< the first answer again
};

/// One stand-in: its interface over its own books. On one thread; `now` comes from the caller.
class System {
 public:
  virtual ~System() = default;

  [[nodiscard]] virtual Reply handle(const Call& call, Instant now) = 0;
  /// What a write must hold alone while it is under way; no value when nothing.
  [[nodiscard]] virtual std::optional<std::string> exclusive_key(const Call& call) = 0;
  [[nodiscard]] virtual Reply tamper(std::string_view body) = 0;
  [[nodiscard]] virtual Reply untamper() = 0;
  [[nodiscard]] virtual Reply clear() = 0;
  /// Adds members to an open JSON object.
  virtual void stats(JsonWriter& out) const = 0;
};

[[nodiscard]] Reply refusal(int status, std::string_view code, std::string_view message);

/// A query parameter, percent-decoded; no value when absent. An empty value counts as absent.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);
[[nodiscard]] std::string percent_decoded(std::string_view text);

/// One page of a list: `after` is the cursor that `next` gave.
struct Page {
  std::uint64_t after = 0;
  std::size_t limit = 100;
};
inline constexpr std::size_t page_limit_max = 1'000;
/// No value when `after` or `limit` (1 … 1,000) makes no sense.
[[nodiscard]] std::optional<Page> page_of(std::string_view query);

/// What a tampering asks for. Kinds that a stand-in does not know are left out.
struct TamperOrder {
  std::uint64_t seed = 1;
  std::size_t count = 1;
  std::vector<std::string> kinds;
};
/// No value with `fault` set when malformed. `known`: the kinds of the stand-in, also the default.
[[nodiscard]] std::optional<TamperOrder> read_tamper_order(std::string_view body,
                                                           const std::vector<std::string>& known,
                                                           std::string& fault);

}  // namespace crossfoot::sandbox
