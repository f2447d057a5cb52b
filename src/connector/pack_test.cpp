#include "connector/pack.h"

#include <gtest/gtest.h>

#include "runtime/files.h"

namespace crossfoot::connector {
namespace {

class PackFiles {
 public:
  PackFiles() : folder_(*runtime::TempDir::make("pack")) {}

  void write(const std::string& name, std::string_view text) const {
    ASSERT_TRUE(runtime::write_file_atomic(folder_.path() / name, text));
  }

  [[nodiscard]] std::string faults() const {
    const LoadedPack loaded = load_pack(folder_.path());
    EXPECT_EQ(loaded.pack == nullptr, !loaded.faults.empty());
    std::string all;
    for (const PackFault& fault : loaded.faults) all += to_string(fault) + "\n";
    return all;
  }

  [[nodiscard]] std::shared_ptr<const Pack> pack() const { return load_pack(folder_.path()).pack; }

 private:
  runtime::TempDir folder_;
};

constexpr std::string_view good = R"(name: erp
version: "2"
base_url: http://127.0.0.1:1
operations:
  post:
    path: /p
    response: {id: /id}
)";

// Goal: a minimal pack loads with its defaults.
TEST(Pack, LoadsWithDefaults) {
  PackFiles files;
  files.write("connector.yaml", good);
  const auto pack = files.pack();
  ASSERT_TRUE(pack) << files.faults();
  EXPECT_EQ(pack->name, "erp");
  const auto& traits = pack->operations.at("post").traits;
  EXPECT_EQ(traits.order, flow::Order::none);
  EXPECT_FALSE(traits.idempotent);
  EXPECT_FALSE(traits.lookup);
  EXPECT_EQ(traits.batch_max, 1);
  EXPECT_EQ(traits.deadline, std::chrono::seconds{10});
  EXPECT_EQ(traits.settle, std::chrono::seconds{30});
}

// Goal: all faults of a pack are found at once, each with its file and line.
TEST(Pack, ReportsEveryFaultWithItsLine) {
  PackFiles files;
  files.write("map.json", "{\n\"a\": \"${nothing.here}\"\n}");
  files.write("map.jq", "{a: .b}\n| while(true; .)");
  files.write("connector.yaml", R"(name: erp
versoin: "1"
base_url: ftp://x
auth: {type: api_key, key: hunter2}
limits: {connections: 0}
errors:
  - {status: 6xx, class: odd}
  - {status: 409, pointer: error, class: throttled}
operations:
  post:
    path: p?x=${reference}
    request: {template: map.json}
    response: {id: id}
    order: some
    deadline: 10 s
    idempotency: {header: Idempotency-Key}
  other:
    path: /p/${items}
    request: {jq: map.jq}
    response: {id: /id}
    settle: 1s
  third:
    path: /p
    request: {template: ../secret.json, jq: x}
    response: {id: /id}
    lookup: {path: /q, id: /id, only: {pointer: /a}}
  fourth:
    path: /p
    request: {template: gone.json}
    batch: {max: 5000}
)");
  EXPECT_EQ(
      files.faults(),
      "connector.yaml:1: pack: 'version' is missing\n"
      "connector.yaml:2: pack: unknown key 'versoin'\n"
      "connector.yaml:3: pack: 'base_url' must start with http:// or https://\n"
      "connector.yaml:4: auth: 'key' must name a secret as env:NAME or file:PATH, never be it\n"
      "connector.yaml:5: limits: 'connections' must be a whole number from 1 to 1024\n"
      "connector.yaml:7: error rule: 'class' must be a fault class: transient, throttled, "
      "rejected, unauthorised, conflict, not_found or unknown_outcome\n"
      "connector.yaml:7: error rule: 'status' must be a number such as 409, or a class such as "
      "5xx\n"
      "connector.yaml:8: error rule: 'pointer' must be a JSON pointer, which starts with '/'\n"
      "connector.yaml:11: operation 'post': 'path' must start with '/'\n"
      "connector.yaml:11: operation 'post': query parameters stand under 'query', not in 'path'\n"
      "connector.yaml:13: response of 'post': 'id' must be a JSON pointer, which starts with '/'\n"
      "connector.yaml:14: operation 'post': 'order' must be none, commutative or strict\n"
      "connector.yaml:15: operation 'post': 'deadline' must be a duration such as 500ms, 30s, "
      "5m, 24h or 7d\n"
      "connector.yaml:16: idempotency of 'post': 'window' is missing: how long the target "
      "remembers the key\n"
      "connector.yaml:18: operation 'other': 'path': 'items' is not known here; known are "
      "transaction, arguments, reference, correlation_id, previous_id\n"
      "connector.yaml:21: operation 'other': 'settle' must be at least 'deadline': a call may "
      "still be worked on until then\n"
      "connector.yaml:24: request of 'third': needs exactly one of 'template' and 'jq'\n"
      "connector.yaml:26: lookup of 'third': only: 'pointer' and 'in' go together\n"
      "connector.yaml:28: operation 'fourth': 'response' is missing\n"
      "connector.yaml:29: file 'gone.json' cannot be read or is over 1 MB\n"
      "connector.yaml:30: batch of 'fourth': 'done' is missing: the statuses that prove an entry\n"
      "connector.yaml:30: batch of 'fourth': 'max' must be a whole number from 1 to 1000\n"
      "map.jq:2: 'while' may run without bound\n"
      "map.json:2: 'nothing' is not known here; known are transaction, arguments, reference, "
      "correlation_id, previous_id\n");
}

// Goal: broken YAML, a missing file and a way out of the folder are faults, not crashes.
TEST(Pack, SurvivesBrokenFiles) {
  PackFiles files;
  EXPECT_NE(files.faults().find("connector.yaml:0: cannot be read"), std::string::npos);
  for (const std::string_view text :
       {"", "a: [", "- 1", "name: {a: b}", "operations: {post: 7}", "a: &x [*x", "\"", "a: *b",
        "operations: {? [a] : b}", "operations: {post: {response: [1]}}"}) {
    files.write("connector.yaml", text);
    EXPECT_NE(files.faults(), "") << text;
  }
  files.write("connector.yaml", std::string(good) + "    request: {template: ../../etc/passwd}\n");
  EXPECT_EQ(files.faults(), "connector.yaml:8: file '../../etc/passwd' must lie inside the pack\n");
}

}  // namespace
}  // namespace crossfoot::connector
