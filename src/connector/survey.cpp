#include <string>
#include <utility>
#include <vector>

#include "connector/classify.h"
#include "connector/exchange.h"
#include "connector/json_text.h"
#include "contract/error_codes.h"

namespace crossfoot::connector {

namespace {

/// No receipt has more.
constexpr std::size_t entries_max = 100'000;

Fault unreadable(std::string cause) {
  return {.code = std::string(contract::error_code::corrupt_answer),
          .fault_class = FaultClass::corrupt,
          .where = "survey",
          .cause = std::move(cause)};
}

std::optional<std::int64_t> whole_number(Json item, const std::string& pointer) {
  const auto text = find_text(item, pointer);
  const auto value = text ? parse_decimal(*text) : std::nullopt;
  if (!value || !value->is_whole()) return std::nullopt;
  return value->normalised().units;
}

Result<flow::SurveyEntry> read_entry(const SurveyRules& rules, Json item, bool takes) {
  flow::SurveyEntry entry;
  const auto reference = find_text(item, rules.reference);
  const auto id = find_text(item, rules.id);
  if (!reference || !id) return fail(unreadable("an entry has no reference, or no id"));
  entry.reference = *reference;
  entry.target_id = *id;
  if (rules.points) {
    const auto points = whole_number(item, *rules.points);
    if (!points) return fail(unreadable("entry " + *id + " has no points"));
    entry.points = Points{std::abs(*points)};
  }
  const auto lines = find(item, rules.lines);
  if (!lines || !lines->is_array()) return fail(unreadable("entry " + *id + " has no lines"));
  for (Json one : lines->get_array().value_unsafe()) {
    const auto number = whole_number(one, rules.line);
    const auto text = find_text(one, rules.quantity);
    auto quantity = text ? parse_decimal(*text) : std::nullopt;
    if (!number || *number < 1 || *number > 1'000'000 || !quantity) {
      return fail(unreadable("a line of entry " + *id + " has no number, or no quantity"));
    }
    const bool negative = quantity->is_negative();
    if (negative == takes) quantity->units = -quantity->units;
    entry.lines.push_back({static_cast<std::uint32_t>(*number), *quantity});
  }
  return entry;
}

}  // namespace

Result<std::vector<flow::SurveyEntry>> read_survey(const Pack& pack, const Operation& operation,
                                                   const runtime::HttpAnswer& answer, Instant now,
                                                   Workspace& workspace) {
  const SurveyRules& rules = *operation.survey;
  const auto body = parse_json(answer.body, workspace.answer_parser);
  if (auto fault = classify({}, pack.errors, answer, body, now)) {
    return fail(as_read_fault(std::move(*fault)));
  }
  const auto list = body ? find(*body, rules.items) : std::nullopt;
  if (!list || !list->is_array()) return fail(unreadable("there is no list at " + rules.items));
  // What is not all of it would be taken for less than was taken back.
  if (const auto more = rules.next ? find_text(*body, *rules.next) : std::nullopt) {
    return fail(unreadable("there is another page"));
  }
  std::vector<flow::SurveyEntry> entries;
  for (Json item : list->get_array().value_unsafe()) {
    const bool takes = matches(rules.takes, item);
    if (!takes && !matches(rules.gives, item)) continue;
    if (entries.size() >= entries_max) return fail(unreadable("there are too many entries"));
    auto entry = read_entry(rules, item, takes);
    if (!entry) return fail(std::move(entry.error()));
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace crossfoot::connector
