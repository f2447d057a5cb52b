#include <algorithm>
#include <array>

#include "connector/pack.h"
#include "connector/pack_policies.h"
#include "connector/yaml_map.h"
#include "runtime/files.h"

namespace crossfoot::connector {

namespace {

using Roots = std::vector<std::string>;

const Roots& call_roots() {
  static const Roots roots{"transaction", "arguments", "reference", "correlation_id",
                           "previous_id"};
  return roots;
}
const Roots& batch_roots() {
  static const Roots roots{"items", "correlation_id"};
  return roots;
}

constexpr std::size_t file_bytes_max = 1024 * 1024;

std::optional<FaultClass> parse_fault_class(std::string_view text) {
  for (std::size_t i = 0; i < fault_class_count; ++i) {
    if (to_string(static_cast<FaultClass>(i)) == text) return static_cast<FaultClass>(i);
  }
  return std::nullopt;
}

/// Reads one connector.yaml; every method reports what it finds and goes on.
class PackReader {
 public:
  PackReader(std::filesystem::path folder, std::vector<PackFault>& faults)
      : faults_(faults), list_{"connector.yaml", faults} {
    pack_.folder = std::move(folder);
  }

  Pack read(const YAML::Node& document) {
    YamlMap top(document, "pack", list_);
    pack_.name = top.needed_text("name");
    pack_.version = top.needed_text("version");
    pack_.description = top.text_or("description", "");
    read_base_url(top);
    if (auto node = top.take("auth")) read_auth(*node);
    if (auto node = top.take("limits")) read_limits(*node);
    if (auto node = top.take("breaker")) {
      pack_.breaker = read_breaker(*node, "breaker", pack_.breaker, list_);
    }
    if (auto node = top.take("supports")) read_supports(*node);
    if (auto node = top.take("headers")) read_headers(*node);
    if (auto node = top.take("errors")) pack_.errors = read_errors(*node);
    read_operations(top);
    if (auto node = top.take("list")) read_book(*node);
    top.finish();
    return std::move(pack_);
  }

 private:
  void read_base_url(YamlMap& top) {
    pack_.base_url = top.needed_text("base_url");
    const bool known =
        pack_.base_url.starts_with("http://") || pack_.base_url.starts_with("https://");
    if (!pack_.base_url.empty() && !known) {
      list_.add(*top.take("base_url"), "pack: 'base_url' must start with http:// or https://");
    }
  }

  SecretReference secret(YamlMap& map, std::string_view key) {
    SecretReference reference{map.needed_text(key)};
    const bool good = (reference.text.starts_with("env:") && reference.text.size() > 4) ||
                      (reference.text.starts_with("file:") && reference.text.size() > 5);
    if (!good && !reference.text.empty()) {
      list_.add(*map.take(key), map.what() + ": '" + std::string(key) +
                                    "' must name a secret as env:NAME or file:PATH, never be it");
    }
    return reference;
  }

  void read_auth(const YAML::Node& node) {
    YamlMap map(node, "auth", list_);
    const std::string type = map.needed_text("type");
    if (type == "none") {
      pack_.auth = NoAuth{};
    } else if (type == "api_key") {
      const std::string header = map.text_or("header", "X-Api-Key");
      const std::string prefix = map.text_or("prefix", "");
      pack_.auth = ApiKeyAuth{header, prefix, secret(map, "key")};
    } else if (type == "basic") {
      auto user = secret(map, "user");
      pack_.auth = BasicAuth{std::move(user), secret(map, "password")};
    } else if (type == "oauth2") {
      OAuth2Auth auth;
      auth.token_url = map.needed_text("token_url");
      auth.client_id = secret(map, "client_id");
      auth.client_secret = secret(map, "client_secret");
      auth.scope = map.text_or("scope", "");
      pack_.auth = std::move(auth);
    } else if (type == "hmac") {
      read_hmac(map);
    } else if (!type.empty()) {
      map.wrong_at("type", "'type' must be none, api_key, basic, oauth2 or hmac");
    }
    map.finish();
  }

