#pragma once

#include "country/country.h"

namespace siegel::country::at {

/// The Austrian receipt as a document: who, what, total, paid, VAT, proof, thanks [BAO 132a (3)]
/// [RKSV 11]. Formats the decided values of plan and seal and decides nothing; the only figure made
/// here is the footing of the printed VAT table. A receipt that no device signed says so for ever.
[[nodiscard]] print::Document receipt_document(const Receipt& receipt, const Profile& profile,
                                               const Country::PrintOptions& options);

}  // namespace siegel::country::at
