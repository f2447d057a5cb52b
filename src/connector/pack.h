#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "connector/breaker.h"
#include "connector/jq_mapping.h"
#include "connector/pacer.h"
#include "connector/template.h"
#include "flow/plan/caller.h"
#include "runtime/http_client.h"

namespace crossfoot::connector {

/// `env:NAME` or `file:PATH`: where a secret is, never the secret itself.
struct SecretReference {
  std::string text;
};

/// Resolves a reference. Given by the composition root; its fault must not contain the secret.
using SecretLookup = std::function<Result<std::string>(const SecretReference&)>;

struct NoAuth {};
struct ApiKeyAuth {
  std::string header = "X-Api-Key";
  std::string prefix;  ///< `Bearer ` for `Authorization: Bearer …`
  SecretReference key;
};
struct BasicAuth {
  SecretReference user;
  SecretReference password;
};
/// Client credentials (RFC 6749 section 4.4). A token is kept until shortly before it expires.
struct OAuth2Auth {
  std::string token_url;  ///< absolute, or a path on the pack's base URL
  SecretReference client_id;
  SecretReference client_secret;
  std::string scope;
};
/// HMAC-SHA-256 over `content`, of the roots timestamp (seconds since 1970), method, target, body.
struct HmacAuth {
  std::string header = "X-Signature";
  std::string prefix;
  std::string timestamp_header;  ///< sent when not empty
  bool base64 = false;           ///< else lower-case hex
  std::vector<Piece> content;
  SecretReference secret;
};
using Auth = std::variant<NoAuth, ApiKeyAuth, BasicAuth, OAuth2Auth, HmacAuth>;

using Mapping = std::variant<std::monostate, Template, JqMapping>;

/// How a request is made: method, target and headers. Query parameters and headers whose value is
/// absent are left out.
struct Endpoint {
  runtime::Method method = runtime::Method::get;
  TextTemplate path;
  std::vector<std::pair<std::string, TextTemplate>> query;
  std::vector<std::pair<std::string, TextTemplate>> headers;
};

/// A value of the answer is one of these texts.
struct Match {
  std::string pointer;
  std::vector<std::string> values;
};

/// Where the target's word stands in its answer, as JSON pointers.
struct AnswerPointers {
  std::string id;
  std::optional<std::string> points;
  std::optional<std::string> lines;  ///< array of the points by line …
  std::string line = "/line";        ///< … the line's number in an element
  std::string line_points = "/points";
};

/// One rule of the error table; the first that matches decides, before the defaults by status.
struct ErrorRule {
  int status_min = 0;
  int status_max = 0;
  std::optional<Match> match;
  FaultClass fault_class = FaultClass::rejected;
  std::string code;  ///< public code; empty: the one of the class
  std::chrono::milliseconds retry_after{0};
};

/// An answer that says: this is done already, by an earlier call.
struct Already {
  int status = 0;
  std::optional<Match> match;
  std::optional<std::string> id;  ///< absent: the previous step's id
};

/// Many legs in one call. Every entry of the request carries a reference: the item's own, or
/// `<reference>-<suffix>` for a part of it; an item is done when all its entries are.
struct BatchRules {
  std::size_t entries_max = 1;
  std::string sent = "/items";  ///< array in our request
  std::string sent_reference = "/reference";
  std::string results = "/results";  ///< array in the answer
  std::string reference = "/reference";
  std::string status = "/status";
  std::string cause = "/message";
  std::vector<std::string> done;      ///< statuses that prove an entry
  std::vector<std::string> rejected;  ///< statuses that refuse it; any other is unknown
};

/// The question by reference.
struct LookupRules {
  Endpoint endpoint;
  std::optional<std::string> items;  ///< array of candidates; absent: the body is the one, 404 none
  std::optional<std::string> reference;  ///< must equal the asked reference
  std::optional<Match> only;
  AnswerPointers answer;
};

/// The question for all entries that took points of an original back, or gave them again.
struct SurveyRules {
  Endpoint endpoint;  ///< root reference: the original's
  std::string items = "/items";
  std::optional<std::string> next;  ///< there, and not null: not all of them, a fault
  std::string reference = "/reference";
  std::string id = "/id";
  std::optional<std::string> points;
  Match takes;  ///< the entries that take back
  Match gives;  ///< … that give again; all others are left out
  std::string lines = "/lines";
  std::string line = "/line";
  std::string quantity = "/quantity";
};

struct Operation {
  std::string name;
  Endpoint endpoint;
  Mapping request;
  AnswerPointers answer;
  std::optional<std::string> idempotency_header;
  std::optional<Already> already;
  std::optional<BatchRules> batch;
  std::optional<LookupRules> lookup;
  std::optional<SurveyRules> survey;
  std::vector<ErrorRule> errors;  ///< before those of the pack
  BreakerPolicy breaker;          ///< the pack's, with what the operation says otherwise
  flow::OperationTraits traits;
};

struct BookLinePointers {
  std::string items;
  std::string line, article, quantity, amount, tax_code, tax, points;
};

/// How the target's own book is read, page by page.
struct BookRules {
  Endpoint endpoint;  ///< roots business_date, cursor
  std::string items;
  std::optional<std::string> next;  ///< cursor of the next page; absent or null: the last page
  std::optional<Match> only;
  std::string id, reference, original_reference, type, kind, shop, business_date, currency, net,
      tax, gross, exact_net, points, member;
  std::optional<BookLinePointers> lines;
  std::string taxes, taxes_code, taxes_net, taxes_tax;
  std::string tenders, tenders_kind, tenders_amount;
};

/// What the vendor offers; what it lacks the engine supplies (DOMAIN.md 7.9).
struct Supports {
  bool partial_reversal = true;
  bool negative_balance = false;
  bool backdating = false;
  bool authorise_capture = false;
  bool points_by_vendor = false;  ///< `accrual: vendor`: it is sent lines and computes points
};

/// A loaded pack: immutable, of one shard (a jq program in it is not thread-safe).
struct Pack {
  std::filesystem::path folder;
  std::string name;
  std::string version;
  std::string description;
  std::string base_url;
  Auth auth;
  runtime::HttpClientLimits limits;
  PacePolicy pace;
  BreakerPolicy breaker;
  std::vector<ErrorRule> errors;
  std::map<std::string, Operation, std::less<>> operations;
  std::optional<BookRules> book;
  Supports supports;
};

struct LoadedPack {
  std::shared_ptr<const Pack> pack;  ///< null when there are faults
  std::vector<PackFault> faults;     ///< all of them
};

/// Reads `connector.yaml` and the mappings that it names. Never throws; touches no network and
/// resolves no secret.
[[nodiscard]] LoadedPack load_pack(const std::filesystem::path& folder);

/// `connector.yaml:12: unknown key 'bas_url'`
[[nodiscard]] std::string to_string(const PackFault& fault);

}  // namespace crossfoot::connector
