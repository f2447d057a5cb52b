#include "ledger/account_table.h"
#include "ledger/field_reader.h"

namespace crossfoot::ledger {

namespace {

constexpr std::size_t rows_max = 10'000;

constexpr std::array<Name<PostingEvent>, 6> events{{{"sale", PostingEvent::sale},
                                                    {"return", PostingEvent::return_goods},
                                                    {"exchange", PostingEvent::exchange},
                                                    {"void", PostingEvent::void_sale},
                                                    {"points", PostingEvent::points},
                                                    {"till", PostingEvent::till}}};

template <class Enum, std::size_t N>
auto names_of() {
  std::array<Name<Enum>, N> names;
  for (std::size_t i = 0; i < N; ++i) {
    names[i].value = static_cast<Enum>(i);
    names[i].text = to_string(names[i].value);
  }
  return names;
}

class TableReader : private FieldReader<TableReader> {
  friend class FieldReader<TableReader>;
  using Self = TableReader;
  static constexpr std::string_view document = "account table";
  static constexpr std::string_view fault_code = contract::error_code::account_table_malformed;

 public:
  Result<AccountTable> run(std::string_view json) {
    simdjson::dom::parser parser;
    Element root;
    const simdjson::padded_string padded(json);
    if (const auto error = parser.parse(padded).get(root)) {
      return fail(malformed("", simdjson::error_message(error)));
    }
    if (auto done = rows(root); !done) return fail(std::move(done.error()));
    return AccountTable::make(std::move(rows_));
  }

 private:
  Status rows(const Element& root) {
    return array(root, "", [this](const Element& item, const std::string& pointer) -> Status {
      if (rows_.size() == rows_max) return fail(malformed(pointer, "is one row too many"));
      rows_.emplace_back();
      classed_ = false;
      if (auto done = object(item, pointer,
                             {{"class", &Self::account_class},
                              {"event", &Self::event},
                              {"channel", &Self::channel},
                              {"region", &Self::region},
                              {"tax_code", &Self::tax_code},
                              {"category", &Self::category},
                              {"account", &Self::account},
                              {"cost_centre", &Self::cost_centre},
                              {"profit_centre", &Self::profit_centre},
                              {"tax_key", &Self::tax_key}});
          !done) {
        return done;
      }
      return classed_ ? Status{} : fail(malformed(pointer + "/class", "is missing"));
    });
  }
  AccountRow& row() { return rows_.back(); }

  Status account_class(const Element& element, const std::string& at) {
    classed_ = true;
    static const auto names = names_of<Account, static_cast<std::size_t>(account_last) + 1>();
    return word(element, at, names, row().account_class);
  }
  Status event(const Element& element, const std::string& at) {
    return word(element, at, events, row().event.emplace());
  }
  Status channel(const Element& element, const std::string& at) {
    static const auto names =
        names_of<contract::Channel, static_cast<std::size_t>(contract::channel_last) + 1>();
    return word(element, at, names, row().channel.emplace());
  }
  Status region(const Element& element, const std::string& at) {
    return text(element, at, row().region);
  }
  Status tax_code(const Element& element, const std::string& at) {
    return text(element, at, row().tax_code);
  }
  Status category(const Element& element, const std::string& at) {
    return text(element, at, row().category);
  }
  Status account(const Element& element, const std::string& at) {
    return text(element, at, row().account);
  }
  Status cost_centre(const Element& element, const std::string& at) {
    return text(element, at, row().cost_centre);
  }
  Status profit_centre(const Element& element, const std::string& at) {
    return text(element, at, row().profit_centre);
  }
  Status tax_key(const Element& element, const std::string& at) {
    return text(element, at, row().tax_key);
  }

  std::vector<AccountRow> rows_;
  bool classed_ = false;  // the row at hand has a class
};

}  // namespace

Result<AccountTable> parse_account_table(std::string_view json) {
  return TableReader().run(json);
}

}  // namespace crossfoot::ledger
