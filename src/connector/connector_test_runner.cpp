#include "connector/connector_test_runner.h"

#include <algorithm>
#include <array>
#include <set>

#include "connector/book_reader.h"
#include "connector/exchange.h"
#include "connector/signer.h"
#include "runtime/files.h"

namespace crossfoot::connector {

namespace {

constexpr std::size_t example_bytes_max = 8 * 1024 * 1024;

std::string json_of(Json value) {
  std::string text;
  append_json(text, value);
  return text;
}

void append_points(std::string& out, std::int64_t points) {
  out += ",\"points\":" + std::to_string(points);
}

void append_text_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (out.back() != '{') out += ',';
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

void append_money_member(std::string& out, std::string_view name,
                         const std::optional<Money>& value) {
  if (value) append_text_member(out, name, to_string(*value));
}

std::string answer_json(const flow::ItemAnswer& answer) {
  std::string out = "{\"id\":";
  append_json_string(out, answer.target_id);
  if (answer.points) append_points(out, answer.points->count);
  if (!answer.line_points.empty()) {
    out += ",\"lines\":[";
    for (const auto& [line, points] : answer.line_points) {
      if (out.back() != '[') out += ',';
      out += "{\"line\":" + std::to_string(line);
      append_points(out, points.count);
      out += '}';
    }
    out += ']';
  }
  return out + "}";
}

void append_lines(std::string& out, const std::vector<BookLine>& lines) {
  out += ",\"lines\":[";
  for (const BookLine& line : lines) {
    if (out.back() != '[') out += ',';
    out += "{\"line\":" + std::to_string(line.line);
    append_text_member(out, "article", line.article);
    append_text_member(out, "quantity", line.quantity);
    append_money_member(out, "amount", line.amount);
    append_text_member(out, "tax_code", line.tax_code);
    append_money_member(out, "tax", line.tax);
    if (line.points) append_points(out, line.points->count);
    out += '}';
  }
  out += ']';
}

std::string book_item_json(const BookItem& item) {
  std::string out = "{";
  append_text_member(out, "id", item.id);
  append_text_member(out, "reference", item.reference);
  append_text_member(out, "original_reference", item.original_reference);
  append_text_member(out, "type", item.type);
  append_text_member(out, "kind", item.kind);
  append_text_member(out, "shop", item.shop);
  if (item.business_date) append_text_member(out, "business_date", to_string(*item.business_date));
  append_text_member(out, "currency", item.currency);
  append_money_member(out, "net", item.net);
  append_money_member(out, "tax", item.tax);
  append_money_member(out, "gross", item.gross);
  append_text_member(out, "exact_net", item.exact_net);
  append_text_member(out, "member", item.member);
  append_text_member(out, "problem", item.problem);
  if (item.points) append_points(out, item.points->count);
  if (!item.lines.empty()) append_lines(out, item.lines);
  if (!item.taxes.empty()) {
    out += ",\"taxes\":[";
    for (const BookTax& tax : item.taxes) {
      out += out.back() == '[' ? "{" : ",{";
      append_text_member(out, "tax_code", tax.tax_code);
      append_money_member(out, "net", tax.net);
      append_money_member(out, "tax", tax.tax);
      out += '}';
    }
    out += ']';
  }
  if (!item.tenders.empty()) {
    out += ",\"tenders\":[";
    for (const BookTender& tender : item.tenders) {
      out += out.back() == '[' ? "{" : ",{";
      append_text_member(out, "kind", tender.kind);
      append_money_member(out, "amount", tender.amount);
      out += '}';
    }
    out += ']';
  }
  return out + "}";
}

std::string survey_json(const flow::SurveyEntry& entry) {
  std::string out = "{";
  append_text_member(out, "id", entry.target_id);
  append_text_member(out, "reference", entry.reference);
  if (entry.points) append_points(out, entry.points->count);
  out += ",\"lines\":[";
  for (const flow::SurveyEntry::Line& line : entry.lines) {
    if (out.back() != '[') out += ',';
    out += "{\"line\":" + std::to_string(line.line);
    append_text_member(out, "quantity", to_string(line.quantity));
    out += '}';
  }
  return out + "]}";
}

std::string page_json(const BookPage& page) {
  std::string out = "{\"items\":[";
  for (const BookItem& item : page.items) {
    if (out.back() != '[') out += ',';
    out += book_item_json(item);
  }
  out += ']';
  if (page.next) append_text_member(out, "next", *page.next);
  return out + "}";
}

/// One example against one pack; stops at the first difference.
class Example {
 public:
  Example(const Pack& pack, Json example, Workspace& workspace)
      : pack_(pack), example_(example), workspace_(workspace) {}

