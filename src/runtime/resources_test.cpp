// Goal: the machine's figures are there, and what it does not know it does not make up.
#include "runtime/resources.h"

#include <gtest/gtest.h>

#include <vector>

namespace crossfoot::runtime {
namespace {

TEST(Resources, TellWhatIsLeft) {
  const auto free = disk_free_bytes(std::filesystem::temp_directory_path());
  ASSERT_TRUE(free);
  EXPECT_LT(*free, std::uint64_t{1} << 60U);
  EXPECT_FALSE(disk_free_bytes("/there/is/no/such/folder"));
  const auto before = resident_bytes();
  ASSERT_TRUE(before);
  EXPECT_GT(*before, std::uint64_t{1} << 18U);
  constexpr std::size_t more = std::size_t{64} << 20U;
  std::vector<char> block(more);
  for (std::size_t i = 0; i < more; i += 512) block[i] = static_cast<char>(i);
  EXPECT_GE(*resident_bytes(), *before + more / 2) << static_cast<int>(block[more / 2]);
}

}  // namespace
}  // namespace crossfoot::runtime