  void read_hmac(YamlMap& map) {
    HmacAuth auth;
    auth.header = map.text_or("header", auth.header);
    auth.prefix = map.text_or("prefix", "");
    auth.timestamp_header = map.text_or("timestamp_header", "");
    const std::string encoding = map.text_or("encoding", "hex");
    auth.base64 = encoding == "base64";
    if (!auth.base64 && encoding != "hex")
      map.wrong_at("encoding", "'encoding' must be hex or base64");
    const Names names{{"timestamp", "method", "target", "body"}, {}};
    auto content = parse_pieces(map.text_or("content", "${body}"), names);
    if (content) {
      auth.content = std::move(*content);
    } else {
      map.wrong_at("content", "'content': " + content.error());
    }
    auth.secret = secret(map, "secret");
    pack_.auth = std::move(auth);
  }

  void read_limits(const YAML::Node& node) {
    YamlMap map(node, "limits", list_);
    auto& limits = pack_.limits;
    limits.connections_max = static_cast<std::size_t>(map.number("connections", 32, 1, 1024));
    limits.answer_bytes_max = static_cast<std::size_t>(
        map.number("answer_bytes", 16 * 1024 * 1024, 1024, 256 * 1024 * 1024));
    limits.connect_timeout = map.duration("connect_timeout", limits.connect_timeout);
    limits.idle_timeout = map.duration("idle_timeout", limits.idle_timeout);
    pack_.pace = read_pace(map);
    map.finish();
  }

  void read_supports(const YAML::Node& node) {
    YamlMap map(node, "supports", list_);
    auto& supports = pack_.supports;
    supports.partial_reversal = map.flag("partial_reversal", true);
    supports.negative_balance = map.flag("negative_balance", false);
    supports.backdating = map.flag("backdating", false);
    supports.authorise_capture = map.flag("authorise_capture", false);
    const std::string accrual = map.text_or("accrual", "none");
    supports.points_by_vendor = accrual == "vendor";
    if (accrual != "vendor" && accrual != "points" && accrual != "none") {
      map.wrong_at("accrual", "'accrual' must be vendor, points or none");
    }
    map.finish();
  }

  void read_headers(const YAML::Node& node) {
    pack_headers_ = node;
    if (!node.IsMap()) list_.add(node, "headers: must be a mapping");
  }

  std::optional<TextTemplate> text_template(const YAML::Node& node, const Names& names,
                                            const std::string& what) {
    if (!node.IsScalar()) {
      list_.add(node, what + " must be a text");
      return std::nullopt;
    }
    auto compiled = TextTemplate::compile(node.Scalar(), names);
    if (!compiled) {
      list_.add(node, what + ": " + compiled.error());
      return std::nullopt;
    }
    return std::move(*compiled);
  }

  void read_texts(const YAML::Node& node, const Names& names, const std::string& what,
                  std::vector<std::pair<std::string, TextTemplate>>& into) {
    if (!node.IsMap()) {
      list_.add(node, what + " must be a mapping");
      return;
    }
    for (const auto& entry : node) {
      const std::string key = entry.first.Scalar();
      if (auto value = text_template(entry.second, names, what + " '" + key + "'")) {
        into.emplace_back(key, std::move(*value));
      }
    }
  }

  Endpoint read_endpoint(YamlMap& map, const Roots& roots, std::string_view method) {
    Endpoint endpoint;
    const Names names{roots, {}};
    endpoint.method = read_method(map, map.text_or("method", method));
    if (const auto path = map.take("path")) {
      if (path->IsScalar() && !path->Scalar().starts_with("/")) {
        list_.add(*path, map.what() + ": 'path' must start with '/'");
      }
      if (path->IsScalar() && path->Scalar().find('?') != std::string::npos) {
        list_.add(*path, map.what() + ": query parameters stand under 'query', not in 'path'");
      }
      if (auto text = text_template(*path, names, map.what() + ": 'path'")) {
        endpoint.path = std::move(*text);
      }
    } else {
      map.wrong("'path' is missing");
    }
    if (auto node = map.take("query")) {
      read_texts(*node, names, map.what() + ": query", endpoint.query);
    }
    // A header of the endpoint takes the place of the pack's.
    if (auto node = map.take("headers")) {
      read_texts(*node, names, map.what() + ": headers", endpoint.headers);
    }
    if (pack_headers_ && pack_headers_->IsMap()) add_pack_headers(endpoint, names);
    return endpoint;
  }

