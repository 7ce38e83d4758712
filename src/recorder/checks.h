#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "model/master.h"

namespace siegel::recorder {

/// E-API-604 unless it has 1 to 200 printable characters.
[[nodiscard]] Status check_key(const std::string& key);
/// E-API-601: a key that came back with another request.
[[nodiscard]] Error key_reused(const std::string& key);
/// The wall time of the business. E-TIM-003: its time zone is not known.
[[nodiscard]] Result<LocalStamp> local(Now now, const Business& business);

}  // namespace siegel::recorder
