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

constexpr std::array<Name<ExpiryFrom>, 2> expiry_starts{
    {{"earned", ExpiryFrom::earned}, {"active", ExpiryFrom::active}}};
constexpr std::array<Name<NegativeBalance>, 4> negative_balances{
    {{"allow_negative", NegativeBalance::allow_negative},
     {"floor_zero", NegativeBalance::floor_zero},
     {"pending_only", NegativeBalance::pending_only},
     {"offset_refund", NegativeBalance::offset_refund}}};
constexpr std::array<Name<bool>, 2> deferral_methods{
    {{"exact", false}, {"percentage_first", true}}};
constexpr std::int64_t days_max = 36'500;
constexpr std::int64_t minutes_max = 31 * 24 * 60;
constexpr std::int64_t points_max = 1'000'000'000'000;
constexpr std::int64_t point_value_max = 1'000'000;

class PolicyReader : private FieldReader<PolicyReader> {
  friend class FieldReader<PolicyReader>;
  using Self = PolicyReader;
  static constexpr std::string_view document = "programme";
  static constexpr std::string_view fault_code = contract::error_code::programme_malformed;

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
    if (auto done = read(root, "lots", &Self::lots); !done) return done;
    if (auto done = read(root, "negative_balance", &Self::negative); !done) return done;
    if (auto done = read(root, "redemption", &Self::redemption); !done) return done;
    return read(root, "deferred_revenue", &Self::deferral);
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

  Status lots(const Element& element, const std::string& at) {
    auto done = object(element, at,
                       {{"pending_days", &Self::pending_days},
                        {"expiry_days", &Self::expiry_days},
                        {"expiry_from", &Self::expiry_from},
                        {"grace_days", &Self::grace_days}});
    const LotPolicy& policy = programme_.lots;
    if (!done || policy.expiry_days == 0) {
      if (done && policy.grace_days > 0) {
        return fail(malformed(at + "/grace_days", "is for points that expire, and none do"));
      }
      return done;
    }
    if (policy.expiry_from == ExpiryFrom::earned && policy.expiry_days <= policy.pending_days) {
      return fail(malformed(at + "/expiry_days", "ends before the points are active"));
    }
    return {};
  }
  Status days(const Element& element, const std::string& at, std::int32_t& into) {
    std::int64_t value = 0;
    if (auto done = whole(element, at, days_max, value); !done) return done;
    into = static_cast<std::int32_t>(value);
    return {};
  }
  Status pending_days(const Element& element, const std::string& at) {
    return days(element, at, programme_.lots.pending_days);
  }
  Status expiry_days(const Element& element, const std::string& at) {
    return days(element, at, programme_.lots.expiry_days);
  }
  Status expiry_from(const Element& element, const std::string& at) {
    return word(element, at, expiry_starts, programme_.lots.expiry_from);
  }
  Status grace_days(const Element& element, const std::string& at) {
    return days(element, at, programme_.lots.grace_days);
  }

  Status negative(const Element& element, const std::string& at) {
    if (auto done = object(element, at,
                           {{"policy", &Self::balance},
                            {"debt_max", &Self::debt_max},
                            {"point_value", &Self::point_value}});
        !done) {
      return done;
    }
    const NegativePolicy& policy = programme_.negative;
    if (policy.debt_max && policy.balance != NegativeBalance::allow_negative) {
      return fail(malformed(at + "/debt_max", "is for allow_negative; nothing else makes a debt"));
    }
    const bool offsets = policy.balance == NegativeBalance::offset_refund;
    if (offsets != (policy.point_value.numerator > 0)) {
      return fail(malformed(at + "/point_value", offsets ? "is missing; a refund is offset by it"
                                                         : "is for offset_refund alone"));
    }
    if (policy.balance == NegativeBalance::pending_only && programme_.lots.pending_days == 0) {
      return fail(malformed(at + "/policy", "takes pending points, and none are ever pending"));
    }
    return {};
  }
  Status balance(const Element& element, const std::string& at) {
    return word(element, at, negative_balances, programme_.negative.balance);
  }
  Status debt_max(const Element& element, const std::string& at) {
    std::int64_t points = 0;
    if (auto done = whole(element, at, points_max, points); !done) return done;
    programme_.negative.debt_max = Points{points};
    return {};
  }
  Status point_value(const Element& element, const std::string& at) {
    return ratio(element, at, point_value_max, programme_.negative.point_value);
  }

  Status redemption(const Element& element, const std::string& at) {
    return object(element, at,
                  {{"hold_minutes", &Self::hold_minutes},
                   {"offline_floor_limit", &Self::offline_floor_limit}});
  }
  Status hold_minutes(const Element& element, const std::string& at) {
    std::int64_t minutes = 0;
    if (auto done = whole(element, at, minutes_max, minutes); !done) return done;
    if (minutes == 0) return fail(malformed(at, "leaves no time to capture"));
    programme_.redemption.hold_time = std::chrono::minutes{minutes};
    return {};
  }
  Status offline_floor_limit(const Element& element, const std::string& at) {
    return whole(element, at, points_max, programme_.redemption.offline_floor_limit.count);
  }

  Status deferral(const Element& element, const std::string& at) {
    if (auto done = object(element, at,
                           {{"point_price", &Self::point_price},
                            {"method", &Self::method},
                            {"places", &Self::places},
                            {"rounding", &Self::percentage_rounding}});
        !done) {
      return done;
    }
    if (programme_.deferral.point_price.numerator == 0) {
      return fail(malformed(at + "/point_price", "is missing; points have a price"));
    }
    if (percentage_first_) {
      programme_.deferral.percentage_first = percentage_;
    } else if (percentage_stated_) {
      return fail(malformed(at + "/method", "is exact, and no percentage is rounded"));
    }
    return {};
  }
  Status point_price(const Element& element, const std::string& at) {
    return ratio(element, at, point_value_max, programme_.deferral.point_price);
  }
  Status method(const Element& element, const std::string& at) {
    return word(element, at, deferral_methods, percentage_first_);
  }
  Status places(const Element& element, const std::string& at) {
    std::int64_t value = 0;
    if (auto done = whole(element, at, 6, value); !done) return done;
    percentage_.places = static_cast<std::uint8_t>(value);
    percentage_stated_ = true;
    return {};
  }
  Status percentage_rounding(const Element& element, const std::string& at) {
    percentage_stated_ = true;
    return word(element, at, rounding_names, percentage_.rounding);
  }

  Programme& programme_;
  bool percentage_first_ = false;
  bool percentage_stated_ = false;
  PercentageFirst percentage_;
};

}  // namespace

Status read_policies(const simdjson::dom::element& root, Programme& programme) {
  return PolicyReader(programme).run(root);
}

}  // namespace crossfoot::ledger
