#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "edge/access/api_keys.h"
#include "edge/access/caller.h"
#include "edge/access/token.h"
#include "runtime/files.h"
#include "runtime/http_server.h"
#include "runtime/log.h"

namespace crossfoot::edge {

struct GateOptions {
  std::filesystem::path key_set;   ///< the token issuer's public keys, a JWK set; empty: no tokens
  std::filesystem::path api_keys;  ///< empty: no API keys
  TokenRules rules;
};

/// Tells who asks. A request proves it by `Authorization: Bearer` with an access token or an API
/// key, or by `X-API-Key`; without either, by the certificate that its connection has shown. Both
/// files are read again within a second of a change, so that keys are added and revoked without a
/// restart; a file that cannot be read any more leaves what was read before, and the log says so.
/// Checked tokens are remembered until they end. Shard thread.
class AccessGate {
 public:
  /// Faults: those of files, CF-8123 for what they hold, CF-6003 (rejected) when neither is named
  /// or tokens lack an issuer or an audience.
  [[nodiscard]] static Result<std::unique_ptr<AccessGate>> load(GateOptions options,
                                                                runtime::Logger log);

  /// Faults: CF-2401 (unauthorised). The cause is for the log: an answer must not repeat it.
  [[nodiscard]] Result<CallerPtr> identify(const runtime::HttpRequest& request, Instant now);

 private:
  static constexpr std::size_t remembered_max = 10'000;

  AccessGate(GateOptions options, runtime::Logger log)
      : rules_(std::move(options.rules)),
        key_set_{.path = std::move(options.key_set)},
        key_file_{.path = std::move(options.api_keys)},
        log_(log) {}

  [[nodiscard]] Status read_key_set();
  [[nodiscard]] Status read_api_keys();
  void look_at_files(Instant now);
  [[nodiscard]] Result<CallerPtr> token(std::string_view text, Instant now);

  TokenRules rules_;
  runtime::WatchedFile key_set_;
  runtime::WatchedFile key_file_;
  runtime::Logger log_;
  std::vector<TokenKey> token_keys_;
  ApiKeys api_keys_;
  std::optional<Instant> looked_at_;
  struct Remembered {
    CallerPtr caller;
    Instant until;
  };
  std::map<Hash128, Remembered> remembered_;  ///< by the token's digest
};

}  // namespace crossfoot::edge
