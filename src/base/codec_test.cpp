// Goal: stored bytes read back as written, and damaged ones fail instead of giving nonsense.
#include "base/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crossfoot {
namespace {

enum class Colour : std::uint8_t { red, green, blue };

RC_GTEST_PROP(Codec, RoundTrip, ()) {
  const auto number = *rc::gen::arbitrary<std::uint64_t>();
  const auto integer = *rc::gen::arbitrary<std::int64_t>();
  const auto text = *rc::gen::arbitrary<std::string>();
  const Id id{*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
  ByteWriter writer;
  writer.u64(number);
  writer.i64(integer);
  writer.text(text);
  writer.boolean(true);
  writer.id(id);
  writer.hash(hash128(text));
  writer.instant({integer});
  writer.enumerator(Colour::blue);
  const std::string bytes = writer.take();
  ByteReader reader(bytes);
  RC_ASSERT(reader.u64() == number);
  RC_ASSERT(reader.i64() == integer);
  RC_ASSERT(reader.text() == text);
  RC_ASSERT(reader.boolean());
  RC_ASSERT(reader.id() == id);
  RC_ASSERT(reader.hash() == hash128(text));
  RC_ASSERT(reader.instant() == Instant{integer});
  RC_ASSERT(reader.enumerator(Colour::blue) == Colour::blue);
  RC_ASSERT(reader.at_end());
  RC_ASSERT(!reader.failed());
}

TEST(Codec, ExtremesOfIntegers) {
  // Goal: zig-zag holds both ends.
  for (const std::int64_t value :
       {INT64_MIN, INT64_MIN + 1, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
    ByteWriter writer;
    writer.i64(value);
    EXPECT_EQ(ByteReader(writer.view()).i64(), value);
  }
}

TEST(Codec, DamagedBytesFail) {
  // Goal: over-long numbers, short strings, unknown enumerators and counts beyond the end are seen.
  const auto fails = [](std::string_view bytes, auto read) {
    ByteReader reader(bytes);
    read(reader);
    return reader.failed();
  };
  const auto number = [](ByteReader& r) { (void)r.u64(); };
  const std::string nine(9, '\xff');
  EXPECT_FALSE(fails(nine + "\x01", number));
  EXPECT_TRUE(fails(nine + "\x02", number));
  EXPECT_TRUE(fails(nine + "\x81\x01", number));
  EXPECT_TRUE(fails("", number));
  EXPECT_TRUE(fails("\x80", number));
  EXPECT_TRUE(
      fails("\x05"
            "abc",
            [](ByteReader& r) { (void)r.text(); }));
  EXPECT_TRUE(fails("\x03", [](ByteReader& r) { (void)r.enumerator(Colour::blue); }));
  EXPECT_TRUE(
      fails("\x02"
            "a",
            [](ByteReader& r) { (void)r.count(); }));
  EXPECT_TRUE(fails("short", [](ByteReader& r) { (void)r.id(); }));
}

TEST(Codec, AfterAFailureEverythingIsZero) {
  // Goal: a reader that failed once stays failed and yields zeros.
  ByteReader reader(
      "\x05"
      "ab");
  EXPECT_EQ(reader.text(), "");
  EXPECT_EQ(reader.u64(), 0U);
  EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace crossfoot
