#include "ledger/till_numbers.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

namespace crossfoot::ledger {
namespace {

std::vector<TillNumber> numbers(const std::vector<std::string>& texts) {
  std::vector<TillNumber> made;
  for (const std::string& text : texts) {
    made.push_back({text, Instant{static_cast<std::int64_t>(made.size())}});
  }
  return made;
}

std::string missing(const std::vector<std::string>& texts,
                    const std::vector<std::string_view>& bounds = {}) {
  const auto list = numbers(texts);
  const auto till = TillNumbers::of(list);
  if (!till) return "not numbered";
  std::string all;
  for (const MissingNumbers& gap : till->missing(list, bounds)) {
    if (!all.empty()) all += ' ';
    all += gap.first == gap.last ? gap.first : gap.first + "-" + gap.last;
    all += ":" + std::to_string(gap.count);
  }
  return all;
}

// Goal: what is not there is named as the till writes it, whatever the order of arrival.
TEST(TillNumbers, NameWhatIsMissing) {
  EXPECT_EQ(missing({"1", "2", "3"}), "");
  EXPECT_EQ(missing({"0001", "0004", "0003", "0009"}), "0002:1 0005-0008:4");
  EXPECT_EQ(missing({"9", "11"}), "10:1");
  EXPECT_EQ(missing({"7"}), "");
  EXPECT_EQ(missing({"7", "7", "9"}), "8:1") << "two under one number leave no gap";
}

// Goal: what the till says was its first or last number counts, though it never came.
TEST(TillNumbers, KnowTheEndsThatTheTillStates) {
  EXPECT_EQ(missing({"0003", "0004"}, {"0001", "0006"}), "0001-0002:2 0005-0006:2");
  EXPECT_EQ(missing({"3"}, {"x"}), "") << "no number is no end";
}

// Goal: a till that begins again after its highest number has no gap of thousands.
TEST(TillNumbers, FollowATillThatBeginsAgain) {
  EXPECT_EQ(missing({"9998", "9999", "0001", "0003"}), "0002:1");
  EXPECT_EQ(missing({"9998", "9999", "0000", "0001"}), "");
  EXPECT_EQ(missing({"9997", "0002"}), "9998-0001:3");
  EXPECT_EQ(missing({"9998", "9999", "1", "2"}), "");
}

// Goal: a till whose numbers are no numbers is said to be so.
TEST(TillNumbers, SayWhereNothingCanBeChecked) {
  EXPECT_EQ(missing({"A1", "A2"}), "not numbered");
  EXPECT_EQ(missing({"1", "-2"}), "not numbered");
  EXPECT_EQ(missing({"1234567890123456789"}), "not numbered");
  EXPECT_EQ(missing({}), "not numbered");
  EXPECT_EQ(missing({"999999999999999999", "999999999999999997"}), "999999999999999998:1");
}

// Goal: present and missing numbers together are the whole range, once each.
TEST(TillNumbers, PartitionTheRange) {
  rc::check([] {
    const auto present =
        *rc::gen::nonEmpty(rc::gen::container<std::set<int>>(rc::gen::inRange(1, 400)));
    std::vector<std::string> texts;
    for (const int number : present) texts.push_back(std::to_string(number + 1000));
    const auto list = numbers(texts);
    const auto till = TillNumbers::of(list);
    std::uint64_t count = 0;
    for (const MissingNumbers& gap : till->missing(list, {})) count += gap.count;
    RC_ASSERT(count + present.size() ==
              static_cast<std::size_t>(*present.rbegin() - *present.begin() + 1));
  });
}

}  // namespace
}  // namespace crossfoot::ledger
