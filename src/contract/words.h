#pragma once

#include <array>
#include <string_view>

/// The words of the contract in the order of their enumerators (transaction.h). The parser, the
/// renderer and the schema test read these and nothing else.
namespace crossfoot::contract::words {

inline constexpr std::array<std::string_view, 6> transaction_kind = {
    "sale", "return", "exchange", "void", "stock_adjustment", "accounting_adjustment"};
/// Of the till records, in the order of their kinds.
inline constexpr std::array<std::string_view, 10> till_record_kind = {
    "till_open", "till_close", "no_sale", "paid_in", "paid_out",
    "training",  "suspended",  "resumed", "aborted", "till_audit"};
inline constexpr std::array<std::string_view, 6> channel = {"pos",     "ecommerce",        "mobile",
                                                            "partner", "customer_service", "file"};
inline constexpr std::array<std::string_view, 2> line_action = {"sold", "returned"};
inline constexpr std::array<std::string_view, 5> line_kind = {"goods", "voucher", "shipping",
                                                              "manual", "fee"};
inline constexpr std::array<std::string_view, 3> tax_mode = {"inclusive", "exclusive",
                                                             "not_in_source"};
inline constexpr std::array<std::string_view, 7> tender_kind = {
    "cash", "card", "gift_card", "points", "voucher", "on_account", "other"};

}  // namespace crossfoot::contract::words
