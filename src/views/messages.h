#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "device/device.h"
#include "model/master.h"
#include "recorder/state.h"

// What a person must know or do now, told from the state alone: for the message list, the status
// line, the answer of a sale, mails and webhooks. Pure functions; any thread. The codes and their
// wording: docs/reference/messages.md.

namespace siegel::views {

/// A text of the product in both languages. No line breaks.
struct Bilingual {
  std::string de, en;
  [[nodiscard]] const std::string& in(Language language) const {
    return language == Language::de ? de : en;
  }
  friend bool operator==(const Bilingual&, const Bilingual&) = default;
};

enum class Severity {
  information,  ///< worth knowing; gone when it was acknowledged
  warning,      ///< something is to be done in time
  error,        ///< something is to be done now
};
/// "information", "warning", "error".
[[nodiscard]] std::string_view word_of(Severity severity);

/// The four parts of each message: what happened, may I go on, what to do, code.
struct Message {
  /// The same as long as it tells the same thing ("outage/9f86.../3"), also after a restart:
  /// whoever tells people remembers it. 1 to 200 printable characters.
  std::string id;
  Severity severity = Severity::information;
  std::string code;  ///< stable; of an outage that of its cause
  std::optional<LocalStamp> since;
  std::string device;       ///< TSE serial, signature device id, "printer:...", may be empty
  std::string register_id;  ///< if it concerns one register
  Bilingual what;           ///< for the till: at most 90 characters if no name in it is long
  Bilingual go_on;          ///< empty if selling is not touched
  Bilingual remedy;         ///< empty if there is nothing to do
  /// Who has said to have seen it, and when. Errors and warnings stay in the list for all that.
  std::string acknowledged_by;
  std::optional<LocalStamp> acknowledged_at;
  friend bool operator==(const Message&, const Message&) = default;
};

/// What a device said of itself, asked just before by the caller.
struct DeviceReport {
  std::string serial;                       ///< of the TSE
  std::optional<Error> error;               ///< it could not be opened or asked
  std::optional<device::TseStatus> status;  ///< else
};

struct MessageFacts {
  const recorder::State& state;
  Instant now;
  std::vector<DeviceReport> devices = {};  ///< what is not here is not spoken of
  /// Messages others have made (forecasts, checks of the machine): sorted in, acknowledged alike.
  std::vector<Message> others = {};
};

/// Errors first, then warnings, then information; among these the newest first.
[[nodiscard]] std::vector<Message> messages(const MessageFacts& facts);

/// What the cashier is told with a receipt of an outage: short, and the sale is done already
/// (TSS-022). `austrian`: of a signature device.
[[nodiscard]] Message cashier_message(const Seal& seal, const LocalStamp& since, bool austrian);

/// One line for a screen where people sign in: "TSE-DE" when all is well (BIO-055),
/// "TSE ausgefallen" in an outage (BIO-094), "TSE ausgeschaltet", "TSE-Notbetrieb",
/// "Keine TSE eingerichtet"; Austria "RKSV-AT", "Signatureinheit ausgefallen". Of the whole shop:
/// the worst of its registers; or of one of them.
[[nodiscard]] Bilingual status_line(const recorder::State& state,
                                    const std::optional<RegisterId>& register_id = {});

/// One object, canonical JSON: acknowledged_at, acknowledged_by, code, device, go_on, id, register,
/// remedy, severity, since, what; the texts with `de` and `en`.
[[nodiscard]] std::string to_json(const Message& message);

/// "printer:": begin of the device name of an outage of a printer or transmission unit; "register:"
/// of a whole till (TSS-005). What begins so has no signature and is never asked anything.
inline constexpr std::string_view printer_prefix = "printer:";
inline constexpr std::string_view register_prefix = "register:";
/// A TSE or signature device, as opposed to those.
[[nodiscard]] bool is_signing_device(std::string_view device);

}  // namespace siegel::views