  /// Empty when everything is as expected.
  std::string run() {
    check_keys();
    if (problem_.empty()) {
      if (find(example_, "/list")) {
        run_list();
      } else if (const Operation* operation = find_operation()) {
        if (find(example_, "/lookup")) {
          run_lookup(*operation);
        } else if (find(example_, "/survey")) {
          run_survey(*operation);
        } else {
          run_call(*operation);
        }
      }
    }
    return std::move(problem_);
  }

  /// The operation that this example shows to succeed, or empty.
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  void check_keys() {
    static constexpr std::array<std::string_view, 11> known{
        "about",   "operation", "call",    "lookup", "survey", "list",
        "request", "response",  "results", "fault",  "page"};
    if (!example_.is_object()) return wrong("an example is an object");
    for (auto member : example_.get_object().value_unsafe()) {
      if (std::ranges::find(known, member.key) == known.end()) {
        wrong("unknown key '" + std::string(member.key) + "'");
      }
    }
    if (!find(example_, "/results") && !find(example_, "/fault") && !find(example_, "/page")) {
      wrong("an example expects 'results', 'fault' or 'page'");
    }
  }

  void wrong(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  const Operation* find_operation() {
    const std::string name = find_text(example_, "/operation").value_or("");
    const auto found = pack_.operations.find(name);
    if (found != pack_.operations.end()) return &found->second;
    wrong("operation '" + name + "' is not in the pack");
    return nullptr;
  }

  void run_call(const Operation& operation) {
    const flow::CallRequest request = read_request(operation.name);
    auto prepared = make_call(operation, request, workspace_);
    if (!prepared) return compare_fault(prepared.error());
    compare_request(prepared->http);
    const auto answer = read_response();
    if (!answer) return;
    auto read = read_answer(pack_, operation, request, *prepared, *answer, now, workspace_);
    if (!read) return compare_fault(read.error());
    std::string out = "[";
    for (const auto& item : *read) {
      if (out.back() != '[') out += ',';
      out += item ? answer_json(*item) : fault_json(item.error());
    }
    if (compare_json("results", "/results", out + "]")) shown_ = operation.name;
  }

  void run_lookup(const Operation& operation) {
    if (!operation.lookup) return wrong("the operation has no lookup");
    const std::string reference = find_text(example_, "/lookup").value_or("");
    auto http =
        make_question(operation.lookup->endpoint, reference, operation.traits.deadline, workspace_);
    if (!http) return compare_fault(http.error());
    compare_request(*http);
    const auto answer = read_response();
    if (!answer) return;
    auto found = read_lookup(pack_, operation, reference, *answer, now, workspace_);
    if (!found) return compare_fault(found.error());
    compare_json("results", "/results",
                 "[" + (*found ? answer_json(**found) : std::string("null")) + "]");
  }

  void run_survey(const Operation& operation) {
    if (!operation.survey) return wrong("the operation has no survey");
    const std::string reference = find_text(example_, "/survey").value_or("");
    auto http =
        make_question(operation.survey->endpoint, reference, operation.traits.deadline, workspace_);
    if (!http) return compare_fault(http.error());
    compare_request(*http);
    const auto answer = read_response();
    if (!answer) return;
    auto entries = read_survey(pack_, operation, *answer, now, workspace_);
    if (!entries) return compare_fault(entries.error());
    std::string out = "[";
    for (const flow::SurveyEntry& entry : *entries) {
      if (out.back() != '[') out += ',';
      out += survey_json(entry);
    }
    compare_json("results", "/results", out + "]");
  }

  void run_list() {
    if (!pack_.book) return wrong("the pack has no list");
    const auto date = parse_business_date(find_text(example_, "/list/business_date").value_or(""));
    if (!date) return wrong("list: 'business_date' is needed");
    auto http =
        make_page_request(*pack_.book, *date, find_text(example_, "/list/cursor"), workspace_);
    if (!http) return compare_fault(http.error());
    compare_request(*http);
    const auto answer = read_response();
    if (!answer) return;
    auto page = read_page(pack_, *answer, now, workspace_);
    if (!page) return compare_fault(page.error());
    compare_json("page", "/page", page_json(*page));
  }

  flow::CallRequest read_request(const std::string& operation) {
    flow::CallRequest request;
    request.target = pack_.name;
    request.operation = operation;
    request.correlation_id = find_text(example_, "/call/correlation_id").value_or("");
    const auto items = find(example_, "/call/items");
    if (!items || !items->is_array()) {
      wrong("call: 'items' is needed");
      return request;
    }
    for (Json one : items->get_array().value_unsafe()) {
      flow::CallItem item;
      item.reference = find_text(one, "/reference").value_or("");
      item.previous_id = find_text(one, "/previous_id").value_or("");
      if (const auto arguments = find(one, "/arguments")) item.arguments = json_of(*arguments);
      if (const auto transaction = find(one, "/transaction")) {
        item.transaction = std::make_shared<const std::string>(json_of(*transaction));
      }
      request.items.push_back(std::move(item));
    }
    return request;
  }

  /// No value when the example ends before an answer.
  std::optional<runtime::HttpAnswer> read_response() {
    const auto response = find(example_, "/response");
    if (!response) {
      wrong("'response' is missing, and the request could be made");
      return std::nullopt;
    }
    runtime::HttpAnswer answer;
    answer.status = std::stoi("0" + find_text(*response, "/status").value_or(""));
    if (const auto headers = find(*response, "/headers"); headers && headers->is_object()) {
      for (auto header : headers->get_object().value_unsafe()) {
        answer.headers.emplace_back(header.key, scalar_text(header.value).value_or(""));
      }
    }
    if (const auto text = find_text(*response, "/text")) answer.body = *text;
    if (const auto body = find(*response, "/body")) answer.body = json_of(*body);
    return answer;
  }

  void compare_request(const runtime::HttpCall& http) {
    const auto expected = find(example_, "/request");
    if (!expected) return;
    const auto method = find_text(*expected, "/method");
    if (method && *method != method_name(http.method)) {
      wrong("method: expected " + *method + ", made " + std::string(method_name(http.method)));
    }
    const auto target = find_text(*expected, "/target");
    if (target && *target != http.target) {
      wrong("target: expected " + *target + ", made " + http.target);
    }
    if (const auto headers = find(*expected, "/headers"); headers && headers->is_object()) {
      for (auto header : headers->get_object().value_unsafe()) {
        compare_header(http, std::string(header.key), scalar_text(header.value).value_or(""));
      }
    }
    compare_body(*expected, http.body);
  }

  void compare_header(const runtime::HttpCall& http, const std::string& name,
                      const std::string& expected) {
    const auto found = std::ranges::find(http.headers, name, [](const auto& h) { return h.first; });
    if (found == http.headers.end()) return wrong("header " + name + " is not sent");
    if (found->second != expected) {
      wrong("header " + name + ": expected '" + expected + "', made '" + found->second + "'");
    }
  }

  void compare_body(Json expected, const std::string& made) {
    Json body;
    if (expected.at_pointer("/body").get(body) != simdjson::SUCCESS) return;
    if (body.is_null()) {
      if (!made.empty()) wrong("body: expected none, made " + made);
      return;
    }
    compare_values("body", body, made);
  }

  bool compare_values(const std::string& what, Json expected, const std::string& made) {
    simdjson::dom::parser parser;
    const auto value = parse_json(made, parser);
    if (value && same_json(expected, *value)) return problem_.empty();
    wrong(what + ":\n  expected " + json_of(expected) + "\n  made     " + made);
    return false;
  }

  bool compare_json(const std::string& what, std::string_view pointer, const std::string& made) {
    const auto expected = find(example_, pointer);
    if (expected) return compare_values(what, *expected, made);
    wrong("expected no " + what + ", made " + made);
    return false;
  }

  static std::string fault_json(const Fault& fault) {
    std::string out = "{\"fault\":{\"class\":";
    append_json_string(out, to_string(fault.fault_class));
    append_text_member(out, "code", fault.code);
    append_text_member(out, "cause", fault.cause);
    return out + "}}";
  }

  void compare_fault(const Fault& fault) {
    const auto expected = find(example_, "/fault");
    if (!expected) return wrong("unexpected " + fault_json(fault));
    const auto differs = [&](std::string_view pointer, std::string_view made) {
      const auto text = find_text(*expected, pointer);
      if (text && *text != made) {
        wrong("fault" + std::string(pointer) + ": expected '" + *text + "', made '" +
              std::string(made) + "'");
      }
    };
    differs("/class", to_string(fault.fault_class));
    differs("/code", fault.code);
    differs("/cause", fault.cause);
    differs("/retry_after_ms", std::to_string(fault.retry_after.count()));
  }

  static constexpr Instant now{1'795'219'200'000'000};  // 2026-11-21T00:00:00Z

  const Pack& pack_;
  Json example_;
  Workspace& workspace_;
  std::string problem_;
  std::string shown_;
};

std::vector<std::filesystem::path> example_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder / "examples", error), end; at != end;
       at.increment(error)) {
    if (error) break;
    if (at->path().extension() == ".json") files.push_back(at->path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

bool PackReport::passed() const {
  return faults.empty() && untested.empty() &&
         std::ranges::all_of(examples, [](const auto& example) { return example.passed; });
}

PackReport test_pack(const std::filesystem::path& folder) {
  PackReport report;
  report.name = folder.filename().string();
  LoadedPack loaded = load_pack(folder);
  report.faults = std::move(loaded.faults);
  if (!loaded.pack) return report;
  report.name = loaded.pack->name;
  Workspace workspace;
  simdjson::dom::parser parser;
  std::set<std::string> shown;
  for (const auto& file : example_files(folder)) {
    ExampleReport example{file.filename().string(), {}, false, {}};
    const auto text = runtime::read_file(file, example_bytes_max);
    const auto json = text ? parse_json(*text, parser) : std::nullopt;
    if (!json) {
      example.detail = text ? "is not JSON" : text.error().cause;
    } else {
      example.about = find_text(*json, "/about").value_or("");
      Example run(*loaded.pack, *json, workspace);
      example.detail = run.run();
      shown.insert(run.shown());
    }
    example.passed = example.detail.empty();
    report.examples.push_back(std::move(example));
  }
  for (const auto& [name, operation] : loaded.pack->operations) {
    if (!shown.contains(name)) report.untested.push_back(name);
  }
  return report;
}

std::string to_text(const PackReport& report) {
  std::string text = report.name + "\n";
  for (const PackFault& fault : report.faults) text += "  fault  " + to_string(fault) + "\n";
  for (const ExampleReport& example : report.examples) {
    text += std::string(example.passed ? "  ok     " : "  FAILED ") + example.file;
    if (!example.about.empty()) text += "  " + example.about;
    text += "\n";
    if (!example.passed) text += "         " + example.detail + "\n";
  }
  for (const std::string& name : report.untested) {
    text += "  FAILED operation '" + name + "' has no example that succeeds\n";
  }
  return text;
}

}  // namespace crossfoot::connector
