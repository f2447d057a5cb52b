#include <algorithm>

#include "store/memory/memory_reader.h"

namespace crossfoot::store::memory {

namespace {

bool covers(const RecordRow& row, const RecordTime& at) {
  return row.recorded_at <= at.known && row.valid_from <= at.valid && row.valid_to > at.valid;
}

}  // namespace

Result<std::optional<RecordRow>> MemoryReader::record_at(const RecordName& name,
                                                         const RecordTime& at) {
  if (refusal_) return fail(*refusal_);
  std::optional<RecordRow> found;
  for (auto row = state_.records.lower_bound({name, 0});
       row != state_.records.end() && row->first.first == name; ++row) {
    if (covers(row->second, at)) found = row->second;
  }
  return found;
}

Result<std::vector<RecordRow>> MemoryReader::record_versions(const RecordName& name,
                                                             std::uint32_t before,
                                                             std::size_t limit) {
  if (refusal_) return fail(*refusal_);
  std::vector<RecordRow> rows;
  auto at = before == 0 ? state_.records.upper_bound({name, UINT32_MAX})
                        : state_.records.lower_bound({name, before});
  while (at != state_.records.begin() && rows.size() < limit) {
    if ((--at)->first.first != name) break;
    rows.push_back(at->second);
  }
  return rows;
}

Result<std::vector<RecordRow>> MemoryReader::records(const RecordQuery& query) {
  if (refusal_) return fail(*refusal_);
  std::vector<RecordRow> rows;
  const auto& all = state_.records;
  RecordName name{query.kind, query.scope, query.after};
  auto at = query.after.empty() ? all.lower_bound({name, 0}) : all.upper_bound({name, UINT32_MAX});
  while (at != all.end() && rows.size() < query.limit) {
    name = at->first.first;
    if (name.kind != query.kind || name.scope != query.scope) break;
    const RecordRow* counts = nullptr;
    for (; at != all.end() && at->first.first == name; ++at) {
      if (covers(at->second, query.at)) counts = &at->second;
    }
    const bool wanted =
        counts != nullptr && (query.subject.empty() || counts->subject == query.subject);
    if (wanted) rows.push_back(*counts);
  }
  return rows;
}

}  // namespace crossfoot::store::memory