  void add_pack_headers(Endpoint& endpoint, const Names& names) {
    std::vector<std::pair<std::string, TextTemplate>> shared;
    read_texts(*pack_headers_, names, "headers", shared);
    for (auto& header : shared) {
      const bool own = std::ranges::any_of(
          endpoint.headers, [&](const auto& other) { return other.first == header.first; });
      if (!own) endpoint.headers.push_back(std::move(header));
    }
  }

  runtime::Method read_method(YamlMap& map, const std::string& text) {
    if (text == "GET") return runtime::Method::get;
    if (text == "POST") return runtime::Method::post;
    if (text == "PUT") return runtime::Method::put;
    if (text == "PATCH") return runtime::Method::patch;
    if (text == "DELETE") return runtime::Method::delete_;
    map.wrong_at("method", "'method' must be GET, POST, PUT, PATCH or DELETE");
    return runtime::Method::post;
  }

  Mapping read_mapping(const YAML::Node& node, const Roots& roots, const std::string& operation) {
    YamlMap map(node, "request of '" + operation + "'", list_);
    const auto written = map.take("template");
    const auto jq = map.text("jq");
    map.finish();
    if (written.has_value() == jq.has_value()) {
      map.wrong("needs exactly one of 'template' and 'jq'");
      return std::monostate{};
    }
    if (jq) return read_jq(node, *jq);
    if (!written->IsScalar()) return keep(Template::compile(*written, roots, list_.file));
    const auto text = pack_file(*written, written->Scalar());
    if (!text) return std::monostate{};
    return keep(Template::compile(*text, roots, written->Scalar()));
  }

  Mapping keep(std::expected<Template, std::vector<PackFault>> compiled) {
    if (compiled) return std::move(*compiled);
    for (auto& fault : compiled.error()) faults_.push_back(std::move(fault));
    return std::monostate{};
  }

  Mapping read_jq(const YAML::Node& node, const std::string& file) {
    const auto text = pack_file(node, file);
    if (!text) return std::monostate{};
    auto compiled = JqMapping::compile(*text);
    if (compiled) return std::move(*compiled);
    faults_.push_back({file, compiled.error().line, compiled.error().message});
    return std::monostate{};
  }

  /// The text of a file of the pack; a name cannot lead out of its folder.
  std::optional<std::string> pack_file(const YAML::Node& node, const std::string& name) {
    const std::filesystem::path relative(name);
    const bool inside =
        relative.is_relative() &&
        std::ranges::none_of(relative, [](const auto& part) { return part == ".."; });
    if (name.empty() || !inside) {
      list_.add(node, "file '" + name + "' must lie inside the pack");
      return std::nullopt;
    }
    auto text = runtime::read_file(pack_.folder / relative, file_bytes_max);
    if (!text) list_.add(node, "file '" + name + "' cannot be read or is over 1 MB");
    if (!text) return std::nullopt;
    return std::move(*text);
  }

  AnswerPointers read_answer(YamlMap& map) {
    AnswerPointers answer;
    answer.id = map.needed_pointer("id");
    answer.points = map.pointer("points");
    if (auto node = map.take("lines")) {
      YamlMap lines(*node, map.what() + ": lines", list_);
      answer.lines = lines.pointer_or("items", "/lines");
      answer.line = lines.pointer_or("line", "/line");
      answer.line_points = lines.pointer_or("points", "/points");
      lines.finish();
    }
    return answer;
  }

  std::optional<Match> read_match(YamlMap& map, std::string_view pointer_key,
                                  std::string_view values_key) {
    const auto pointer = map.pointer(pointer_key);
    auto values = map.texts(values_key);
    if (!pointer && values.empty()) return std::nullopt;
    if (!pointer || values.empty()) {
      map.wrong("'" + std::string(pointer_key) + "' and '" + std::string(values_key) +
                "' go together");
      return std::nullopt;
    }
    return Match{*pointer, std::move(values)};
  }

  std::optional<Match> read_only(YamlMap& map) {
    const auto node = map.take("only");
    if (!node) return std::nullopt;
    YamlMap only(*node, map.what() + ": only", list_);
    auto match = read_match(only, "pointer", "in");
    only.finish();
    return match;
  }

