#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "base/result.h"
#include "sandbox/book_log.h"
#include "sandbox/receipt.h"
#include "sandbox/system.h"

namespace crossfoot::sandbox {

enum class DocumentType : std::uint8_t { posting, credit_memo, stock_movement };
enum class DocumentKind : std::uint8_t { sale, return_goods, exchange, void_sale, movement };

[[nodiscard]] std::string_view to_string(DocumentType type);
[[nodiscard]] std::string_view to_string(DocumentKind kind);

/// Signed like its effect: what is sold is positive, what comes back negative.
struct DocumentLine {
  std::uint32_t number = 0;
  LineKind kind = LineKind::goods;
  std::string article;
  Decimal quantity;
  Decimal unit_price;
  std::int64_t amount = 0;
  std::int64_t tax = 0;
  std::string tax_code;
};

struct Document {
  std::uint64_t seq = 0;  ///< position in the books, the number inside the id
  DocumentType type = DocumentType::posting;
  DocumentKind kind = DocumentKind::sale;
  bool posted = true;
  std::string reference;
  std::string original_reference;
  std::uint64_t original_seq = 0;  ///< of a void: the mirrored document
  std::string shop;
  std::string region;
  BusinessDate business_date;  ///< the value date
  BusinessDate posting_date;   ///< in whose period it is booked
  Currency currency;
  TaxMode tax_mode = TaxMode::inclusive;
  std::int64_t net = 0;
  std::int64_t tax = 0;
  std::int64_t gross = 0;
  Wide exact = 0;
  std::uint8_t exact_scale = 0;
  std::vector<ReceiptTender> tenders;
  std::vector<DocumentLine> lines;

  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::int64_t line_net(const DocumentLine& line) const {
    return tax_mode == TaxMode::inclusive ? line.amount - line.tax : line.amount;
  }
};

struct TaxTotal {
  std::int64_t net = 0;
  std::int64_t tax = 0;
};
/// Per tax code, in the order of the codes.
[[nodiscard]] std::map<std::string_view, TaxTotal> tax_totals(const Document& document);

/// One side of a ledger journal entry; exactly one of debit and credit is above zero.
struct JournalEntry {
  std::string_view account;
  std::string_view tax_code;
  std::int64_t debit = 0;
  std::int64_t credit = 0;
};
/// The balanced entries of a posted document: tenders against revenue, tax and voucher liability;
/// what the tenders do not cover is booked as a cash difference.
[[nodiscard]] std::vector<JournalEntry> journal_of(const Document& document);

struct Price {
  std::string region;
  std::string currency;
  Decimal price;
  BusinessDate valid_from;
};

struct Product {
  std::string article;
  std::string name;
  std::string unit;
  std::string tax_code;
  std::vector<Price> prices;
};

/// Quantities in millionths.
struct Stock {
  Wide sold = 0;
  Wide returned = 0;
  Wide moved = 0;
};

/// Days whose books are closed, both included.
struct ClosedPeriod {
  BusinessDate from;
  BusinessDate to;
};

/// The ERP's books: documents in memory behind an append-only log. A reference is not unique here:
/// the same one sent twice makes two documents. On one thread.
class ErpBooks {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ErpBooks>> open(const std::string& directory);

  /// Books documents together, all or none. Sets their `seq`.
  [[nodiscard]] Status post(std::vector<Document>& documents);
  [[nodiscard]] Status release(std::uint64_t seq);
  [[nodiscard]] Status put_product(Product product);
  /// In place of those before.
  [[nodiscard]] Status close_periods(std::vector<ClosedPeriod> periods);
  [[nodiscard]] Status clear();

  [[nodiscard]] bool is_closed(BusinessDate posting_date) const;
  [[nodiscard]] const std::vector<ClosedPeriod>& closed_periods() const { return closed_; }
  [[nodiscard]] const Document* find(std::uint64_t seq) const;
  [[nodiscard]] const Document* find_id(std::string_view id) const;
  [[nodiscard]] std::vector<const Document*> by_reference(const std::string& reference) const;
  /// Of one day, in booking order, at most `limit` with a seq above `after`.
  [[nodiscard]] std::vector<const Document*> by_day(BusinessDate date, std::uint64_t after,
                                                    std::size_t limit) const;
  [[nodiscard]] bool voided(std::uint64_t seq) const { return voided_.contains(seq); }
  [[nodiscard]] const Product* product(const std::string& article) const;

  struct StockLine {
    std::string shop;
    std::string article;
    Stock stock;
  };
  /// Empty filters match all; ordered by shop, then article.
  [[nodiscard]] std::vector<StockLine> stock(const std::string& shop,
                                             const std::string& article) const;

  struct Tampered {
    std::string kind;
    std::string id;
    std::string reference;
  };
  static const std::vector<std::string>& tamper_kinds();
  /// Damages one document per item, another one each time; the same order on the same books damages
  /// the same documents, whatever the order in which they were booked. Fewer items when the books
  /// run out of posted documents with a reference of their own.
  [[nodiscard]] Result<std::vector<Tampered>> tamper(const TamperOrder& order);
  /// Undoes every tampering; answers how many items are whole again.
  [[nodiscard]] Result<std::size_t> untamper();

  [[nodiscard]] std::size_t documents() const { return by_day_.size(); }
  [[nodiscard]] std::size_t tampers() const { return damages_.size(); }
  [[nodiscard]] std::uint64_t log_bytes() const { return log_.bytes(); }

 private:
  /// What a tampering did to one place of the books; no original: the place was added.
  struct Damage {
    std::uint64_t seq = 0;
    std::optional<Document> original;
  };

  bool replay(std::string_view record);
  void link(Document document);
  Document unlink(std::uint64_t seq);
  void count_stock(const Document& document, int sign);
  void see_products(const Document& document);
  std::vector<std::uint64_t> tamper_candidates() const;
  std::vector<Tampered> apply_tamper(const TamperOrder& order);
  std::size_t apply_untamper();

  BookLog log_;
  std::deque<std::optional<Document>> documents_;  // at seq - 1
  std::set<std::pair<std::int32_t, std::uint64_t>> by_day_;
  std::unordered_multimap<std::string, std::uint64_t> by_reference_;
  std::set<std::uint64_t> voided_;
  std::unordered_map<std::string, Stock> stock_;  // shop, NUL, article
  std::unordered_map<std::string, Product> products_;
  std::vector<Damage> damages_;
  std::vector<ClosedPeriod> closed_;
};

/// The stored form of a document, versioned.
void write_document(ByteWriter& out, const Document& document);
[[nodiscard]] Document read_document(ByteReader& in);

}  // namespace crossfoot::sandbox
