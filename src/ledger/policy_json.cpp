#include "ledger/policy_json.h"

#include <numeric>

#include "ledger/field_reader.h"

namespace crossfoot::ledger {

namespace {

constexpr std::size_t promotions_max = 4096;

constexpr std::array<Name<ReversalMethod>, 5> reversal_methods{
    {{"frozen", ReversalMethod::frozen},
     {"proportional", ReversalMethod::proportional},
     {"recompute", ReversalMethod::recompute},
     {"on_full_return", ReversalMethod::on_full_return},
     {"on_first_return", ReversalMethod::on_first_return}}};
constexpr std::array<Name<RefundValuation>, 2> valuations{
    {{"frozen", RefundValuation::frozen}, {"rejudged", RefundValuation::rejudged}}};

class PolicyReader : private FieldReader<PolicyReader> {
  friend class FieldReader<PolicyReader>;
  using Self = PolicyReader;

 public:
  explicit PolicyReader(Programme& programme) : programme_(programme) {}

  Status run(const Element& root) {
    if (auto done = read(root, "basket_promotions", &Self::promotions); !done) return done;
    if (auto done = read(root, "returns", &Self::returns); !done) return done;
    const ReturnPolicy& returns = programme_.returns;
    if (returns.refund_valuation == RefundValuation::rejudged &&
        returns.basket_promotions.empty()) {
      return fail(malformed("/returns/refund_valuation",
                            "rejudges basket promotions, and the programme has none"));
    }
    return {};
  }

 private:
  Status read(const Element& root, std::string_view key, Handler handler) {
    Element element;
    if (root.at_key(key).get(element) != simdjson::SUCCESS) return {};
    return (this->*handler)(element, fmt::format("/{}", key));
  }

  Status returns(const Element& element, const std::string& at) {
    return object(element, at,
                  {{"reversal_method", &Self::reversal_method},
                   {"refund_valuation", &Self::refund_valuation}});
  }
  Status reversal_method(const Element& element, const std::string& at) {
    return word(element, at, reversal_methods, programme_.returns.reversal_method);
  }
  Status refund_valuation(const Element& element, const std::string& at) {
    return word(element, at, valuations, programme_.returns.refund_valuation);
  }

  Status promotions(const Element& element, const std::string& at) {
    return array(element, at, [this](const Element& item, const std::string& pointer) -> Status {
      auto& known = programme_.returns.basket_promotions;
      if (known.size() == promotions_max) return fail(malformed(pointer, "is one too many"));
      known.emplace_back().spend_from = Money{0, programme_.currency};
      auto done = object(item, pointer,
                         {{"id", &Self::promotion_id},
                          {"spend_from", &Self::spend_from},
                          {"percentage", &Self::percentage},
                          {"amount_off", &Self::amount_off}});
      if (!done) return done;
      const BasketPromotion& promotion = known.back();
      if (promotion.id.empty()) return fail(malformed(pointer + "/id", "is missing"));
      if (promotion.amount_off.has_value() == (promotion.percentage.numerator > 0)) {
        return fail(malformed(pointer, "needs either a percentage or an amount_off above zero"));
      }
      if (std::ranges::count(known, promotion.id, &BasketPromotion::id) > 1) {
        return fail(malformed(pointer + "/id", promotion.id + " is there twice"));
      }
      return {};
    });
  }
  BasketPromotion& promotion() { return programme_.returns.basket_promotions.back(); }
  Status promotion_id(const Element& element, const std::string& at) {
    return text(element, at, promotion().id);
  }
  Status spend_from(const Element& element, const std::string& at) {
    return amount(element, at, programme_.currency, promotion().spend_from);
  }
  Status percentage(const Element& element, const std::string& at) {
    Decimal value;
    if (auto done = decimal(element, at, 100, value); !done) return done;
    const Ratio hundredths = to_ratio(value);
    const std::int64_t common = std::gcd(hundredths.numerator, std::int64_t{100});
    promotion().percentage = {hundredths.numerator / common,
                              hundredths.denominator * (100 / common)};
    return {};
  }
  Status amount_off(const Element& element, const std::string& at) {
    Money money;
    if (auto done = amount(element, at, programme_.currency, money); !done) return done;
    if (money.minor == 0) return fail(malformed(at, "takes nothing off"));
    promotion().amount_off = money;
    return {};
  }

  Programme& programme_;
};

}  // namespace

Status read_policies(const simdjson::dom::element& root, Programme& programme) {
  return PolicyReader(programme).run(root);
}

}  // namespace crossfoot::ledger