  /// `409`, or a class of them: `5xx`.
  void read_status(YamlMap& map, ErrorRule& rule) {
    const std::string status = map.needed_text("status");
    const bool digits = status.size() == 3 && status[0] >= '1' && status[0] <= '5';
    if (digits && status.ends_with("xx")) {
      rule.status_min = (status[0] - '0') * 100;
      rule.status_max = rule.status_min + 99;
    } else if (digits && std::ranges::all_of(status, [](char c) { return c >= '0' && c <= '9'; })) {
      rule.status_min = rule.status_max = std::stoi(status);
    } else if (!status.empty()) {
      map.wrong_at("status", "'status' must be a number such as 409, or a class such as 5xx");
    }
  }

  std::vector<ErrorRule> read_errors(const YAML::Node& node) {
    std::vector<ErrorRule> rules;
    if (!node.IsSequence()) {
      list_.add(node, "errors: must be a list");
      return rules;
    }
    for (const YAML::Node& child : node) {
      YamlMap map(child, "error rule", list_);
      ErrorRule rule;
      read_status(map, rule);
      rule.match = read_match(map, "pointer", "value");
      const std::string name = map.needed_text("class");
      if (const auto fault_class = parse_fault_class(name)) {
        rule.fault_class = *fault_class;
      } else if (!name.empty()) {
        map.wrong_at("class",
                     "'class' must be a fault class: transient, throttled, rejected, unauthorised, "
                     "conflict, not_found or unknown_outcome");
      }
      rule.code = map.text_or("code", "");
      rule.retry_after = std::chrono::duration_cast<std::chrono::milliseconds>(
          map.duration("retry_after", Duration{0}));
      map.finish();
      rules.push_back(std::move(rule));
    }
    return rules;
  }

  void read_operations(YamlMap& top) {
    const auto node = top.take("operations");
    if (!node || !node->IsMap() || node->size() == 0) {
      top.wrong("'operations' is missing: a mapping from name to operation");
      return;
    }
    for (const auto& entry : *node) {
      const std::string name = entry.first.Scalar();
      YamlMap map(entry.second, "operation '" + name + "'", list_);
      Operation operation = read_operation(map, name);
      map.finish();
      if (!pack_.operations.emplace(name, std::move(operation)).second) {
        list_.add(entry.first, "operation '" + name + "' is there twice");
      }
    }
  }

  Operation read_operation(YamlMap& map, const std::string& name) {
    Operation operation;
    operation.name = name;
    if (auto node = map.take("batch")) operation.batch = read_batch(*node, name);
    const Roots& roots = operation.batch ? batch_roots() : call_roots();
    operation.endpoint = read_endpoint(map, roots, "POST");
    if (auto node = map.take("request")) operation.request = read_mapping(*node, roots, name);
    if (auto node = map.take("response")) {
      YamlMap response(*node, "response of '" + name + "'", list_);
      operation.answer = read_answer(response);
      response.finish();
    } else {
      map.wrong("'response' is missing");
    }
    if (auto node = map.take("errors")) operation.errors = read_errors(*node);
    if (auto node = map.take("already")) operation.already = read_already(*node, name);
    operation.breaker = pack_.breaker;
    if (auto node = map.take("breaker")) {
      operation.breaker = read_breaker(*node, "breaker of '" + name + "'", pack_.breaker, list_);
    }
    read_traits(map, operation);
    return operation;
  }

  void read_traits(YamlMap& map, Operation& operation) {
    auto& traits = operation.traits;
    const std::string order = map.text_or("order", "none");
    if (order == "strict") traits.order = flow::Order::strict;
    if (order == "commutative") traits.order = flow::Order::commutative;
    if (order != "strict" && order != "commutative" && order != "none") {
      map.wrong_at("order", "'order' must be none, commutative or strict");
    }
    traits.deadline = map.duration("deadline", traits.deadline);
    traits.settle = map.duration("settle", std::max(traits.settle, traits.deadline));
    if (auto node = map.take("idempotency")) read_idempotency(*node, operation);
    if (auto node = map.take("lookup")) operation.lookup = read_lookup(*node, operation);
    traits.lookup = operation.lookup.has_value();
    if (auto node = map.take("survey")) operation.survey = read_survey(*node, operation);
    traits.survey = operation.survey.has_value();
    if (operation.batch)
      traits.batch_max = static_cast<std::uint16_t>(operation.batch->entries_max);
    if (traits.deadline <= Duration{0}) map.wrong_at("deadline", "'deadline' must be above zero");
    if (traits.settle < traits.deadline) {
      map.wrong_at(
          "settle",
          "'settle' must be at least 'deadline': a call may still be worked on until then");
    }
  }

