#include "store/postgres/parameters.h"

namespace crossfoot::store::postgres {

std::string Array::encoded() const {
  std::string out;
  out.reserve(20 + elements_.size());
  append_integer(out, std::uint32_t{count_ == 0 ? 0U : 1U});  // dimensions
  append_integer(out, std::uint32_t{1});                      // there may be nulls
  append_integer(out, static_cast<std::uint32_t>(type_));
  if (count_ == 0) return out;
  append_integer(out, count_);
  append_integer(out, std::uint32_t{1});  // the first index
  out += elements_;
  return out;
}

std::size_t Parameters::bytes() const {
  std::size_t sum = 0;
  for (const std::string& value : values_) sum += value.size();
  return sum;
}

}  // namespace crossfoot::store::postgres
