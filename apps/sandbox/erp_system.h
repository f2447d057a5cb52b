#pragma once

#include <memory>

#include "sandbox/arithmetic.h"
#include "sandbox/erp_books.h"
#include "sandbox/system.h"

namespace crossfoot::sandbox {

/// The ERP stand-in: `/erp/v1/…` over ErpBooks (README.md).
class ErpSystem final : public System {
 public:
  explicit ErpSystem(std::unique_ptr<ErpBooks> books) : books_(std::move(books)) {}

  [[nodiscard]] Reply handle(const Call& call, Instant now) override;
  [[nodiscard]] std::optional<std::string> exclusive_key(const Call& call) override;
  [[nodiscard]] Reply tamper(std::string_view body) override;
  [[nodiscard]] Reply untamper() override;
  [[nodiscard]] Reply clear() override;
  void stats(JsonWriter& out) const override;

 private:
  Reply get(const Call& call) const;
  Reply post_receipt(std::string_view body, DocumentType type);
  Reply post_void(const Receipt& receipt, DocumentType type);
  Reply book(Document document);
  Reply release(std::string_view id);
  Reply move_stock(std::string_view body);
  Reply put_product(std::string_view article, std::string_view body);
  Reply put_periods(std::string_view body);
  Reply periods() const;
  Reply documents(std::string_view query) const;
  Reply stock(std::string_view query) const;
  Reply journal(std::string_view query) const;
  Reply control(std::string_view query) const;
  Reply product(std::string_view rest) const;

  std::unique_ptr<ErpBooks> books_;
  simdjson::dom::parser parser_;
};

}  // namespace crossfoot::sandbox