  void read_idempotency(const YAML::Node& node, Operation& operation) {
    YamlMap map(node, "idempotency of '" + operation.name + "'", list_);
    const bool natural = map.flag("natural", false);
    operation.idempotency_header = map.text("header");
    operation.traits.idempotent = true;
    // By its nature: a repeat finds the effect done, however late.
    constexpr Duration for_ever = std::chrono::hours{24 * 365 * 100};
    operation.traits.idempotent_for = map.duration("window", natural ? for_ever : Duration{0});
    if (natural == operation.idempotency_header.has_value()) {
      map.wrong("needs either 'header' with 'window', or 'natural: true'");
    } else if (operation.traits.idempotent_for <= Duration{0}) {
      map.wrong("'window' is missing: how long the target remembers the key");
    }
    if (operation.batch && operation.idempotency_header) {
      map.wrong("a batch has no idempotency header: its items carry the references");
    }
    map.finish();
  }

  Already read_already(const YAML::Node& node, const std::string& name) {
    YamlMap map(node, "already of '" + name + "'", list_);
    Already already;
    already.status = static_cast<int>(map.number("status", 409, 200, 599));
    already.match = read_match(map, "pointer", "value");
    already.id = map.pointer("id");
    map.finish();
    return already;
  }

  BatchRules read_batch(const YAML::Node& node, const std::string& name) {
    YamlMap map(node, "batch of '" + name + "'", list_);
    BatchRules batch;
    batch.entries_max = static_cast<std::size_t>(map.number("max", 1, 1, 1000));
    batch.sent = map.pointer_or("sent", batch.sent);
    batch.sent_reference = map.pointer_or("sent_reference", batch.sent_reference);
    batch.results = map.pointer_or("results", batch.results);
    batch.reference = map.pointer_or("reference", batch.reference);
    batch.status = map.pointer_or("status", batch.status);
    batch.cause = map.pointer_or("cause", batch.cause);
    batch.done = map.texts("done");
    batch.rejected = map.texts("rejected");
    if (batch.done.empty()) map.wrong("'done' is missing: the statuses that prove an entry");
    map.finish();
    return batch;
  }

  LookupRules read_lookup(const YAML::Node& node, const Operation& operation) {
    YamlMap map(node, "lookup of '" + operation.name + "'", list_);
    LookupRules lookup;
    lookup.endpoint = read_endpoint(map, {"reference"}, "GET");
    lookup.items = map.pointer("items");
    lookup.reference = map.pointer("reference");
    lookup.only = read_only(map);
    lookup.answer = read_answer(map);
    map.finish();
    return lookup;
  }

  SurveyRules read_survey(const YAML::Node& node, const Operation& operation) {
    YamlMap map(node, "survey of '" + operation.name + "'", list_);
    SurveyRules survey;
    survey.endpoint = read_endpoint(map, {"reference"}, "GET");
    survey.items = map.pointer_or("items", survey.items);
    survey.next = map.pointer("next");
    survey.reference = map.pointer_or("reference", survey.reference);
    survey.id = map.pointer_or("id", survey.id);
    survey.points = map.pointer("points");
    const std::string type = map.needed_pointer("type");
    survey.takes = {type, map.texts("takes")};
    survey.gives = {type, map.texts("gives")};
    if (survey.takes.values.empty() || survey.gives.values.empty()) {
      map.wrong(
          "'takes' and 'gives' are needed: the types of the entries that take points back "
          "and that give them again");
    }
    if (auto lines = map.take("lines")) {
      YamlMap of_line(*lines, map.what() + ": lines", list_);
      survey.lines = of_line.pointer_or("items", survey.lines);
      survey.line = of_line.pointer_or("line", survey.line);
      survey.quantity = of_line.pointer_or("quantity", survey.quantity);
      of_line.finish();
    }
    map.finish();
    return survey;
  }

