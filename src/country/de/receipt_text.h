#pragma once

#include "country/country.h"

namespace siegel::country::de {

/// The German receipt as a document: who, what, total, paid, VAT, proof, thanks, in this order
/// [KassenSichV 6] [AEAO 146a]. What is on it and why: docs/reference/receipt.md. Formats the
/// decided values of plan and seal and decides nothing; the only figure made here is the footing of
/// the printed VAT table. Law demands the same facts at every setting: a profile chooses words and
/// form only, and after an outage a reprint shows the outage for ever.
[[nodiscard]] print::Document receipt_document(const Receipt& receipt, const Profile& profile,
                                               const Country::PrintOptions& options);

}  // namespace siegel::country::de
