#pragma once

#include <string_view>

#include "verify/tse/message.h"

namespace siegel::verify::tse {

/// Checks what a till signed with a finish or update [DSFinV-K Anhang I]: grammar of Kassenbeleg-V1
/// and Bestellung-V1, order of the payments, sums. Adds notes (TSE-10xx); never a violation: what
/// was signed is signed.
void check_process_data(std::string_view process_type, std::string_view process_data, Notes& notes);

}  // namespace siegel::verify::tse
