#include "contract/transaction.h"

#include "base/codec.h"
#include "contract/words.h"

namespace crossfoot::contract {

namespace {

/// Changing what canonical() writes changes every key, reference and home: never done in place.
constexpr std::uint64_t key_form_version = 1;

template <class E, std::size_t N>
std::string_view word(const std::array<std::string_view, N>& list, E value) {
  return list.at(static_cast<std::size_t>(value));
}

}  // namespace

std::string NaturalKey::canonical() const {
  ByteWriter out;
  out.u64(key_form_version);
  out.enumerator(form);
  out.text(tenant);
  if (form == Form::till) {
    out.text(shop);
    out.text(register_name);
    out.u64(register_epoch);
    out.i64(business_date.days);
    out.text(sequence);
  } else {
    out.enumerator(channel);
    out.text(external_id);
  }
  return out.take();
}

Partition NaturalKey::home() const {
  static_assert(partition_count == 4096);
  const Hash128 digest = hash();
  return static_cast<Partition>((digest.bytes[0] << 4) | (digest.bytes[1] >> 4));
}

std::string NaturalKey::display() const {
  if (form != Form::till) return std::string(to_string(channel)) + ":" + external_id;
  std::string text = shop + "/" + register_name;
  if (register_epoch != 0) text += "." + std::to_string(register_epoch);
  return text + "/" + crossfoot::to_string(business_date) + "/" + sequence;
}

std::string_view to_string(TransactionKind kind) {
  // No words of the contract: nobody hands these over.
  if (kind == TransactionKind::redemption) return "redemption";
  if (kind == TransactionKind::customer_profile) return "customer_profile";
  if (kind == TransactionKind::points_adjustment) return "points_adjustment";
  if (kind == TransactionKind::store_day_close) return "store_day_close";
  if (is_till_record(kind)) {
    const auto first = static_cast<std::size_t>(TransactionKind::till_open);
    return words::till_record_kind.at(static_cast<std::size_t>(kind) - first);
  }
  return word(words::transaction_kind, kind);
}
std::string_view to_string(Channel channel) {
  return word(words::channel, channel);
}
std::string_view to_string(LineAction action) {
  return word(words::line_action, action);
}
std::string_view to_string(LineKind kind) {
  return word(words::line_kind, kind);
}
std::string_view to_string(TaxMode mode) {
  return word(words::tax_mode, mode);
}
std::string_view to_string(TenderKind kind) {
  return word(words::tender_kind, kind);
}

}  // namespace crossfoot::contract
