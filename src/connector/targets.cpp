#include "connector/targets.h"

#include <algorithm>
#include <charconv>

#include "connector/classify.h"
#include "connector/exchange.h"
#include "contract/error_codes.h"

namespace crossfoot::connector {

namespace {

namespace code = contract::error_code;

constexpr std::size_t waiting_max = 10'000;
/// Told again and again while it lasts: a person may change it at any time.
constexpr Duration gate_max{std::chrono::seconds{2}};
constexpr Duration token_margin{std::chrono::seconds{30}};
constexpr Duration token_deadline{std::chrono::seconds{10}};

struct Url {
  std::string origin;  ///< scheme, host, port
  std::string path;
};

Url split(const std::string& url) {
  const std::size_t host = url.find("://");
  const std::size_t path = host == std::string::npos ? 0 : url.find('/', host + 3);
  if (path == std::string::npos) return {url, "/"};
  return {url.substr(0, path), url.substr(path)};
}

Fault bad_target(std::string where, std::string cause) {
  return {.code = std::string(code::bad_setting),
          .fault_class = FaultClass::rejected,
          .where = std::move(where),
          .cause = std::move(cause)};
}

}  // namespace

Link::Link(boost::asio::io_context& context, runtime::Scheduler& scheduler, TargetSetup setup,
           Signer signer)
    : scheduler_(scheduler),
      setup_(std::move(setup)),
      signer_(std::move(signer)),
      pacer_(setup_.pack->pace, clock()) {
  for (const auto& [name, operation] : setup_.pack->operations) {
    add_line(name, operation.breaker);
    if (operation.lookup || operation.survey) add_line(name + "?", operation.breaker);
  }
  if (setup_.pack->book) add_line(std::string(book_line), setup_.pack->breaker);
  const std::string base = setup_.base_url.empty() ? setup_.pack->base_url : setup_.base_url;
  client_ = std::make_unique<runtime::HttpClient>(context, base, setup_.pack->limits, setup_.tls);
  const auto* oauth = std::get_if<OAuth2Auth>(&setup_.pack->auth);
  if (oauth == nullptr) return;
  token_target_ = oauth->token_url;
  std::string token_base = base;
  if (!oauth->token_url.starts_with("/")) {
    const Url url = split(oauth->token_url);
    token_base = url.origin;
    token_target_ = url.path;
  }
  runtime::HttpClientLimits limits = setup_.pack->limits;
  limits.connections_max = 1;
  token_client_ = std::make_unique<runtime::HttpClient>(context, token_base, limits, setup_.tls);
}

void Link::send(runtime::HttpCall call, Done done) {
  if (!signer_.needs_token() || scheduler_.now() < token_until_) {
    return send_signed(std::move(call), std::move(done));
  }
  if (waiting_.size() >= waiting_max) {
    scheduler_.post([done = std::move(done)]() mutable {
      done(fail({.code = std::string(code::pool_full),
                 .fault_class = FaultClass::transient,
                 .where = "token",
                 .cause = "too many calls wait for an access token"}));
    });
    return;
  }
  waiting_.push_back({std::move(call), std::move(done), scheduler_.monotonic()});
  if (!fetching_) fetch_token();
}

void Link::send_signed(runtime::HttpCall call, Done done) {
  signer_.sign(call, scheduler_.now(), token_);
  client_->call(std::move(call), std::move(done));
}

void Link::fetch_token() {
  fetching_ = true;
  runtime::HttpCall call = signer_.token_request(token_target_);
  call.deadline = token_deadline;
  token_client_->call(std::move(call), [this](Result<runtime::HttpAnswer> answer) {
    token_answered(std::move(answer));
  });
}

void Link::token_answered(Result<runtime::HttpAnswer> answer) {
  fetching_ = false;
  if (answer) return release(take_token(*answer));
  // Whatever became of the question for a token, the waiting calls were not sent.
  Fault fault = std::move(answer.error());
  if (fault.fault_class == FaultClass::unknown_outcome) fault.fault_class = FaultClass::transient;
  release(fail(std::move(fault)));
}

Status Link::take_token(const runtime::HttpAnswer& answer) {
  simdjson::dom::parser parser;
  const auto body = parse_json(answer.body, parser);
  const auto token = body ? find_text(*body, "/access_token") : std::nullopt;
  const bool good = answer.status == 200 && token && !token->empty() &&
                    std::ranges::all_of(*token, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!good) {
    const bool refused = answer.status >= 400 && answer.status < 500 && answer.status != 429;
    return fail(
        {.code = std::string(refused ? code::target_unauthorised : code::target_unavailable),
         .fault_class = refused ? FaultClass::unauthorised : FaultClass::transient,
         .where = "token",
         .cause = "HTTP " + std::to_string(answer.status) + " without an access token"});
  }
  std::int64_t seconds = 300;
  if (const auto text = find_text(*body, "/expires_in")) {
    std::from_chars(text->data(), text->data() + text->size(), seconds);
  }
  seconds = std::clamp<std::int64_t>(seconds, 0, 24 * 3600);
  token_ = *token;
  // Kept until a margin before its end, and at least a moment: the calls that wait use it now.
  const Duration lifetime = std::chrono::seconds{seconds};
  token_until_ = scheduler_.now() + std::max(lifetime - token_margin, lifetime / 2);
  return {};
}

void Link::release(const Status& token) {
  std::vector<Waiting> waiting = std::move(waiting_);
  waiting_.clear();
  for (Waiting& one : waiting) {
    const Duration waited = scheduler_.monotonic() - one.since;
    if (!token) {
      one.done(fail(token.error()));
    } else if (waited >= one.call.deadline) {
      one.done(fail({.code = std::string(code::deadline_waiting),
                     .fault_class = FaultClass::deadline,
                     .where = "token",
                     .cause = "the deadline passed while an access token was fetched"}));
    } else {
      one.call.deadline -= waited;
      send_signed(std::move(one.call), std::move(one.done));
    }
  }
}

void Link::add_line(std::string name, const BreakerPolicy& policy) {
  Line line{.name = name, .breaker = Breaker(policy), .reserved = {}};
  lines_.emplace(std::move(name), std::move(line));
}

Link::Line* Link::line_of(const flow::Departure& departure) {
  const auto at = departure.question ? lines_.find(std::string(departure.operation) + "?")
                                     : lines_.find(departure.operation);
  return at == lines_.end() ? nullptr : &at->second;
}

Duration Link::gate(const flow::Departure& departure) {
  const Instant now = clock();
  Instant at = Instant::never();
  if (departure.operation.empty()) {
    for (const auto& [name, line] : lines_) {
      at = std::min(at, line.breaker.next_allowed_at(now));
    }
  } else if (const Line* line = line_of(departure); line != nullptr) {
    at = line->breaker.next_allowed_at(now);
  } else {
    at = now;  // refused when it is called
  }
  const Duration broken = at == Instant::never() ? gate_max : at - now;
  const Duration paced = pacer_.wait(departure.lane, now);
  // What its breaker holds back wants no token.
  if (paced > Duration{0} && broken <= Duration{0} && !departure.operation.empty()) {
    pacer_.wants(departure.lane, now);
  }
  return std::clamp(std::max(broken, paced), Duration{0}, gate_max);
}

void Link::reserve(const flow::Departure& departure) {
  Line* line = line_of(departure);
  if (line == nullptr) return;
  pacer_.take(departure.lane, clock());
  line->reserved.push_back(line->breaker.allow(clock()));
}

void Link::give_back(const flow::Departure& departure) {
  Line* line = line_of(departure);
  if (line == nullptr || line->reserved.empty()) return;
  pacer_.give_back(departure.lane, clock());
  if (line->reserved.back()) line->breaker.abandoned(*line->reserved.back());
  line->reserved.pop_back();
}

void Link::forget_reserved() {
  for (auto& [name, line] : lines_) {
    for (const auto& ticket : line.reserved) {
      if (ticket) line.breaker.abandoned(*ticket);
    }
    line.reserved.clear();
  }
}

Link::Sent Link::leave(const flow::Departure& departure) {
  Sent sent{.line = line_of(departure), .ticket = {}, .began = scheduler_.monotonic()};
  if (sent.line == nullptr) return sent;
  if (sent.line->reserved.empty()) {
    pacer_.take(departure.lane, clock());
    sent.ticket = sent.line->breaker.allow(clock());
  } else {
    sent.ticket = sent.line->reserved.back();
    sent.line->reserved.pop_back();
  }
  return sent;
}

void Link::note_success(const Sent& sent) {
  if (!sent.ticket) return;
  sent.line->breaker.succeeded(*sent.ticket, clock(), scheduler_.monotonic() - sent.began);
}

void Link::note_fault(const Sent& sent, const Fault& fault, int status) {
  // An access token may have been withdrawn: the next call asks for a fresh one.
  if (fault.fault_class == FaultClass::unauthorised) token_until_ = Instant{};
  if (fault.fault_class == FaultClass::throttled && status == 429) {
    pacer_.refused(Duration{fault.retry_after}, clock());
  }
  if (!sent.ticket) return;
  Breaker& breaker = sent.line->breaker;
  if (counts_as_failure(fault.fault_class)) {
    breaker.failed(*sent.ticket, clock(), fault.retry_after);
  } else if (fault.fault_class == FaultClass::cancelled ||
             fault.fault_class == FaultClass::deadline) {
    breaker.abandoned(*sent.ticket);
  } else {
    breaker.succeeded(*sent.ticket, clock(), scheduler_.monotonic() - sent.began);
  }
}

bool Link::force(std::string_view line, Breaker::Force force) {
  bool found = false;
  for (auto& [name, one] : lines_) {
    if (!line.empty() && name != line) continue;
    one.breaker.force(force, clock());
    found = true;
  }
  return found;
}

Breaker::State Link::state() const {
  Breaker::State worst = Breaker::State::closed;
  for (const auto& [name, line] : lines_) {
    const Breaker::State state = line.breaker.state(clock());
    if (state == Breaker::State::open) return state;
    if (state == Breaker::State::half_open) worst = state;
  }
  return worst;
}

Result<std::unique_ptr<Targets>> Targets::create(boost::asio::io_context& context,
                                                 runtime::Scheduler& scheduler,
                                                 std::vector<TargetSetup> setups,
                                                 const SecretLookup& secrets) {
  auto targets = std::make_unique<Targets>();
  for (TargetSetup& setup : setups) {
    const std::string name = setup.name;
    if (!setup.pack) return fail(bad_target("target " + name, "has no pack"));
    auto signer = Signer::create(setup.pack->auth, secrets);
    if (!signer) return fail(std::move(signer.error()));
    auto link = std::make_unique<Link>(context, scheduler, std::move(setup), std::move(*signer));
    if (!targets->links_.emplace(name, std::move(link)).second) {
      return fail(bad_target("target " + name, "is there twice"));
    }
  }
  return targets;
}

Link* Targets::find(std::string_view name) {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : found->second.get();
}

const Link* Targets::find(std::string_view name) const {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : found->second.get();
}

std::vector<std::string> Targets::names() const {
  std::vector<std::string> names;
  for (const auto& [name, link] : links_) names.push_back(name);
  return names;
}

}  // namespace crossfoot::connector