  void read_book(const YAML::Node& node) {
    YamlMap map(node, "list", list_);
    BookRules book;
    book.endpoint = read_endpoint(map, {"business_date", "cursor"}, "GET");
    book.items = map.pointer_or("items", "/items");
    book.next = map.pointer("next");
    book.only = read_only(map);
    if (const auto item = map.take("item")) {
      YamlMap fields(*item, "item of list", list_);
      read_book_item(fields, book);
      fields.finish();
    } else {
      map.wrong("'item' is missing: where the fields of an item stand");
    }
    map.finish();
    pack_.book = std::move(book);
  }

  void read_book_item(YamlMap& map, BookRules& book) {
    const std::array<std::pair<std::string_view, std::string*>, 14> fields{
        {{"id", &book.id},
         {"reference", &book.reference},
         {"original_reference", &book.original_reference},
         {"type", &book.type},
         {"kind", &book.kind},
         {"shop", &book.shop},
         {"business_date", &book.business_date},
         {"currency", &book.currency},
         {"net", &book.net},
         {"tax", &book.tax},
         {"gross", &book.gross},
         {"exact_net", &book.exact_net},
         {"points", &book.points},
         {"member", &book.member}}};
    for (const auto& [key, field] : fields) *field = map.pointer_or(key, "");
    if (book.id.empty() || book.reference.empty()) map.wrong("'id' and 'reference' are needed");
    if (const auto node = map.take("lines")) {
      YamlMap lines(*node, map.what() + ": lines", list_);
      BookLinePointers line;
      line.items = lines.pointer_or("items", "/lines");
      line.line = lines.pointer_or("line", "/line");
      line.article = lines.pointer_or("article", "");
      line.quantity = lines.pointer_or("quantity", "");
      line.amount = lines.pointer_or("amount", "");
      line.tax_code = lines.pointer_or("tax_code", "");
      line.tax = lines.pointer_or("tax", "");
      line.points = lines.pointer_or("points", "");
      lines.finish();
      book.lines = std::move(line);
    }
    if (const auto node = map.take("taxes")) {
      YamlMap taxes(*node, map.what() + ": taxes", list_);
      book.taxes = taxes.pointer_or("items", "/taxes");
      book.taxes_code = taxes.pointer_or("tax_code", "/tax_code");
      book.taxes_net = taxes.pointer_or("net", "/net");
      book.taxes_tax = taxes.pointer_or("tax", "/tax");
      taxes.finish();
    }
    if (const auto node = map.take("tenders")) {
      YamlMap tenders(*node, map.what() + ": tenders", list_);
      book.tenders = tenders.pointer_or("items", "/tenders");
      book.tenders_kind = tenders.pointer_or("kind", "/kind");
      book.tenders_amount = tenders.pointer_or("amount", "/amount");
      tenders.finish();
    }
  }

  Pack pack_;
  std::vector<PackFault>& faults_;
  FaultList list_;
  std::optional<YAML::Node> pack_headers_;
};

void sort_and_unite(std::vector<PackFault>& faults) {
  std::ranges::sort(faults, [](const PackFault& a, const PackFault& b) {
    return std::tie(a.file, a.line, a.message) < std::tie(b.file, b.line, b.message);
  });
  const auto rest = std::ranges::unique(faults);
  faults.erase(rest.begin(), rest.end());
}

}  // namespace

LoadedPack load_pack(const std::filesystem::path& folder) {
  LoadedPack loaded;
  const auto text = runtime::read_file(folder / "connector.yaml", file_bytes_max);
  if (!text) {
    loaded.faults.push_back({"connector.yaml", 0, "cannot be read in " + folder.string()});
    return loaded;
  }
  try {
    auto pack = std::make_shared<Pack>(PackReader(folder, loaded.faults).read(YAML::Load(*text)));
    if (loaded.faults.empty()) loaded.pack = std::move(pack);
  } catch (const YAML::Exception& error) {
    loaded.faults.push_back({"connector.yaml", error.mark.line + 1, error.msg});
  }
  sort_and_unite(loaded.faults);
  return loaded;
}

std::string to_string(const PackFault& fault) {
  return fault.file + ":" + std::to_string(fault.line) + ": " + fault.message;
}

}  // namespace crossfoot::connector
