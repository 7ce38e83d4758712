#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/shop/shop.h"
#include "archive/archive.h"
#include "archive/comparison.h"
#include "base/result.h"
#include "model/care.h"
#include "views/forecast.h"

// The care of TSEs, beside the sales: archive, nightly check, replacement, retirement. Uses the
// Shop from outside, through the devices' lanes; any thread but those of the shop, one at a time.

namespace siegel::app {

/// Reads messages with the verifier's own reader and verifies them with the TSE's public key.
[[nodiscard]] Result<archive::MessageReader> message_reader(const TseInfo& tse);

/// `<data>/archive/<tse id>`.
[[nodiscard]] std::filesystem::path archive_folder(const Shop& shop, const TseInfo& tse);
/// For reading; of a TSE that is out of operation, too. Errors of archive::Archive::open.
[[nodiscard]] Result<archive::Archive> open_archive(const Shop& shop, const TseInfo& tse);
/// Fetches what is new. Errors of archive::Archive::update.
[[nodiscard]] Result<archive::Update> update_archive(Shop& shop, archive::Archive& archive,
                                                     const TseInfo& tse, const Clock& clock,
                                                     const archive::UpdateOptions& options);

struct NightOptions {
  bool full = false;           ///< archive::UpdateOptions::full
  std::function<bool()> stop;  ///< enough for now; the next night goes on
};

/// What a night has done for one TSE.
struct TseNight {
  TseInfo tse;
  /// Set: the device could not be looked after; nothing of it was recorded.
  std::optional<Error> error;
  /// Self-test or clock failed; the rest was done.
  std::optional<Error> tending;
  archive::Update update;
  TseChecked checked;  ///< as recorded
  views::Forecast forecast;
  std::vector<views::Reminder> reminders;  ///< told with this check, nobody has been told before
};

/// Everything that is due for one TSE: its deadlines (self-test, clock), its archive, the
/// comparison of all new signatures with the journal both ways, forecast and reminders; one entry
/// tse_checked. Sales go on. Errors: those of the journal, E-ARC-101, -102.
[[nodiscard]] Result<TseNight> look_after(Shop& shop, const TseInfo& tse, const Clock& clock,
                                          const NightOptions& options, const std::string& actor);
/// The same for every TSE that is in operation, one after the other.
[[nodiscard]] Result<std::vector<TseNight>> night(Shop& shop, const Clock& clock,
                                                  const NightOptions& options,
                                                  const std::string& actor);

struct RetireOptions {
  std::string reason;     ///< one line
  bool lost = false;      ///< it cannot be reached any more: nothing is exported, nothing disabled
  std::string successor;  ///< serial, may be empty
};
struct Retired {
  TseRetired entry;
  std::optional<TseNight> last;  ///< the last look at it; empty: it is lost
};
/// The end of a TSE that no register signs on any more: clients deregistered, everything exported
/// and compared, disabled for ever, entered. A power cut leaves a TSE that can be retired again.
/// E-RET-101 (conflict) it is out of operation already, E-RET-102, E-RET-103; E-RET-104
/// (unavailable): its archive is not complete, nothing was disabled.
[[nodiscard]] Result<Retired> retire(Shop& shop, const TseInfo& tse, const Clock& clock,
                                     const RetireOptions& options, const std::string& actor);

struct ReplaceOptions {
  std::string with;        ///< id of a TSE in operation without registers; empty: a new one
  CreateTse create;        ///< the new one
  RetireOptions retire;    ///< of the old one; its successor is filled in
  bool close_days = true;  ///< the day of each register is closed first
};
struct Replaced {
  TseInfo successor;
  std::vector<std::string> closed;      ///< registers whose day was closed
  std::vector<std::string> not_closed;  ///< and why not, "KASSE-01: E-...: ..."
  std::vector<std::string> moved;       ///< registers
  Retired retired;
};
/// The old TSE is exported, every register moves to the other one between two receipts, the old one
/// is retired. Repeated after a power cut it goes on (`with` names the new one then). E-RET-105
/// (conflict): a register goes there with its next closing only; repeat it then.
[[nodiscard]] Result<Replaced> replace(Shop& shop, const TseInfo& old, const Clock& clock,
                                       ReplaceOptions options, const std::string& actor);

/// How a TSE stands.
enum class TseUse { in_use, backup, spare, retired };
/// "in_use", "backup", "spare", "retired".
[[nodiscard]] std::string_view word_of(TseUse use);
[[nodiscard]] TseUse use_of(const recorder::State& state, const std::string& serial);
/// Registers that sign on it.
[[nodiscard]] std::vector<std::string> registers_of(const recorder::State& state,
                                                    const std::string& serial);
/// German registers without a TSE that need one (BIO-046).
[[nodiscard]] std::vector<RegisterInfo> unmapped(const recorder::State& state);

}  // namespace siegel::app
