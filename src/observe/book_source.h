#pragma once

#include "connector/book_reader.h"

namespace crossfoot::observe {

/// Where a run reads the targets' own books: the connectors' reader, or a made-up book in tests.
/// Contract as of connector::BookReader.
class BookSource {
 public:
  virtual ~BookSource() = default;

  [[nodiscard]] virtual bool can_list(std::string_view target) const = 0;
  virtual void list(std::string_view target, BusinessDate date, connector::BookReader::Page page,
                    connector::BookReader::Done done) = 0;
};

}  // namespace crossfoot::observe
