#include "pause_command.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "contract/json_writer.h"

namespace crossfoot::app {

namespace {

std::string body_of(const PauseArguments& arguments) {
  contract::JsonWriter out;
  out.begin_object();
  out.member("kind", arguments.kind).member("value", arguments.value);
  out.member("by", arguments.by).member("reason", arguments.reason);
  out.end_object();
  return out.take();
}

}  // namespace

Result<std::string> start_pause(ApiClient& api, const PauseArguments& arguments) {
  if (arguments.kind.empty()) return api.json(runtime::Method::get, "/v1/pauses");
  return api.json(runtime::Method::post, "/v1/pauses", body_of(arguments));
}

Result<std::string> end_pause(ApiClient& api, const PauseArguments& arguments) {
  return api.json(runtime::Method::post, "/v1/pauses:end", body_of(arguments));
}

std::string describe_pauses(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::array items;
  if (parser.parse(json)["items"].get(items) != simdjson::SUCCESS) return "pauses: unreadable\n";
  if (items.size() == 0) return "nothing is held back\n";
  std::string text;
  for (const simdjson::dom::element item : items) {
    std::string_view kind;
    std::string_view value;
    std::string_view by;
    std::string_view reason;
    std::string_view since;
    (void)item["kind"].get(kind);
    (void)item["value"].get(value);
    (void)item["by"].get(by);
    (void)item["reason"].get(reason);
    (void)item["since"].get(since);
    text += fmt::format("{} {}: since {} by {}: {}\n", kind, value, since, by, reason);
  }
  return text;
}

}  // namespace crossfoot::app
