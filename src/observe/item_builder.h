#pragma once

#include <string>
#include <string_view>

#include "connector/book_reader.h"
#include "observe/items.h"

/// Makes expectations, and the book entries that meet them, for the tests of this module.
namespace crossfoot::observe::testing {

inline Money eur(std::int64_t minor) {
  return {minor, *find_currency("EUR")};
}

inline BusinessDate day(std::int32_t number) {
  return {parse_business_date("2026-11-20")->days + number};
}

inline ExpectedLine line_of(std::uint32_t number, std::int64_t gross, std::int64_t tax,
                            std::string_view tax_code) {
  ExpectedLine line;
  line.line = number;
  line.article = "A-" + std::to_string(number);
  line.quantity = {2, 0};
  line.amount = eur(gross);
  line.net = eur(gross - tax);
  line.tax = eur(tax);
  line.tax_code = tax_code;
  return line;
}

/// 11.90 with 1.90 of tax under DE-STD, and 1.07 with 0.07 under DE-RED.
inline ExpectedItem sale(std::string reference) {
  ExpectedItem item;
  item.side = Side::erp;
  item.reference = std::move(reference);
  item.transaction = Id{1, 1};
  item.shop = "DE-001";
  item.business_date = day(0);
  item.currency = *find_currency("EUR");
  ExpectedDocument document;
  document.net = eur(1100);
  document.tax = eur(197);
  document.gross = eur(1297);
  document.tenders = {{"card", eur(1297)}};
  document.lines = {line_of(1, 1190, 190, "DE-STD"), line_of(2, 107, 7, "DE-RED")};
  item.document = std::move(document);
  return item;
}

inline ExpectedItem accrual(std::string reference, std::int64_t points = 12) {
  ExpectedItem item;
  item.side = Side::loyalty;
  item.reference = std::move(reference);
  item.transaction = Id{1, 2};
  item.shop = "DE-001";
  item.member = "M-1";
  item.business_date = day(0);
  item.currency = *find_currency("EUR");
  item.points = Points{points};
  return item;
}

/// The entry of a target's book that agrees.
inline connector::BookItem booked(const ExpectedItem& item) {
  connector::BookItem book;
  book.id = "B-" + item.reference;
  book.reference = item.reference;
  book.type = item.takes_back ? "reversal" : "posting";
  book.shop = item.shop;
  book.business_date = item.business_date;
  book.member = item.member;
  book.points = item.points;
  if (!item.document && item.moved.empty()) return book;
  if (item.document) {
    book.currency = item.currency.code();
    book.net = item.document->net;
    book.tax = item.document->tax;
    book.gross = item.document->gross;
    for (const auto& [code, sums] : item.document->taxes()) {
      book.taxes.push_back({code, sums.net, sums.tax});
    }
    book.keeps_tenders = true;
    for (const auto& [kind, amount] : item.document->tenders) {
      book.tenders.push_back({kind, amount});
    }
  }
  for (const ExpectedLine& line : item.document ? item.document->lines : item.moved) {
    connector::BookLine entry;
    entry.line = line.line;
    entry.article = line.article;
    entry.quantity = to_string(line.quantity);
    entry.tax_code = line.tax_code;
    if (item.document) {
      entry.amount = line.amount;
      entry.tax = line.tax;
    }
    book.lines.push_back(std::move(entry));
  }
  return book;
}

}  // namespace crossfoot::observe::testing
