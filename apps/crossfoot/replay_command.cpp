#include "replay_command.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <thread>

#include "contract/error_codes.h"
#include "contract/json_writer.h"

namespace crossfoot::app {

namespace {

Fault unreadable() {
  return {.code = std::string(contract::error_code::corrupt_answer),
          .fault_class = FaultClass::corrupt,
          .where = "replay",
          .cause = "the server's answer cannot be read"};
}

std::string body_of(const ReplayArguments& arguments) {
  contract::JsonWriter out;
  out.begin_object();
  out.key("dry_run").boolean(!arguments.run);
  for (const auto& [name, value] :
       {std::pair{"code", &arguments.code}, std::pair{"target", &arguments.target},
        std::pair{"shop", &arguments.shop}, std::pair{"member", &arguments.member},
        std::pair{"channel", &arguments.channel}, std::pair{"from", &arguments.from},
        std::pair{"to", &arguments.until}, std::pair{"by", &arguments.by},
        std::pair{"reason", &arguments.reason}}) {
    if (!value->empty()) out.member(name, *value);
  }
  out.key("dead_only").boolean(arguments.dead_only);
  out.member("flows_per_second", arguments.flows_per_second);
  out.end_object();
  return out.take();
}

}  // namespace

Result<std::string> replay(ApiClient& api, const ReplayArguments& arguments) {
  auto body = api.json(runtime::Method::post, "/v1/replays", body_of(arguments));
  if (!body) return body;
  simdjson::dom::parser parser;
  std::string_view id;
  if (parser.parse(*body)["id"].get(id) != simdjson::SUCCESS) return fail(unreadable());
  const std::string target = fmt::format("/v1/replays/{}", id);
  for (;;) {
    body = api.json(runtime::Method::get, target);
    if (!body) return body;
    std::string_view state;
    if (parser.parse(*body)["state"].get(state) != simdjson::SUCCESS) return fail(unreadable());
    if (state != "running") return body;
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
}

std::string describe_replay(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view state;
  bool dry_run = true;
  std::uint64_t flows = 0;
  std::uint64_t total = 0;
  std::uint64_t done = 0;
  std::uint64_t selected = 0;
  std::uint64_t refused = 0;
  simdjson::dom::object money;
  const bool read = parser.parse(json).get(root) == simdjson::SUCCESS &&
                    root["state"].get(state) == simdjson::SUCCESS &&
                    root["dry_run"].get(dry_run) == simdjson::SUCCESS &&
                    root["flows"].get(flows) == simdjson::SUCCESS &&
                    root["legs"]["total"].get(total) == simdjson::SUCCESS &&
                    root["legs"]["already_done"].get(done) == simdjson::SUCCESS &&
                    root["legs"]["selected"].get(selected) == simdjson::SUCCESS &&
                    root["legs"]["refused"].get(refused) == simdjson::SUCCESS &&
                    root["money"].get(money) == simdjson::SUCCESS;
  if (!read) return "replay: unreadable\n";
  std::string text = fmt::format(
      "replay {}: {} flows; {} of their {} legs are already done, {} {}\n", state, flows, done,
      total, selected, dry_run ? "would go on (add --run to let them)" : "were let go on");
  if (refused > 0) {
    text += fmt::format("{} legs have an open outcome: confirm what happened first\n", refused);
  }
  for (const auto [currency, amount] : money) {
    std::string_view value;
    if (amount.get(value) == simdjson::SUCCESS) text += fmt::format("  {} {}\n", currency, value);
  }
  return text;
}

}  // namespace crossfoot::app
