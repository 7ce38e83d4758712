#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/master.h"

// The published list of codes of the failure log (TSS-016): what each means, what the law says and
// what to do, in German and English. docs/reference/outage-codes.md is this table.

namespace siegel::views {

// Rows of the log that are no failure bear these.
inline constexpr std::string_view code_ended = "I-OUT-001";           ///< the device works again
inline constexpr std::string_view code_late_signature = "I-OUT-002";  ///< found on the device
inline constexpr std::string_view code_note = "I-OUT-003";            ///< a person added something
inline constexpr std::string_view code_switched_on = "I-OUT-004";     ///< by a person

// What a person did is a cause like others, with a code of its own.
inline constexpr std::string_view code_switched_off = "E-TSE-901";
inline constexpr std::string_view code_emergency = "E-TSE-902";  ///< Notbetrieb

struct OutageText {
  std::string_view de, en;
  [[nodiscard]] std::string_view in(Language language) const {
    return language == Language::de ? de : en;
  }
};

struct OutageCode {
  std::string_view code;
  OutageText cause;
  OutageText law;
  OutageText remedy;
};

/// What a code of the log means. Of one that is not in the list (a device's error of another area,
/// docs/reference/errors.md) everything but the cause: it stands in the record's text.
[[nodiscard]] OutageCode outage_code(std::string_view code);

/// Every code that has a row, ascending; causes of failures, then the rows of the log that are
/// none.
[[nodiscard]] std::span<const std::string_view> outage_codes();

/// The page docs/reference/outage-codes.md.
[[nodiscard]] std::string outage_codes_page();

}  // namespace siegel::views
