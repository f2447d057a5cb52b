#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/plan/survey.h"
#include "store/api/rows.h"

namespace crossfoot::flow {

/// Document of this kind and key: the data store's last restore, written by who restored it.
inline constexpr std::string_view restore_documents = "restore";
inline constexpr std::string_view restore_key = "last";

[[nodiscard]] store::DocumentRow restore_document(const Restore& restore);
[[nodiscard]] Result<Restore> decode_restore(std::string_view bytes);

}  // namespace crossfoot::flow
