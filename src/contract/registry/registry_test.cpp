// Goal: descriptions are read as they are written, faults name file and place, and a version is
// found by its number, its major or its age.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/registry/registry.h"

namespace crossfoot::contract::registry {
namespace {

constexpr std::string_view slip = R"({"contract":"slip","kind":"event","title":"T",
  "description":"D","owner":{"team":"A","contact":"b"},"classification":"secret",
  "sla":{"availability":"99.95","latency_ms_p99":250},
  "effective":{"regions":["DE"],"business_units":["toys"]},"new_fields":"tolerated","versions":[
  {"version":"1.0.0","state":"retired","schema":"s"},
  {"version":"1.2.0","state":"deprecated","schema":"s","since":"2026-01-01",
   "deprecated_at":"2026-02-01","sunset_at":"2026-08-01"},
  {"version":"1.10.0","state":"active","schema":"s"},{"version":"2.0.0","state":"draft","schema":"s"}],
  "consumers":[{"name":"till","version":"1.2.0","contact":"c"}],
  "field_owners":{"/lines/*/price":"erp"},"provider":{"method":"POST","path":"/x"}})";

std::string without(std::string_view from, std::string_view to) {
  std::string text(slip);
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Registry, ReadsADescription) {
  const auto contract = parse_contract(std::string(slip));
  ASSERT_TRUE(contract.has_value()) << contract.error().where << contract.error().cause;
  EXPECT_EQ(contract->availability, "99.95");
  EXPECT_EQ(contract->latency_ms_p99, 250);
  EXPECT_EQ(contract->regions, std::vector<std::string>{"DE"});
  EXPECT_TRUE(contract->tolerate_additions);
  EXPECT_EQ(to_string(contract->versions[1].sunset_at.value()), "2026-08-01");
  EXPECT_EQ(contract->consumers[0].version, (VersionNumber{1, 2, 0}));
  EXPECT_EQ(contract->field_owners[0].system, "erp");
  EXPECT_EQ(contract->provider->path, "/x");
}

TEST(Registry, FindsVersionsByNumber) {
  const auto contract = parse_contract(std::string(slip));
  ASSERT_TRUE(contract.has_value());
  const auto found = [&](std::string_view text) {
    const Version* version = contract->find(text);
    return version == nullptr ? std::string("none") : to_string(version->number);
  };
  EXPECT_EQ(found("1.2.0"), "1.2.0");
  EXPECT_EQ(found("1"), "1.10.0");  // by number, not by text
  EXPECT_EQ(found(""), "1.10.0");
  EXPECT_EQ(found("2"), "none");  // a draft is named in full
  EXPECT_EQ(found("2.0.0"), "2.0.0");
  EXPECT_EQ(found("1.2"), "none");
}

TEST(Registry, RefusesWhatIsNoDescription) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {without(R"("kind":"event")", R"("kind":"thing")"), "/kind"},
      {without(R"("2026-08-01")", R"("2026-13-01")"), "/versions/1/sunset_at"},
      {without(R"("1.10.0")", R"("1.010.0")"), "/versions/2/version"},
      {without(R"("/lines/*/price")", R"("lines")"), "/field_owners/lines"},
      {without(R"("title":"T")", R"("titel":"T")"), ""},
  };
  for (const auto& [text, where] : cases) {
    const auto contract = parse_contract(text);
    ASSERT_FALSE(contract.has_value()) << where;
    EXPECT_EQ(contract.error().code, "CF-7010");
    EXPECT_EQ(contract.error().where, where) << contract.error().cause;
  }
}

TEST(Registry, LoadsAFolder) {
  const ReadFile read = [](const std::string& file) -> Result<std::string> {
    if (file == "registry.json") return R"({"documents":{"/schemas":".."},"quiet_days_min":7})";
    return std::string(slip);
  };
  const auto registry = load_registry({"slip.json", "README.md", "registry.json"}, read);
  ASSERT_TRUE(registry.has_value()) << registry.error().where;
  EXPECT_EQ(registry->policy.quiet_days_min, 7);
  EXPECT_EQ(registry->resolve("slip@1.2.0")->second->state, State::deprecated);
  EXPECT_EQ(registry->resolve("slip@7").error().code, "CF-7011");
  EXPECT_EQ(registry->resolve("slap").error().cause, "no such contract");
  EXPECT_EQ(load_registry({"other.json"}, read).error().where, "other.json:/contract");
  EXPECT_EQ(load_registry({"registry.json"}, read).error().cause, "the folder has no contract");
}

TEST(Registry, FetchesOnlyFromTheFoldersItNames) {
  Registry registry;
  registry.policy.documents = {{"/schemas", "../schemas"}};
  std::vector<std::string> asked;
  const auto with = [&](const char* reference) {
    const ReadFile read = [&, reference](const std::string& file) -> Result<std::string> {
      asked.push_back(file);
      if (file == "s.json") return std::string(R"({"$ref":")") + reference + "\"}";
      return R"({"type":"string"})";
    };
    return compile_version(registry, Version{.schema = "s.json"}, read);
  };
  EXPECT_TRUE(with("/schemas/a/v1.json").has_value());
  EXPECT_EQ(asked.back(), "../schemas/a/v1.json");
  EXPECT_EQ(with("/other/a.json").error().code, "CF-7003");
  EXPECT_EQ(with("/schemasx/a.json").error().code, "CF-7003");
}

}  // namespace
}  // namespace crossfoot::contract::registry
