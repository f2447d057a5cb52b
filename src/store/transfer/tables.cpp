#include "store/transfer/tables.h"

#include <fmt/format.h>

#include <cstring>

#include "base/digest.h"

namespace crossfoot::store::transfer {

namespace {

constexpr Column integer(std::string_view name) {
  return {name, postgres::ElementType::integer};
}
constexpr Column text(std::string_view name) {
  return {name, postgres::ElementType::text};
}
constexpr Column bytes(std::string_view name) {
  return {name, postgres::ElementType::bytes};
}

constexpr std::array meta{text("name"), integer("value")};
constexpr std::array target{text("name"), integer("number")};
constexpr std::array business_key{integer("kind"),      integer("date"),  bytes("hash"),
                                  bytes("id"),          bytes("content"), integer("revision"),
                                  integer("projection")};
constexpr std::array message{bytes("id"),
                             integer("partition"),
                             integer("recorded_at"),
                             integer("state"),
                             integer("kind"),
                             integer("channel"),
                             integer("business_date"),
                             integer("occurred_at"),
                             text("shop"),
                             text("register_name"),
                             text("sequence"),
                             text("currency"),
                             integer("gross_minor"),
                             text("member"),
                             bytes("conflict_with"),
                             text("correlation_id"),
                             text("code"),
                             bytes("body")};
constexpr std::array flow{bytes("id"),       integer("partition"), integer("version"),
                          integer("status"), integer("calling"),   text("code"),
                          integer("since"),  bytes("state")};
constexpr std::array book{bytes("key"), integer("partition"), integer("version"),
                          integer("pending"), bytes("state")};
constexpr std::array journal{integer("partition"), integer("position"), bytes("flow"),
                             integer("at"), bytes("entry")};
constexpr std::array due{integer("target"), integer("lane"),      integer("due_at"), bytes("flow"),
                         integer("leg"),    integer("partition"), bytes("order_key")};
constexpr std::array waiter{integer("target"),    bytes("order_key"), bytes("place"),
                            integer("partition"), integer("lane"),    integer("due_at"),
                            bytes("flow"),        integer("leg")};
constexpr std::array sold_line{
    bytes("link_key"),      integer("occurred_at"), integer("source_row"),
    bytes("flow"),          integer("line"),        bytes("book"),
    integer("price_units"), integer("price_scale"), integer("quantity")};
constexpr std::array fingerprint{integer("bucket"), bytes("hash"), integer("occurred_at"),
                                 bytes("id")};
constexpr std::array counter{text("name"), integer("value")};
constexpr std::array document{text("kind"), text("key"), bytes("value")};

constexpr std::array record{text("kind"),           text("scope"),         text("key"),
                            integer("version"),     bytes("id"),           integer("partition"),
                            integer("recorded_at"), integer("valid_from"), integer("valid_to"),
                            text("subject"),        text("source"),        integer("revision"),
                            bytes("content"),       bytes("provenance"),   bytes("body")};

constexpr std::array all_tables{
    // The incarnation goes along: ids that are issued after the move must not repeat earlier ones.
    Table{"meta", meta, "name", "name IN ('incarnation', 'last_recorded_at')",
          "ON CONFLICT(name) DO UPDATE SET value = EXCLUDED.value"},
    Table{"target", target, "name", {}, {}},
    Table{"business_key", business_key, "kind, date, hash", {}, {}},
    Table{"message", message, "seq", {}, {}},
    Table{"flow", flow, "seq", {}, {}},
    Table{"book", book, "seq", {}, {}},
    Table{"journal", journal, "seq", {}, {}},
    Table{"due", due, "target, lane, due_at, flow, leg", {}, {}},
    Table{"waiter", waiter, "target, order_key, place", {}, {}},
    Table{"sold_line", sold_line, "link_key, occurred_at, source_row, flow, line", {}, {}},
    Table{"fingerprint", fingerprint, "bucket, hash, occurred_at, id", {}, {}},
    Table{"counter", counter, "name", {}, {}},
    Table{"document", document, "kind, key", {}, {}},
    Table{"record", record, "seq", {}, {}},
};

std::string names(const Table& table) {
  std::string out;
  for (const Column& column : table.columns) {
    if (!out.empty()) out += ", ";
    out += column.name;
  }
  return out;
}

std::string condition(const Table& table) {
  return table.where.empty() ? std::string() : fmt::format(" WHERE {}", table.where);
}

std::string_view array_type(postgres::ElementType type) {
  switch (type) {
    case postgres::ElementType::integer:
      return "bigint[]";
    case postgres::ElementType::text:
      return "text[]";
    case postgres::ElementType::bytes:
      break;
  }
  return "bytea[]";
}

}  // namespace

std::span<const Table> tables() {
  return all_tables;
}

std::string source_query(const Table& table) {
  return fmt::format("SELECT {} FROM {}{} ORDER BY {} LIMIT -1 OFFSET ?", names(table), table.name,
                     condition(table), table.order);
}

std::string source_count(const Table& table) {
  return fmt::format("SELECT count(*) FROM {}{}", table.name, condition(table));
}

std::string target_query(const Table& table) {
  return fmt::format("SELECT {} FROM crossfoot.{}{}", names(table), table.name, condition(table));
}

std::string target_insert(const Table& table) {
  std::string arrays;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i > 0) arrays += ", ";
    arrays += fmt::format("${}::{}", i + 1, array_type(table.columns[i].type));
  }
  return fmt::format("INSERT INTO crossfoot.{}({}) SELECT * FROM unnest({}) {}", table.name,
                     names(table), arrays, table.conflict);
}

void TableSum::add(std::span<const Cell> row) {
  encoded_.clear();
  for (const Cell& cell : row) {
    encoded_.push_back(static_cast<char>('0' + cell.index()));
    if (const auto* number = std::get_if<std::int64_t>(&cell)) {
      postgres::append_integer(encoded_, *number);
    } else if (const auto* value = std::get_if<std::string_view>(&cell)) {
      postgres::append_integer(encoded_, std::uint64_t{value->size()});
      encoded_ += *value;
    }
  }
  const Sha256 digest = sha256(encoded_);
  for (std::size_t i = 0; i < sum_.size(); ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, digest.data() + i * sizeof word, sizeof word);
    sum_[i] += word;
  }
  ++rows_;
}

std::string TableSum::digest() const {
  return fmt::format("{:016x}{:016x}{:016x}{:016x}", sum_[0], sum_[1], sum_[2], sum_[3]);
}

}  // namespace crossfoot::store::transfer
