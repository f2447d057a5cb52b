#include <gtest/gtest.h>

#include <filesystem>

#include "connector/connector_test_runner.h"

namespace crossfoot::connector {
namespace {

// Goal: every pack of the tree loads, and each of its examples is made and read as recorded.
TEST(Packs, EveryExampleOfEveryPackHolds) {
  std::size_t packs = 0;
  std::size_t examples = 0;
  for (const auto& entry : std::filesystem::directory_iterator("connectors")) {
    if (!entry.is_directory()) continue;
    const PackReport report = test_pack(entry.path());
    EXPECT_TRUE(report.passed()) << to_text(report);
    EXPECT_EQ(report.name, entry.path().filename().string());
    ++packs;
    examples += report.examples.size();
  }
  EXPECT_GE(packs, 3U);
  EXPECT_GE(examples, 20U);
}

}  // namespace
}  // namespace crossfoot::connector
