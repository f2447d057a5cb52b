#include "edge/access/gate.h"

#include <utility>

#include "contract/error_codes.h"
#include "runtime/files.h"

namespace crossfoot::edge {

namespace {

constexpr Duration look_again_after{std::chrono::seconds{1}};
constexpr std::string_view scheme = "bearer ";

std::unexpected<Fault> unknown(std::string cause) {
  return fail({.code = std::string(contract::error_code::unauthenticated),
               .fault_class = FaultClass::unauthorised,
               .where = "access",
               .cause = std::move(cause)});
}

std::unexpected<Fault> bad_setting(std::string cause) {
  return fail({.code = std::string(contract::error_code::bad_setting),
               .fault_class = FaultClass::rejected,
               .where = "access",
               .cause = std::move(cause)});
}

bool begins_with_scheme(std::string_view text) {
  return text.size() > scheme.size() &&
         std::ranges::equal(text.substr(0, scheme.size()), scheme, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

bool is_credential(std::string_view header) {
  return header == "authorization" || header == "x-api-key";
}

bool presents_anything(const runtime::HttpRequest& request) {
  return std::ranges::any_of(request.headers,
                             [](const auto& header) { return is_credential(header.first); });
}

/// What was presented; no value when nothing was, or more than one thing.
std::optional<std::string_view> presented(const runtime::HttpRequest& request) {
  std::optional<std::string_view> found;
  for (const auto& [name, value] : request.headers) {
    if (!is_credential(name)) continue;
    if (found) return std::nullopt;
    if (name == "x-api-key") {
      found = value;
    } else if (begins_with_scheme(value)) {
      found = value.substr(scheme.size());
    } else {
      return std::nullopt;
    }
  }
  return found;
}

}  // namespace

Result<std::unique_ptr<AccessGate>> AccessGate::load(GateOptions options, runtime::Logger log) {
  if (options.key_set.empty() && options.api_keys.empty()) {
    return bad_setting("name a key set for tokens, a file of API keys, or both");
  }
  if (!options.key_set.empty() &&
      (options.rules.issuer.empty() || options.rules.audience.empty())) {
    return bad_setting("tokens need an issuer and an audience");
  }
  std::unique_ptr<AccessGate> gate(new AccessGate(std::move(options), log));
  if (Status read = gate->read_key_set(); !read) return fail(std::move(read.error()));
  if (Status read = gate->read_api_keys(); !read) return fail(std::move(read.error()));
  return gate;
}

Result<CallerPtr> AccessGate::identify(const runtime::HttpRequest& request, Instant now) {
  look_at_files(now);
  const auto given = presented(request);
  if (!request.client_certificate.empty() && !presents_anything(request)) {
    CallerPtr caller = api_keys_.find_certificate(request.client_certificate, now);
    if (caller == nullptr) return unknown("nobody has this certificate, or its time is over");
    return caller;
  }
  if (!given || given->empty()) return unknown("no credentials, or more than one");
  if (!ApiKeys::looks_like_one(*given)) return token(*given, now);
  CallerPtr caller = api_keys_.find(*given, now);
  if (caller == nullptr) return unknown("there is no such API key, or its time is over");
  return caller;
}

Result<CallerPtr> AccessGate::token(std::string_view text, Instant now) {
  if (text.size() > token_bytes_max) return unknown("it is too long");
  const Hash128 hash = hash128(text);
  if (const auto known = remembered_.find(hash); known != remembered_.end()) {
    if (now < known->second.until) return known->second.caller;
    remembered_.erase(known);
  }
  auto proven = check_token(text, token_keys_, rules_, now);
  if (!proven) return fail(std::move(proven.error()));
  if (remembered_.size() >= remembered_max) remembered_.clear();
  CallerPtr caller = std::make_shared<const Caller>(std::move(proven->caller));
  remembered_.insert_or_assign(hash, Remembered{caller, proven->until});
  return caller;
}

Status AccessGate::read_key_set() {
  if (key_set_.path.empty()) return {};
  (void)key_set_.differs();
  const auto text = runtime::read_file(key_set_.path);
  if (!text) return fail(text.error());
  auto keys = parse_key_set(*text);
  if (!keys) return fail(std::move(keys.error()));
  token_keys_ = std::move(*keys);
  // What a withdrawn key has signed proves nothing any more.
  remembered_.clear();
  return {};
}

Status AccessGate::read_api_keys() {
  if (key_file_.path.empty()) return {};
  (void)key_file_.differs();
  const auto text = runtime::read_file(key_file_.path);
  if (!text) return fail(text.error());
  auto keys = ApiKeys::parse(*text);
  if (!keys) return fail(std::move(keys.error()));
  api_keys_ = std::move(*keys);
  return {};
}

void AccessGate::look_at_files(Instant now) {
  if (looked_at_ && now - *looked_at_ < look_again_after) return;
  looked_at_ = now;
  const auto read_again = [this](runtime::WatchedFile& file, Status (AccessGate::*read)()) {
    if (file.path.empty() || !file.differs()) return;
    const Status status = (this->*read)();
    if (status) return log_.info("access.read_again", "", {{"file", file.path.string()}});
    log_.error("access.unreadable", "",
               {{"file", file.path.string()}, {"cause", status.error().cause}});
  };
  read_again(key_set_, &AccessGate::read_key_set);
  read_again(key_file_, &AccessGate::read_api_keys);
}

}  // namespace crossfoot::edge
