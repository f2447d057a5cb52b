#include "edge/kept_programme.h"

#include "flow/plan/programme_versions.h"
#include "ledger/programme_json.h"

namespace crossfoot::edge {

Result<std::optional<ledger::Programme>> kept_programme(store::Reader& reader,
                                                        std::uint32_t version) {
  auto text = reader.document(flow::programme_documents, flow::programme_key(version));
  if (!text) return fail(std::move(text.error()));
  if (!*text) return std::nullopt;
  auto programme = ledger::parse_programme(**text);
  if (!programme) return fail(std::move(programme.error()));
  return std::move(*programme);
}

}  // namespace crossfoot::edge
