#include "contract/record/json_text.h"

#include <algorithm>
#include <vector>

#include "contract/json_writer.h"

namespace crossfoot::contract::record {

namespace {

using schema::Json;
using schema::JsonKind;
using schema::JsonMember;
using schema::Number;

/// Numbers of more zeros than this are written with an exponent.
constexpr std::int64_t zeros_max = 20;

void append_number(std::string& out, const Number& number) {
  if (number.is_zero()) {
    out += '0';
    return;
  }
  if (number.negative) out += '-';
  const auto digits = static_cast<std::int64_t>(number.digits.size());
  if (number.exponent >= 0 && number.exponent <= zeros_max) {
    out.append(number.digits).append(static_cast<std::size_t>(number.exponent), '0');
  } else if (number.exponent < 0 && number.exponent > -digits) {
    const auto whole = static_cast<std::size_t>(digits + number.exponent);
    out.append(number.digits.substr(0, whole)).append(1, '.').append(number.digits.substr(whole));
  } else {
    out.append(number.digits).append(1, 'e').append(std::to_string(number.exponent));
  }
}

void append_text(std::string& out, std::string_view text) {
  JsonWriter writer;
  writer.text(text);
  out += writer.view();
}

}  // namespace

void append_canonical(std::string& out, const Json& value) {
  switch (value.kind()) {
    case JsonKind::null:
      out += "null";
      return;
    case JsonKind::boolean:
      out += value.boolean() ? "true" : "false";
      return;
    case JsonKind::number:
      return append_number(out, value.number());
    case JsonKind::text:
      return append_text(out, value.text());
    case JsonKind::array: {
      char before = '[';
      if (value.size() == 0) out += before;
      for (const Json& one : value.elements()) {
        out += before;
        append_canonical(out, one);
        before = ',';
      }
      out += ']';
      return;
    }
    case JsonKind::object:
      break;
  }
  std::vector<const JsonMember*> members;
  for (const JsonMember& one : value.members()) members.push_back(&one);
  std::ranges::sort(members, {}, [](const JsonMember* one) { return one->name; });
  char before = '{';
  if (members.empty()) out += before;
  for (const JsonMember* one : members) {
    out += before;
    append_text(out, one->name);
    out += ':';
    append_canonical(out, one->value);
    before = ',';
  }
  out += '}';
}

std::string canonical(const Json& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

std::string text(const schema::Json& object, std::string_view name) {
  const schema::Json* found = object.find(name);
  const bool is_text = found != nullptr && found->is(schema::JsonKind::text);
  return is_text ? std::string(found->text()) : std::string();
}

}  // namespace crossfoot::contract::record
