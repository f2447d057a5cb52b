// Goal: digests and their text forms are the published ones; ids keep their order as bytes and
// text.
#include "base/digest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "base/id.h"

namespace crossfoot {
namespace {

TEST(Digest, KnownAnswer) {
  // Goal: SHA-256 of "abc" (FIPS 180-4), first half.
  EXPECT_EQ(to_string(hash128("abc")), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_TRUE(Hash128{}.is_zero());
}

TEST(Base32, KnownAnswers) {
  // Goal: five bits a character from the top; what is past `bits` counts as zero.
  const std::uint8_t bytes[] = {0xff, 0xff, 0x0f};
  EXPECT_EQ(base32(bytes, 5), "Z");
  EXPECT_EQ(base32(bytes, 7), "ZR");
  EXPECT_EQ(base32(bytes, 10), "ZZ");
  EXPECT_EQ(base32(bytes, 24), "ZZZGY");
  EXPECT_EQ(base32(bytes, 0), "");
  EXPECT_EQ(base32(sha256("abc"), 100).size(), 20U);
}

RC_GTEST_PROP(Base32, DependsOnItsBitsAlone, ()) {
  // Goal: cutting the bytes off after the last bit that is asked for changes nothing.
  const Sha256 digest = sha256(*rc::gen::arbitrary<std::string>());
  const auto bits = *rc::gen::inRange<std::size_t>(1, 257);
  const auto cut = std::span(digest).first((bits + 7) / 8);
  RC_ASSERT(base32(digest, bits) == base32(cut, bits));
}

RC_GTEST_PROP(Id, TextAndBytesKeepTheOrder, ()) {
  const Id a{*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
  const Id b{*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
  RC_ASSERT(parse_id(to_string(a)) == a);
  RC_ASSERT((a < b) == (to_string(a) < to_string(b)));
  const auto left = a.bytes();
  const auto right = b.bytes();
  RC_ASSERT((a < b) == (std::string_view(left.data(), 16) < std::string_view(right.data(), 16)));
}

TEST(Id, RefusesOtherText) {
  // Goal: length, alphabet and range are checked.
  const std::string good = to_string(Id{1, 2});
  EXPECT_TRUE(parse_id(good));
  EXPECT_FALSE(parse_id(good.substr(1)));
  EXPECT_FALSE(parse_id(good + "0"));
  EXPECT_FALSE(parse_id("8" + good.substr(1)));
  EXPECT_FALSE(parse_id("U" + good.substr(1)));
  EXPECT_FALSE(parse_id(good.substr(0, 25) + "I"));
}

TEST(IdSource, NeverTheSameTwice) {
  // Goal: one source in one millisecond, and two incarnations, stay apart.
  IdSource one(1);
  IdSource two(2);
  std::set<Id> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(one.next(Instant{5'000}, 7)).second);
    EXPECT_TRUE(seen.insert(two.next(Instant{5'000}, 7)).second);
  }
}

}  // namespace
}  // namespace crossfoot
