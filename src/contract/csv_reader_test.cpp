// Goal: good rows are read whatever the chunks, and one bad row costs no good ones.
#include "contract/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crossfoot::contract {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

struct Read {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::int64_t> lines;
  std::vector<std::pair<std::int64_t, std::string>> refused;

  bool operator==(const Read&) const = default;
};

Read read(std::string_view text, std::size_t chunk = SIZE_MAX) {
  Read result;
  CsvReader reader(
      [&](std::span<const std::string_view> fields, std::int64_t line) {
        result.rows.emplace_back(fields.begin(), fields.end());
        result.lines.push_back(line);
      },
      [&](std::string_view reason, std::int64_t line) {
        result.refused.emplace_back(line, std::string(reason));
      });
  for (std::size_t at = 0; at < text.size(); at += std::min(chunk, text.size() - at)) {
    reader.feed(text.substr(at, chunk));
  }
  reader.finish();
  return result;
}

TEST(CsvReader, ReadsQuotesAndLineEnds) {
  const Read got = read("a,b\r\n\"x, \"\"y\"\"\",\"two\nlines\"\n\n,\nlast,");
  EXPECT_THAT(got.refused, IsEmpty());
  EXPECT_THAT(got.rows, ElementsAre(ElementsAre("a", "b"), ElementsAre("x, \"y\"", "two\nlines"),
                                    ElementsAre("", ""), ElementsAre("last", "")));
  EXPECT_THAT(got.lines, ElementsAre(1, 2, 5, 6));
}

TEST(CsvReader, SkipsAByteOrderMarkAndReadsLatin1) {
  EXPECT_THAT(read("\xef\xbb\xbf"
                   "a\n")
                  .rows,
              ElementsAre(ElementsAre("a")));
  EXPECT_THAT(read("Voucher \xa3"
                   "40,\"\xa3\"\"\",Voucher £40\n")
                  .rows,
              ElementsAre(ElementsAre("Voucher £40", "£\"", "Voucher £40")));
}

TEST(CsvReader, RefusesBrokenRowsAndGoesOn) {
  const Read got = read(
      "good,1\n"
      "\"never closed,2\n"
      "good,3\n"
      "in\"side,4\n"
      "\"after\"x,5\n"
      "good,\"6\"\n"
      "cr\rhere,7\n"
      "\"cr\"\rhere,8\n");
  EXPECT_THAT(got.refused, ElementsAre(Pair(2, "a closing quote is followed by other characters"),
                                       Pair(4, "a quote stands inside an unquoted field"),
                                       Pair(5, "a closing quote is followed by other characters"),
                                       Pair(7, "a carriage return ends no line"),
                                       Pair(8, "a carriage return ends no line")));
  EXPECT_THAT(got.lines, ElementsAre(1, 3, 6));
}

TEST(CsvReader, RefusesNulAndTheUnclosedEnd) {
  EXPECT_THAT(read(std::string_view("a\0b\nc\n", 6)).refused,
              ElementsAre(Pair(1, "the row contains U+0000")));
  const Read got = read("\"a,b\nc,d");
  EXPECT_THAT(got.refused, ElementsAre(Pair(1, "a quote is not closed")));
  EXPECT_THAT(got.rows, ElementsAre(ElementsAre("c", "d")));
}

TEST(CsvReader, RefusesOverlongRowsWithoutReadingTheirTails) {
  const std::string tail = "a,b";
  const std::string text = std::string(3 * CsvReader::row_bytes_max, 'x') + "," + tail + "\ng,h\n";
  for (const std::size_t chunk : {std::size_t{1000}, std::size_t{70'000}, SIZE_MAX}) {
    const Read got = read(text, chunk);
    EXPECT_THAT(got.refused, ElementsAre(Pair(1, "the row is longer than 65536 bytes")));
    EXPECT_THAT(got.rows, ElementsAre(ElementsAre("g", "h")));
    EXPECT_THAT(got.lines, ElementsAre(2));
  }
}

TEST(CsvReader, DoesNotDependOnTheChunks) {
  const std::string text =
      "\xef\xbb\xbf"
      "h,i\r\n\"q\"\"q\",\"a\r\nb\"\r\n\"open,1\nfine,2\nba\"d\n\n\r\nx,\xa3\n\"end\"";
  const Read whole = read(text);
  EXPECT_EQ(whole.rows.size(), 5U);
  EXPECT_EQ(whole.refused.size(), 2U);
  for (std::size_t chunk = 1; chunk < 12; ++chunk) EXPECT_EQ(read(text, chunk), whole) << chunk;
}

}  // namespace
}  // namespace crossfoot::contract
