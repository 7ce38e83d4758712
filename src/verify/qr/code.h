#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "verify/report.h"
#include "verify/tse/logs.h"

namespace siegel::verify::qr {

struct Options {
  /// Exports in which transaction and counter of each code are looked up; empty: none.
  std::vector<tse::Input> logs;
};

/// Checks the texts of QR codes of receipts [DSFinV-K Anhang I]: rebuilds the message of the finish
/// and checks the signature with the key in the code; each deviation that is tolerated is a finding
/// of its own (QR-02xx, TSE-10xx). The key proves that the code is consistent, not where it comes
/// from. Places are "code 1", "code 1, field 4". A text is at most 16 KiB (QR-0101 beyond).
/// Errors: those of tse::visit_logs for the logs.
[[nodiscard]] Result<Report> verify_codes(std::span<const std::string> texts,
                                          const Options& options);

/// The same for the codes in a picture (PNG) of receipts. A picture without a code is a finding
/// (QR-0107). Errors E-PNG-001, E-PNG-002, E-QRC-002 besides.
[[nodiscard]] Result<Report> verify_picture(BytesView png, const Options& options);

}  // namespace siegel::verify::qr
