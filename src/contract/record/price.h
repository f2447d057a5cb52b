#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "contract/problem.h"

/// Which of the prices that hold at an instant is the one to ask. Pure.
namespace crossfoot::contract::record {

struct PriceQuestion {
  std::string shop;        ///< empty: none; then prices for single shops do not apply
  std::string region;      ///< ISO 3166 country or subdivision
  std::string channel;     ///< empty: none; then prices for single channels do not apply
  std::string price_list;  ///< empty: prices of no list
  Decimal quantity{1, 0};  ///< of the line, above zero
};

/// A price record that holds at the instant.
struct PriceOffer {
  std::string key;
  std::uint32_t version = 0;
  std::string body;
};

struct Price {
  std::size_t offer = 0;  ///< index into the offers
  std::string kind;       ///< regular, promotional or clearance
  Decimal amount;         ///< for one unit, in major units
  std::string currency;
  std::string unit;
  std::string tax_mode;
  std::optional<Decimal> regular;        ///< for one unit, where something lower is asked
  std::optional<std::string> lowest_30;  ///< JSON: the lowest of the last thirty days, where stated
};

/// Of each kind the most particular price applies (shop before subdivision before country before
/// everywhere, channel before all channels, then what begins last), of the kinds the lowest. Staff
/// prices are asked of nobody here. Nothing when no price applies.
[[nodiscard]] std::optional<Price> find_price(std::span<const PriceOffer> offers,
                                              const PriceQuestion& question);

}  // namespace crossfoot::contract::record
