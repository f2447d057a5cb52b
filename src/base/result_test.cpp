// Goal: the stand-ins for expected's monadic members pass values on and faults through.
#include "base/result.h"

#include <gtest/gtest.h>

#include <set>

namespace crossfoot {
namespace {

Result<int> half(int value) {
  if (value % 2 == 0) return value / 2;
  return fail({.code = "odd", .fault_class = FaultClass::rejected});
}

TEST(Result, AndThenStopsAtTheFirstFault) {
  // Goal: the next step runs on a value only.
  EXPECT_EQ(and_then(half(8), half), 2);
  EXPECT_EQ(and_then(half(6), half).error().code, "odd");
  int calls = 0;
  const auto counted = [&](int value) {
    ++calls;
    return half(value);
  };
  EXPECT_FALSE(and_then(half(7), counted));
  EXPECT_EQ(calls, 0);
}

TEST(Result, TransformMapsTheValue) {
  // Goal: a value is mapped, a fault is kept.
  const auto twice = [](int value) { return value * 2; };
  EXPECT_EQ(transform(half(8), twice), 8);
  EXPECT_EQ(transform(half(7), twice).error().fault_class, FaultClass::rejected);
}

TEST(FaultClass, EveryClassHasItsOwnName) {
  // Goal: names are all there and distinct.
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < fault_class_count; ++i) {
    names.insert(to_string(static_cast<FaultClass>(i)));
  }
  EXPECT_EQ(names.size(), fault_class_count);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace crossfoot
